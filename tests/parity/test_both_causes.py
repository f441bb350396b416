"""Bags and counts that differ for two causes in one tick: a weapon that drops, loot without room.

Both are planted into a recorded transition, in the record and in ours, and beside them what
neither of the two explains.
"""

import dataclasses
import functools

import numpy as np
import pytest

from metammo_jax.tables import EVENT_CODE, ITEM_EVENTS
from metammo_jax.vocab import Event, Item
from tests.parity import compare, drops
from tests.parity.planting import (
    counted,
    explained_by,
    levels_seen,
    planted,
    played,
    unexplained,
    with_after,
)

pytestmark = pytest.mark.slow  # the full tick is compiled first

TRACE, BOTH = "team_battle-loot", "weapon that drops and loot without room"
LOOT, HARVEST = (ITEM_EVENTS.index(event) for event in (Event.LOOT_ITEM, Event.HARVEST_ITEM))
OLD, NEW = 3, 1
"""Levels of the spear that the killed owned, and of that which a harvest may give."""


def found(case):
    return unexplained(compare.fields(case))


def places(case, name):
    return explained_by(compare.fields(case), name, BOTH).tolist()


def overflow():
    """Returns the transition, the killer, the killed, and the slot where its one thing went."""
    _, case = played(TRACE)
    tick, killer = drops.killers(case.trace)[0]
    (victim,) = drops.victims(case.trace, tick, killer)
    (slot,) = np.flatnonzero(case.before.bag.item[tick, killer] == 0)
    return int(tick), int(killer), int(victim), int(slot)


def with_harvest(case, tick, player, ammunition, weapon):
    """Returns the case where a player harvests by the record, and in ours gets a weapon, too."""
    data, place = dict(case.trace.data), (tick, player)
    row = np.zeros((1, data["events"].shape[1]), data["events"].dtype)
    row[0, [1, 3, 4, 5, 6]] = player + 1, EVENT_CODE[Event.HARVEST_ITEM], ammunition + 1, NEW, 1
    end = data["events_ends"][tick + 1]
    data["events"] = np.concatenate([data["events"][:end], row, data["events"][end:]])
    later = np.arange(len(data["events_ends"])) > tick
    data["events_ends"] = data["events_ends"] + later
    case = dataclasses.replace(case, trace=dataclasses.replace(case.trace, data=data))
    tile = (tick, *case.before.body.pos[place])
    case = with_after(case, "world.terrain.ready_at", tile, 999)
    count = counted(case.after.world.tally, (*place, Event.HARVEST_ITEM))
    case = with_after(case, "world.tally.count", (*place, Event.HARVEST_ITEM), count + 2)
    for item in (ammunition, weapon):
        case = with_levels(case, place, HARVEST, item, NEW)
    return case


def with_levels(case, place, event, item, *levels):
    """Returns the case where by ours an event has added these levels to `Tally.seen`."""
    place = (*place, event, item)
    bits = levels_seen(case.before.tally, place) | sum(1 << level - 1 for level in levels)
    changes = levels_seen(case.after.world.tally, place) != bits
    return with_after(case, "world.tally.seen", place, bits) if changes else case


def with_seen(case, place, event, item, level):
    """Returns the case with the other value of a level's bit of our `Tally.seen`."""
    old = levels_seen(case.after.world.tally, (*place, event, item))
    return with_after(case, "world.tally.seen", (*place, event, item), old ^ 1 << level - 1)


def with_record(case, place, **values):
    """Returns the case with a record of our bag at (tick, player, slot) changed."""
    for name, value in values.items():
        if getattr(case.after.world.bag, name)[place] != value:
            case = with_after(case, f"world.bag.{name}", place, value)
    return case


