"""The map of an episode: made at reset from a map of the pool.

Readers of the map are in `query`, harvesting is in `effects`.
"""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import bits, chance, grid, threefry
from metammo_jax.tables import NEIGHBOURS
from metammo_jax.vocab import NEVER, NOBODY, System, Tile
from metammo_jax.world import Params, Terrain

GRASS_LEVEL = 0.70
"""Fractal values up to here, and above the water level, are grass."""

SCATTER_DENSITY = 6
"""A playable side of C tiles gets (C // 6)**2 more tiles of water, and as many of foilage."""

MARK_RADIUS = 2
"""Tiles around a mark that are cleared to grass."""


def build(key: jax.Array, params: Params, fractal: jax.Array, cfg: Config) -> Terrain:
    """Returns the map of a new episode.

    Args:
      key: () key, spent on where resources, extra water and extra foilage of fractals go.
      params: reads enabled, center, water_level, foilage_level, all_grass, scatter, mark_center,
        seize_target, fog_onset_tick.
      fractal: (H, W) float16, or float32 holding float16 values: a map of the pool (`maps`); or
        (H, W) int8, `vocab.Tile` of each tile, of which only the edge and the marks are changed.
      cfg: reads map_size, playable_side.

    Returns:
      The terrain, with nothing harvested, nothing seized, and the fog where it starts.

    Source: docs/rules/world.md#terrain; nmmo `core/map.py::Map._process_map`,
    `core/realm.py::Realm.update_fog_map` for the fog.
    Differs: in `_scatter`, on a map that has hardly any grass.
    """
    is_drawn = jnp.issubdtype(fractal.dtype, jnp.floating)
    material = _natural(key, params, fractal, cfg) if is_drawn else fractal
    material = jnp.where(params.enabled[System.TERRAIN], material, Tile.GRASS)
    material = _fence(material, params, cfg)
    middle = jnp.full(2, cfg.middle, jnp.int32)
    material = _mark(material, middle, params.mark_center)
    material = _mark(material, params.seize_target, params.seize_target[0] >= 0)
    ring = jnp.arange(cfg.map_size // 2, dtype=jnp.float32)
    outside = query.border_width(params, cfg).astype(jnp.float32)
    return Terrain(
        material=material,
        ready_at=jnp.zeros(material.shape, jnp.int16),
        passable=bits.pack(query.is_passable(material)),
        fog=jnp.where(params.fog_onset_tick < NEVER, outside - ring, 0.0),
        seizer=jnp.full((), NOBODY, jnp.int32),
        seized_at=jnp.zeros((), jnp.int32),
    )


def _natural(key: jax.Array, params: Params, fractal: jax.Array, cfg: Config) -> jax.Array:
    """Returns (H, W) int8, materials inside the edge."""
    scatter_key, place_key = threefry.split(key)
    material = _threshold(fractal, params)
    if cfg.has_professions:
        placed = _resources(place_key, material, params, cfg)
        material = jnp.where(params.enabled[System.PROFESSION], placed, material)
    return _scatter(scatter_key, material, params, cfg)


def _threshold(fractal: jax.Array, params: Params) -> jax.Array:
    """Returns (H, W) int8, the material that each fractal value stands for in this episode."""
    height = fractal.astype(jnp.float32)
    material = jnp.where(height <= params.foilage_level, Tile.FOILAGE, Tile.STONE)
    material = jnp.where(height <= GRASS_LEVEL, Tile.GRASS, material)
    material = jnp.where(height <= params.water_level, Tile.WATER, material)
    return jnp.where(params.all_grass, Tile.GRASS, material).astype(jnp.int8)


def _scatter(key: jax.Array, material: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Turns grass into water, then other grass into foilage, (C // 6)**2 tiles of each.

    Draws places with replacement and takes those that are grass and new, in the order drawn:
    uniform without replacement. How many are drawn is fixed, and enough wherever two fifths of
    the tiles are grass, as on every map of the pools with the games' own levels; on a map with
    less grass some may be missing, foilage first.

    Source: docs/rules/world.md#terrain; nmmo `core/terrain.py::scatter_extra_resources`.
    Differs: the original draws until it is done, and for ever if there is too little grass.
    """
    draws = 7 * (cfg.playable_side // SCATTER_DENSITY) ** 2 + 128
    quota = jnp.where(params.scatter, (params.center // SCATTER_DENSITY) ** 2, 0)
    return _sprinkle(key, material, (Tile.WATER, Tile.FOILAGE), quota, draws, params, cfg)


def _sprinkle(
    key: jax.Array,
    material: jax.Array,
    kinds: tuple[Tile, ...],
    quota: jax.Array | int,
    draws: int,
    params: Params,
    cfg: Config,
) -> jax.Array:
    """Turns grass inside the edge into other materials, `quota` tiles of each, one by one."""
    words = threefry.bits(key, (draws,))
    place = chance.random_cells(words, params.center - 2) + query.border_width(params, cfg) + 1
    tile = place[:, 0] * cfg.map_size + place[:, 1]
    flat = material.reshape(-1)
    order = jnp.arange(draws, dtype=jnp.int32)
    first = jnp.full(flat.shape, draws, jnp.int32).at[tile].min(order)
    is_new = (first[tile] == order) & (flat[tile] == Tile.GRASS)
    rank = jnp.cumsum(is_new, dtype=jnp.int32) - 1
    added = jnp.full(draws, kinds[-1], jnp.int8)
    for index, kind in reversed(list(enumerate(kinds[:-1]))):
        added = jnp.where(rank < (index + 1) * quota, jnp.int8(kind), added)
    off_map = flat.shape[0]
    tile = jnp.where(is_new & (rank < len(kinds) * quota), tile, off_map)
    return flat.at[tile].set(added, mode="drop").reshape(material.shape)


CLUSTER_KINDS = (Tile.ORE, Tile.TREE, Tile.CRYSTAL)
CLUSTER = np.concatenate([np.zeros((1, 2), np.int32), NEIGHBOURS])
"""(5, 2) offsets of the tiles of a cluster: a tile and its four neighbours."""


def _resources(key: jax.Array, material: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Places what professions harvest: clusters of ore, trees and crystals, herbs, fish.

    Source: docs/rules/world.md#resources-on-the-map; nmmo
    `core/terrain.py::spawn_profession_resources`.
    Differs: in how many are placed on a map with hardly any grass, as in `_scatter`; where there
    is too little water for the fish the original breaks down.
    """
    cluster_key, herb_key, fish_key = threefry.split(key, 3)
    material = _clusters(cluster_key, material, params, cfg)
    draws = 6 * cfg.patches + 128
    material = _sprinkle(herb_key, material, (Tile.HERB,), cfg.patches, draws, params, cfg)
    return _stock_fish(fish_key, material, params, cfg)


def _clusters(key: jax.Array, material: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Turns places of grass, one after another, into ore, trees and crystals in turn.

    The grass around each goes with it, so a place counts only if no cluster before it took it.
    Whether one did depends on earlier ones alone: repeating the rule from "none did" settles.
    """
    wanted = len(CLUSTER_KINDS) * cfg.clusters
    draws = 6 * wanted + 64
    inside = chance.random_cells(threefry.bits(key, (draws,)), params.center - 4)
    cells = (inside + query.border_width(params, cfg) + 2)[:, None] + CLUSTER[None]
    cells = cells[..., 0] * cfg.map_size + cells[..., 1]
    flat, order = material.reshape(-1), jnp.arange(draws, dtype=jnp.int32)
    is_grass = flat[cells[:, 0]] == Tile.GRASS

    def covered_by(chosen):
        index = jnp.where(chosen, order, draws)[:, None]
        return jnp.full(flat.shape, draws, jnp.int32).at[cells].min(index)

    def settle(state):
        chosen, _ = state
        now = is_grass & (covered_by(chosen)[cells[:, 0]] >= order)
        return now, (now != chosen).any()

    chosen = jax.lax.while_loop(lambda state: state[1], settle, (is_grass, jnp.array(True)))[0]
    rank = jnp.cumsum(chosen) - 1
    first = covered_by(chosen & (rank < wanted))
    kind = jnp.asarray(CLUSTER_KINDS, jnp.int8)[rank % len(CLUSTER_KINDS)]
    takes = (first < draws) & (flat == Tile.GRASS)
    added = kind[jnp.minimum(first, draws - 1)]
    return jnp.where(takes, added, flat).reshape(material.shape)


def _stock_fish(key: jax.Array, material: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Turns random tiles of water beside grass, two or more tiles inside the edge, into fish.

    As many as wanted, those with the lowest random numbers, below a bound found bit by bit.
    """
    off = jnp.arange(cfg.map_size) - query.border_width(params, cfg)
    inside = (off >= 2) & (off < params.center - 1)
    is_grass = jnp.pad(material == Tile.GRASS, 1)
    beside = is_grass[:-2, 1:-1] | is_grass[2:, 1:-1] | is_grass[1:-1, :-2] | is_grass[1:-1, 2:]
    eligible = (material == Tile.WATER) & beside & inside[:, None] & inside[None]
    draw = jnp.where(eligible, threefry.bits(key, material.shape) >> 1, jnp.uint32(0xFFFFFFFF))
    bound = jnp.uint32(0)
    for bit in reversed(range(31)):
        higher = bound | jnp.uint32(1 << bit)
        bound = jnp.where((draw < higher).sum() <= cfg.patches, higher, bound)
    return jnp.where(draw < bound, jnp.int8(Tile.FISH), material)


def _fence(material: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Puts void around the playable square, grass on its edge, and foilage for walls inside it."""
    off = jnp.arange(cfg.map_size) - cfg.middle
    distance = grid.chebyshev(off[:, None], off[None])
    edge = params.center // 2
    is_wall = (material == Tile.STONE) | (material == Tile.WATER)
    material = jnp.where((distance == edge - 1) & is_wall, Tile.FOILAGE, material)
    material = jnp.where(distance == edge, Tile.GRASS, material)
    return jnp.where(distance > edge, Tile.VOID, material)


def _mark(material: jax.Array, pos: jax.Array, wanted: jax.Array) -> jax.Array:
    """Where wanted, clears the 5 x 5 tiles around a place to grass and puts a herb on it."""
    height, width = material.shape
    row, col = jnp.arange(height) - pos[0], jnp.arange(width) - pos[1]
    distance = grid.chebyshev(row[:, None], col[None])
    material = jnp.where(wanted & (distance <= MARK_RADIUS), Tile.GRASS, material)
    return jnp.where(wanted & (distance == 0), Tile.HERB, material)
