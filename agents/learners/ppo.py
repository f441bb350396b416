"""Proximal policy optimization: advantages as collected, and a ratio that is clipped."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node

from ..config import TrainConfig
from . import losses
from .minibatch import Minibatch, Replayed


@struct.dataclass
class Coefficients(Node):
    """Numbers of the loss, see `TrainConfig`.

    Attributes:
      clip: of the probability ratio.
      value_clip: of the change of a value, 0 for none.
      value: weight of the value loss.
      entropy: weight of the entropy of deeds.
      token_entropy: weight of the entropy of words.
    """

    clip: float = struct.field(pytree_node=False)
    value_clip: float = struct.field(pytree_node=False)
    value: float = struct.field(pytree_node=False)
    entropy: float = struct.field(pytree_node=False)
    token_entropy: float = struct.field(pytree_node=False)


METRICS = (
    "policy_loss", "value_loss", "entropy", "token_entropy", "approx_kl", "clip_fraction",
)  # fmt: skip
"""What `ppo_sums` logs."""


@struct.dataclass
class Samples:
    """What the loss compares; all arrays have one shape.

    Attributes:
      log_prob: float32, of the choices when they were collected.
      value: float32, of the states then.
      target: float32, what the value should have been.
      advantage: float32, of the choices, with mean 0 and standard deviation 1.
      mask: bool, who was alive and acted; nothing else counts.
    """

    log_prob: jax.Array
    value: jax.Array
    target: jax.Array
    advantage: jax.Array
    mask: jax.Array


def samples(
    log_prob: jax.Array,
    value: jax.Array,
    advantage: jax.Array,
    mask: jax.Array,
    axis: str | None = None,
) -> Samples:
    """Returns what the loss compares, given advantages as `losses.gae` estimates them.

    With an axis they are normalized over the rows of all devices.
    """
    scaled = losses.normalized(advantage, mask, axis)
    return Samples(log_prob, value, advantage + value, scaled, mask)


def ppo_sums(
    log_prob: jax.Array,
    value: jax.Array,
    entropy: tuple[jax.Array, jax.Array],
    old: Samples,
    numbers: Coefficients,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns the sum of the loss over the mask, and the sums of what to log of it.

    Divided by how many are in the mask they are the loss and the metrics. Sums of parts of the
    rows add up to that of all, as their gradients do.

    Args:
      log_prob: of the collected choices, under the policy that learns.
      value: of the states, by the policy that learns.
      entropy: of deeds and of words.
      old: what was collected.
      numbers: coefficients.

    Source: Schulman et al., 2017, with clipped values.
    """

    def total(values):
        return jnp.sum(jnp.where(old.mask, values, 0.0))

    ratio = jnp.exp(jnp.where(old.mask, log_prob - old.log_prob, 0.0))
    clipped = jnp.clip(ratio, 1 - numbers.clip, 1 + numbers.clip)
    policy_loss = -total(jnp.minimum(old.advantage * ratio, old.advantage * clipped))
    error = (value - old.target) ** 2
    if numbers.value_clip:
        near = jnp.clip(value - old.value, -numbers.value_clip, numbers.value_clip)
        error = jnp.maximum(error, (old.value + near - old.target) ** 2)
    value_loss = 0.5 * total(error)
    deeds, words = (total(part) for part in entropy)
    bonus = numbers.entropy * deeds + numbers.token_entropy * words
    metrics = {
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": deeds,
        "token_entropy": words,
        "approx_kl": total(ratio - 1 - jnp.log(ratio)),
        "clip_fraction": total((jnp.abs(ratio - 1) > numbers.clip).astype(jnp.float32)),
    }
    return policy_loss + numbers.value * value_loss - bonus, metrics


def samples_of(batch: Minibatch, cfg: TrainConfig, axis: str | None) -> Samples:
    """Returns what the loss compares, of a minibatch."""
    return samples(batch.log_prob, batch.value, batch.advantage, batch.mask, axis)


def loss(new: Replayed, old: Samples, cfg: TrainConfig) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns sums of the loss and of `METRICS`, see `ppo_sums`."""
    numbers = Coefficients(cfg.clip, cfg.value_clip, cfg.value_coef, cfg.entropy, cfg.token_entropy)
    return ppo_sums(new.log_prob, new.value, new.entropy, old, numbers)
