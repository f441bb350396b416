"""From what was learnt to the levels that resets draw from. Axes: G games, K places, C mutants."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.schedule import Levels

from ..config import TrainConfig
from .buffer import Buffer
from .rates import Rates, game_learnability, learning_progress
from .start import Curriculum, is_universe

MUTANTS = 16
"""Mutations that are made for each rollout."""


def with_levels(key: jax.Array, state, cfg: TrainConfig, table):
    """Returns a `TrainState` whose worlds draw their resets by its curriculum, if it has one."""
    if state.curriculum is None:
        return state
    levels = levels_of(key, state.curriculum, cfg, table)
    return state.replace(stage=_replaced(state.stage, levels))


def without_levels(stage):
    """Returns a `RolloutState` whose worlds draw their resets by the weights of games."""
    return stage if stage.state.levels is None else _replaced(stage, None)


def levels_of(key: jax.Array, learnt: Curriculum, cfg: TrainConfig, table) -> Levels:
    """Returns the levels of the next rollout with their chances, 1 in sum.

    The first G are the games, of universes new draws; then the K places of the buffer, if there is
    one, and C mutants, if the curriculum has them.

    Args:
      key: () key, of mutations.
      learnt: the curriculum.
      cfg: options.
      table: `games.Table`.
    """
    shares, games = game_shares(learnt.rates, cfg, table), jnp.arange(len(table.weights))
    if table.atlas is None:
        return Levels(shares, games)
    width = table.atlas.draw(jax.random.key(0), jnp.int32(0)).shape[0]
    new = jnp.full((len(games), width), -1, jnp.int32)
    buffer = learnt.buffer
    if buffer is None:
        return Levels(shares, games, new)
    fresh, again = _split_shares(shares, buffer, learnt.update, cfg, table)
    parts = [(fresh, games, new)]
    if cfg.curriculum == "replay" and cfg.level_mutation:
        parts.append((again * (1.0 - cfg.level_mutation), buffer.game, buffer.choices))
        parts.append(_mutants(key, again, buffer, cfg, table.atlas))
    else:
        parts.append((again, buffer.game, buffer.choices))
    return Levels(*(jnp.concatenate(leaves) for leaves in zip(*parts, strict=True)))


def game_shares(rates: Rates, cfg: TrainConfig, table) -> jax.Array:
    """Returns (G,) float32, the share of the resets that each game has, 1 in sum."""
    count = len(table.weights)
    if cfg.curriculum == "replay":
        return jnp.full(count, 1.0 / count, jnp.float32)
    if cfg.curriculum == "progress":
        weight = learning_progress(rates)
    else:
        weight = game_learnability(rates)
    weight = normalized(weight, jnp.ones(count, bool))
    return (1.0 - cfg.curriculum_random) * weight + cfg.curriculum_random / count


def level_weights(buffer: Buffer, update: jax.Array, cfg: TrainConfig) -> jax.Array:
    """Returns (K,) float32, how often each level of the buffer is replayed, 1 in sum.

    Of learnability in proportion to the score. Of replay by the rank of the score, and by
    staleness, as in Jiang et al. 2021.
    """
    held = buffer.is_held
    if cfg.curriculum == "learnability":
        return normalized(buffer.score, held)
    order = jnp.argsort(-jnp.where(held, buffer.score, -jnp.inf))
    rank = jnp.zeros(held.shape, jnp.int32).at[order].set(jnp.arange(len(order))) + 1
    weight = rank.astype(jnp.float32) ** (-1.0 / cfg.level_temperature)
    stale = (update - buffer.played).astype(jnp.float32)
    by_score, by_age = normalized(weight, held), normalized(stale, held)
    return (1.0 - cfg.level_staleness) * by_score + cfg.level_staleness * by_age


def normalized(weight: jax.Array, held: jax.Array) -> jax.Array:
    """Returns weights (N,) float32 with sum 1 where `held` (N,) bool; alike if all are 0."""
    weight = jnp.where(held, weight, 0.0)
    weight = jnp.where(weight.sum() > 0, weight, held.astype(jnp.float32))
    return weight / jnp.maximum(weight.sum(), 1e-9)


def _split_shares(shares, buffer, update, cfg, table):
    """Returns the chances of new draws (G,) and of the buffer's levels (K,).

    Of a universe that has levels in the buffer a share of `curriculum_random` is drawn at random,
    more as long as there are empty places.
    """
    of_game = buffer.game[None] == jnp.arange(len(shares))[:, None]
    of_game &= jnp.asarray(is_universe(table))[:, None]
    weights = level_weights(buffer, update, cfg)
    sums = jnp.where(of_game, weights[None], 0.0).sum(axis=1)
    filled = buffer.is_held.mean(dtype=jnp.float32)
    replayed = jnp.where(sums > 0, shares * (1.0 - cfg.curriculum_random) * filled, 0.0)
    each = replayed / jnp.where(sums > 0, sums, 1.0)
    return shares - replayed, weights * jnp.where(of_game, each[:, None], 0.0).sum(axis=0)


def _mutants(key, again, buffer, cfg, atlas):
    """Returns chances, games and choices of mutations; their parents are drawn by `again` (K,)."""
    parent_key, change_key = jax.random.split(key)
    chances = jnp.where(again.sum() > 0, again, 1.0)
    parents = jax.random.categorical(parent_key, jnp.log(chances), shape=(MUTANTS,))
    game, choices = jnp.maximum(buffer.game[parents], 0), buffer.choices[parents]
    mutants = jax.vmap(atlas.mutate)(jax.random.split(change_key, MUTANTS), choices, game)
    chance = again.sum() * np.float32(cfg.level_mutation / MUTANTS)
    return jnp.full(MUTANTS, chance), game, mutants


def _replaced(stage, levels):
    return stage.replace(state=stage.state.replace(levels=levels))
