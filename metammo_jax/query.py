"""Queries of the world that several modules share: who can act, distances, materials, levels.

They only read; what changes the world is in `rules` and `effects`.
"""

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.lib import grid
from metammo_jax.lib.materialize import materialize
from metammo_jax.tables import COMBAT_STATUS_TICKS, EXP_THRESHOLD, PASSABLE
from metammo_jax.vocab import NEVER, NOBODY, Style, System
from metammo_jax.world import Npc, Params, Terrain, World

_PASSABLE_BITS = sum(1 << tile for tile, passable in enumerate(PASSABLE) if passable)


def is_player(cfg: Config) -> jax.Array:
    """Returns (E,) bool, which rows are players."""
    return jnp.arange(cfg.entities) < cfg.players


def is_alive(world: World) -> jax.Array:
    """Returns (E,) bool, who is in the world with health left."""
    return world.body.present & (world.body.health > 0)


def is_immortal(world: World) -> jax.Array:
    """Returns (P,) bool, who takes no damage and is no target of NPCs."""
    return world.body.immortal_until > 0


def can_act(world: World, cfg: Config) -> jax.Array:
    """Returns (E,) bool, who is alive and not frozen."""
    frozen = jnp.concatenate([world.body.freeze > 0, jnp.zeros(cfg.npcs, bool)])
    return is_alive(world) & ~frozen


def is_passable(material: jax.Array) -> jax.Array:
    """Returns (...) bool, whether entities can stand on materials (...) of `vocab.Tile`."""
    return (_PASSABLE_BITS >> material.astype(jnp.int32)) & 1 == 1


def can_stand(terrain: Terrain, pos: jax.Array) -> jax.Array:
    """Returns (...) bool, whether places are on the map and passable, depleted or not.

    Args:
      terrain: the map.
      pos: (..., 2) int32.

    Returns:
      (...) bool.
    """
    height, width = terrain.material.shape
    row, col = pos[..., 0], pos[..., 1]
    inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    words = terrain.passable.shape[1]
    word = materialize(jnp.where(inside, row * words + (col >> 5), 0).astype(jnp.uint32))
    bit = (col & 31).astype(jnp.uint32)
    return inside & ((terrain.passable.reshape(-1)[word] >> bit) & 1 == 1)


def tile_index(terrain: Terrain, pos: jax.Array) -> jax.Array:
    """Returns (...) uint32, flat indices into the map (H * W) of places (..., 2).

    A gather by one index is faster than one by row and column; an unsigned index needs no check
    for negative values.
    """
    return materialize((pos[..., 0] * terrain.material.shape[1] + pos[..., 1]).astype(jnp.uint32))


def border_width(params: Params, cfg: Config) -> jax.Array:
    """Returns () int32, the width in tiles of the border around the playable square."""
    return (cfg.map_size - params.center) // 2


def distance_to_middle(pos: jax.Array, cfg: Config) -> jax.Array:
    """Returns (...) int32, Chebyshev distances in tiles of places (..., 2) to the middle tile."""
    return grid.steps(pos - cfg.middle)


def fog_at(terrain: Terrain, params: Params, pos: jax.Array, cfg: Config) -> jax.Array:
    """Returns (...) float32, the fog at places (..., 2): damage, or minus the distance.

    Source: docs/rules/world.md#fog; the square around the middle stays free, at minus the map's
    size.
    """
    row, col = pos[..., 0], pos[..., 1]
    last = cfg.map_size - 1
    ring = jnp.minimum(jnp.minimum(row, last - row), jnp.minimum(col, last - col))
    fog = terrain.fog[jnp.clip(ring, 0, terrain.fog.shape[0] - 1)]
    safe = distance_to_middle(pos, cfg) <= params.fog_final_size
    has_fog = params.fog_onset_tick < NEVER
    return jnp.where(has_fog, jnp.where(safe, -float(cfg.map_size), fog), 0.0)


def pairwise_distance(a: jax.Array, b: jax.Array) -> jax.Array:
    """Returns (A, B) int16, Chebyshev distances in tiles between places (A, 2) and (B, 2)."""
    a, b = materialize(a.astype(jnp.int16).T), materialize(b.astype(jnp.int16).T)
    return grid.chebyshev(*(a[axis, :, None] - b[axis, None] for axis in (0, 1)))


