"""What players see, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.observe import BagColumn, Column, MarketColumn, observe
from metammo_jax.vocab import NEVER, Item, Skill, Style, System, Tile
from tests import worlds

AWAY = (38, 38)


@pytest.fixture(scope="module")
def look(tiny):
    return jax.jit(lambda world: observe(world, tiny))


def scattered(cfg, places, **changes):
    world = worlds.blank(cfg, **changes)
    world = worlds.place(world, {row: AWAY for row in range(cfg.players)})
    return worlds.place(world, places)


def test_players_see_whoever_is_within_seven_tiles_themselves_included(tiny, look):
    world = scattered(tiny, {0: (20, 20), 1: (27, 13), 2: (28, 20)})
    world = worlds.add_npc(world, tiny, (20, 13))
    seen = look(world).visible
    assert seen[0, :4].tolist() == [0, 1, tiny.players, -1]
    assert seen[2, :3].tolist() == [1, 2, -1]


def test_a_list_that_is_too_long_is_cut_but_keeps_its_owner():
    cfg = preset("tiny", visible_rows=4)
    seen = observe(worlds.blank(cfg), cfg).visible
    assert seen[2].tolist() == [0, 1, 2, 3]
    assert seen[9].tolist() == [0, 1, 2, 9]


def test_tiles_show_the_moment_or_with_the_originals_observations_the_reset(tiny, look):
    world = scattered(tiny, {0: (20, 20)})
    world = worlds.paint(world, (19, 22), Tile.FOILAGE)
    eaten = world.terrain.ready_at.at[19, 22].set(50)
    world = world.replace(terrain=world.terrain.replace(ready_at=eaten), tick=jnp.int32(7))
    assert look(world).tiles[0, 6, 9] == Tile.SCRUB
    assert look(world.replace(tick=jnp.int32(50))).tiles[0, 6, 9] == Tile.FOILAGE
    frozen = preset("tiny", original_observations=True)
    assert observe(world, frozen).tiles[0, 6, 9] == Tile.FOILAGE
    assert look(world).tiles[0, 7, 7] == Tile.GRASS


def test_masks_of_moves_follow_the_ground(tiny, look):
    world = scattered(tiny, {0: (20, 20), 1: (8, 8)})
    world = worlds.paint(world, (20, 21), Tile.WATER)
    moves = look(world).masks.move
    assert moves[0].tolist() == [True, True, False, True, True]
    assert moves[1].tolist() == [False, True, True, False, True]  # the corner of the square


def test_whoever_can_attack_must_and_the_fresh_and_immortal_are_spared(tiny, look):
    places = {0: (20, 20), 1: (23, 23), 2: (24, 20), 3: (20, 21), 4: (20, 22)}
    world = scattered(tiny, places, immunity=20)
    age = world.body.time_alive.at[jnp.array([0, 1, 2, 4])].set(20)
    immortal = world.body.immortal_until.at[4].set(NEVER)
    world = world.replace(body=world.body.replace(time_alive=age, immortal_until=immortal))
    obs = look(world)
    mask = obs.masks.target[0]
    assert obs.visible[0, :5].tolist() == [0, 1, 2, 3, 4]
    assert mask[:5].tolist() == [False, True, False, False, False]
    assert not mask[-1]
    assert look(worlds.place(world, {1: AWAY})).masks.target[0].tolist() == [False] * 32 + [True]
    peace = world.replace(
        params=world.params.replace(enabled=world.params.enabled.at[System.COMBAT].set(False))
    )
    assert look(peace).masks.target[0].tolist() == [False] * 32 + [True]


def test_the_table_tells_about_everybody_alive(tiny, look):
    world = worlds.blank(tiny, teams=4, leader_bound=True, tick=9)
    world = worlds.add_npc(worlds.kill(world, 3), tiny, (20, 30), kind=4)
    body = world.body
    world = world.replace(body=body.replace(combat_tick=body.combat_tick.at[1].set(8)))
    table = np.asarray(look(world).entities)
    assert not table[3].any()
    assert table[4, Column.LEADER] == 1 and table[5, Column.LEADER] == 0
    assert table[5, Column.GROUP] == 1 and table[tiny.players, Column.GROUP] == -1
    assert table[tiny.players, Column.KIND] == 3  # soldiers look aggressive
    assert table[tiny.players, [Column.ROW, Column.COL]].tolist() == [20, 30]
    assert table[[0, 1], Column.COMBAT].tolist() == [0, 2]


def test_fog_shows_its_depth_and_its_distance(tiny, look):
    world = scattered(tiny, {0: (15, 24)}, fog_onset_tick=1, fog_final_size=2)
    lines = jnp.asarray(8 - np.arange(24) + 3.4, jnp.float32)
    world = world.replace(terrain=world.terrain.replace(fog=lines))
    fog = look(world).fog[0]
    assert fog[:3, 7].tolist() == [3, 2, 1]
    assert fog[7, 7] == -4
    none = scattered(tiny, {0: (15, 24)})
    assert not look(none).fog.any()


def test_the_rally_state_tells_whose_the_hill_is(tiny, look):
    world = worlds.blank(tiny, teams=4, seize_target=jnp.array([24, 24]))
    assert (look(world).seized == 1).all()
    held = world.replace(terrain=world.terrain.replace(seizer=jnp.int32(5)))
    assert look(held).seized.tolist() == [3] * 4 + [2] * 4 + [3] * 8
    assert not look(worlds.blank(tiny)).seized.any()


# The full game


@pytest.fixture(scope="module")
def look_full(tiny_full):
    return jax.jit(lambda world: observe(world, tiny_full))


def test_the_table_tells_how_far_everybody_has_come(tiny, tiny_full, look_full):
    world = worlds.add_npc(worlds.blank(tiny_full, tick=9), tiny_full, (20, 30), style=Style.RANGE)
    body, npc, row = world.body, world.npc, tiny_full.players
    exp = world.skill.exp.at[2, Skill.FISHING].set(217)
    world = world.replace(
        body=body.replace(
            gold=body.gold.at[jnp.array([2, row])].set(jnp.array([70_000, 4])),
            item_level=body.item_level.at[2].set(6),
        ),
        npc=npc.replace(level=npc.level.at[0].set(4), item_level=npc.item_level.at[0].set(17)),
        skill=world.skill.replace(exp=exp),
    )
    table = np.asarray(look_full(world).entities)
    assert table.shape[1] == len(Column)
    assert table[2, [Column.GOLD, Column.ITEM_LEVEL]].tolist() == [32767, 6]
    assert table[2, [Column.FISHING_LEVEL, Column.FISHING_EXP]].tolist() == [3, 217]
    assert table[2, [Column.ALCHEMY_LEVEL, Column.ALCHEMY_EXP]].tolist() == [1, 0]
    assert table[row, [Column.GOLD, Column.ITEM_LEVEL]].tolist() == [4, 0]  # nothing seen so soon
    levels, exps = (table[row, start + 2 * np.arange(8)] for start in (16, 17))
    assert levels.tolist() == [0, 4, 0, 0, 0, 0, 0, 0]
    assert exps.tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    older = world.body.time_alive.at[row].set(1)
    table = look_full(world.replace(body=world.body.replace(time_alive=older))).entities
    assert table[row, Column.ITEM_LEVEL] == 17
    assert observe(worlds.blank(tiny), tiny).entities.shape[1] == Column.GOLD


def test_systems_that_are_off_do_not_show(tiny_full, look_full):
    world = worlds.add_npc(worlds.blank(tiny_full), tiny_full, (20, 30))
    npc, row = world.npc, tiny_full.players
    body = world.body.replace(
        item_level=world.body.item_level + 3, time_alive=world.body.time_alive + 1
    )
    world = world.replace(
        body=body,
        npc=npc.replace(level=npc.level + 4, item_level=npc.item_level + 9),
        skill=world.skill.replace(exp=world.skill.exp + 100),
    )
    for system, shown in (
        (System.PROGRESSION, slice(Column.MELEE_LEVEL, None)),
        (System.EQUIPMENT, slice(Column.ITEM_LEVEL, Column.MELEE_LEVEL)),
    ):
        off = world.params.enabled.at[system].set(False)
        table = look_full(world.replace(params=world.params.replace(enabled=off))).entities
        assert look_full(world).entities[:, shown][jnp.array([0, row])].any(1).all()
        assert not table[:, shown].any()


def test_bags_and_the_market_show_what_lies_where(tiny_full, look_full):
    world = worlds.put_item(worlds.blank(tiny_full), 3, 2, Item.SPEAR, 4, worn=True)
    world = worlds.put_item(world, 3, 0, Item.RUNES, 2, quantity=9, price=7)
    world = worlds.put_item(world, 1, 11, Item.POTION, 1, price=3)
    obs = look_full(world)
    assert obs.bag[3, :3].tolist() == [
        [Item.RUNES, 2, 9, 0, 7],
        [0] * len(BagColumn),
        [Item.SPEAR, 4, 1, 1, 0],
    ]
    assert obs.market[:3].tolist() == [
        [1, 11, Item.POTION, 1, 1, 3],
        [3, 0, Item.RUNES, 2, 9, 7],
        [0] * len(MarketColumn),
    ]
    assert not look_full(worlds.kill(world, 3)).bag[3].any()
    slots = tiny_full.slots
    assert obs.listing.tolist() == [slots + 11, 3 * slots] + [-1] * (tiny_full.market_rows - 2)


def test_the_mini_game_shows_no_belongings(tiny, look):
    obs = look(worlds.blank(tiny))
    assert obs.bag is None and obs.market is None and obs.listing is None
