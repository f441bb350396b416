"""What every learner gets: a minibatch as it was collected, and what the policy says of it now."""

import jax
import jax.numpy as jnp
from flax import struct

from ..networks.distributions import Choice, Logits
from . import losses


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
      moments: mean and standard deviation, float32, of advantages in the same game; None where
        they are taken of the whole minibatch.
    """

    log_prob: jax.Array
    value: jax.Array
    advantage: jax.Array
    reward: jax.Array
    ended: jax.Array
    bootstrap: jax.Array
    after: jax.Array
    mask: jax.Array
    moments: tuple[jax.Array, jax.Array] | None = None

    def shift_and_scale(self, axis: str | None) -> tuple[jax.Array, jax.Array]:
        """Returns what advantages are measured from, and in units of what: (n, S, P) float32.

        With an axis they are of the rows of all devices.
        """
        if self.moments is not None:
            shift, scale = self.moments
            return shift, scale + 1e-8
        shift = losses.masked_mean(self.advantage, self.mask, axis)
        scale = losses.masked_std(self.advantage, self.mask, axis) + 1e-8
        return jnp.full_like(self.advantage, shift), jnp.full_like(self.advantage, scale)


@struct.dataclass
class Replayed:
    """What the policy that learns says of the same choices; axes (S, ...), ticks first.

    Attributes:
      log_prob: float32.
      value: float32.
      entropy: float32, of choices and of numbers, see `distributions.entropy`.
      logits: masked.
      choice: what was chosen.
    """

    log_prob: jax.Array
    value: jax.Array
    entropy: tuple[jax.Array, jax.Array]
    logits: Logits
    choice: Choice