def is_first_in_turn(tile: jax.Array, wants: jax.Array, turn: jax.Array) -> jax.Array:
    """Returns (A,) bool, who has the earliest turn of those that want something at the same tile.

    Args:
      tile: (A,) integer, flat indices of tiles.
      wants: (A,) bool.
      turn: (A,) uint32, all different at each tile.
    """
    tile, turn = materialize(tile), materialize(turn)
    earlier = (tile[:, None] == tile[None]) & (turn[:, None] < turn[None]) & wants[:, None]
    return wants & ~earlier.any(0)


def is_on(world: World, system: System) -> jax.Array:
    """Returns () bool, whether a system is on in this episode."""
    return world.params.enabled[system]


def teammates(world: World) -> jax.Array:
    """Returns (P, P) bool, which players are in the same group, oneself included."""
    group = world.params.group
    return group[:, None] == group[None]


def material_at(world: World, pos: jax.Array) -> jax.Array:
    """Returns (...) int32, the materials at places (..., 2) on the map as they are now.

    A harvested tile shows what it was depleted to until it regrows: in `vocab.Tile` always the
    material before it (`tables.DEPLETED`).

    Source: docs/rules/world.md#materials.
    """
    return material_of(world, tile_index(world.terrain, pos))


def material_of(world: World, tile: jax.Array) -> jax.Array:
    """Returns (...) int32, the materials of tiles (...) by flat index, as `material_at`."""
    return as_of_now(world, tile, world.terrain.material.reshape(-1)[tile])


def as_of_now(world: World, tile: jax.Array, material: jax.Array) -> jax.Array:
    """Returns (...) int32, as `material_of`, where the materials before any harvest are known."""
    depleted = world.tick < world.terrain.ready_at.reshape(-1)[tile].astype(jnp.int32)
    return material.astype(jnp.int32) - depleted.astype(jnp.int32)


def materials(world: World) -> jax.Array:
    """Returns (H, W) int8, the materials of the whole map as they are now."""
    depleted = world.tick < world.terrain.ready_at.astype(jnp.int32)
    return world.terrain.material - depleted.astype(jnp.int8)


def level_of(exp: jax.Array) -> jax.Array:
    """Returns (...) int32 in 1..10, the levels reached with experience (...).

    Source: docs/rules/world.md#progression.
    """
    level = jnp.zeros(exp.shape, jnp.int32)
    for threshold in EXP_THRESHOLD:
        level += (exp >= threshold).astype(jnp.int32)
    return level


def experience(world: World) -> jax.Array:
    """Returns (P, S) int32, players' experience by `vocab.Skill`; S is 0 where none is compiled."""
    if not world.has_skills:
        return jnp.zeros((world.params.group.shape[0], 0), jnp.int32)
    return world.skill.exp


def levels(world: World) -> jax.Array:
    """Returns (P, S) int32, players' levels by `vocab.Skill`; 0 where progression is off."""
    return materialize(jnp.where(is_on(world, System.PROGRESSION), level_of(experience(world)), 0))


def best_level(world: World) -> jax.Array:
    """Returns (P,) int32, the highest of a player's levels; 0 without progression.

    Source: docs/rules/world.md#players.
    """
    return levels(world).max(1, initial=0)


def attack_level(world: World) -> jax.Array:
    """Returns (P,) int32, the highest of a player's levels in the styles of attack."""
    return levels(world)[:, : len(Style)].max(1, initial=0)


def npcs(world: World) -> Npc:
    """Returns the fields of NPCs, (0, ...) arrays where the config has no NPCs."""
    return world.npc if world.has_npc_rows else empty_npcs(0)


def empty_npcs(count: int) -> Npc:
    """Returns `count` empty rows of NPCs."""
    none = jnp.zeros(count, jnp.int32)
    zero = jnp.int32(0)
    return Npc(
        kind=none,
        style=none,
        target=jnp.full(count, NOBODY, jnp.int32),
        ring=none,
        rally=jnp.full((count, 2), NOBODY, jnp.int32),
        level=none,
        gear=none,
        item_level=none,
        armor=none,
        tool=none,
        queue=none,
        queued=zero,
        spawned=zero,
        wave_tick=zero,
        wave=zero,
    )


def in_combat(world: World) -> jax.Array:
    """Returns (E,) bool, who attacked or was attacked in the last `COMBAT_STATUS_TICKS` ticks.

    Source: docs/rules/world.md#in-combat; nmmo `entity/entity.py::Entity.in_combat`.
    """
    last = world.body.combat_tick
    fights = (last != 0) & (world.tick - last < COMBAT_STATUS_TICKS)
    return fights & is_on(world, System.COMBAT)


def can_trade(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, who may use items and gold: who can act and is not in combat."""
    return (can_act(world, cfg) & ~in_combat(world))[: cfg.players]
