"""Damage with levels, weaknesses and equipment; ammunition; and what killers get."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.rules import combat
from metammo_jax.tables import EXP_THRESHOLD, ITEM_EVENTS
from metammo_jax.vocab import Event, Item, Skill, Style, System
from tests import orders, worlds

EVERYTHING = dict(enabled=np.ones(len(System), bool))


@pytest.fixture(scope="module")
def attack(tiny_full):
    return jax.jit(lambda world, given: combat.attack(jax.random.key(1), world, given, tiny_full))


@pytest.fixture
def world(tiny_full):
    return worlds.blank(tiny_full, tick=40, **EVERYTHING)


def with_exp(world, player, **exp):
    values = world.skill.exp
    for name, points in exp.items():
        values = values.at[player, Skill[name.upper()]].set(points)
    return world.replace(skill=world.skill.replace(exp=values))


def lost(attack, world, cfg, style=Style.MELEE):
    """Health that player 1 loses to player 0."""
    after = attack(world, orders.give(cfg, attacks={0: 1}, styles={0: style}))
    return int(world.body.health[1] - after.body.health[1])


def losses(attack, world, cfg):
    """Health that player 1 loses to player 0, by style."""
    return [lost(attack, world, cfg, style) for style in Style]


def test_defense_is_taken_off_an_attack(attack, world, tiny_full):
    assert lost(attack, world, tiny_full) == 10  # 15 - 5, as in the original's examples


@pytest.mark.parametrize(
    ("exp", "expected"),
    [
        (dict(range=6), [17, 10, 10]),
        (dict(melee=6), [10, 10, 17]),
        (dict(mage=6), [10, 17, 10]),
        (dict(melee=6, mage=6), [10, 10, 17]),
        (dict(melee=6, range=6, mage=6), [10, 10, 10]),
    ],
    ids=["range", "melee", "mage", "melee before mage", "none"],
)
def test_the_weak_lose_half_as_much_again(attack, world, tiny_full, exp, expected):
    """A player's best style decides against which style it is weak; of three equal ones, none."""
    assert losses(attack, with_exp(world, 1, **exp), tiny_full) == expected


def test_levels_of_professions_defend(attack, world, tiny_full):
    fisher = with_exp(world, 1, fishing=int(EXP_THRESHOLD[9]))
    assert lost(attack, fisher, tiny_full) == 3  # a quarter of 15, the least


def test_the_level_of_a_style_raises_attacks_of_it_alone(attack, world, tiny_full):
    master = with_exp(world, 0, mage=int(EXP_THRESHOLD[9]))
    assert losses(attack, master, tiny_full) == [10, 10, 55]


@pytest.fixture
def armed(world):
    """Player 0 has a spear of level 2."""
    return worlds.put_item(world, 0, 0, Item.SPEAR, level=2, worn=True)


@pytest.fixture
def loaded(armed):
    """And two whetstones of level 1."""
    return worlds.put_item(armed, 0, 1, Item.WHETSTONE, level=1, quantity=2, worn=True)


def test_a_weapon_raises_attacks_of_its_style_alone(attack, armed, tiny_full):
    assert lost(attack, armed, tiny_full) == 25
    assert lost(attack, armed, tiny_full, Style.MAGE) == 10


def test_ammunition_raises_attacks(attack, loaded, tiny_full):
    assert lost(attack, loaded, tiny_full) == 40


def test_armor_and_tools_defend(attack, loaded, tiny_full):
    shielded = loaded
    for slot, item in enumerate((Item.HAT, Item.TOP, Item.BOTTOM)):
        shielded = worlds.put_item(shielded, 1, slot, item, level=2, worn=True)
    assert lost(attack, shielded, tiny_full) == 45 - 5 - 3 * 6
    shielded = worlds.put_item(shielded, 1, 3, Item.AXE, level=7, worn=True)
    assert lost(attack, shielded, tiny_full) == 11  # 45 - 5 - 18 - 15 is less than a quarter


