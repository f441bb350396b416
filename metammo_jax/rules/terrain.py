"""The map of an episode: made at reset from a map of the pool.

Readers of the map are in `query`, harvesting is in `effects`.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import chance, flood
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
      key: () key, spent on where extra water and foilage go.
      params: reads enabled, center, water_level, foilage_level, all_grass, scatter, mark_center,
        seize_target, fog_onset.
      fractal: (H, W) float16, or float32 holding float16 values: a map of the pool (`maps`).
      cfg: reads map_size, playable.

    Returns:
      The terrain, with nothing harvested, nothing seized, and the fog where it starts.

    Source: nmmo `core/map.py::Map._process_map`, `core/realm.py::Realm.reset` for the fog.
    Differs: in `_scatter`, on a map that has hardly any grass.
    """
    material = _scatter(key, _threshold(fractal, params), params, cfg)
    material = jnp.where(params.enabled[System.TERRAIN], material, Tile.GRASS)
    material = _fence(material, params, cfg)
    middle = jnp.full(2, cfg.middle, jnp.int32)
    material = _mark(material, middle, params.mark_center)
    material = _mark(material, params.seize_target, params.seize_target[0] >= 0)
    ring = jnp.arange(cfg.map_size // 2, dtype=jnp.float32)
    outside = query.border(params, cfg).astype(jnp.float32)
    return Terrain(
        material=material,
        ready_at=jnp.zeros(material.shape, jnp.int16),
        passable=flood.pack_board(query.is_passable(material)),
        fog=jnp.where(params.fog_onset < NEVER, outside - ring, 0.0),
        seizer=jnp.full((), NOBODY, jnp.int32),
        seized_at=jnp.zeros((), jnp.int32),
    )


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

    Source: nmmo `core/terrain.py::scatter_extra_resources`.
    Differs: the original draws until it is done, and for ever if there is too little grass.
    """
    draws = 7 * (cfg.playable // SCATTER_DENSITY) ** 2 + 128
    quota = jnp.where(params.scatter, (params.center // SCATTER_DENSITY) ** 2, 0)
    place = chance.uniform_cells(key, draws, params.center - 2) + query.border(params, cfg) + 1
    tile = place[:, 0] * cfg.map_size + place[:, 1]
    flat = material.reshape(-1)
    order = jnp.arange(draws, dtype=jnp.int32)
    first = jnp.full(flat.shape, draws, jnp.int32).at[tile].min(order)
    is_new = (first[tile] == order) & (flat[tile] == Tile.GRASS)
    rank = jnp.cumsum(is_new, dtype=jnp.int32)
    added = jnp.where(rank <= quota, Tile.WATER, Tile.FOILAGE).astype(jnp.int8)
    off_map = flat.shape[0]
    tile = jnp.where(is_new & (rank <= 2 * quota), tile, off_map)
    return flat.at[tile].set(added, mode="drop").reshape(material.shape)


def _fence(material: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Puts void around the playable square, grass on its edge, and foilage for walls inside it."""
    off = jnp.abs(jnp.arange(cfg.map_size) - cfg.middle)
    distance = jnp.maximum(off[:, None], off)
    edge = params.center // 2
    is_wall = (material == Tile.STONE) | (material == Tile.WATER)
    material = jnp.where((distance == edge - 1) & is_wall, Tile.FOILAGE, material)
    material = jnp.where(distance == edge, Tile.GRASS, material)
    return jnp.where(distance > edge, Tile.VOID, material)


def _mark(material: jax.Array, pos: jax.Array, wanted: jax.Array) -> jax.Array:
    """Where wanted, clears the 5 x 5 tiles around a place to grass and puts a herb on it."""
    height, width = material.shape
    row, col = jnp.abs(jnp.arange(height) - pos[0]), jnp.abs(jnp.arange(width) - pos[1])
    distance = jnp.maximum(row[:, None], col)
    material = jnp.where(wanted & (distance <= MARK_RADIUS), Tile.GRASS, material)
    return jnp.where(wanted & (distance == 0), Tile.HERB, material)
