"""The death fog: damages players, and closes in on the middle."""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.vocab import System
from metammo_jax.world import World

HARM_ABOVE = 0.5
"""Fog values above this hurt."""


def hurt(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with players in the fog damaged by its depth, rounded half to even.

    Listings of players whom the fog kills leave the market; their items are lost when they are
    culled.

    Source: docs/rules/world.md#fog; nmmo `entity/player.py::Player.update`. Fog has no killer.
    """
    players, body = cfg.players, world.body
    depth = query.fog_at(world.terrain, world.params, body.pos[:players], cfg)
    exposed = query.is_alive(world)[:players] & ~query.is_immortal(world)
    harmed = exposed & (depth > HARM_ABOVE) & (world.tick >= world.params.fog_onset_tick)
    damage = jnp.where(harmed, jnp.round(depth).astype(jnp.int32), 0)
    health = jnp.maximum(body.health[:players] - damage, 0)
    if cfg.has_items:
        killed = harmed & (health == 0) & query.is_on(world, System.ITEM)
        bag = world.bag
        world = world.replace(bag=bag.replace(price=jnp.where(killed, 0, bag.price)))
    return world.replace(
        body=body.replace(
            health=body.health.at[:players].set(health),
            damage=body.damage.at[:players].set(jnp.where(harmed, damage, body.damage[:players])),
            damage_taken=body.damage_taken + damage,
        )
    )


def spread(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with the fog closer by its speed, from its onset on.

    The original adds float16 numbers, so that slow fog rounds to steps of its own;
    `reduce_precision` does the same and no compiler removes it.

    Source: docs/rules/world.md#fog; nmmo `core/realm.py::Realm.update_fog_map`.
    """
    moved = _as_float16(world.terrain.fog + _as_float16(world.params.fog_speed))
    fog = jnp.where(world.tick >= world.params.fog_onset_tick, moved, world.terrain.fog)
    return world.replace(terrain=world.terrain.replace(fog=fog))


def _as_float16(value: jax.Array) -> jax.Array:
    return jax.lax.reduce_precision(value, exponent_bits=5, mantissa_bits=10)
