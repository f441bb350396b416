"""Decisions of NPCs: their targets, moves and attacks.

All decide at once, from the state after the last tick. Only fields of `world.npc` change.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import flood, grid, row_blocks, threefry
from metammo_jax.tables import (
    MEANDER_ORDER,
    NPC_VISION,
    RALLY_REACHED,
    REACH,
    SOLDIER_SEARCH,
    STEP_OFFSET,
)
from metammo_jax.vocab import NOBODY, Kind, System
from metammo_jax.world import World

AT_ONCE = 32
"""Block size in which steps of NPCs with a goal are computed; most NPCs wander."""


def decide(key: jax.Array, world: World, cfg: Config):
    """Returns the decisions of all NPCs.

    Args:
      key: () key, spent on wandering.
      world: the state left by the last tick; writes npc.target and npc.rally.
      cfg: sizes.

    Returns:
      world; direction (N,) int32, -1 for no step; target (N,) int32, row of the player to hit,
      -1 for none. An NPC always hits in its own style.

    Source: docs/rules/world.md#decisions-of-npcs, docs/rules/world.md#soldiers;
    nmmo `entity/npc.py::NPC`, `lib/astar.py::aStar`.
    """
    pos, kind = world.body.pos[cfg.players :], world.npc.kind
    target = _find_target(world, cfg)
    rally = jnp.where(
        (grid.steps(pos - world.npc.rally) <= RALLY_REACHED)[:, None], NOBODY, world.npc.rally
    )
    world = world.replace(npc=world.npc.replace(target=target, rally=rally))
    mark = world.body.pos[target]  # of nobody: the last row, never looked at
    reachable = (target >= 0) & (grid.steps(pos - mark) <= REACH)
    reachable &= ~query.is_immortal(world)[jnp.maximum(target, 0)]
    goal = jnp.where((target >= 0)[:, None], mark, rally)
    direction = _step(key, world, pos, kind, goal, target >= 0, reachable, cfg)
    alive = world.body.present[cfg.players :] & query.is_on(world, System.NPC)
    return (
        world,
        jnp.where(alive, direction, NOBODY),
        jnp.where(alive & reachable, target, NOBODY),
    )


def _find_target(world: World, cfg: Config) -> jax.Array:
    """Returns (N,) int32, rows of the players that NPCs target, -1 for none.

    An NPC stays with its target while that lives, is mortal and in sight; else it turns to who
    hit it last, dead or alive; else, if it is of the hostile sort, to the nearest player in
    sight, of several the one with the lowest row.
    """
    players, body, npc = cfg.players, world.body, world.npc
    pos = body.pos[players:]
    prey = query.is_alive(world)[:players] & ~query.is_immortal(world)
    own = jnp.maximum(npc.target, 0)
    keeps = (npc.target >= 0) & prey[own]
    keeps &= grid.steps(pos - body.pos[own]) <= NPC_VISION
    attacker = body.attacker[players:] - 1
    hunts = (npc.kind == Kind.AGGRESSIVE) | (npc.kind == Kind.SOLDIER)
    nearest = jnp.where(hunts, _nearest(pos, body.pos[:players], prey), NOBODY)
    target = jnp.where(keeps, npc.target, jnp.where(attacker >= 0, attacker, nearest))
    return jnp.where(npc.kind == Kind.PASSIVE, NOBODY, target)


def _nearest(pos: jax.Array, others: jax.Array, allowed: jax.Array) -> jax.Array:
    """Returns (N,) int32, rows of the nearest players in sight, ties by row; -1 for none.

    Distance and row are one number of 16 bits, and the least is taken along the first axis:
    this way the compiler handles many NPCs at once.

    Args:
      pos: (N, 2) int32.
      others: (P, 2) int32.
      allowed: (P,) bool, who counts.
    """
    players = others.shape[0]
    far = query.pairwise_distance(others, pos)
    nobody = (NPC_VISION + 1) * players
    seen = allowed[:, None] & (far <= NPC_VISION)
    rank = jnp.where(seen, far * players + jnp.arange(players, dtype=far.dtype)[:, None], nobody)
    best = rank.min(0).astype(jnp.int32)
    return jnp.where(best < nobody, best % players, NOBODY)


def _step(
    key: jax.Array,
    world: World,
    pos: jax.Array,
    kind: jax.Array,
    goal: jax.Array,
    has_target: jax.Array,
    reachable: jax.Array,
    cfg: Config,
) -> jax.Array:
    """Returns (N,) int32, the directions in which NPCs step."""
    soldier = kind == Kind.SOLDIER
    has_goal = has_target | (soldier & (goal[:, 0] >= 0) & (goal[:, 1] >= 0))
    far = grid.manhattan(goal - pos) > SOLDIER_SEARCH
    drifts = soldier & has_goal & ~reachable & far
    present = world.body.present[cfg.players :]
    around = pos[:, None] + jnp.asarray(STEP_OFFSET)[MEANDER_ORDER][None]
    free = query.can_stand(world.terrain, around)
    draw = threefry.bits(key, kind.shape)

    def walk(direction, row, real):
        drifting = drifts[row]
        path = flood.first_steps(world.terrain.passable, pos[row], goal[row], real & ~drifting)
        step = jnp.where(drifting, _drift(draw[row], pos[row], goal[row], free[row]), path)
        return direction.at[jnp.where(real, row, cfg.npcs)].set(step, mode="drop")

    return row_blocks.apply_in_blocks(walk, _meander(draw, free), has_goal & present, AT_ONCE)


def _meander(draw: jax.Array, free: jax.Array) -> jax.Array:
    """Returns (N,) int32, the first free direction from a random one on, cyclic in N, S, W, E.

    Args:
      draw: (N,) uint32, random words; their highest bits count.
      free: (N, 4) bool, by `tables.MEANDER_ORDER`.
    """
    start, place = (draw >> 30).astype(jnp.int32), jnp.arange(4)[None]
    wait = jnp.where(free, (place - start[:, None]) % 4, 4)
    first = jnp.where(wait == wait.min(1, keepdims=True), place, 4).min(1)
    return _direction(jnp.where(free.any(1), first, 0))


def _direction(place: jax.Array) -> jax.Array:
    """Returns (N,) int32, the directions at places (N,) of `tables.MEANDER_ORDER`."""
    direction = jnp.full_like(place, MEANDER_ORDER[0])
    for index in range(1, len(MEANDER_ORDER)):
        direction = jnp.where(place == index, MEANDER_ORDER[index], direction)
    return direction


def _drift(draw: jax.Array, pos: jax.Array, goal: jax.Array, free: jax.Array) -> jax.Array:
    """Returns (N,) int32, random free directions, weighted toward the goal.

    A free neighbour weighs 1, and 3 times the share of the way that lies along its axis more if
    it is nearer to the goal. Weights are kept as integers, times the whole way.

    Args:
      draw: (N,) uint32, random words; their lowest 16 bits count.
      pos: (N, 2) int32.
      goal: (N, 2) int32.
      free: (N, 4) bool, by `tables.MEANDER_ORDER`.
    """
    offset = jnp.asarray(STEP_OFFSET)[MEANDER_ORDER]
    way = goal - pos
    total = jnp.maximum(grid.manhattan(way), 1)[:, None]
    along = way[:, :1] * offset[None, :, 0] + way[:, 1:] * offset[None, :, 1]
    weight = jnp.where(free, total + 3 * jnp.maximum(along, 0), 0)
    cumulative = jnp.cumsum(weight, axis=1)
    lot = (draw & 0xFFFF).astype(jnp.int32) * cumulative[:, -1] >> 16
    chosen = (cumulative <= lot[:, None]).sum(1)
    return _direction(jnp.where(free.any(1), chosen, 0))