@functools.cache
def two_spears():
    """Returns a case: looted is an old spear in the record, in ours a new one in its place.

    The killed owned the old one, and the new one dropped to it in ours, when it took wood.
    """
    _, case = played(TRACE)
    tick, killer, victim, slot = overflow()
    trace, data = case.trace, dict(case.trace.data)
    data["events"], data["items"] = data["events"].copy(), data["items"].copy()
    log, table, columns = data["events"], data["items"], trace.meta["item_columns"]
    row = (log[:, 3] == EVENT_CODE[Event.LOOT_ITEM]) & (trace.ticks_of("events") == tick)
    log[row, 4], log[row, 5] = Item.SPEAR + 1, OLD
    here = (trace.ticks_of("items") == tick + 1) & (table[:, columns.index("id")] == log[row, 8])
    table[here, columns.index("type_id")] = Item.SPEAR + 1
    table[here, columns.index("level")] = OLD
    case = dataclasses.replace(case, trace=dataclasses.replace(trace, data=data))
    top = np.flatnonzero(case.before.bag.item[tick, victim] == Item.TOP)[0]
    case = planted(case, "before.bag.item", (tick, victim, top), Item.SPEAR)
    case = planted(case, "before.bag.level", (tick, victim, top), OLD)
    case = with_harvest(case, tick, victim, Item.ARROW, Item.SPEAR)
    taken = Item(int(case.after.world.bag.item[tick, killer, slot]))  # chance has chosen
    case = with_record(case, (tick, killer, slot), item=Item.SPEAR, level=NEW, quantity=1)
    case = with_levels(case, (tick, killer), LOOT, taken)
    return with_levels(case, (tick, killer), LOOT, Item.SPEAR, NEW)


def test_both_causes_explain_what_they_do_together_and_only_there():
    tick, killer, _, _ = overflow()
    case = two_spears()
    assert found(case) == {}
    assert places(case, "bags") == [[tick, killer]]
    assert places(case, "tally: seen") == [[tick, killer, LOOT, Item.SPEAR]]
    assert places(case, "event: loot_item") == []


@pytest.mark.parametrize(
    "event, item, level",
    [(LOOT, Item.SPEAR, 2), (LOOT, Item.SPEAR, 4), (LOOT, Item.BOW, NEW), (LOOT, Item.TOP, NEW),
     (HARVEST, Item.SPEAR, NEW), (HARVEST, Item.SPEAR, OLD)],
)  # fmt: skip
def test_both_causes_explain_no_level_and_no_thing_but_theirs(event, item, level):
    tick, killer, _, _ = overflow()
    wrong = with_seen(two_spears(), (tick, killer), event, item, level)
    assert found(wrong) == {"tally: seen": [[tick, killer, event, item]]}


@pytest.mark.parametrize(
    "record",
    [dict(level=2), dict(quantity=2), dict(item=Item.BOW), dict(worn=True),
     dict(price=4, listed_at=3), dict(item=Item.NOTHING)],
    ids=str,
)  # fmt: skip
def test_both_causes_explain_no_other_record(record):
    """Without its explanation the bag says nothing of what was looted, either."""
    tick, killer, _, slot = overflow()
    wrong = found(with_record(two_spears(), (tick, killer, slot), **record))
    assert wrong.pop("bags") == [[tick, killer]]
    assert wrong == {"tally: seen": [[tick, killer, LOOT, Item.SPEAR]]}


def test_both_causes_explain_nothing_of_what_the_killer_had():
    tick, killer, _, _ = overflow()
    own = carried(tick, killer)[0]
    for record in (dict(item=Item.SPEAR, level=OLD), dict(item=Item.SPEAR, level=NEW)):
        wrong = found(with_record(two_spears(), (tick, killer, own), quantity=1, **record))
        assert wrong["bags"] == [[tick, killer]]


def carried(tick, killer):
    """Returns the slots of what the killer had, did not wear and cannot stack."""
    bag = played(TRACE)[1].before.bag
    item, worn = bag.item[tick, killer], bag.worn[tick, killer]
    stacks = (item >= Item.WHETSTONE) & (item <= Item.RUNES)
    return np.flatnonzero((item > 0) & ~worn & ~stacks).tolist()


def recorded_as(case, tick, killer, slot, **columns):
    """Returns the case where the record of a slot before is another after the transition."""
    trace, table = case.trace, case.trace.data["items"].copy()
    names, states = trace.meta["item_columns"], trace.ticks_of("items")
    mine = table[:, names.index("owner_id")] == killer + 1
    ident = table[(states == tick) & mine, names.index("id")][slot]
    here = (states == tick + 1) & (table[:, names.index("id")] == ident)
    for name, value in columns.items():
        table[here, names.index(name)] = value
    trace = dataclasses.replace(trace, data=dict(trace.data, items=table))
    return dataclasses.replace(case, trace=trace)


