"""Advantage estimates, and statistics over living agents.

Axes: L ticks, B worlds, P players.
"""

import jax
import jax.numpy as jnp


def masked_mean(values: jax.Array, mask: jax.Array, axis: str | None = None) -> jax.Array:
    """Returns the mean () of values where the mask, of the same shape, is set; 0 if nowhere.

    With a mesh axis it is the mean over all devices, and has no gradient.
    """
    count = jnp.maximum(sum_over_devices(jnp.sum(mask), axis), 1).astype(jnp.float32)
    return sum_over_devices(jnp.sum(jnp.where(mask, values, 0.0)), axis) / count


def sum_over_devices(share, axis: str | None = None):
    """Returns the sum of a pytree over the devices of a mesh axis; unchanged without an axis."""
    return share if axis is None else jax.lax.psum(share, axis)


def masked_std(values: jax.Array, mask: jax.Array, axis: str | None = None) -> jax.Array:
    """Returns the unbiased standard deviation () of values where the mask is set."""
    mean = masked_mean(values, mask, axis)
    square = sum_over_devices(jnp.sum(jnp.where(mask, (values - mean) ** 2, 0.0)), axis)
    count = jnp.maximum(sum_over_devices(jnp.sum(mask), axis) - 1, 1).astype(jnp.float32)
    return jnp.sqrt(square / count)


def moments_by_game(
    values: jax.Array, mask: jax.Array, game: jax.Array, games: int, axis: str | None = None
) -> tuple[jax.Array, jax.Array]:
    """Returns for each value the mean and standard deviation of the values of its game.

    Args:
      values: (N, S, P) float32.
      mask: (N, S, P) bool, which values are used.
      game: (N, S) int32, index of the game.
      games: number of games.
      axis: mesh axis, for statistics over all devices.

    Returns:
      mean and standard deviation, each (N, S, 1) float32; 0 and 1 for a game without values.
    """
    number = jnp.arange(games).reshape(1, 1, -1)
    of_game = (game[..., None] == number).astype(jnp.float32)

    def sums(values):
        each = jnp.where(mask, values, 0.0).sum(axis=-1)
        return sum_over_devices(jnp.einsum("ns,nsg->g", each, of_game), axis)

    def spread(each):
        return jnp.einsum("g,nsg->ns", each, of_game)[..., None]

    count = sums(jnp.ones_like(values))
    mean = spread(sums(values) / jnp.maximum(count, 1.0))
    square = sums((values - mean) ** 2) / jnp.maximum(count - 1.0, 1.0)
    return mean, spread(jnp.where(count > 1, jnp.sqrt(square), 1.0))


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

    An agent's episode ends when it dies (even if it is revived), with the end of the game, or at a
    time limit. Only a time limit has a bootstrap value.

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


def explained_variance(
    value: jax.Array, target: jax.Array, mask: jax.Array, axis: str | None = None
) -> jax.Array:
    """Returns the explained variance () of the targets, at most 1."""

    def variance(values):
        return masked_mean((values - masked_mean(values, mask, axis)) ** 2, mask, axis)

    spread = variance(target)
    rest = variance(target - value)
    return jnp.where(spread > 0, 1.0 - rest / jnp.where(spread > 0, spread, 1.0), 0.0)
