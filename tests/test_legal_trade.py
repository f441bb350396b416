"""What players are offered to do with their belongings, by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.observe import observe
from metammo_jax.vocab import NEVER, Item, Skill, System
from tests import worlds

AWAY = (38, 38)
OWN_HEADS = ("use", "destroy", "give", "sell")


@pytest.fixture(scope="module")
def look(tiny_full):
    return jax.jit(lambda world: observe(world, tiny_full))


@pytest.fixture
def world(tiny_full):
    """Player 0 with player 1 in sight and an NPC; all others elsewhere."""
    world = worlds.blank(tiny_full, tick=9)
    world = worlds.place(world, {row: AWAY for row in range(2, tiny_full.players)})
    world = worlds.place(world, {0: (20, 20), 1: (26, 22)})
    return worlds.add_npc(world, tiny_full, (21, 20))


def rich(world, **gold):
    amounts = world.body.gold
    for row, amount in gold.items():
        amounts = amounts.at[int(row[1:])].set(amount)
    return world.replace(body=world.body.replace(gold=amounts))


def switched_off(world, system):
    enabled = world.params.enabled.at[system].set(False)
    return world.replace(params=world.params.replace(enabled=enabled))


def offered(mask, row=0):
    return np.flatnonzero(np.asarray(mask)[row]).tolist()


def test_slots_are_offered_by_what_is_worn_listed_and_within_ones_skills(world, look, tiny_full):
    nothing = tiny_full.slots
    world = worlds.put_item(world, 0, 0, Item.HAT, 1, worn=True)
    world = worlds.put_item(world, 0, 2, Item.SPEAR, 2)
    world = worlds.put_item(world, 0, 3, Item.RATION, 1, price=4)
    world = worlds.put_item(world, 0, 5, Item.POTION, 1)
    masks = look(world).masks
    assert {head: offered(getattr(masks, head)) for head in OWN_HEADS} == {
        "use": [0, 5, nothing],
        "destroy": [2, 3, 5, nothing],
        "give": [2, 5, nothing],
        "sell": [2, 5, nothing],
    }
    learned = world.skill.exp.at[0, Skill.MELEE].set(90)
    able = look(world.replace(skill=world.skill.replace(exp=learned))).masks
    assert offered(able.use) == [0, 2, 5, nothing]
    assert all(offered(getattr(masks, head), 1) == [nothing] for head in OWN_HEADS)


def test_gifts_are_offered_to_other_mortal_players_in_sight(world, look, tiny_full):
    nobody = tiny_full.visible_rows
    assert offered(look(world).masks.give_to) == [nobody]  # there is nothing to give
    world = worlds.put_item(world, 0, 0, Item.HAT, 1)
    obs = look(world)
    assert obs.visible[0, :4].tolist() == [0, 1, tiny_full.players, -1]
    assert offered(obs.masks.give_to) == [1, nobody]
    assert offered(obs.masks.give_to, 1) == [nobody]
    immortal = world.body.immortal_until.at[1].set(NEVER)
    spirit = world.replace(body=world.body.replace(immortal_until=immortal))
    assert offered(look(spirit).masks.give_to) == [nobody]


def test_gold_is_offered_to_be_given_from_three_pieces_on(world, look, tiny_full):
    every, nobody = list(range(tiny_full.prices)), tiny_full.visible_rows
    masks = look(rich(world, r0=2, r1=3)).masks
    assert offered(masks.gold) == every and offered(masks.gold_to) == [nobody]
    assert offered(masks.gold, 1) == [0, 1, 2] and offered(masks.gold_to, 1) == [0, nobody]
    assert offered(look(rich(world, r0=5000)).masks.gold) == every


def test_listings_are_offered_to_those_who_can_pay_and_have_room(world, look, tiny_full):
    nothing = tiny_full.market_rows
    world = worlds.put_item(world, 0, 1, Item.ROD, 1, price=5)
    world = worlds.put_item(world, 1, 0, Item.ARROW, 3, quantity=4, price=2)
    world = worlds.put_item(world, 1, 7, Item.HAT, 1, price=3)
    world = rich(world, r0=2, r1=5)
    obs = look(world)
    assert obs.listing[:4].tolist() == [1, tiny_full.slots, tiny_full.slots + 7, -1]
    assert offered(obs.masks.buy) == [1, nothing]
    assert offered(obs.masks.buy, 1) == [0, nothing]
    full = rich(world, r0=50)
    assert offered(look(full).masks.buy) == [1, 2, nothing]
    for slot in range(2, tiny_full.slots):
        full = worlds.put_item(full, 0, slot, Item.HAT, 1)  # as is for sale, but no stack
    full = worlds.put_item(full, 0, 0, Item.ARROW, 2)
    assert offered(look(full).masks.buy) == [nothing]
    full = worlds.put_item(full, 0, 0, Item.ARROW, 3)
    assert offered(look(full).masks.buy) == [1, nothing]


@pytest.mark.parametrize("why", ["fights", "is dead", "ITEM", "EXCHANGE"])
def test_nothing_is_offered_to_those_who_fight_or_are_dead_or_where_it_is_off(
    world, look, tiny_full, why
):
    world = rich(worlds.put_item(world, 0, 0, Item.POTION, 1), r0=9)
    world = worlds.put_item(world, 1, 0, Item.HAT, 1, price=1)
    if why == "fights":
        recent = world.body.combat_tick.at[0].set(7)
        world = world.replace(body=world.body.replace(combat_tick=recent))
    elif why == "is dead":
        world = worlds.kill(world, 0)
    else:
        world = switched_off(world, System[why])
    masks = look(world).masks
    items = {"use", "destroy", "give", "give_to"}
    market = {"sell", "buy", "gold_to"}
    shut = {"ITEM": items, "EXCHANGE": market}.get(why, items | market)
    for head in items | market:
        mask = np.asarray(getattr(masks, head))
        assert mask[0, -1]
        assert mask[0, :-1].any() == (head not in shut), head
    assert masks.gold[0].sum() == (9 if why == "ITEM" else tiny_full.prices)


def test_combat_ends_three_ticks_after_the_last_attack(world, look):
    world = worlds.put_item(world, 0, 0, Item.POTION, 1)
    for last, free in ((9, False), (7, False), (6, True), (0, True)):
        recent = world.body.combat_tick.at[0].set(last)
        masks = look(world.replace(body=world.body.replace(combat_tick=recent))).masks
        assert bool(masks.use[0, 0]) == free


def test_the_original_offers_armor_to_those_who_learn_nothing(world, look, tiny_full):
    world = worlds.put_item(switched_off(world, System.PROGRESSION), 0, 0, Item.HAT, 1)
    world = worlds.put_item(world, 0, 1, Item.SPEAR, 1)
    world = worlds.put_item(world, 0, 2, Item.HAT, 2)
    assert offered(look(world).masks.use) == [tiny_full.slots]
    original = dataclasses.replace(tiny_full, original_observations=True)
    assert offered(observe(world, original).masks.use) == [0, tiny_full.slots]


def test_a_market_that_is_too_long_is_cut(world, tiny_full):
    short = dataclasses.replace(tiny_full, market_rows=3)
    for slot in range(5):
        world = worlds.put_item(world, 1, slot, Item.RATION, 1, price=slot + 1)
    obs = observe(rich(world, r0=99), short)
    first = tiny_full.slots
    assert obs.listing.tolist() == [first, first + 1, first + 2]
    assert offered(obs.masks.buy) == [0, 1, 2, 3]


def test_the_mini_game_has_none_of_it(tiny):
    masks = observe(worlds.blank(tiny), tiny).masks
    assert jnp.shape(masks.target) and all(
        getattr(masks, head) is None for head in (*OWN_HEADS, "give_to", "buy", "gold", "gold_to")
    )