def test_with_room_left_there_is_no_loot_without_room():
    tick, killer, _, _ = overflow()
    slot = carried(tick, killer)[0]
    roomy = recorded_as(two_spears(), tick, killer, slot, owner_id=0)
    roomy = with_record(roomy, (tick, killer, slot), item=Item.NOTHING)
    assert found(roomy)["bags"] == [[tick, killer]]


def test_both_causes_explain_no_third():
    """In the record two looted things, in ours the weapon in place of one: and of the other?"""
    tick, killer, _, _ = overflow()
    slot = carried(tick, killer)[0]
    arrows = dict(type_id=Item.ARROW + 1, level=1, quantity=2)
    case = recorded_as(two_spears(), tick, killer, slot, **arrows)
    assert found(case)["bags"] == [[tick, killer]]
    right = with_record(case, (tick, killer, slot), item=Item.SPEAR, level=OLD, quantity=1)
    assert found(right) == {}
    wrong = with_record(case, (tick, killer, slot), item=Item.HAT, level=NEW, quantity=1)
    assert found(wrong)["bags"] == [[tick, killer]]


def test_without_the_harvest_there_is_but_one_cause():
    """Then no weapon can have dropped: what ours has too much of is reported."""
    tick, killer, victim, _ = overflow()
    case = two_spears()
    data = dict(case.trace.data, events=case.trace.data["events"].copy())
    ammunition = (data["events"][:, 4] == Item.ARROW + 1) & (data["events"][:, 1] == victim + 1)
    data["events"][ammunition, 4] = Item.RATION + 1
    case = dataclasses.replace(case, trace=dataclasses.replace(case.trace, data=data))
    wrong = found(case)
    assert wrong["bags"] == [[tick, killer]]
    assert [tick, killer, LOOT, Item.SPEAR] in wrong["tally: seen"]


@functools.cache
def weapon_of_the_killer():
    """Returns a case in which ours has a weapon of its own harvest where the record has loot."""
    _, case = played(TRACE)
    tick, killer, _, slot = overflow()
    case = with_harvest(case, tick, killer, Item.WHETSTONE, Item.WAND)
    taken = Item(int(case.after.world.bag.item[tick, killer, slot]))
    case = with_levels(case, (tick, killer), LOOT, taken)
    place = (tick, killer, Event.LOOT_ITEM)
    count = counted(case.after.world.tally, place)
    case = with_after(case, "world.tally.count", place, count - 1)
    return with_record(case, (tick, killer, slot), item=Item.WAND, level=NEW, quantity=1)


def test_a_weapon_takes_the_room_of_one_looted_thing_and_no_more():
    tick, killer, _, slot = overflow()
    case = weapon_of_the_killer()
    assert found(case) == {}
    assert places(case, "bags") == [[tick, killer]]
    assert places(case, "event: loot_item") == [[tick, killer]]
    place = (tick, killer, Event.LOOT_ITEM)
    count = counted(case.after.world.tally, place)
    for wrong in (count - 1, count + 2, count + 3):
        seen = found(with_after(case, "world.tally.count", place, wrong))
        assert seen == {"event: loot_item": [[tick, killer]]}
    wrong = with_record(case, (tick, killer, slot), level=2)
    assert found(wrong)["event: loot_item"] == [[tick, killer]], "no weapon has taken any room"


def test_the_room_of_the_weapon_says_nothing_of_others():
    tick, killer, _, _ = overflow()
    case = weapon_of_the_killer()
    other = next(row for row in range(case.cfg.players) if row != killer and case.stays[tick, row])
    place = (tick, other, Event.LOOT_ITEM)
    old = counted(case.after.world.tally, place)
    wrong = with_after(case, "world.tally.count", place, old + 1)
    assert found(wrong) == {"event: loot_item": [[tick, other]]}
