"""Using and destroying, and the market's own clock."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import inventory
from metammo_jax.rules import equipment, exchange, item
from metammo_jax.tables import EXP_THRESHOLD
from metammo_jax.vocab import Event, Item, Skill, System
from tests import orders, worlds

EVERYTHING = dict(enabled=np.ones(len(System), bool))
KEY = jax.random.key(0)


@pytest.fixture
def world(tiny_full):
    return worlds.blank(tiny_full, tick=9, **EVERYTHING)


@pytest.fixture(scope="module")
def use(tiny_full):
    phase = jax.jit(lambda world, given: item.use(KEY, world, given, tiny_full))

    def at(world, slot, player=0):
        slots = np.full(tiny_full.players, -1)
        slots[player] = slot
        return phase(world, orders.trade(tiny_full, np.random.default_rng(0), use=slots))

    return at


def skilled(world, player, skill, level):
    exp = world.skill.exp.at[player, skill].set(EXP_THRESHOLD[level - 1])
    return world.replace(skill=world.skill.replace(exp=exp))


def test_what_is_put_on_takes_the_place_of_what_was_worn(world, use):
    world = worlds.put_item(world, 0, 2, Item.SPEAR, worn=True)
    world = worlds.put_item(world, 0, 5, Item.ROD)
    world = worlds.put_item(world, 0, 6, Item.HAT, worn=True)
    after = use(world, 5)
    assert after.bag.worn[:, 0].nonzero()[0].tolist() == [5, 6]
    assert int(after.tally.count[Event.EQUIP_ITEM, 0]) == 1
    off = use(after, 5)
    assert off.bag.worn[:, 0].nonzero()[0].tolist() == [6]
    assert int(off.tally.count[Event.EQUIP_ITEM, 0]) == 1  # taking off is no event


@pytest.mark.parametrize(
    ("what", "skill"),
    [
        (Item.SPEAR, Skill.MELEE), (Item.BOW, Skill.RANGE), (Item.WAND, Skill.MAGE),
        (Item.ROD, Skill.FISHING), (Item.GLOVES, Skill.HERBALISM),
        (Item.PICKAXE, Skill.PROSPECTING), (Item.AXE, Skill.CARVING),
        (Item.CHISEL, Skill.ALCHEMY), (Item.WHETSTONE, Skill.MELEE),
        (Item.ARROW, Skill.RANGE), (Item.RUNES, Skill.MAGE),
        (Item.TOP, Skill.CARVING), (Item.POTION, Skill.FISHING),
    ],
)  # fmt: skip
def test_items_ask_for_a_level(world, use, what, skill):
    world = worlds.put_item(world, 0, 0, what, level=3, quantity=2)
    for other in Skill:
        able = other == skill or what in (Item.TOP, Item.POTION)
        after = use(skilled(world, 0, other, 3), 0)
        done = bool(after.bag.worn[0, 0]) or int(after.bag.item[0, 0]) == Item.NOTHING
        assert done == able, other
        assert not use(skilled(world, 0, other, 2), 0).bag.worn.any()


def test_rations_and_potions_give_back(world, use):
    body = world.body
    world = world.replace(
        body=body.replace(
            food=body.food.at[0].set(20),
            water=body.water.at[0].set(60),
            health=body.health.at[0].set(30),
        )
    )
    world = worlds.put_item(world, 0, 0, Item.RATION, level=1)
    world = worlds.put_item(world, 0, 1, Item.POTION, level=1)
    after = use(world, 0)
    assert (int(after.body.food[0]), int(after.body.water[0])) == (75, 100)
    assert int(after.body.health[0]) == 30
    after = use(after, 1)
    assert int(after.body.health[0]) == 85
    assert int((after.bag.item[:, 0] != 0).sum()) == 0
    assert int(after.tally.count[Event.CONSUME_ITEM, 0]) == 2


def test_nobody_uses_what_is_for_sale_or_while_fighting_or_frozen(world, use):
    world = worlds.put_item(world, 0, 0, Item.HAT, price=3)
    assert not use(world, 0).bag.worn.any()
    world = worlds.put_item(world, 0, 0, Item.HAT)
    assert use(world, 0).bag.worn[0, 0]
    body = world.body
    fights = world.replace(body=body.replace(combat_tick=body.combat_tick.at[0].set(7)))
    assert not use(fights, 0).bag.worn.any()
    calm = world.replace(body=body.replace(combat_tick=body.combat_tick.at[0].set(6)))
    assert use(calm, 0).bag.worn[0, 0]
    frozen = world.replace(body=body.replace(freeze=body.freeze.at[0].set(1)))
    assert not use(frozen, 0).bag.worn.any()
    for slot in (-1, 1, 12, 99):
        assert not use(world, slot).bag.worn.any()


def test_what_is_worn_is_not_destroyed_but_what_is_for_sale_is(world, tiny_full):
    world = worlds.put_item(world, 0, 0, Item.HAT, worn=True)
    world = worlds.put_item(world, 1, 0, Item.HAT, price=3)
    slots = np.full(tiny_full.players, 0)
    given = orders.trade(tiny_full, np.random.default_rng(0), destroy=slots)
    after = item.destroy(KEY, world, given, tiny_full)
    assert after.bag.item[0, :2].tolist() == [Item.HAT, Item.NOTHING]
    assert after.bag.price[0, 1] == 0
    assert after.tally.count[Event.DESTROY_ITEM].tolist() == [0, 1] + [0] * 14


def test_listings_last_three_ticks_after_their_own(world, tiny_full):
    world = worlds.put_item(world, 0, 0, Item.ARROW, quantity=7)
    none = np.full(tiny_full.players, -1)
    slots, prices = none.copy(), none.copy()
    slots[0], prices[0] = 0, 5
    given = orders.trade(tiny_full, np.random.default_rng(0), sell=slots, price=prices)
    world = exchange.sell(KEY, world, given, tiny_full)
    assert int(world.bag.price[0, 0]) == 5
    assert int(world.tally.count[Event.LIST_ITEM, 0]) == 1
    visible = 0
    while True:
        world = exchange.expire(KEY, world.replace(tick=world.tick + 1), given, tiny_full)
        if not world.bag.price[0, 0]:
            break
        visible += 1
    assert visible == 3  # after the step of the listing and the two that follow


def test_others_see_what_one_wore_as_the_tick_began(world, tiny_full):
    world = worlds.put_item(world, 0, 0, Item.HAT, level=4, worn=True)
    world = worlds.put_item(world, 0, 1, Item.ROD, level=3, worn=True)
    world = worlds.put_item(world, 0, 2, Item.TOP, level=9)
    after = equipment.note_item_level(KEY, world, None, tiny_full)
    assert after.body.item_level.tolist() == [7] + [0] * (tiny_full.players - 1)


def test_a_bag_never_holds_two_stacks_of_a_sort_and_takes_what_fits(tiny_full):
    world = worlds.blank(tiny_full, **EVERYTHING)
    for slot in range(tiny_full.slots):
        world = worlds.put_item(world, 0, slot, Item.HAT)
    world = worlds.put_item(world, 0, 4, Item.ARROW, level=2, quantity=3, price=8)
    everybody = jnp.ones(tiny_full.players, bool)

    def offer(bag, what, level):
        two = jnp.full(tiny_full.players, 2)
        return inventory.receive(bag, two * 0 + what, two * 0 + level, two, everybody, world.tick)

    bag, kept = offer(world.bag, Item.ARROW, 2)
    assert kept.all() and bag.item[0, 1:].tolist() == [Item.ARROW] * (tiny_full.players - 1)
    assert int(bag.quantity[4, 0]) == 5 and int(bag.price[4, 0]) == 8
    bag, kept = offer(bag, Item.ARROW, 1)
    assert not kept[0] and kept[1:].all()
    assert bag.item[:3, 1].tolist() == [Item.ARROW, Item.ARROW, Item.NOTHING]
    bag, kept = offer(bag, Item.RATION, 2)
    bag, kept = offer(bag, Item.RATION, 2)
    assert kept[1:].all() and (bag.item[:, 1] == Item.RATION).sum() == 2  # rations do not stack


@pytest.mark.parametrize("only_with_room", [False, True])
def test_records_are_received_one_after_another(tiny_full, only_with_room):
    """Arrows of two levels and hats meet bags that are full, nearly so, or empty."""
    rng, shape = np.random.default_rng(7), (tiny_full.players, tiny_full.slots)
    world = worlds.blank(tiny_full, tick=3, **EVERYTHING)
    fill = rng.choice([0, 0.8, 0.9, 1], (tiny_full.players, 1))
    held = rng.random(shape) < fill
    item = np.where(held, Item.HAT, 0)
    for slot in (2, 5):  # some own a stack of level 1, some one of level 2
        item[:, slot] = np.where(held[:, slot], rng.choice([Item.HAT, Item.ARROW], 16), 0)
    level = np.where(np.arange(shape[1]) == 2, 1, 2) * held
    bag = world.bag.replace(
        item=jnp.asarray(item.T), level=jnp.asarray(level.T), quantity=jnp.asarray(3 * held.T)
    )
    offered = rng.choice([Item.ARROW, Item.HAT], (3, 16)), rng.integers(1, 3, (3, 16))
    offered = [jnp.asarray(part) for part in (*offered, np.full((3, 16), 2))]
    wanted = jnp.asarray(rng.random((3, 16)) < 0.8)
    got, kept = inventory.receive_several(bag, *offered, wanted, world.tick, only_with_room)
    for player in range(tiny_full.players):
        rows = np.stack([item, level, 3 * held], axis=2)[player].tolist()
        whats = np.stack(offered, axis=2)[:, player].tolist()
        wants = wanted[:, player].tolist()
        expected = [wants[n] and takes(rows, whats[n], only_with_room) for n in range(3)]
        assert kept[:, player].tolist() == expected
        columns = (got.item, got.level, got.quantity)
        assert np.stack(columns, axis=2)[:, player].tolist() == rows
    assert 0 < int(kept.sum()) < int(wanted.sum())


def takes(rows, what, only_with_room) -> bool:
    """Puts a record into one bag, a list, and says whether it has found a place."""
    free = [place for place, row in enumerate(rows) if row[0] == Item.NOTHING]
    stack = [row for row in rows if row[:2] == what[:2] and row[0] == Item.ARROW]
    if stack and (free or not only_with_room):
        stack[0][2] += what[2]
    elif free and not stack:
        rows[free[0]] = what
    else:
        return False
    return True
