"""Harvests: who gets what, of which level, with which tool."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import query
from metammo_jax.rules import profession
from metammo_jax.vocab import Event, Item, Skill, System, Tile
from tests import orders, worlds

EVERYTHING = dict(enabled=np.ones(len(System), bool))


@pytest.fixture(scope="module")
def harvest(tiny_full):
    return jax.jit(lambda key, world, given: profession.harvest(key, world, given, tiny_full))


def settled(world, cfg):
    """Everybody far from each other, player 0 on (20, 20)."""
    places = {row: (12 + 2 * row // 8 * 8, 12 + 3 * (row % 8)) for row in range(1, cfg.players)}
    return worlds.place(world, {**places, 0: (20, 20)})


@pytest.mark.parametrize(
    ("tile", "tool", "skill", "item", "weapon", "exp"),
    [
        (Tile.HERB, Item.GLOVES, Skill.HERBALISM, Item.POTION, None, 30),
        (Tile.ORE, Item.PICKAXE, Skill.PROSPECTING, Item.WHETSTONE, Item.WAND, 15),
        (Tile.TREE, Item.AXE, Skill.CARVING, Item.ARROW, Item.SPEAR, 15),
        (Tile.CRYSTAL, Item.CHISEL, Skill.ALCHEMY, Item.RUNES, Item.BOW, 15),
        (Tile.FISH, Item.ROD, Skill.FISHING, Item.RATION, None, 30),
    ],
)
def test_what_a_harvest_yields(harvest, tiny_full, tile, tool, skill, item, weapon, exp):
    world = settled(worlds.blank(tiny_full, tick=4, **EVERYTHING), tiny_full)
    where = (20, 21) if tile == Tile.FISH else (20, 20)
    world = worlds.paint(world, where, tile)
    given = orders.give(tiny_full)
    found = set()
    for seed in range(60):
        after = harvest(jax.random.key(seed), world, given)
        items = after.bag.item[:, 0][after.bag.item[:, 0] != 0].tolist()
        assert items[0] == item and items[1:] in ([], [weapon])
        found.update(items)
        assert after.bag.level[: len(items), 0].tolist() == [1] * len(items)
    assert found == ({item, weapon} if weapon else {item})
    assert after.skill.exp[0].tolist() == [exp if s == skill else 0 for s in Skill]
    assert int(query.material_at(after, jnp.array(where))) != tile
    again = harvest(jax.random.key(0), after, given)
    assert again.skill.exp[0, skill] == exp  # nothing is left
    helped = worlds.put_item(world, 0, 11, tool, level=3, worn=True)
    after = harvest(jax.random.key(0), helped, given)
    assert (int(after.bag.item[0, 0]), int(after.bag.level[0, 0])) == (item, 4)
    other = worlds.put_item(world, 0, 11, Item.SPEAR, level=3, worn=True)
    assert int(harvest(jax.random.key(0), other, given).bag.level[0, 0]) == 1


def test_one_ration_for_all_fish_around_and_the_first_gets_them(harvest, tiny_full):
    world = settled(worlds.blank(tiny_full, tick=4, **EVERYTHING), tiny_full)
    world = worlds.place(world, {1: (20, 22)})
    for place in ((20, 21), (19, 20), (20, 23)):
        world = worlds.paint(world, place, Tile.FISH)
    key = jax.random.key(0)
    after = harvest(key, world, orders.give(tiny_full, first=[0, 1]))
    assert (after.bag.item[:, :2] == Item.RATION).sum(0).tolist() == [1, 1]  # 1 still has (20, 23)
    places = jnp.array([(20, 21), (19, 20), (20, 23)])
    assert (query.material_at(after, places) == Tile.OCEAN).all()
    world = worlds.paint(world, (20, 23), Tile.GRASS)
    for first in (0, 1):
        after = harvest(key, world, orders.give(tiny_full, first=[first]))
        rations = (after.bag.item[:, :2] == Item.RATION).sum(0).tolist()
        assert rations == ([1, 0] if first == 0 else [1, 1])  # 0 has another fish beside it


def test_a_full_bag_takes_nothing_but_one_still_learns(harvest, tiny_full):
    world = settled(worlds.blank(tiny_full, tick=4, **EVERYTHING), tiny_full)
    world = worlds.paint(world, (20, 20), Tile.TREE)
    for slot in range(tiny_full.slots):
        world = worlds.put_item(world, 0, slot, Item.HAT)
    world = worlds.put_item(world, 0, 3, Item.ARROW, quantity=5)
    after = harvest(jax.random.key(0), world, orders.give(tiny_full))
    assert int(after.bag.quantity[3, 0]) == 5  # not even what would merge
    assert int(after.skill.exp[0, Skill.CARVING]) == 15
    assert int(after.tally.count[Event.HARVEST_ITEM, 0]) == 0
    room = world.replace(bag=world.bag.replace(item=world.bag.item.at[7, 0].set(0)))
    after = harvest(jax.random.key(1), room, orders.give(tiny_full))  # no weapon drops by it
    assert int(after.bag.quantity[3, 0]) == 6
    assert int(after.tally.count[Event.HARVEST_ITEM, 0]) == 1


def test_of_several_on_a_tile_the_first_in_turn_harvests(harvest, tiny_full):
    world = settled(worlds.blank(tiny_full, tick=4, **EVERYTHING), tiny_full)
    world = worlds.place(worlds.paint(world, (20, 20), Tile.ORE), {5: (20, 20), 6: (20, 20)})
    after = harvest(jax.random.key(0), world, orders.give(tiny_full, first=[6, 0, 5]))
    got = (after.bag.item == Item.WHETSTONE).any(0)
    assert got.nonzero()[0].tolist() == [6]
    dead = worlds.kill(world, 6)
    after = harvest(jax.random.key(0), dead, orders.give(tiny_full, first=[6, 0, 5]))
    assert (after.bag.item == Item.WHETSTONE).any(0).nonzero()[0].tolist() == [0]


def test_levels_come_with_experience(tiny_full):
    exp = jnp.array([0, 89, 90, 216, 217, 1736, 1737, 5000])
    assert query.level_of(exp).tolist() == [1, 1, 2, 2, 3, 9, 10, 10]
