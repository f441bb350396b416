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
    count = jnp.maximum(total(jnp.sum(mask), axis), 1).astype(jnp.float32)
    return total(jnp.sum(jnp.where(mask, values, 0.0)), axis) / count


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
    """Returns what the loss compares, given advantages as `gae` estimates them.

    With an axis they are normalized over the rows of all devices.
    """
    scaled = normalized(advantage, mask, axis)
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


def explained_variance(
    value: jax.Array, target: jax.Array, mask: jax.Array, axis: str | None = None
) -> jax.Array:
    """Returns the share () of the targets' variance that the values explain, 1 at best."""

    def variance(values):
        return masked_mean((values - masked_mean(values, mask, axis)) ** 2, mask, axis)

    spread = variance(target)
    rest = variance(target - value)
    return jnp.where(spread > 0, 1.0 - rest / jnp.where(spread > 0, spread, 1.0), 0.0)
