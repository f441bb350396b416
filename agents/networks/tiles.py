"""Features of the map for the lean network: near tiles one by one, and counts in larger squares.

Nothing in this module has parameters, so it needs no gradient. The four properties of a tile are
packed into one small number, four bits each, so that one addition counts all four in a column of
five tiles, and 16 bits a tile are moved instead of four floats.

Axes: P players of one world, V tiles a side of the window.
"""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.observe import Observation
from metammo_jax.tables import PASSABLE
from metammo_jax.vocab import Tile

NEAR = 3
"""Tiles a side of the square around a player whose tiles are features one by one."""

SQUARE = 5
"""Tiles a side of the squares in which tiles are counted; less than 2**FIELD."""

FOG_SCALE = 16.0
"""Tiles of distance, or points of damage, that count as 1."""

WEIGHT = 0.5
"""Largest feature of a tile. Half of the lean network's inputs are tiles; the more of them there
are and the larger they are, the slower it learns from the rest (docs/performance.md)."""

FIELD = 4
"""Bits of a property."""

_TOOL = {Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB, Tile.FISH}

PROPERTIES = np.stack(
    [
        np.asarray(PASSABLE, bool),
        [tile == Tile.WATER for tile in Tile],
        [tile == Tile.FOILAGE for tile in Tile],
        [tile in _TOOL for tile in Tile],
    ],
    axis=1,
)
"""(16, 4) bool, properties of a tile: passable, water, food, needs a tool."""

PACKED = (PROPERTIES << FIELD * np.arange(PROPERTIES.shape[1])).sum(axis=1).astype(np.uint16)
"""(16,) uint16, the properties of a tile in one number."""


def tile_features(obs: Observation) -> jax.Array:
    """Returns features of the map around each player, (P, features) float32, at most `WEIGHT`.

    The properties of the tiles next to each player, the share of each property in all squares of
    its window, and the fog in the middle of each square.
    """
    packed = jnp.asarray(PACKED)[obs.tiles.astype(jnp.int32)]
    half = SQUARE // 2
    fog = obs.fog[:, half::SQUARE, half::SQUARE].astype(jnp.float32) / FOG_SCALE
    parts = [*_unpacked(_near(packed)), *_shares(packed), jnp.clip(fog, -1.0, 1.0)]
    return WEIGHT * jnp.concatenate([part.reshape(len(packed), -1) for part in parts], axis=-1)


def _near(window: jax.Array) -> jax.Array:
    """Returns the middle (P, NEAR, NEAR) of windows (P, V, V); smaller windows as they are."""
    edge = max(0, (window.shape[-1] - NEAR) // 2)
    end = window.shape[-1] - edge
    return window[:, edge:end, edge:end]


def _shares(packed: jax.Array) -> list[jax.Array]:
    """Returns each property's share in squares of windows (P, V, V), each (P, squares, squares).

    Tiles past the edge of the window have no property.
    """
    pad = -packed.shape[-1] % SQUARE
    padded = jnp.pad(packed, ((0, 0), (0, pad), (0, pad)))
    columns = padded[:, ::SQUARE]
    for row in range(1, SQUARE):
        columns += padded[:, row::SQUARE]
    squares = (*columns.shape[:2], -1, SQUARE)
    return [counts.reshape(squares).sum(axis=-1) / SQUARE**2 for counts in _unpacked(columns)]


def _unpacked(packed: jax.Array) -> list[jax.Array]:
    """Returns each property of packed numbers, float32 arrays of the same shape."""
    mask = jnp.uint16((1 << FIELD) - 1)
    shifts = FIELD * np.arange(PROPERTIES.shape[1], dtype=np.uint16)
    return [((packed >> shift) & mask).astype(jnp.float32) for shift in shifts]
