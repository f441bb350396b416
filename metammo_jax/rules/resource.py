"""Resources: food, water, regeneration and starvation."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib.materialize import materialize
from metammo_jax.tables import BASE_HEALTH, NEIGHBOURS, RESOURCE_BASE
from metammo_jax.vocab import Event, System, Tile
from metammo_jax.world import World

REGENERATION_LEVEL = RESOURCE_BASE // 2
"""Points of food and water above which a player regenerates."""

REGENERATION = BASE_HEALTH // 10
"""Points of health gained by a player that is neither hungry nor thirsty."""


def upkeep(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after players regenerate or starve, then drink and eat.

    Players that starve to death in this tick still drink and eat. Without professions, marks on
    the map (herbs) are harvested here, whether or not the resource system is on.

    Order: by turn; of several on one tile the first gets what grows there.

    Source: docs/rules/world.md#food-and-water; nmmo `entity/entity.py::Resources.update`,
    `systems/skill.py::Water.update`, `systems/skill.py::Food.update`. Herbs: what professions
    yield is in `rules.profession`.
    """
    players = cfg.players
    alive = query.is_alive(world)[:players]
    needs = alive & ~query.is_immortal(world) & query.is_on(world, System.RESOURCE)
    material = _materials_around(world, players)
    world = _balance(world, needs, players)
    world = _drink(world, needs, (material[1:] == Tile.WATER).any(0))
    return _eat(key, world, orders, material[0], alive, needs, cfg)


def _materials_around(world: World, players: int) -> jax.Array:
    """Returns (5, P) int8, the materials before any harvest where players stand and next to it."""
    offset = jnp.concatenate([jnp.zeros((1, 2), jnp.int32), jnp.asarray(NEIGHBOURS)])
    tile = query.tile_index(world.terrain, world.body.pos[None, :players] + offset[:, None])
    return materialize(world.terrain.material.reshape(-1)[tile], everywhere=True)


def _balance(world: World, needs: jax.Array, players: int) -> World:
    body, params = world.body, world.params
    well = (body.food > REGENERATION_LEVEL) & (body.water > REGENERATION_LEVEL)
    health = body.health[:players]
    health = jnp.where(needs & well, jnp.minimum(health + REGENERATION, BASE_HEALTH), health)
    spared = body.resilient & (params.resilience > 0)

    def suffered(rate):
        reduced = (rate.astype(jnp.float32) * params.resilience).astype(jnp.int32)
        return jnp.where(spared, reduced, rate)

    health = health - jnp.where(needs & (body.food == 0), suffered(params.starvation), 0)
    health = health - jnp.where(needs & (body.water == 0), suffered(params.dehydration), 0)
    health = body.health.at[:players].set(jnp.maximum(health, 0))
    return world.replace(body=body.replace(health=health))


def _drink(world: World, needs: jax.Array, at_water: jax.Array) -> World:
    body = world.body
    water = jnp.maximum(body.water - world.params.depletion, 0)
    water = jnp.where(at_water, RESOURCE_BASE, water)
    body = body.replace(water=jnp.where(needs, water, body.water))
    return effects.record_event(world.replace(body=body), Event.DRINK_WATER, needs & at_water)


def _eat(
    key: jax.Array,
    world: World,
    orders: Orders,
    material: jax.Array,
    alive: jax.Array,
    needs: jax.Array,
    cfg: Config,
) -> World:
    body, players = world.body, cfg.players
    tile = query.tile_index(world.terrain, body.pos[:players])
    here = query.as_of_now(world, tile, material)
    can_take = needs & (here == Tile.FOILAGE)
    if not cfg.has_professions:
        can_take |= alive & (here == Tile.HERB)
    taken = query.is_first_in_turn(tile, can_take, orders.turn[:players])
    eats = taken & (here == Tile.FOILAGE)
    food = jnp.maximum(body.food - world.params.depletion, 0)
    food = jnp.where(eats, RESOURCE_BASE, food)
    body = body.replace(food=jnp.where(needs, food, body.food))
    world = effects.deplete_tiles(key, world.replace(body=body), tile, taken, material)
    return effects.record_event(world, Event.EAT_FOOD, eats)
