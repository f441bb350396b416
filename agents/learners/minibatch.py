"""Samples of a loss: a minibatch as it was collected, and the current policy's outputs for it."""

import jax
import jax.numpy as jnp
from flax import struct

from ..networks.distributions import Choice, Logits
from . import losses


@struct.dataclass
class Minibatch:
    """Sequences of a rollout; axes (n, S, P): sequences, ticks, players.

    Attributes:
      log_prob: float32, log-probability of the choices.
      value: float32, of the states in which agents acted.
      advantage: float32, by `losses.gae`.
      reward: float32, of the tick.
      ended: bool, the agent's episode ended with the tick.
      bootstrap: float32, value of the state after a time limit, 0 elsewhere.
      after: float32, value of the state after the tick, 0 where the episode ended.
      mask: bool, the agent was alive and acted; all other entries are ignored.
      moments: mean and standard deviation, float32, of advantages in the same game; None where
        they are computed over the minibatch.
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
        """Returns the mean and the scale that normalize advantages, each (n, S, P) float32.

        With a mesh axis they are computed over all devices.
        """
        if self.moments is not None:
            shift, scale = self.moments
            return shift, scale + 1e-8
        shift = losses.masked_mean(self.advantage, self.mask, axis)
        scale = losses.masked_std(self.advantage, self.mask, axis) + 1e-8
        return jnp.full_like(self.advantage, shift), jnp.full_like(self.advantage, scale)


@struct.dataclass
class Replayed:
    """Outputs of the current policy for the collected choices; axes (S, ...), ticks first.

    Attributes:
      log_prob: float32.
      value: float32.
      entropy: float32, two of them, see `distributions.entropy`.
      logits: masked logits.
      choice: the collected choices.
    """

    log_prob: jax.Array
    value: jax.Array
    entropy: tuple[jax.Array, jax.Array]
    logits: Logits
    choice: Choice
