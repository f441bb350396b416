"""The full game's goods and counts: a wrong one is reported, also beside causes for others."""

import collections
import dataclasses
import functools

import jax
import numpy as np
import pytest

from metammo_jax.tables import ITEM_EVENTS
from metammo_jax.vocab import Event, Item, Skill
from tests.parity import compare, drops, goods, newcomers
from tests.parity.planting import (
    counted,
    explained_by,
    levels_seen,
    played,
    survivor,
    unexplained,
    with_after,
)

pytestmark = pytest.mark.slow  # the full tick is compiled first

DROPS, TRADE, LOOT = "multi_task-first", "multi_task-market", "team_battle-loot"


def found(case):
    return unexplained(compare.fields(case))


def places(name, field, cause):
    """Returns where a cause explains a difference of a field."""
    _, case = played(name)
    return explained_by(compare.fields(case), field, cause).tolist()


def bag_with(case, place, **record):
    """Returns the case with a record of our bag at (tick, player, slot) changed."""
    for name, value in record.items():
        old = getattr(case.after.world.bag, name)[tuple(place)]
        if old != value:
            case = with_after(case, f"world.bag.{name}", tuple(place), value)
    return case


def with_seen(case, place, bit):
    """Returns the case with the other value of a bit of our `Tally.seen`."""
    old = levels_seen(case.after.world.tally, place)
    return with_after(case, "world.tally.seen", tuple(place), old ^ bit)


def full_slot(case, tick):
    """Returns player and slot of a record of one that lives on."""
    lives = case.stays[tick, : case.cfg.players, None]
    return np.argwhere((case.after.world.bag.item[tick] > 0) & lives)[3]


# Every value is looked at

ENTITY_VALUES = {"body.gold": "gold", "body.item_level": "worn levels"}


@pytest.mark.parametrize("path", ENTITY_VALUES)
def test_a_wrong_value_of_an_entity_is_seen(path):
    _, case = played(TRADE)
    row = survivor(case, 2)
    old = getattr(case.after.world.body, path.split(".")[1])[2, row]
    wrong = with_after(case, f"world.{path}", (2, row), old + 1)
    assert found(wrong) == {ENTITY_VALUES[path]: [[2, row]]}


def test_wrong_experience_is_seen_and_the_level_that_follows():
    _, case = played(TRADE)
    row, exp = survivor(case, 2), case.after.world.skill.exp
    path, place = "world.skill.exp", (2, row, Skill.CARVING)
    assert found(with_after(case, path, place, exp[place] + 1)) == {"experience": [[*place]]}
    both = {"experience": [[*place]], "levels": [[*place]]}
    assert found(with_after(case, path, place, 5000)) == both


@pytest.mark.parametrize(
    "name, value",
    [("item", Item.BOTTOM), ("level", 9), ("quantity", 77), ("worn", None), ("price", 98)],
)
def test_a_wrong_record_in_a_bag_is_seen(name, value):
    _, case = played(TRADE)
    player, slot = full_slot(case, 1)
    value = not case.after.world.bag.worn[1, player, slot] if name == "worn" else value
    assert found(bag_with(case, (1, player, slot), **{name: value})) == {"bags": [[1, player]]}


def test_a_listing_of_another_tick_is_seen():
    _, case = played(TRADE)
    listed = (case.after.world.bag.price > 0) & case.stays[:, : case.cfg.players, None]
    tick, player, slot = np.argwhere(listed)[0]
    wrong = bag_with(case, (tick, player, slot), listed_at=1)
    assert found(wrong) == {"bags": [[tick, player]]}


def test_the_order_of_records_in_a_bag_does_not_matter():
    _, case = played(TRADE)
    turned = jax.tree.map(lambda leaf: leaf[..., ::-1], case.after.world.bag)
    world = dataclasses.replace(case.after.world, bag=turned)
    assert (
        found(dataclasses.replace(case, after=dataclasses.replace(case.after, world=world))) == {}
    )


@pytest.mark.parametrize("name", ["earned", "looted", "spent"])
def test_a_wrong_sum_is_seen(name):
    _, case = played(TRADE)
    old = getattr(case.after.world.tally, name)[3, 9]
    wrong = with_after(case, f"world.tally.{name}", (3, 9), old + 1)
    assert found(wrong) == {f"tally: {name}": [[3, 9]]}


def test_a_wrong_count_by_style_is_seen():
    _, case = played(TRADE)
    old = case.after.world.tally.hits[3, 9, 1]
    wrong = with_after(case, "world.tally.hits", (3, 9, 1), old + 7)
    assert found(wrong) == {"tally: hits": [[3, 9, 1]]}


@pytest.mark.parametrize("event", ITEM_EVENTS, ids=lambda event: event.name.lower())
def test_a_wrong_level_at_which_an_event_was_seen_is_seen(event):
    _, case = played(TRADE)
    place = (3, 9, ITEM_EVENTS.index(event), Item.ROD)
    assert found(with_seen(case, place, 8)) == {"tally: seen": [[*place]]}


