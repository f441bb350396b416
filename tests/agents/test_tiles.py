"""What the lean network sees of the ground, against a slow way to work it out."""

import types

import jax.numpy as jnp
import numpy as np
import pytest

from agents.networks import tiles
from metammo_jax.tables import PASSABLE
from metammo_jax.vocab import Tile


def ground(side, seed=0):
    rng = np.random.default_rng(seed)
    return types.SimpleNamespace(
        tiles=jnp.asarray(rng.integers(0, len(Tile), (2, side, side)), jnp.int8),
        fog=jnp.asarray(rng.integers(-127, 128, (2, side, side)), jnp.int8),
    )


TOOL = {Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB, Tile.FISH}


@pytest.mark.parametrize("tile", list(Tile))
def test_properties_of_a_tile(tile):
    found = tiles.PROPERTIES[tile]
    assert found[0] == PASSABLE[tile]
    assert tuple(found[1:]) == (tile == Tile.WATER, tile == Tile.FOILAGE, tile in TOOL)
    fields = [int(tiles.PACKED[tile]) >> 4 * field & 15 for field in range(4)]
    assert fields == found.astype(int).tolist()


@pytest.mark.parametrize("side", [3, 7, 8, 15])
def test_near_tiles_then_shares_of_squares_then_fog(side):
    """Property by property, row by row; what lies past the edge of the window is nothing."""
    obs = ground(side)
    found = np.asarray(tiles.tile_features(obs))
    edge = max(0, (side - 3) // 2)
    for player in range(2):
        image = tiles.PROPERTIES[np.asarray(obs.tiles[player])].astype(float)
        fog = np.clip(np.asarray(obs.fog[player], float) / 16, -1, 1)
        expected = [image[edge : side - edge, edge : side - edge, p].ravel() for p in range(4)]
        corners = range(0, side, 5)
        for p in range(4):
            squares = [
                [image[i : i + 5, j : j + 5, p].sum() / 25 for j in corners] for i in corners
            ]
            expected.append(np.ravel(squares))
        expected.append(fog[2::5, 2::5].ravel())
        together = tiles.WEIGHT * np.concatenate(expected)
        np.testing.assert_allclose(found[player], together, rtol=1e-6)
