"""Professions: harvesting by players on their tile, and fishing beside water."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import effects, inventory, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib import backend, threefry, turn_order
from metammo_jax.lib.materialize import materialize
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
    """Returns the world after harvests: herbs, ore, wood and crystals of the own tile, and fish.

    All fish around a player are taken at once, for one ration. With the right tool in hand what
    one gets is a level higher than the tool.

    Order: by turn; of several that can reach a tile the first gets what is there.

    Source: docs/rules/world.md#professions; nmmo `systems/skill.py::HarvestSkill.harvest`.
    Frozen and immortal players harvest too, and those who are about to starve.
    """
    harvest_key, weapon_key = threefry.split(key)
    tile, skill, emptied = _emptied(world, orders.turn[: cfg.players], cfg)
    world = effects.deplete_tiles(harvest_key, world, tile, emptied.reshape(-1))
    fishing, taken = emptied[:-1].any(0), emptied[-1]
    world = _yield(weapon_key, world, fishing, skill, taken)
    done = taken[:, None] & (skill[:, None] == jnp.arange(cfg.skills)[None])
    done |= fishing[:, None] & (jnp.arange(cfg.skills) == Skill.FISHING)[None]
    exp = jnp.asarray(HARVEST_EXP[: cfg.skills])[None]
    return effects.add_experience(world, jnp.where(done, exp, 0))


def _emptied(world: World, turn: jax.Array, cfg: Config):
    """Returns the tiles that players can harvest, the skills used, and who harvests first.

    Args:
      world: the state.
      turn: (P,) uint32.
      cfg: sizes.

    Returns:
      (5P,) uint32, tiles: the neighbours of players, in which they fish, side by side, then those
      under them; (P,) int32, the skill that the latter take, herbalism where there is nothing;
      (5, P) bool, which of the tiles are emptied.
    """
    here = query.tile_index(world.terrain, world.body.pos[: cfg.players]).astype(jnp.int32)
    beside = np.array([*(NEIGHBOURS @ (cfg.map_size, 1)), 0])[:, None]
    tile = materialize((here[None] + beside).astype(jnp.uint32).reshape(-1))
    material = materialize(query.material_of(world, tile), everywhere=True)
    material = material.reshape(-1, cfg.players)
    skill = jnp.asarray(HARVEST_SKILL)[material[-1]]
    wants = jnp.concatenate([material[:-1] == Tile.FISH, (skill > Skill.FISHING)[None]])
    wants = materialize(wants & query.is_alive(world)[None, : cfg.players])
    turns = jnp.broadcast_to(turn, wants.shape).reshape(-1)
    emptied = materialize(_is_first_in_turn(tile, wants.reshape(-1), turns, cfg)).reshape(
        wants.shape
    )
    return tile, jnp.where(skill > Skill.FISHING, skill, Skill.HERBALISM), emptied


def _is_first_in_turn(tile: jax.Array, wants: jax.Array, turn: jax.Array, cfg: Config) -> jax.Array:
    """Returns (5P,) bool, as `query.is_first_in_turn`.

    On CPUs by a map of tiles, cheaper than pairs there; turns are less than 2**32 - 1. Elsewhere
    the fish of the first 4P tiles and the plants and stones of the last P, which never meet, are
    compared apart.
    """
    if backend.platform() != "cpu":
        fishing, others = slice(None, -cfg.players), slice(-cfg.players, None)
        parts = [(tile[part], wants[part], turn[part]) for part in (fishing, others)]
        return jnp.concatenate([query.is_first_in_turn(*part) for part in parts])
    due = jnp.where(wants, turn, turn_order.LAST_TURN)
    first = jnp.full(cfg.map_size**2, turn_order.LAST_TURN).at[tile].min(due)[tile]
    return wants & (first == turn)


def _yield(
    key: jax.Array, world: World, fishing: jax.Array, skill: jax.Array, taken: jax.Array
) -> World:
    """Returns the world with harvested items added to bags: first rations of fish, then others.

    A full bag takes nothing, not even what would have merged with a stack.

    Source: docs/rules/world.md#professions; nmmo `systems/skill.py::HarvestSkill.process_drops`.
    Weapons only where equipment is on.
    """
    lucky = threefry.uniform(key, taken.shape) < WEAPON_DROP
    lucky &= query.is_on(world, System.EQUIPMENT)
    rod = jnp.where(fishing, Skill.FISHING, skill)  # no constant: XLA would fold all it leads to
    harvests = (
        (HARVEST_ITEM, rod, fishing),
        (HARVEST_ITEM, skill, taken),
        (HARVEST_WEAPON, skill, taken & lucky),
    )
    hand, found = inventory.held_item(world.bag), []
    for table, by, drops in harvests:
        item = jnp.asarray(table, jnp.int32)[by]
        drops &= (item != Item.NOTHING) & query.is_on(world, System.ITEM)
        found.append((item, _level(*hand, by), drops))
    item, level, drops = (materialize(jnp.stack(values)) for values in zip(*found, strict=True))
    bag, kept = inventory.receive_several(
        world.bag, item, level, jnp.ones_like(item), drops, world.tick, only_with_room=True
    )
    return effects.record_event(world.replace(bag=bag), Event.HARVEST_ITEM, kept, item, level)


def _level(tool: jax.Array, tool_level: jax.Array, skill: jax.Array) -> jax.Array:
    """Returns (P,) int32, levels of items harvested by a skill (P,) with the held tool."""
    fits = (tool == jnp.asarray(TOOL)[skill]) & (tool != Item.NOTHING)
    return jnp.where(fits, jnp.minimum(1 + tool_level, LEVEL_MAX), 1)
