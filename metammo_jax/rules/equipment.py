"""Equipment: the item level of players, updated once a tick."""

import jax
import jax.numpy as jnp

from metammo_jax import inventory
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.world import World


def note_item_level(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with `body.item_level`, the sum of levels of worn items, updated.

    Source: docs/rules/world.md#players; nmmo `entity/entity.py::Entity.update`.
    """
    worn = inventory.value_where(world.bag.level, world.bag.worn)
    present = world.body.present[: cfg.players]
    item_level = jnp.where(present, worn, world.body.item_level)
    return world.replace(body=world.body.replace(item_level=item_level))