def test_ammunition_is_fired_by_attacks_of_its_style_alone(attack, loaded, tiny_full):
    fired, other = (
        attack(loaded, orders.give(tiny_full, attacks={0: 1}, styles={0: style}))
        for style in (Style.MELEE, Style.RANGE)
    )
    assert int(fired.bag.quantity[1, 0]) == 1
    assert int(other.bag.quantity[1, 0]) == 2


def test_the_last_ammunition_leaves_the_bag(attack, loaded, tiny_full):
    given = orders.give(tiny_full, attacks={0: 1}, styles={0: Style.MELEE})
    after = attack(attack(loaded, given).replace(tick=jnp.int32(41)), given)
    assert int(after.bag.item[1, 0]) == Item.NOTHING and not after.bag.worn[1, 0]
    assert int(after.tally.count[Event.FIRE_AMMO, 0]) == 2


def test_attacks_give_experience_in_their_style(attack, loaded, tiny_full):
    given = orders.give(tiny_full, attacks={0: 1}, styles={0: Style.MELEE})
    after = attack(attack(loaded, given).replace(tick=jnp.int32(41)), given)
    assert int(after.skill.exp[0, Skill.MELEE]) == 12


def test_one_who_has_attacked_has_a_weakness_at_once(attack, world, tiny_full):
    """Who attacked earlier in the tick has learned from it; who attacks later has not."""
    styles = {0: Style.MAGE, 1: Style.MELEE}
    both = dict(attacks={0: 1, 1: 0}, styles=styles)
    first = attack(world, orders.give(tiny_full, first=[0, 1], **both)).body.health[:2].tolist()
    assert first == [90, 90]  # 1 is still weak against nothing; melee does not hurt mages more
    later = attack(world, orders.give(tiny_full, first=[1, 0], **both)).body.health[:2].tolist()
    assert later == [90, 83]


def test_npcs_fight_with_their_gear(attack, world, tiny_full):
    world = worlds.add_npc(world, tiny_full, (24, 24), style=Style.MAGE)
    npc = world.npc.replace(level=world.npc.level.at[0].set(5), gear=world.npc.gear.at[0].set(18))
    world = worlds.place(world.replace(npc=npc), {0: (24, 24)})
    row = tiny_full.players
    after = attack(world, orders.give(tiny_full, attacks={row: 0}, styles={row: Style.MAGE}))
    assert 100 - int(after.body.health[0]) == 13
    after = attack(world, orders.give(tiny_full, attacks={0: row}, styles={0: Style.MAGE}))
    assert 100 - int(after.body.health[row]) == 3  # 15 - 18, a quarter
    after = attack(world, orders.give(tiny_full, attacks={0: row}, styles={0: Style.RANGE}))
    assert 100 - int(after.body.health[row]) == 4  # weak against range: 22.5 - 18


def frail(world, *rows):
    health = world.body.health.at[jnp.array(rows)].set(1)
    return world.replace(body=world.body.replace(health=health))


def rich(world, row, gold):
    return world.replace(body=world.body.replace(gold=world.body.gold.at[row].set(gold)))


def test_killers_take_gold_and_belongings_as_far_as_they_fit(attack, world, tiny_full):
    world = rich(frail(world, 1), 1, 9)
    for slot in range(tiny_full.slots - 2):
        world = worlds.put_item(world, 0, slot, Item.HAT)
    world = worlds.put_item(world, 0, 0, Item.ARROW, level=1, quantity=4)
    for slot in range(4):
        world = worlds.put_item(world, 1, slot, Item.ROD, level=slot + 1, worn=slot == 0)
    world = worlds.put_item(world, 1, 4, Item.ARROW, level=1, quantity=3)
    after = attack(world, orders.give(tiny_full, attacks={0: 1}))
    assert int(after.body.health[1]) == 0
    assert after.body.gold[:2].tolist() == [9, 0]
    assert int(after.bag.quantity[0, 0]) == 7
    assert (after.bag.item[:, 0] == Item.ROD).sum() == 2 and not after.bag.worn[:, 0].any()
    assert (after.bag.item[:, 1] == 0).all()
    assert int(after.tally.count[Event.LOOT_ITEM, 0]) == 2  # merging is no event
    assert int(after.tally.looted[0]) == 9


