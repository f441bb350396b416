"""Professions: what players harvest where they stand, and fish, with and without tools."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, inventory, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib import threefry
from metammo_jax.tables import (
    HARVEST_EXP,
    HARVEST_ITEM,
    HARVEST_SKILL,
    HARVEST_WEAPON,
    LEVEL_MAX,
    NEIGHBOURS,
    TOOL,
    WEAPON_DROP,
)
from metammo_jax.vocab import Event, Item, Skill, System, Tile
from metammo_jax.world import World


def harvest(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Living players take herbs, ore, wood and crystals from their tile, and fish from beside it.

    All fish around a player are taken at once, for one ration. With the right tool in hand what
    one gets is a level higher than the tool.

    Order: by turn; of several that can reach a tile the first gets what is there.

    Source: world rules 12. Frozen and immortal players harvest too, and those who are about to
    starve.
    """
    harvest_key, weapon_key = threefry.split(key)
    alive, turn = query.is_alive(world)[: cfg.players], orders.turn[: cfg.players]
    fishing, fish, around = _fish(world, alive, turn, cfg)
    here, taken = _own(world, alive, turn, cfg)
    places = jnp.concatenate([around.reshape(-1, 2), world.body.pos[: cfg.players]])
    world = effects.harvest(harvest_key, world, places, jnp.concatenate([fish.reshape(-1), taken]))
    skill = jnp.asarray(HARVEST_SKILL)[jnp.where(taken, here, Tile.HERB)]
    world = _yield(weapon_key, world, fishing, skill, taken)
    world = effects.learn(world, Skill.FISHING, fishing * HARVEST_EXP[Skill.FISHING])
    return effects.learn(world, skill, jnp.where(taken, jnp.asarray(HARVEST_EXP)[skill], 0))


def _fish(world: World, alive: jax.Array, turn: jax.Array, cfg: Config):
    """Returns who fishes (P,), the neighbours that it empties (P, 4), and those tiles' places."""
    around = world.body.pos[: cfg.players, None] + jnp.asarray(NEIGHBOURS)
    wants = alive[:, None] & (query.material_at(world, around) == Tile.FISH)
    fish = query.is_first(world, around, wants, turn[:, None])
    return fish.any(1), fish, around


def _own(world: World, alive: jax.Array, turn: jax.Array, cfg: Config):
    """Returns the materials (P,) under players, and (P,) bool who harvests them."""
    pos = world.body.pos[: cfg.players]
    here = query.material_at(world, pos)
    wants = alive & (jnp.asarray(HARVEST_SKILL)[here] > Skill.FISHING)
    return here, query.is_first(world, pos, wants, turn)


def _yield(
    key: jax.Array, world: World, fishing: jax.Array, skill: jax.Array, taken: jax.Array
) -> World:
    """Gives what was harvested: first the ration, then what was on one's own tile.

    A full bag takes nothing, not even what would have merged with a stack.

    Source: world rules 12; weapons only where equipment is on.
    """
    lucky = threefry.uniform(key, taken.shape) < WEAPON_DROP
    lucky &= query.is_on(world, System.EQUIPMENT)
    rod = jnp.full_like(skill, Skill.FISHING)
    harvests = (
        (HARVEST_ITEM, rod, fishing),
        (HARVEST_ITEM, skill, taken),
        (HARVEST_WEAPON, skill, taken & lucky),
    )
    bag, one, got = world.bag, jnp.ones_like(skill), []
    hand = inventory.in_hand(bag)
    for table, by, drops in harvests:
        item, level = jnp.asarray(table, jnp.int32)[by], _level(*hand, by)
        drops &= (item != Item.NOTHING) & query.is_on(world, System.ITEM)
        drops &= inventory.space(bag) > 0
        bag, kept, _ = inventory.receive(bag, item, level, one, drops, world.tick)
        got.append((kept, item, level))
    kept, item, level = (jnp.stack(values, axis=1) for values in zip(*got, strict=True))
    return effects.count(world.replace(bag=bag), Event.HARVEST_ITEM, kept, item, level)


def _level(tool: jax.Array, tool_level: jax.Array, skill: jax.Array) -> jax.Array:
    """Returns (P,) int32, the level of a harvest by a skill with what is in hand."""
    fits = (tool == jnp.asarray(TOOL)[skill]) & (tool != Item.NOTHING)
    return jnp.where(fits, jnp.minimum(1 + tool_level, LEVEL_MAX), 1)
