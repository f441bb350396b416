"""Questions asked of the world."""

import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import query
from metammo_jax.rules import profession
from metammo_jax.tables import DEPLETED
from metammo_jax.vocab import Tile
from tests import worlds


def test_a_harvested_tile_is_what_the_table_says_until_it_regrows(tiny):
    world = worlds.blank(tiny, tick=5)
    for tile in Tile:
        world = worlds.paint(world, (10, 10 + tile), tile)
    pos = jnp.array([(10, 10 + tile) for tile in Tile])
    harvestable = np.flatnonzero(np.arange(len(Tile)) != DEPLETED)
    ready = world.terrain.ready_at.at[10, 10 + harvestable].set(6)
    world = world.replace(terrain=world.terrain.replace(ready_at=ready))
    assert query.material_at(world, pos).tolist() == DEPLETED.tolist()
    assert query.materials(world)[10, 10:26].tolist() == DEPLETED.tolist()
    grown = world.replace(tick=jnp.int32(6))
    assert query.material_at(grown, pos).tolist() == list(Tile)
    assert query.materials(grown)[10, 10:26].tolist() == list(Tile)


@pytest.mark.parametrize("on_a_map", [False, True])
def test_who_is_first_is_whose_turn_is_the_earliest_of_all_who_want_it(tiny, on_a_map):
    rng = np.random.default_rng(0)
    for wish in (0, 0.3, 1):
        tile, wants = rng.integers(0, 20, 40), rng.random(40) < wish
        turn = rng.permutation(40).astype(np.uint32)
        expected = [
            bool(wants[i]) and turn[i] == min(turn[(tile == tile[i]) & wants]) for i in range(40)
        ]
        asked = (jnp.asarray(tile, jnp.uint32), jnp.asarray(wants), jnp.asarray(turn))
        got = (
            profession._is_first_in_turn(*asked, tiny)
            if on_a_map
            else query.is_first_in_turn(*asked)
        )
        assert got.tolist() == expected