def test_a_killer_that_falls_passes_on_its_loot(attack, world, tiny_full):
    world = rich(rich(frail(world, 0, 1), 1, 5), 0, 2)
    world = worlds.put_item(world, 1, 0, Item.TOP, level=7)
    world = worlds.put_item(world, 0, 0, Item.HAT, level=6)
    after = attack(world, orders.give(tiny_full, attacks={2: 0, 0: 1}, first=[0, 2]))
    assert after.body.gold[:3].tolist() == [0, 0, 7]
    assert sorted(after.bag.item[:, 2][after.bag.item[:, 2] != 0].tolist()) == [Item.HAT, Item.TOP]
    assert after.tally.looted[:3].tolist() == [5, 0, 7]
    early = attack(world, orders.give(tiny_full, attacks={2: 0, 0: 1}, first=[2, 0]))
    assert early.body.gold[:3].tolist() == [0, 5, 2]
    assert int(early.bag.item[0, 1]) == Item.TOP


@pytest.fixture
def fight(world, tiny_full):
    """A world in which player 0 stands beside an NPC of level 4 with a top, an axe and 4 gold."""
    world = worlds.add_npc(world, tiny_full, (24, 24), style=Style.MAGE)
    row, npc = tiny_full.players, world.npc
    npc = npc.replace(
        level=npc.level.at[0].set(4),
        armor=npc.armor.at[0].set(Item.TOP),
        tool=npc.tool.at[0].set(Item.AXE),
        gear=npc.gear.at[0].set(12),
    )
    return rich(worlds.place(world.replace(npc=npc), {0: (24, 24)}), row, 4)


@pytest.fixture
def kill_npc(attack, tiny_full):
    """Returns a function: the world after player 0 has killed the NPC."""
    row = tiny_full.players
    return lambda world: attack(frail(world, row), orders.give(tiny_full, attacks={0: row}))


def test_an_npc_leaves_armor_and_a_tool_of_its_level_to_its_killer(fight, kill_npc):
    after = kill_npc(fight)
    assert after.bag.item[:3, 0].tolist() == [Item.TOP, Item.AXE, Item.NOTHING]
    assert after.bag.level[:2, 0].tolist() == [4, 4]


def test_an_npc_leaves_its_gold_to_its_killer(fight, kill_npc, tiny_full):
    after = kill_npc(fight)
    assert int(after.body.gold[0]) == 4 and int(after.body.gold[tiny_full.players]) == 0


def test_items_of_an_npc_are_events_of_looting_with_their_level(fight, kill_npc):
    looted = kill_npc(fight).tally.seen[ITEM_EVENTS.index(Event.LOOT_ITEM)][:, 0]
    assert looted[jnp.array([Item.TOP, Item.AXE])].tolist() == [1 << 3, 1 << 3]  # level 4
    assert int((looted != 0).sum()) == 2


def test_without_a_free_slot_for_both_the_tool_of_an_npc_is_lost(fight, kill_npc, tiny_full):
    for slot in range(tiny_full.slots - 1):
        fight = worlds.put_item(fight, 0, slot, Item.HAT)
    after = kill_npc(fight)
    assert int(after.bag.item[-1, 0]) == Item.TOP
    assert not (after.bag.item[:, 0] == Item.AXE).any()


def test_an_npc_takes_the_gold_of_a_player_it_kills(fight, attack, tiny_full):
    row, victim = tiny_full.players, worlds.put_item(rich(frail(fight, 0), 0, 6), 0, 0, Item.HAT)
    given = orders.give(tiny_full, attacks={row: 0}, styles={row: Style.MAGE})
    after = attack(victim, given)
    assert int(after.body.gold[row]) == 10 and int(after.body.gold[0]) == 0
