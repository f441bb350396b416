"""Success rates of games: moving averages over episodes. Axis: G games."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node

FAST, SLOW = 1 / 16, 1 / 64
"""Weight of an episode in the fast and in the slow moving average of its game."""


@struct.dataclass
class Rates(Node):
    """Success rates of games.

    Attributes:
      fast: (G,) float32, moving average of the successes, as if there had been failures before.
      slow: (G,) float32, likewise.
      episodes: (G,) int32, that ended so far.
    """

    fast: jax.Array
    slow: jax.Array
    episodes: jax.Array


def start_rates(games: int) -> Rates:
    """Returns the rates of `games` games before the first episode."""
    zeros = jnp.zeros(games, jnp.float32)
    return Rates(zeros, zeros, jnp.zeros(games, jnp.int32))


def update_rates(rates: Rates, episodes: jax.Array, won: jax.Array) -> Rates:
    """Returns the rates after some episodes, each of which counts as their mean.

    Args:
      rates: before.
      episodes: (G,) int32, that ended.
      won: (G,) int32, of these, that were a success.
    """
    share = won.astype(jnp.float32) / jnp.maximum(episodes, 1).astype(jnp.float32)

    def average(old, weight):
        kept = _kept(weight, episodes)
        return old * kept + (1.0 - kept) * share

    fast, slow = average(rates.fast, FAST), average(rates.slow, SLOW)
    return Rates(fast, slow, rates.episodes + episodes)


def success_rate(rates: Rates) -> jax.Array:
    """Returns (G,) float32, the fast average of the successes; 0.5 before the first episode."""
    return _corrected(rates.fast, FAST, rates.episodes)


def learning_progress(rates: Rates) -> jax.Array:
    """Returns (G,) float32, by how much the fast average differs from the slow one."""
    return jnp.abs(success_rate(rates) - _corrected(rates.slow, SLOW, rates.episodes))


def learnability(won: jax.Array, lost: jax.Array) -> jax.Array:
    """Returns the expected p (1 - p) of the success rate p, float32 of the same shape.

    Of p nothing is known before: its distribution after the episodes is Beta(won + 1, lost + 1).
    """
    a, b = won + 1.0, lost + 1.0
    return a * b / ((a + b) * (a + b + 1.0))


def game_learnability(rates: Rates) -> jax.Array:
    """Returns (G,) float32, `learnability` by the episodes that the fast average holds.

    These are 1 / FAST at most, so that a game whose first episodes were all won is tried again.
    """
    won, count = rates.fast / FAST, (1.0 - _kept(FAST, rates.episodes)) / FAST
    return learnability(won, jnp.maximum(count - won, 0.0))


def _corrected(average, weight, episodes):
    """Returns an average without the failures that it started with."""
    mean = average / jnp.where(episodes > 0, 1.0 - _kept(weight, episodes), 1.0)
    return jnp.where(episodes > 0, jnp.clip(mean, 0.0, 1.0), 0.5)  # however it rounds


def _kept(weight, episodes):
    """Returns the weight of the past after (...) integer `episodes`, (...) float32."""
    return (1.0 - weight) ** episodes.astype(jnp.float32)
