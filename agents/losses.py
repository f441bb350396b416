"""Advantages and the PPO loss: pure functions of arrays, with means over living agents only.

Axes: L ticks, B worlds, P players; S ticks of a sequence.
"""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node


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


def masked_mean(values: jax.Array, mask: jax.Array, axis: str | None = None) -> jax.Array:
    """Returns the mean () of values where the mask, of the same shape, is set; 0 if nowhere.

    With an axis it is the mean over all devices, and has no gradient.
    """
    return total(masked_share(values, mask, axis), axis)


def masked_share(values: jax.Array, mask: jax.Array, axis: str | None = None) -> jax.Array:
    """Returns what this device's values contribute () to the mean over all of the axis."""
    count = jnp.maximum(total(jnp.sum(mask), axis), 1).astype(jnp.float32)
    return jnp.sum(jnp.where(mask, values, 0.0)) / count


def total(share, axis: str | None = None):
    """Returns the sum of a pytree over the devices of a mesh axis; itself where there is none."""
    return share if axis is None else jax.lax.psum(share, axis)


def normalized(values: jax.Array, mask: jax.Array, axis: str | None = None) -> jax.Array:
    """Returns values with mean 0 and standard deviation 1 over the mask (unbiased)."""
    mean = masked_mean(values, mask, axis)
    square = total(jnp.sum(jnp.where(mask, (values - mean) ** 2, 0.0)), axis)
    count = jnp.maximum(total(jnp.sum(mask), axis) - 1, 1).astype(jnp.float32)
    deviation = jnp.sqrt(square / count)
    return (values - mean) / (deviation + 1e-8)


def gae(
    reward: jax.Array,
    value: jax.Array,
    last_value: jax.Array,
    ended: jax.Array,
    bootstrap: jax.Array,
    gamma: float,
    gae_lambda: float,
) -> jax.Array:
    """Returns generalized advantage estimates.

    An agent's episode is cut where it ended: by death (also of an agent that is revived), by
    the end of the game, or by a time limit. Only a time limit has a value beyond it.

    Args:
      reward: (L, ...) float32, of the tick.
      value: (L, ...) float32, of the state in which the agent acted.
      last_value: (...) float32, of the state after the last tick.
      ended: (L, ...) bool, the agent's episode ended with this tick.
      bootstrap: (L, ...) float32, value of the state after a time limit, 0 elsewhere.
      gamma: discount per tick.
      gae_lambda: decay per tick.

    Returns:
      (L, ...) float32.

    Source: Schulman et al., 2016.
    """
    goes_on = 1.0 - ended.astype(jnp.float32)

    def back(later, step):
        advantage, next_value = later
        reward, value, goes_on, bootstrap = step
        delta = reward + gamma * (goes_on * next_value + bootstrap) - value
        advantage = delta + gamma * gae_lambda * goes_on * advantage
        return (advantage, value), advantage

    start = (jnp.zeros_like(last_value), last_value)
    steps = (reward, value, goes_on, bootstrap)
    return jax.lax.scan(back, start, steps, reverse=True)[1]


def ppo_loss(
    log_prob: jax.Array,
    value: jax.Array,
    entropy: tuple[jax.Array, jax.Array],
    old_log_prob: jax.Array,
    old_value: jax.Array,
    advantage: jax.Array,
    mask: jax.Array,
    numbers: Coefficients,
    axis: str | None = None,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns the loss and what to log of it. All arrays have one shape.

    With an axis both are this device's share: they sum up to the loss, as gradients do.

    Args:
      log_prob: of the collected choices, under the policy that learns.
      value: of the states, by the policy that learns.
      entropy: of deeds and of words.
      old_log_prob: of the choices when they were collected.
      old_value: of the states then.
      advantage: as `gae` estimates it; is normalized here.
      mask: bool, who was alive and acted; nothing else counts.
      numbers: coefficients.
      axis: name of the mesh axis over which the rows are parted.

    Source: Schulman et al., 2017, with clipped values.
    """
    target = advantage + old_value
    ratio = jnp.exp(jnp.where(mask, log_prob - old_log_prob, 0.0))
    scaled = normalized(advantage, mask, axis)

    def mean(values):
        return masked_share(values, mask, axis)

    clipped = jnp.clip(ratio, 1 - numbers.clip, 1 + numbers.clip)
    policy_loss = -mean(jnp.minimum(scaled * ratio, scaled * clipped))
    error = (value - target) ** 2
    if numbers.value_clip:
        near = jnp.clip(value - old_value, -numbers.value_clip, numbers.value_clip)
        error = jnp.maximum(error, (old_value + near - target) ** 2)
    value_loss = 0.5 * mean(error)
    deeds, words = (mean(part) for part in entropy)
    bonus = numbers.entropy * deeds + numbers.token_entropy * words
    metrics = {
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": deeds,
        "token_entropy": words,
        "approx_kl": mean(ratio - 1 - jnp.log(ratio)),
        "clip_fraction": mean((jnp.abs(ratio - 1) > numbers.clip).astype(jnp.float32)),
    }
    return policy_loss + numbers.value * value_loss - bonus, metrics


def explained_variance(
    value: jax.Array, target: jax.Array, mask: jax.Array, axis: str | None = None
) -> jax.Array:
    """Returns the share () of the targets' variance that the values explain, 1 at best."""

    def variance(values):
        return masked_mean((values - masked_mean(values, mask, axis)) ** 2, mask, axis)

    spread = variance(target)
    rest = variance(target - value)
    return jnp.where(spread > 0, 1.0 - rest / jnp.where(spread > 0, spread, 1.0), 0.0)
