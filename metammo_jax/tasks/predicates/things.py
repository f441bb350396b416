"""Predicates of what players carry and wear.

Source: docs/rules/tasks.md#predicates.

Bags of the dead are empty.
"""

import jax
import jax.numpy as jnp

from metammo_jax import inventory
from metammo_jax.config import Config
from metammo_jax.tasks.predicates.measure import (
    COUNT,
    ITEM,
    LEVEL,
    NUM_AGENT,
    STYLE,
    TICKS,
    alive,
    share,
    whole_number,
)
from metammo_jax.tasks.signature import register, whole
from metammo_jax.tasks.subject import SubjectMembers
from metammo_jax.vocab import Item, System, Wear
from metammo_jax.world import World

_EQUIPMENT = {System.ITEM, System.EQUIPMENT}
_SPACE = whole(least=0, most="inventory")


@register(
    arguments=dict(item=ITEM, level=LEVEL, quantity=COUNT),
    needs={System.ITEM},
    original=("OwnItem",),
    says="own {quantity} x {item} of level {level} or above",
)
def own_item(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: pieces of an item that the members own / quantity (OwnItem).

    Those of a level at least.
    """
    meant = _is_item(world, subject, whole_number(args, 0), whole_number(args, 1))
    pieces = jnp.where(meant, world.bag.quantity, 0).sum(-2)
    return share(subject.alive_total(pieces), args[:, 2])


@register(
    arguments=dict(item=ITEM, level=LEVEL, num_agent=NUM_AGENT),
    needs=_EQUIPMENT,
    original=("EquipItem",),
    says="wear {item} of level {level} or above, {num_agent} members",
)
def equip_item(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: members that wear an item / num_agent (EquipItem).

    One of a level at least.
    """
    return wearing(world, subject, whole_number(args, 0), whole_number(args, 1), args[:, 2])


@register(
    arguments=dict(style=STYLE, level=LEVEL, num_agent=NUM_AGENT),
    needs={*_EQUIPMENT, System.COMBAT},
    original=("FullyArmed",),
    says="wear armor, weapon and ammunition of {style} of level {level} or above, "
    "{num_agent} members",
)
def fully_armed(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: members that wear all of a style / num_agent (FullyArmed).

    Hat, top, bottom, weapon and ammunition, all five of a level at least.
    """
    bag = world.bag
    style, level = (subject.spread(whole_number(args, i))[..., None, :] for i in (0, 1))
    bag = _meeting(bag, style)
    armor = (bag.item >= Item.HAT) & (bag.item <= Item.BOTTOM)
    arms = (bag.item == Item.SPEAR + style) | (bag.item == Item.WHETSTONE + style)
    worn = bag.worn & (armor | arms) & (bag.level >= level)
    places = len(Wear) - 1
    return share(subject.alive_total((worn.sum(-2) >= places).astype(jnp.int32)), args[:, 2])


@register(
    arguments=dict(space=_SPACE),
    needs={System.ITEM},
    original=("InventorySpaceGE",),
    says="keep {space} slots of the bag free",
)
def inventory_space_ge(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: 1 while all live and have `space` free slots (InventorySpaceGE).

    Differs: the original counts dead members by what they carried last.
    """
    space = subject.spread(whole_number(args, 0))
    roomy = _meeting(inventory.free_slots(world.bag), space) >= space
    lives = _meeting(alive(world, cfg), roomy)
    enough = subject.count(roomy & lives) == subject.size()
    return enough.astype(jnp.float32)


@register(
    arguments=dict(space=_SPACE, num_tick=TICKS),
    needs={System.ITEM},
    original=("PracticeInventoryManagement",),
    says="keep {space} slots of the bag free until tick {num_tick}",
)
def practice_inventory_management(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: share of num_tick ticks passed, while all have free slots.

    Every member must have `space` of them (PracticeInventoryManagement).

    Differs: 0 in the tick of a member's death, where the original gives one tick more.
    """
    return inventory_space_ge(world, subject, args, cfg) * share(world.tick, args[:, 1])


def wearing(
    world: World, subject: SubjectMembers, item: jax.Array, level: jax.Array, num_agent: jax.Array
) -> jax.Array:
    """Returns (P,) float32, the members wearing an item (P,) of a level at least / num_agent."""
    meant = _is_item(world, subject, item, level)
    worn = meant & _meeting(world.bag.worn, meant)
    return share(subject.alive_total(worn.sum(-2)), num_agent)


def _is_item(world: World, subject: SubjectMembers, item: jax.Array, level: jax.Array) -> jax.Array:
    """Returns (..., I, P) bool, records of members that are the item of the task, at its level."""
    item, level = subject.spread(item)[..., None, :], subject.spread(level)[..., None, :]
    bag = _meeting(world.bag, item)
    return (bag.item == item) & (bag.level >= level)


def _meeting(tree, values: jax.Array):
    """Returns what players have as arrays of as many axes as `values` of tasks have."""
    return jax.tree.map(lambda x: x.reshape((1,) * (values.ndim - x.ndim) + x.shape), tree)