@pytest.mark.parametrize("name", newcomers.GEAR)
def test_wrong_equipment_of_an_npc_is_seen(name):
    _, case = played(TRADE)
    tick, npc = np.argwhere(case.stays[:, case.cfg.players :])[17]
    old = getattr(case.after.world.npc, name)[tick, npc]
    seen = found(with_after(case, f"world.npc.{name}", (tick, npc), old + 1))
    assert seen.pop(f"npc: {name.replace('_', ' ')}")[0] == [tick, npc]
    assert set(seen) <= {"worn levels", "levels"}  # which it shows


@pytest.mark.parametrize(
    "event", list(Event)[Event.FIRE_AMMO :], ids=lambda event: event.name.lower()
)
def test_a_wrong_count_of_an_event_is_seen(event):
    _, case = played(TRADE)
    place = (1, 100, event)
    old = counted(case.after.world.tally, place)
    wrong = with_after(case, "world.tally.count", place, old + 3)
    assert found(wrong) == {f"event: {event.name.lower()}": [[1, 100]]}


# Weapons that drop


def test_a_weapon_that_drops_explains_nothing_but_itself():
    _, case = played(DROPS)
    tick, player = places(DROPS, "bags", "weapon that drops")[0]
    bag = case.after.world.bag
    free = np.flatnonzero(bag.item[tick, player] == 0)[:2]
    for record in (
        dict(item=Item.SPEAR, level=3, quantity=1),  # no harvest gives as good a one
        dict(item=Item.HAT, level=1, quantity=1),
        dict(item=Item.RATION, level=1, quantity=1),
    ):
        wrong = bag_with(case, (tick, player, free[0]), **record)
        assert found(wrong) == {"bags": [[tick, player]]}
    slot = np.flatnonzero(bag.item[tick, player])[0]
    wrong = bag_with(case, (tick, player, slot), quantity=50)
    assert found(wrong) == {"bags": [[tick, player]]}


def test_a_weapon_of_those_who_harvested_nothing_is_seen():
    _, case = played(DROPS)
    chances = drops.chances(case.trace, case.cfg, case.before)
    idle = (chances.level == 0) & case.stays[:, : case.cfg.players]
    tick, player = np.argwhere(idle)[40]
    wrong = bag_with(case, (tick, player, 11), item=Item.SPEAR, level=1, quantity=1)
    assert found(wrong) == {"bags": [[tick, player]]}


def test_a_weapon_of_another_material_is_seen():
    _, case = played(DROPS)
    chances = drops.chances(case.trace, case.cfg, case.before)
    safe = (chances.level > 0) & ~chances.dropped & case.stays[:, : case.cfg.players]
    count = case.after.world.tally.count - case.before.tally.count
    there = drops.harvested(case.trace, case.cfg) > 0
    safe &= count[:, Event.HARVEST_ITEM] == there.sum(-1)
    tick, player = np.argwhere(safe)[0]
    right, level = chances.weapon[tick, player], chances.level[tick, player]
    other = Item.BOW if right != Item.BOW else Item.WAND
    free = (tick, player, np.flatnonzero(case.after.world.bag.item[tick, player] == 0)[0])
    assert found(bag_with(case, free, item=right, level=level, quantity=1)) == {}
    wrong = bag_with(case, free, item=other, level=level, quantity=1)
    assert found(wrong) == {"bags": [[tick, player]]}


def test_weapons_explain_one_harvest_more_and_no_other():
    _, case = played(DROPS)
    tick, player = places(DROPS, "event: harvest_item", "weapon that drops")[0]
    place = (tick, player, Event.HARVEST_ITEM)
    old, before = counted(case.after.world.tally, place), counted(case.before.tally, place)
    for wrong in (old + 2, before):
        seen = found(with_after(case, "world.tally.count", place, wrong))
        assert seen["event: harvest_item"] == [[tick, player]]


def test_weapons_explain_their_own_level_of_a_harvest_and_nothing_else_seen():
    _, case = played(DROPS)
    *place, event, item = places(DROPS, "tally: seen", "weapon that drops")[0]
    assert event == ITEM_EVENTS.index(Event.HARVEST_ITEM)
    level = drops.chances(case.trace, case.cfg, case.before).level[tuple(place)]
    for row, what, bit in (
        (event, item, 1 << level),
        (event, Item.TOP, 1 << level - 1),
        *((row, item, 1 << level - 1) for row in range(len(ITEM_EVENTS)) if row != event),
    ):
        assert found(with_seen(case, (*place, row, what), bit)) == {
            "tally: seen": [[*place, row, what]]
        }
    assert found(with_seen(case, (*place, event, item), 1 << level - 1)) == {}, "it may, or not"


