"""What every learner gets: a minibatch as it was collected, and what the policy says of it now."""

import jax
from flax import struct

from ..networks.distributions import Choice, Logits


@struct.dataclass
class Minibatch:
    """Sequences of a rollout; axes (n, S, P): sequences, ticks, players.

    Attributes:
      log_prob: float32, of the choices.
      value: float32, of the states in which agents chose.
      advantage: float32, by `losses.gae`.
      reward: float32, of the tick.
      ended: bool, the agent's episode ended with the tick.
      bootstrap: float32, value of the state after a time limit, 0 elsewhere.
      after: float32, value of the state after the tick, 0 where the episode ended.
      mask: bool, who was alive and acted; nothing else counts.
    """

    log_prob: jax.Array
    value: jax.Array
    advantage: jax.Array
    reward: jax.Array
    ended: jax.Array
    bootstrap: jax.Array
    after: jax.Array
    mask: jax.Array


@struct.dataclass
class Replayed:
    """What the policy that learns says of the same choices; axes (S, ...), ticks first.

    Attributes:
      log_prob: float32.
      value: float32.
      entropy: float32, of deeds and of numbers.
      logits: masked.
      choice: what was chosen.
    """

    log_prob: jax.Array
    value: jax.Array
    entropy: tuple[jax.Array, jax.Array]
    logits: Logits
    choice: Choice
