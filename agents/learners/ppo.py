"""Proximal policy optimization: the clipped loss."""

import jax
import jax.numpy as jnp
from flax import struct

from ..config import TrainConfig
from .minibatch import Minibatch, Replayed

METRICS = (
    "policy_loss", "value_loss", "entropy", "token_entropy", "approx_kl", "clip_fraction",
)  # fmt: skip
"""What `loss` logs."""


@struct.dataclass
class Samples:
    """Samples of the loss; all arrays have the same shape.

    Attributes:
      log_prob: float32, of the choices when they were collected.
      value: float32, of the states then.
      target: float32, what the value should have been.
      advantage: float32, of the choices, with mean 0 and standard deviation 1, see
        `Minibatch.units`.
      mask: bool, who was alive and acted; nothing else counts.
    """

    log_prob: jax.Array
    value: jax.Array
    target: jax.Array
    advantage: jax.Array
    mask: jax.Array


def samples_of(batch: Minibatch, cfg: TrainConfig, axis: str | None) -> Samples:
    """Returns the samples of a minibatch; with a mesh axis normalized over all devices."""
    shift, scale = batch.shift_and_scale(axis)
    scaled, target = (batch.advantage - shift) / scale, batch.advantage + batch.value
    return Samples(batch.log_prob, batch.value, target, scaled, batch.mask)


def loss(new: Replayed, old: Samples, cfg: TrainConfig) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns the sum of the loss over the mask, and the sums of `METRICS`.

    Divided by how many are in the mask they are the loss and the metrics. Sums of parts of the
    rows add up to that of all, as their gradients do.

    Source: Schulman et al., 2017, with clipped values.
    """

    def total(values):
        return jnp.sum(jnp.where(old.mask, values, 0.0))

    ratio = jnp.exp(jnp.where(old.mask, new.log_prob - old.log_prob, 0.0))
    clipped = jnp.clip(ratio, 1 - cfg.clip, 1 + cfg.clip)
    policy_loss = -total(jnp.minimum(old.advantage * ratio, old.advantage * clipped))
    error = (new.value - old.target) ** 2
    if cfg.value_clip:
        near = jnp.clip(new.value - old.value, -cfg.value_clip, cfg.value_clip)
        error = jnp.maximum(error, (old.value + near - old.target) ** 2)
    value_loss = 0.5 * total(error)
    entropy, token_entropy = (total(part) for part in new.entropy)
    bonus = cfg.entropy * entropy + cfg.token_entropy * token_entropy
    metrics = {
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": entropy,
        "token_entropy": token_entropy,
        "approx_kl": total(ratio - 1 - jnp.log(ratio)),
        "clip_fraction": total((jnp.abs(ratio - 1) > cfg.clip).astype(jnp.float32)),
    }
    return policy_loss + cfg.value_coef * value_loss - bonus, metrics
