"""A pool of past selves: earlier parameters of the run, which play some of the teams.

As in the paper, one past self is drawn for each rollout and plays in all worlds. Its transitions
are not learned from. Its teams are drawn for each episode: a share of all teams (of all players, in
games without teams), but never all of them.

The paper draws from all checkpoints of a run. The pool has a fixed number of places instead, and is
at any time a uniform sample of the parameters that the run had every `TrainConfig.pool_every`
updates (reservoir sampling), with those at its start among the first.

Axes: K places, B worlds, P players.

Source: Meta MMO's training, policy pool: the last two of sixteen teams are a past policy, drawn
uniformly for each rollout.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node

from ..config import TrainConfig

HARDNESS = 2.0
"""Power of the share of matches that a past self won, by which the hard ones are drawn."""


@struct.dataclass
class Pool(Node):
    """Stored parameters, and their results against the current policy.

    Attributes:
      params: (K, ...) of the policy.
      seen: () int32, number of candidates for a place so far; the first K were all stored.
      age: () int32, updates since the run's start.
      matches: (K,) float32, episodes finished against the current policy.
      above: (K,) float32, how many of them it won: see `score_matches`.
    """

    params: Any
    seen: jax.Array
    age: jax.Array
    matches: jax.Array
    above: jax.Array


@struct.dataclass
class Rival(Node):
    """The past self that plays during a rollout.

    Attributes:
      place: () int32, its index in the pool.
      params: of the policy.
    """

    place: jax.Array
    params: Any


def make_pool(cfg: TrainConfig, params) -> Pool | None:
    """Returns a pool that holds the given parameters; None if `past_selves` is 0."""
    if not cfg.past_selves:
        return None
    zeros = jnp.zeros(cfg.pool_size)
    whole = jax.tree.map(lambda leaf: jnp.stack([leaf] * cfg.pool_size), params)
    return Pool(whole, jnp.int32(1), jnp.int32(0), zeros, zeros)


def draw_rival(key: jax.Array, pool: Pool, cfg: TrainConfig) -> Rival:
    """Returns the past self of the next rollout, by `TrainConfig.pool_draw`.

    "uniform": with equal probability. "hard": with a probability proportional to the square of the
    share of matches that it has won, where two matches, one of them won, are added to each.
    """
    share = (pool.above + 1.0) / (pool.matches + 2.0)
    weight = share**HARDNESS if cfg.pool_draw == "hard" else jnp.ones_like(share)
    held = jnp.arange(cfg.pool_size) < pool.seen
    place = jax.random.categorical(key, jnp.where(held, jnp.log(weight), -jnp.inf))
    place = place.astype(jnp.int32)
    return Rival(place, jax.tree.map(lambda leaf: leaf[place], pool.params))


def update_pool(
    key: jax.Array,
    pool: Pool,
    rival: Rival,
    params,
    matches: jax.Array,
    above: jax.Array,
    cfg: TrainConfig,
) -> Pool:
    """Returns the pool after an update.

    Args:
      key: () key.
      pool: before.
      rival: that played in the rollout.
      params: new parameters; every `pool_every` updates they are a candidate for a place.
      matches: () float32, episodes that ended in the rollout.
      above: () float32, how many of them the rival won.
      cfg: options.
    """
    age, size = pool.age + 1, len(pool.matches)
    is_candidate = age % cfg.pool_every == 0
    drawn = jax.random.randint(key, (), 0, pool.seen + 1)
    place = jnp.where(pool.seen < size, pool.seen, drawn)
    place = jnp.where(is_candidate, place, size)  # a place beyond the last is dropped

    def put(leaf, new):
        return leaf.at[place].set(new, mode="drop")

    return Pool(
        params=jax.tree.map(put, pool.params, params),
        seen=pool.seen + is_candidate.astype(jnp.int32),
        age=age,
        matches=put(pool.matches.at[rival.place].add(matches), 0.0),
        above=put(pool.above.at[rival.place].add(above), 0.0),
    )


def assign_teams(keys: jax.Array, group: jax.Array, share: float) -> jax.Array:
    """Returns which players the past self controls, (B, P) bool, drawn for each world.

    Args:
      keys: (B,) keys.
      group: (B, P) int, players of equal number are teammates.
      share: expected share of the teams; at least one team is left to the current policy.
    """

    def one(key, group):
        count_key, order_key = jax.random.split(key)
        present = jnp.zeros(group.shape, bool).at[group].set(True)
        teams = present.sum(dtype=jnp.int32)
        wanted = jnp.floor(share * teams.astype(jnp.float32) + jax.random.uniform(count_key))
        order = jnp.where(present, jax.random.uniform(order_key, group.shape), jnp.inf)
        rank = (order[None, :] < order[:, None]).sum(axis=1, dtype=jnp.int32)
        return (present & (rank < jnp.minimum(wanted.astype(jnp.int32), teams - 1)))[group]

    return jax.vmap(one)(keys, group.astype(jnp.int32))


def score_matches(past: jax.Array, info, done: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns 1 where a match ended, (B,) float32, and 1 where the past self won it, 0.5 for a tie.

    The side with the higher mean over its players wins: 1 for winning plus the task's progress.

    Args:
      past: (B, P) bool, players that the past self controls.
      info: `metammo_jax.Info` (B, ...) before automatic resets.
      done: (B,) bool, the game ended.
    """
    result = info.winners.astype(jnp.float32) + info.max_progress

    def mean(its):
        count = jnp.maximum(its.sum(axis=1, dtype=jnp.int32), 1).astype(jnp.float32)
        return jnp.where(its, result, 0.0).sum(axis=1) / count

    matched = (done & past.any(axis=1) & ~past.all(axis=1)).astype(jnp.float32)
    first, second = mean(past), mean(~past)
    above = jnp.where(first == second, 0.5, (first > second).astype(jnp.float32))
    return matched, matched * above
