"""Changes of the world that several modules share."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import effects
from metammo_jax.vocab import Tile
from tests import worlds


def test_any_number_of_tiles_is_harvested_in_a_tick(tiny):
    """Delays are drawn for a few tiles at a time: none is left out, each has its own."""
    world = worlds.blank(tiny, tick=4)
    material = world.terrain.material.at[10:20, 10:20].set(Tile.FOILAGE)
    world = world.replace(terrain=world.terrain.replace(material=material))
    row, col = (axis.reshape(-1) for axis in np.mgrid[10:20, 10:20])
    tile = jnp.asarray(row * tiny.map_size + col, jnp.uint32)
    taken = jnp.asarray(np.arange(100) % 4 != 0)
    assert taken.sum() > 2 * effects.HARVESTS
    after = jax.jit(effects.deplete_tiles)(jax.random.key(0), world, tile, taken)
    before, ready = (w.terrain.ready_at.reshape(-1)[tile] for w in (world, after))
    np.testing.assert_array_equal(ready[~taken], before[~taken])
    assert (ready[taken] > 4).all() and len(set(ready[taken].tolist())) > 40
    alone = jax.jit(effects.deplete_tiles)(
        jax.random.key(0), world, tile, taken & (jnp.arange(100) == 55)
    )
    assert alone.terrain.ready_at.reshape(-1)[tile[55]] == ready[55]
