"""The full game's maps, newcomers and beginnings: a wrong value is reported, also beside causes."""

import dataclasses

import jax
import numpy as np
import pytest

from metammo_jax.tables import NEIGHBOURS
from metammo_jax.vocab import Item, Tile
from tests.parity import check, compare, newcomers, observations, opening
from tests.parity.planting import planted, played, unexplained, with_after

pytestmark = pytest.mark.slow  # the full tick and its openings are compiled first

DROPS, TRADE = "multi_task-first", "multi_task-market"


def found(case):
    return unexplained(compare.fields(case))


# Tiles


GROWING = (Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB, Tile.FISH)


@pytest.mark.parametrize("tile", GROWING, ids=lambda tile: tile.name.lower())
def test_every_kind_of_tile_grows_back_as_itself_alone(tile):
    _, case = played(DROPS)
    depleted = (case.before.terrain.material == tile) & (case.map_before != tile)
    tick, row, col = np.argwhere(depleted)[0]
    wrong = with_after(case, "material", (tick, row, col), Tile.GRASS)
    assert found(wrong) == {"tiles": [[tick, row, col]]}
    ours, there = compare.harvests(case)
    untouched = (case.map_before == tile) & (case.map_after == tile) & ~ours & ~there
    tick, row, col = np.argwhere(untouched)[9]
    wrong = with_after(case, "material", (tick, row, col), Tile.STUMP)
    assert found(wrong) == {"tiles": [[tick, row, col]]}
    wrong = with_after(case, "world.terrain.ready_at", (tick, row, col), 999)
    assert found(wrong) == {"harvested tiles": [[tick, row, col]]}


# Who comes, and how it begins


@pytest.mark.parametrize(
    "path, change, rule",
    [
        ("npc.level", 1, "level"),
        ("body.gold", 1, "gold"),
        ("npc.gear", 9, "gear"),
        ("npc.item_level", 9, "gear"),
        ("npc.armor", Item.CHISEL, "armor"),
        ("npc.tool", -Item.ROD, "tool"),
    ],
)
def test_new_npcs_with_what_the_rules_do_not_give_are_seen(path, change, rule):
    _, case = played(DROPS)
    new = newcomers.in_ours(case)
    tick, ident = int(new.tick[0]), int(new.id[0])
    row = int(np.flatnonzero(case.after.world.body.id[tick] == ident)[0])
    row -= 0 if path.startswith("body") else case.cfg.players
    group, name = path.split(".")
    old = getattr(getattr(case.after.world, group), name)[tick, row]
    seen = found(with_after(case, f"world.{path}", (tick, row), old + change))
    assert seen.pop(f"new npcs: {rule}") == [[tick, ident]]
    assert set(seen) <= ({"new npcs: gear", "new npcs: gold"} if rule == "level" else set())


def starts(states, case, material=None):
    data = case.trace.data
    data = data if material is None else dict(data, first_materials=material)
    env, trace = check.environment(case.cfg), dataclasses.replace(case.trace, data=data)
    return unexplained(opening.fields(trace, states, env, jax.random.key(3)))


@pytest.mark.parametrize(
    "old, new, names",
    [
        (Tile.GRASS, Tile.ORE, {"start: ore in clusters"}),
        (Tile.STONE, Tile.CRYSTAL, {"start: map", "start: crystal in clusters"}),
        (Tile.GRASS, Tile.HERB, {"start: herbs"}),
        (Tile.FOILAGE, Tile.HERB, {"start: herbs", "start: map"}),
        (Tile.FISH, Tile.WATER, {"start: fish"}),
        (Tile.GRASS, Tile.FISH, {"start: fish", "start: map"}),
        (Tile.TREE, Tile.GRASS, {"start: tree in clusters"}),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_resources_that_cannot_lie_there_at_first_are_seen(old, new, names):
    states, case = played(DROPS)
    material = case.trace.data["first_materials"].copy()
    middle = 40 + np.argwhere(material[40:120, 40:120] == old)
    lonely = [
        place
        for place in middle
        if not (material[place[0] - 2 : place[0] + 3, place[1] - 2 : place[1] + 3] == new).any()
    ]
    if old == Tile.TREE:  # all but the arms of a cross
        lonely = [
            (r, c)
            for r, c in middle
            if all(material[r + y, c + x] == Tile.TREE for y, x in NEIGHBOURS)
        ]
    material[tuple(lonely[0])] = new
    seen = starts(states, case, material)
    assert names <= set(seen) <= names | {"start: extra tiles", "start: map"}


@pytest.mark.parametrize(
    "path, index, name",
    [
        ("body.gold", (0, 5), "start: belongings"),
        ("skill.exp", (0, 5, 3), "start: belongings"),
        ("bag.item", (0, 5, 3), "start: belongings"),
        ("npc.gear", (0, 2), "start: npcs' gear"),
        ("npc.level", (0, 2), "start: npcs' level"),
    ],
)
def test_a_wrong_beginning_is_seen(path, index, name):
    states, case = played(DROPS)
    assert starts(states, case) == {}
    assert name in starts(planted(states, path, index, 7), case)


# What is shown


@pytest.mark.parametrize(
    "block, name",
    [
        ("Inventory", "seen: Inventory"),
        ("Market", "seen: Market"),
        ("ActionTargets.Buy.MarketItem", "mask: Buy.MarketItem"),
        ("ActionTargets.Use.InventoryItem", "mask: Use.InventoryItem"),
        ("ActionTargets.GiveGold.Price", "mask: GiveGold.Price"),
        ("ActionTargets.Give.Target", "mask: Give.Target"),
    ],
)
def test_a_wrong_observation_of_goods_is_seen(block, name):
    states, case = played(TRADE)
    data = case.trace.data
    key = next(n for n in data if n.startswith("obs/80/") and n.endswith("/" + block))
    wrong = np.array(data[key])
    wrong[(0, 5) if wrong.ndim == 2 else 0] += 1
    trace = dataclasses.replace(case.trace, data=dict(data, **{key: wrong}))
    assert list(unexplained(observations.fields(trace, states, case.cfg))) == [name]
