"""Questions asked of the world."""

import jax.numpy as jnp
import numpy as np

from metammo_jax import query
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
