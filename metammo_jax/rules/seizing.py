"""Seizing: which player holds the target tile of a game."""

import jax
import jax.numpy as jnp

from metammo_jax import effects
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib import grid
from metammo_jax.vocab import NOBODY, Event
from metammo_jax.world import World


def seize(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world in which a player alone on the target tile has seized it.

    Nothing changes if its own group holds the tile already.

    The tile stays seized when the player leaves or dies, until somebody of another group stands
    on it alone.

    Source: docs/rules/world.md#seizing; nmmo `core/tile.py::Tile.update_seize`.
    """
    target, group, terrain = world.params.seize_target, world.params.group, world.terrain
    stands = (
        world.body.present & (grid.steps(world.body.pos - target[None]) == 0) & (target[0] >= 0)
    )
    alone = stands.sum() == 1
    player = stands[: cfg.players]
    row = jnp.where(player, jnp.arange(cfg.players), 0).sum()  # of the one that stands there
    row = jnp.where(player.any() & alone, row, NOBODY)
    held = (terrain.seizer >= 0) & (group[terrain.seizer] == group[row])
    seizes = (row >= 0) & ~held
    world = effects.record_event(world, Event.SEIZE_TILE, player & seizes)
    return world.replace(
        terrain=terrain.replace(
            seizer=jnp.where(seizes, row, terrain.seizer),
            seized_at=jnp.where(seizes, world.tick, terrain.seized_at),
        )
    )
