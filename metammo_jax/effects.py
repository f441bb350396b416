"""Changes that several rooms make: harvesting a tile, hurting a player, counting an event."""

import jax
import jax.numpy as jnp

from metammo_jax.lib import chance
from metammo_jax.vocab import Event, Tile
from metammo_jax.world import World

NEVER_READY = 32767
"""`Terrain.ready_at` of a tile that does not grow back."""


def count(world: World, event: Event, happened: jax.Array) -> World:
    """Counts an event for the players (P,) bool or int32 to whom it happened."""
    tally = world.tally
    return world.replace(tally=tally.replace(count=tally.count.at[:, event].add(happened)))


def harvest(key: jax.Array, world: World, pos: jax.Array, taken: jax.Array) -> World:
    """Depletes tiles, and draws at once when they will be themselves again.

    In the original every depleted tile rolls a die at the end of each tick, first in the tick of
    its harvest; a geometric delay has the same distribution and costs nothing afterwards.
    Foilage alone grows back here.

    Args:
      key: () key, spent on the delays.
      world: reads and writes terrain; reads tick, params.regrowth.
      pos: (A, 2) int32, tiles.
      taken: (A,) bool, which of them are harvested; each tile at most once.

    Source: world rules 3.9.
    """
    terrain, (row, col) = world.terrain, (pos[:, 0], pos[:, 1])
    delay = chance.waiting_time(key, world.params.regrowth, taken.shape)
    grows = terrain.material[row, col] == Tile.FOILAGE
    ready = jnp.minimum(world.tick + delay, NEVER_READY)
    ready = jnp.where(grows, ready, NEVER_READY).astype(jnp.int16)
    row = jnp.where(taken, row, terrain.material.shape[0])  # rows off the map are dropped
    return world.replace(
        terrain=terrain.replace(ready_at=terrain.ready_at.at[row, col].set(ready, mode="drop"))
    )
