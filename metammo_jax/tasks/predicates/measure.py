"""What predicates share: shares of a goal, ranges of numbers, and columns of tables."""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import exact, grid
from metammo_jax.tables import LEVEL_MAX
from metammo_jax.tasks.signature import number, one_of, whole
from metammo_jax.tasks.subject import SingleMember, SubjectMembers, members
from metammo_jax.vocab import Item, Skill, Style, Subject
from metammo_jax.world import World

COUNT = whole(least=1)
"""So many, one at least."""

LEVEL = whole(least=0, most=LEVEL_MAX)
"""A level, of a skill or of an item."""

NUM_AGENT = whole(least=0)
"""So many entities; with 0 the predicate is true."""

TICKS = number(least=1)
"""So many ticks."""

ITEM = one_of([item for item in Item if item != Item.NOTHING])
SKILL = one_of(Skill)
STYLE = one_of(Style)
TARGET = one_of(Subject)


def share(amount: jax.Array, goal: jax.Array) -> jax.Array:
    """Returns amount / goal, 1 where the goal is nothing."""
    goal = goal.astype(jnp.float32)
    return jnp.where(goal > 0, exact.divide(amount, jnp.where(goal > 0, goal, 1.0)), 1.0)


def column(table: jax.Array, index: jax.Array) -> jax.Array:
    """Returns (...) entry `index` (...) int32 of the last axis of a table, 0 outside of it.

    Few columns: comparing all of them is quicker than a gather.
    """
    columns = jnp.arange(table.shape[-1]).reshape((1,) * index.ndim + (-1,))
    hit = columns == index[..., None]
    table = table.reshape((1,) * (hit.ndim - table.ndim) + table.shape)
    return jnp.where(hit, table, 0).sum(-1)


def whole_number(args: jax.Array, index: int) -> jax.Array:
    """Returns (P,) int32, the arguments of one number."""
    return args[:, index].astype(jnp.int32)


def target_of(world: World, args: jax.Array) -> jax.Array:
    """Returns (P, P) bool, whom the first argument means, seen from each player."""
    return members(world.params, whole_number(args, 0))


def steps_to(
    world: World, subject: SubjectMembers | SingleMember, tile: jax.Array, cfg: Config
) -> jax.Array:
    """Returns int32, tiles from members to the tile (P, 2) of each task."""
    pos = world.body.pos[: cfg.players]
    aims = subject.spread(tile.astype(jnp.int32))
    return grid.steps(pos.reshape((1,) * (aims.ndim - 2) + pos.shape) - aims)


def alive(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, who lives."""
    return query.is_alive(world)[: cfg.players]
