"""NPCs that a game brings itself: the soldiers of sandwich, the waves of radio_raid.

Places are drawn until one can stand there, `TRIES` times at most; who finds none stays away.
Source: docs/rules/minigames.md#sandwich, docs/rules/minigames.md#radio-raid.
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.games.knobs import Place, Unit
from metammo_jax.games.spawn import circle_tile, distinct, edge_tile, place_tile, team_count
from metammo_jax.lib import chance, threefry
from metammo_jax.rules.spawning import Recruits, enlist
from metammo_jax.vocab import NOBODY, Kind
from metammo_jax.world import World

TRIES = 16
"""Places drawn for each NPC; who finds none stays away."""

REINFORCEMENTS = 8
"""Soldiers that can join in one tick: all that the hardest game of the paper's size can miss."""

REINFORCEMENT_TRIES = 4
"""Places drawn for each of them; who finds none comes in the next tick."""

WAVE_SIZE = 10
"""NPCs of a wave, at the paper's size."""

WAVE_REST = 3
"""The next wave comes at once when no more NPCs than this are left, at the paper's size."""

WAVE_INTERVAL = 20
"""After more ticks than this, at the paper's size, the next wave comes in any case."""

WAVE_RADIUS = 5
"""Tiles around a wave's middle in which it appears, at the paper's size."""

DANGER_STEPS = 10
"""Waves in which the danger rises from 0 to 1."""

WAVES_AT_CENTER = 4
"""Waves that appear in the middle of the map; later ones in a random quadrant's."""

DANGER_GRID = 100
"""Steps of the table of chances from danger 0 to 1."""