def test_weapons_explain_only_the_progress_of_those_who_count_harvests():
    _, case = played(DROPS)
    tick, player = places(DROPS, "task progress", "weapon that drops")[0]
    assert case.trace.meta["tasks"][player]["kwargs"]["event"] == "HARVEST_ITEM"
    wrong = with_after(case, "world.task.progress", (tick, player), 0.77)
    assert [tick, player] in found(wrong)["task progress"]
    assert [tick, player] in found(with_after(case, "reward", (tick, player), 0.77))["reward"]
    wrong = with_after(case, "world.task.max_progress", (tick, player), 0.77)
    assert found(wrong) == {"task memory": [[tick, player, 0]]}
    other = survivor(case, tick)
    wrong = with_after(case, "world.task.progress", (tick, other), 0.77)
    assert found(wrong)["task progress"] == [[tick, other]]


# Loot


@functools.cache
def overflow():
    """Returns the transition in which a bag becomes full of loot, with another choice of it.

    Beside it tick and player, the slot of the other choice, and what the killed had.
    """
    for draws in range(1, 9):  # until something that the killer does not have stays behind
        _, case = played(LOOT, draws)
        full = (case.after.world.bag.item > 0).all(-1) & case.stays[:, : case.cfg.players]
        for tick, player in np.argwhere(full):
            other = another_choice(case, tick, player)
            if other is not None:
                return other
    raise AssertionError("no bag overflows")


def another_choice(case, tick, player):
    """Returns what `overflow` does where a full bag holds loot and more of it stayed behind."""
    loot = drops.loot(case.trace, case.cfg, case.before, tick, player)
    bag = goods.contents(case.after.world.bag, tick, player)
    kept = collections.Counter((record.item, record.level) for record in bag.elements())
    for record in bag:
        carried = loot.has(*record[:3]) and not record.worn and not record.price
        for item, level in loot.records - kept if carried else ():
            slot = goods_slot(case.after.world.bag, tick, player, record)
            other = dict(item=item, level=level, quantity=loot.pieces[item, level][0])
            return bag_with(case, (tick, player, slot), **other), tick, player, slot, loot
    return None


def goods_slot(bag, tick, player, record):
    """Returns the slot of an unworn record that is not for sale."""
    same = (bag.item[tick, player] == record.item) & (bag.level[tick, player] == record.level)
    same &= ~bag.worn[tick, player] & (bag.price[tick, player] == 0)
    return int(np.flatnonzero(same)[0])


def test_loot_without_room_may_be_another_choice_of_it():
    case, tick, player, *_ = overflow()
    assert found(case) == {}
    chosen = explained_by(compare.fields(case), "bags", "loot without room").tolist()
    assert [tick, player] in chosen


@pytest.mark.parametrize(
    "record",
    [
        dict(item=Item.CHISEL, level=10),
        dict(price=4, listed_at=3),
        dict(worn=True),
        dict(quantity=50),
        dict(item=Item.NOTHING),
    ],
    ids=str,
)
def test_loot_without_room_explains_only_things_of_the_killed_and_full_bags(record):
    case, tick, player, slot, _ = overflow()
    assert found(bag_with(case, (tick, player, slot), **record)) == {"bags": [[tick, player]]}


def test_loot_without_room_explains_nothing_that_one_had_before_nor_other_bags():
    case, tick, player, _, loot = overflow()
    bag = case.after.world.bag
    own = next(
        slot
        for slot in range(case.cfg.slots)
        if (Item(bag.item[tick, player, slot]), bag.level[tick, player, slot]) not in loot.records
    )
    wrong = bag_with(case, (tick, player, own), item=Item.CHISEL, level=10)
    assert found(wrong) == {"bags": [[tick, player]]}
    lives = np.flatnonzero(case.stays[tick, : case.cfg.players] & (bag.item[tick] == 0).any(-1))
    free = (tick, lives[0], np.flatnonzero(bag.item[tick, lives[0]] == 0)[0])
    item, level = next(iter(loot.records))
    wrong = bag_with(case, free, item=item, level=level, quantity=1)
    assert found(wrong) == {"bags": [[tick, lives[0]]]}


def test_loot_without_room_explains_what_of_it_was_looted():
    case, tick, player, _, loot = overflow()
    rows = {event: ITEM_EVENTS.index(event) for event in (Event.LOOT_ITEM, Event.HARVEST_ITEM)}
    item, level = next(iter(loot.records))
    place = (tick, player, rows[Event.LOOT_ITEM], item)
    assert found(with_seen(case, place, 1 << level - 1)) == {}
    other = next(n for n in range(1, 11) if (item, n) not in loot.records)
    assert found(with_seen(case, place, 1 << other - 1)) == {"tally: seen": [[*place]]}
    place = (tick, player, rows[Event.HARVEST_ITEM], item)
    assert found(with_seen(case, place, 1 << level - 1)) == {"tally: seen": [[*place]]}
