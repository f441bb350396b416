"""Communication: each player says one word, which all who see it observe."""

import jax
import jax.numpy as jnp

from metammo_jax import event_capture, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.world import World


def speak(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with the words that players say; the last word of each stays.

    Players that can act may speak, and recons always.

    Source: docs/rules/world.md#communication; nmmo `core/action.py::Comm.call`.
    """
    says = can_speak(world, cfg) & (orders.token >= 1) & (orders.token <= cfg.tokens)
    event_capture.emit(world, event_capture.SPEAK, says, number=orders.token)
    message = jnp.where(says, orders.token, world.body.message)
    return world.replace(body=world.body.replace(message=message))


def can_speak(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, who may say a word."""
    players = cfg.players
    return query.can_act(world, cfg)[:players] | (
        world.body.recon & query.is_alive(world)[:players]
    )
