"""Changes of the world that several modules share: events, experience, depleted tiles."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import event_capture, query
from metammo_jax.lib import backend, chance, row_blocks, threefry
from metammo_jax.lib.materialize import materialize
from metammo_jax.tables import ITEM_EVENTS, REGROWTH
from metammo_jax.vocab import Event, System, Tile
from metammo_jax.world import Tally, Task, World

NEVER_READY = 32767
"""`Terrain.ready_at` of a tile that does not regrow."""

HARVESTS = 16
"""Block size in which delays of harvested tiles are drawn (`lib.row_blocks`)."""


def record_event(
    world: World,
    event: Event,
    happened: jax.Array,
    what: jax.Array | int = -1,
    level: jax.Array | int = 0,
    amount: jax.Array | int = 1,
    details: Callable[[], dict] | None = None,
) -> World:
    """Returns the world with an event added to its tally, and to what tasks watch.

    Args:
      world: reads task.watch; reads and writes tally.
      event: the kind of event.
      happened: (P,) or (n, P) bool, the players to whom it happened, up to n times; or (P,) int32,
        how often.
      what: a number, or as many as `happened`: the item, style or skill that it was about.
      level: likewise, level of the item, of the victim, or reached.
      amount: likewise, what it counts for a task that watches it: pieces.
      details: returns further arguments of `event_capture.emit`, or others in their place; called
        only while events are captured.
    """
    if event_capture.is_capturing():
        said = dict(happened=happened, what=what, level=level, number=amount)
        event_capture.emit(world, event, **{**said, **(details() if details else {})})
    tally, players = world.tally, happened.shape[-1]
    often, what, level, amount = (
        jnp.broadcast_to(x, happened.shape).reshape(-1, players)
        for x in (happened, what, level, amount)
    )
    counted = tally.replace(count=_counted(tally.count, event, often.sum(0, dtype=jnp.int32)))
    if tally.watched is not None:
        amounts = _watched_amounts(world.task, event, jnp.where(often, amount, 0), what, level)
        counted = counted.replace(watched=tally.watched + amounts)
    if tally.seen and event in ITEM_EVENTS:
        place, seen = ITEM_EVENTS.index(event), list(tally.seen)
        seen[place] = _saw(seen[place], often, what, level)
        counted = counted.replace(seen=tuple(seen))
    return world.replace(tally=counted)


def _counted(count: jax.Array, event: Event, often: jax.Array) -> jax.Array:
    """Returns counts (events, P) with `often` (P,) added to the row of an event.

    CPUs write the row alone. Elsewhere all additions of a tick become one pass over the table.
    """
    if backend.platform() == "cpu":
        return count.at[event].add(often)
    row = np.arange(count.shape[0])[:, None] == event
    return count + jnp.where(row, often[None], 0)


def _watched_amounts(
    task: Task, event: Event, amount: jax.Array, what: jax.Array, level: jax.Array
) -> jax.Array:
    """Returns (P, watches) int32, what an event adds to what tasks watch; arguments are (n, P)."""
    watch = task.watch[None]
    meant = (watch[..., 0] == event) & (level[:, :, None] >= watch[..., 2])
    meant &= (watch[..., 1] < 0) | (watch[..., 1] == what[:, :, None])
    return jnp.where(meant, amount[:, :, None], 0).sum(0)


def _saw(seen: jax.Array, happened: jax.Array, item: jax.Array, level: jax.Array) -> jax.Array:
    """Returns `seen` (items, P) with the bits of levels (n, P) of items (n, P) set."""
    bit = jnp.where(happened, 1 << jnp.maximum(level - 1, 0), 0).astype(seen.dtype)
    kinds = jnp.arange(seen.shape[0], dtype=seen.dtype)[:, None]
    for what, levels in zip(materialize(item.astype(seen.dtype)), materialize(bit), strict=True):
        what, levels = what[None], levels[None]
        seen |= jnp.where(what == kinds, levels, jnp.zeros_like(levels))
    return seen


def add_to_tally(world: World, **amounts: jax.Array) -> World:
    """Returns the world with amounts (P,) int32 added to fields of its tally, by name."""
    tally: Tally = world.tally
    return world.replace(
        tally=tally.replace(**{name: getattr(tally, name) + n for name, n in amounts.items()})
    )


def add_experience(world: World, gain: jax.Array) -> World:
    """Returns the world with experience added; levels reached by it are counted as events.

    Args:
      world: reads and writes skill.exp; nothing happens where progression is off.
      gain: (P, S) int32, experience in each skill, 0 for none.

    Source: docs/rules/world.md#progression; nmmo `systems/skill.py::Skill.add_xp`.
    """
    if not world.has_skills:
        return world
    before = world.skill.exp
    after = before + jnp.where(query.is_on(world, System.PROGRESSION), gain, 0)
    level = materialize(query.level_of(after))
    rises = level > materialize(query.level_of(before))
    world = world.replace(skill=world.skill.replace(exp=after))
    skill = jnp.arange(gain.shape[1])[:, None]
    return record_event(world, Event.LEVEL_UP, rises.T, what=skill, level=level.T)


def deplete_tiles(
    key: jax.Array,
    world: World,
    tile: jax.Array,
    taken: jax.Array,
    material: jax.Array | None = None,
) -> World:
    """Returns the world with tiles depleted, and the ticks at which they regrow drawn.

    In the original every depleted tile rolls a die at the end of each tick, first in the tick of
    its harvest; a geometric delay has the same distribution and costs nothing afterwards.
    Where professions are off only foilage grows back.

    Args:
      key: () key, spent on the delays.
      world: reads and writes terrain; reads tick, params.regrowth.
      tile: (A,) uint32, flat indices of tiles (`query.tile_index`).
      taken: (A,) bool, which of them are harvested; each tile at most once.
      material: (A,) int8, the materials of these tiles before any harvest; looked up if None.

    Source: docs/rules/world.md#regrowth; nmmo `core/tile.py::Tile.step`.
    """
    terrain, words = world.terrain, threefry.bits(key, taken.shape)
    if material is None:
        material = terrain.material.reshape(-1)[tile]
    if backend.platform() == "cpu":

        def draw(ready, row, real):
            when = _ready_at(world, words[row], material[row])
            return ready.at[jnp.where(real, row, taken.size)].set(when, mode="drop")

        none = jnp.zeros(taken.shape, jnp.int16)
        ready = row_blocks.apply_in_blocks(draw, none, taken, HARVESTS)
    else:
        ready = _ready_at(world, words, material)
    tile = jnp.where(taken, tile, terrain.material.size)  # off the map: dropped
    grown = terrain.ready_at.reshape(-1).at[tile].set(ready, mode="drop")
    return world.replace(terrain=terrain.replace(ready_at=grown.reshape(terrain.ready_at.shape)))


def _ready_at(world: World, words: jax.Array, material: jax.Array) -> jax.Array:
    """Returns (A,) int16, the ticks at which tiles harvested now regrow.

    Args:
      world: reads tick, params.regrowth.
      words: (A,) uint32, random.
      material: (A,) int8, what tiles are before the harvest.
    """
    rate = world.params.regrowth
    grows = material == Tile.FOILAGE
    if world.has_items:
        other = jnp.asarray(REGROWTH)[material]
        rate = jnp.where(grows, rate, other)
        grows |= (other > 0) & query.is_on(world, System.PROFESSION)
    ready = jnp.minimum(world.tick + chance.waiting_time(words, rate), NEVER_READY)
    return jnp.where(grows, ready, NEVER_READY).astype(jnp.int16)