def sandwich_muster(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with soldiers around the middle and on the edge.

    Those around the middle are ordered to the teams' spots, those on the edge to the middle.

    `params.difficulty` for each team inside, in the quarter of the map where its spot lies, and
    as many outside, 2 C at most. Beyond the free NPC rows nobody comes.
    """
    inner_key, outer_key, style_key = threefry.split(key, 3)
    params, number = world.params, jnp.arange(cfg.npcs)
    each, teams = params.difficulty, team_count(params)
    inner_count = each * teams
    outer_count = jnp.minimum(inner_count, 2 * params.center)
    rally = circle_tile(number // jnp.maximum(each, 1), params, cfg)
    block = jnp.maximum(params.center // 8, 1)
    low = jnp.where(rally < cfg.middle, cfg.middle - block, cfg.middle + 1)[:, None]
    inside, free = passable_places(inner_key, world, low, block, (cfg.npcs, TRIES))
    edge = distinct(outer_key, cfg.npcs, 4 * params.center, max(4 * cfg.playable_side, cfg.npcs))
    outside = edge_tile(edge, params, cfg)
    is_inner = number < inner_count
    recruits = _soldiers(
        pos=jnp.where(is_inner[:, None], inside, outside),
        rally=jnp.where(is_inner[:, None], rally, cfg.middle),
        wanted=(number < inner_count + outer_count) & (free | ~is_inner),
    )
    return enlist(style_key, world, recruits, cfg)


def sandwich_refill(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with soldiers near the middle in place of dead ones.

    There shall be min(living players, `params.difficulty`) // 2 NPCs.
    """
    place_key, style_key = threefry.split(key)
    params, body = world.params, world.body
    living = body.present[: cfg.players].sum(), body.present[cfg.players :].sum()
    missing = jnp.minimum(living[0], params.difficulty) // 2 - living[1]
    most = min(REINFORCEMENTS, cfg.npcs)
    reach = params.center // 6
    low = jnp.full((most, 1, 2), cfg.middle) - reach
    shape = (most, REINFORCEMENT_TRIES)
    pos, free = passable_places(place_key, world, low, 2 * reach + 1, shape)
    rally = jnp.full((most, 2), cfg.middle)
    recruits = _soldiers(pos, rally, wanted=(jnp.arange(most) < missing) & free)
    return enlist(style_key, world, recruits, cfg)


def radio_raid_refill(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with a new wave of NPCs, if few are left or time has passed.

    Each wave is more dangerous. None comes while there are more NPCs than players that are no
    recons.
    """
    place_key, danger_key, style_key = threefry.split(key, 3)
    body, npc = world.body, world.npc
    fighters = (body.present[: cfg.players] & ~body.recon).sum()
    living = body.present[cfg.players :].sum()
    late = world.tick - npc.wave_tick > Unit.TICKS.whole(WAVE_INTERVAL, cfg)
    has_few_left = living <= Unit.TEAM_NPCS.whole(WAVE_REST, cfg)
    due = (living <= fighters) & (has_few_left | late)
    size = min(Unit.TEAM_NPCS.whole(WAVE_SIZE, cfg), cfg.npcs)
    pos, free = _wave_places(place_key, world, size, cfg)
    recruits = Recruits(
        pos=pos,
        kind=_wave_kinds(danger_key, world, size),
        ring=jnp.zeros(size, jnp.int32),
        rally=jnp.full((size, 2), NOBODY, jnp.int32),
        wanted=free & due,
    )
    npc = npc.replace(
        wave=npc.wave + due.astype(jnp.int32),
        wave_tick=jnp.where(due, world.tick, npc.wave_tick),
    )
    return enlist(style_key, world.replace(npc=npc), recruits, cfg)


def _wave_places(
    key: jax.Array, world: World, size: int, cfg: Config
) -> tuple[jax.Array, jax.Array]:
    """Returns (size, 2) places of a wave, and (size,) bool whether one can stand there."""
    quadrant_key, place_key = threefry.split(key)
    count = Place.SOUTH_WEST - Place.SOUTH_EAST + 1
    quadrant = Place.SOUTH_EAST + chance.random_integers(threefry.bits(quadrant_key, ()), count)
    place = jnp.where(world.npc.wave < WAVES_AT_CENTER, Place.CENTER, quadrant)
    radius = Unit.TILES.whole(WAVE_RADIUS, cfg)
    low = place_tile(place, world.params, cfg) - radius
    return passable_places(place_key, world, low, 2 * radius + 1, (size, TRIES))


def _wave_kinds(key: jax.Array, world: World, size: int) -> jax.Array:
    """Returns (size,) int32, kinds of the NPCs of a wave, by their danger.

    A danger is Beta distributed around a tenth of the wave's number; only on which side of the
    two thresholds it lies matters, so one uniform number decides.
    """
    params, lot = world.params, threefry.uniform(key, (size,))
    wave = jnp.minimum(world.npc.wave, DANGER_STEPS)
    is_neutral = lot >= _chance_below(params.neutral_danger, wave)
    is_aggressive = lot >= _chance_below(params.aggressive_danger, wave)
    kind = jnp.where(is_neutral, Kind.NEUTRAL, Kind.PASSIVE)
    return jnp.where(is_aggressive, Kind.AGGRESSIVE, kind).astype(jnp.int32)


def _chance_below(danger: jax.Array, wave: jax.Array) -> jax.Array:
    """Returns () float32, the chance that an NPC of this wave is less dangerous than this."""
    step = jnp.clip(danger, 0.0, 1.0) * DANGER_GRID
    left = jnp.minimum(jnp.floor(step), DANGER_GRID - 1).astype(jnp.int32)
    table = jnp.asarray(_danger_table())
    beyond = step - left.astype(jnp.float32)
    chance = table[wave, left] + beyond * (table[wave, left + 1] - table[wave, left])
    return jnp.where(danger > 1.0, 1.0, chance)


@functools.cache
def _danger_table() -> np.ndarray:
    """Returns (steps + 1, grid + 1) float32, distribution functions of the waves' dangers.

    Row k: Beta(10 d + 0.01, 10.01 - 10 d) for d = k / 10, but danger 0 for certain in row 0.
    """
    from scipy.special import betainc  # slow to import, and only one game needs it

    alpha = np.arange(DANGER_STEPS + 1)[:, None] + 0.01
    table = betainc(alpha, DANGER_STEPS + 0.02 - alpha, np.linspace(0, 1, DANGER_GRID + 1))
    table[0] = 1.0
    table[0, 0] = 0.0
    return table.astype(np.float32)


def passable_places(
    key: jax.Array, world: World, low: jax.Array, side: jax.Array | int, shape: tuple[int, int]
) -> tuple[jax.Array, jax.Array]:
    """Returns places, drawn from squares until one can stand there, and whether one can.

    Args:
      key: () key.
      world: reads terrain.
      low: int32, north-west corners, broadcast to (count, tries, 2).
      side: tiles a side of the squares.
      shape: (count, tries), number of places, and how often each is drawn.

    Returns:
      (count, 2) int32 places, and (count,) bool whether one can stand there.
    """
    words = threefry.bits(key, (math.prod(shape),))
    low = jnp.reshape(low, (1,) * (3 - jnp.ndim(low)) + jnp.shape(low))
    tries = low + chance.random_cells(words, side).reshape(*shape, 2)
    works = query.can_stand(world.terrain, tries)
    first = jnp.argmax(works, axis=1)
    pos = jnp.take_along_axis(tries, first[:, None, None], axis=1)[:, 0]
    return pos, works.any(1)


def _soldiers(pos: jax.Array, rally: jax.Array, wanted: jax.Array) -> Recruits:
    count = wanted.shape[0]
    return Recruits(
        pos=pos,
        kind=jnp.full(count, Kind.SOLDIER, jnp.int32),
        ring=jnp.zeros(count, jnp.int32),
        rally=rally,
        wanted=wanted,
    )
