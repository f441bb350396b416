"""A buffer of levels of a universe, with scores. Axes: K places, N episodes, X choices.

A level is a game with its choices. It is in the buffer once at most.
"""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node

from ..config import TrainConfig
from .rates import learnability

MEMORY = 1 / 16
"""Weight of an episode in the counts of a level, so that old episodes fade."""


@struct.dataclass
class Buffer(Node):
    """Levels and what is known of them.

    Attributes:
      game: (K,) int32, index of the universe in the environment; -1 where a place is empty.
      choices: (K, X) int32.
      score: (K,) float32, what levels are kept and drawn by.
      won: (K,) float32, successes, of which old ones count less.
      lost: (K,) float32, likewise.
      played: (K,) int32, update in which an episode of it ended last.
      added: (K,) int32, update in which it was added.
    """

    game: jax.Array
    choices: jax.Array
    score: jax.Array
    won: jax.Array
    lost: jax.Array
    played: jax.Array
    added: jax.Array

    @property
    def is_held(self) -> jax.Array:
        """(K,) bool, the place holds a level."""
        return self.game >= 0


@struct.dataclass
class Ended(Node):
    """Episodes of levels that ended in a rollout.

    Attributes:
      done: (N,) bool, one did, and its game is a universe; the rest means something there.
      game: (N,) int32.
      choices: (N, X) int32.
      won: (N,) bool.
      score: (N,) float32, of the episode, see `scores`.
    """

    done: jax.Array
    game: jax.Array
    choices: jax.Array
    won: jax.Array
    score: jax.Array


def empty_buffer(size: int, width: int) -> Buffer:
    """Returns a buffer of `size` places without levels, each of `width` choices."""
    zeros, never = jnp.zeros(size, jnp.float32), jnp.zeros(size, jnp.int32)
    choices = jnp.zeros((size, width), jnp.int32)
    return Buffer(jnp.full(size, -1, jnp.int32), choices, zeros, zeros, zeros, never, never)


def update_buffer(
    buffer: Buffer, ended: Ended, newest: Ended, update: jax.Array, cfg: TrainConfig
) -> Buffer:
    """Returns the buffer after a rollout: known levels get new scores, new ones get places.

    Of known and new levels those with the highest scores stay; of equals, who was there.

    Args:
      buffer: before.
      ended: all episodes, by which known levels get their scores.
      newest: those by which new levels may get a place.
      update: () int32, number of the update.
      cfg: options.
    """
    known = _record(buffer, ended, _is_same(buffer, ended), update, cfg)
    is_known = _is_same(buffer, newest).any(axis=1)
    return _keep_best(known, _candidates(newest, is_known, update, cfg), len(buffer.game))


def _is_same(buffer, ended):
    """Returns (N, K) bool: is it an episode of this level."""
    same = (ended.choices[:, None] == buffer.choices[None]).all(axis=-1)
    same &= ended.game[:, None] == buffer.game[None]
    return same & ended.done[:, None] & buffer.is_held[None]


def _record(buffer, ended, same, update, cfg):
    """Returns the buffer with the episodes of its own levels counted; same: (N, K) bool."""

    def total(values):
        return jnp.where(same, values.astype(jnp.float32)[:, None], 0.0).sum(axis=0)

    count, won = total(ended.done), total(ended.won)
    fade = (1.0 - MEMORY) ** count
    wins, losses = buffer.won * fade + won, buffer.lost * fade + count - won
    if cfg.curriculum == "learnability":
        score = learnability(wins, losses)
    else:
        score = total(ended.score) / jnp.maximum(count, 1.0)
    is_played = count > 0
    return buffer.replace(
        won=wins,
        lost=losses,
        score=jnp.where(is_played, score, buffer.score),
        played=jnp.where(is_played, update, buffer.played),
    )


def _candidates(ended, is_known, update, cfg):
    """Returns a buffer of N places with the new levels, each once; is_known: (N,) bool."""
    new = ended.done & ~is_known
    order = jnp.arange(len(new))
    same = (ended.choices[:, None] == ended.choices[None]).all(axis=-1)
    same &= (ended.game[:, None] == ended.game[None]) & (order[None] < order[:, None]) & new[None]
    new &= ~same.any(axis=1)
    won = ended.won.astype(jnp.float32)
    is_learnability = cfg.curriculum == "learnability"
    score = learnability(won, 1.0 - won) if is_learnability else ended.score
    when = jnp.broadcast_to(update, new.shape)
    game = jnp.where(new, ended.game, -1)
    return Buffer(game, ended.choices, score, won, 1.0 - won, when, when)


def _keep_best(known, new, size):
    """Returns the levels with the highest scores of two buffers, the first of equals."""
    both = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), known, new)
    _, best = jax.lax.top_k(jnp.where(both.is_held, both.score, -jnp.inf), size)
    return jax.tree.map(lambda leaf: leaf[best], both)
