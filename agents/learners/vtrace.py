"""V-trace actor-critic: returns with clipped importance weights of the current policy.

The targets of the value are off-policy corrected returns, and the policy gradient uses their
advantages, normalized with the mean and the deviation of the advantages as collected. Only the
ratio is clipped, at 1, so the learning rate must be smaller than PPO's, about 0.002;
`TrainConfig.clip` is used for the metric "clip_fraction" alone, to compare it with PPO's.

Source: Espeholt et al., 2018 (IMPALA).
"""

import jax
import jax.numpy as jnp
from flax import struct

from ..config import TrainConfig
from .minibatch import Minibatch, Replayed

METRICS = ("policy_loss", "value_loss", "entropy", "token_entropy", "approx_kl", "clip_fraction")
"""What `loss` logs."""


@struct.dataclass
class Samples:
    """Samples of the loss; axes as of `minibatch.Minibatch`.

    Attributes:
      batch: the minibatch as it was collected.
      shift: float32, mean of the advantages as collected.
      scale: float32, their standard deviation.
      mask: bool, the agent was alive and acted.
    """

    batch: Minibatch
    shift: jax.Array
    scale: jax.Array
    mask: jax.Array


def samples_of(batch: Minibatch, cfg: TrainConfig, axis: str | None) -> Samples:
    """Returns the samples of a minibatch."""
    return Samples(batch, *batch.shift_and_scale(axis), batch.mask)


def loss(new: Replayed, old: Samples, cfg: TrainConfig) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns the sum of the loss over the mask, and the sums of `METRICS`."""

    def total(values):
        return jnp.sum(jnp.where(old.mask, values, 0.0))

    change = jnp.where(old.mask, new.log_prob - old.batch.log_prob, 0.0)
    ratio = jax.lax.stop_gradient(jnp.exp(change))
    target, advantage = vtrace_returns(
        ratio, jax.lax.stop_gradient(new.value), old.batch, cfg.gamma, cfg.gae_lambda
    )
    policy_loss = -total((advantage - old.shift) / old.scale * new.log_prob)
    value_loss = 0.5 * total((new.value - target) ** 2)
    entropy, token_entropy = (total(part) for part in new.entropy)
    metrics = {
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": entropy,
        "token_entropy": token_entropy,
        "approx_kl": total(ratio - 1 - jax.lax.stop_gradient(change)),
        "clip_fraction": total((ratio > 1 + cfg.clip).astype(jnp.float32)),
    }
    bonus = cfg.entropy * entropy + cfg.token_entropy * token_entropy
    return policy_loss + cfg.value_coef * value_loss - bonus, metrics


def vtrace_returns(
    ratio: jax.Array, value: jax.Array, batch: Minibatch, gamma: float, decay: float
) -> tuple[jax.Array, jax.Array]:
    """Returns targets of the values and advantages of the choices, each (S, ...) float32.

    Args:
      ratio: (S, ...) float32, of the choices' probabilities, now over then.
      value: (S, ...) float32, as they are now.
      batch: axes (S, ...); after the last tick its own value is taken.
      gamma: discount per tick.
      decay: of corrections per tick, beside `gamma` (lambda).
    """
    clipped, goes_on = jnp.minimum(ratio, 1.0), 1.0 - batch.ended.astype(jnp.float32)
    next_value = jnp.concatenate([value[1:], batch.after[-1:]])
    beyond = gamma * batch.bootstrap
    delta = clipped * (batch.reward + gamma * goes_on * next_value + beyond - value)

    def back(later, step):
        delta, clipped, goes_on = step
        correction = delta + gamma * decay * goes_on * clipped * later
        return correction, correction

    steps = (delta, clipped, goes_on)
    corrections = jax.lax.scan(back, jnp.zeros_like(value[0]), steps, reverse=True)[1]
    target = value + corrections
    next_target = jnp.concatenate([target[1:], batch.after[-1:]])
    advantage = clipped * (batch.reward + gamma * goes_on * next_target + beyond - value)
    return target, advantage
