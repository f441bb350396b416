"""The original's layout. That its values are right is proved in tests/parity."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import games
from metammo_jax.adapters import nmmo
from metammo_jax.adapters.nmmo import Entity
from metammo_jax.config import FULL_SYSTEMS, MINI_SYSTEMS
from metammo_jax.vocab import NEVER, Item, Skill, System, Tile
from tests import worlds

MIDDLE = 24


def seen(world, cfg):
    return jax.tree.map(np.asarray, nmmo.observe(world, cfg))


def off(system):
    return jnp.array([s in MINI_SYSTEMS and s != system for s in System])


def test_layout_is_the_originals(tiny):
    out = seen(worlds.blank(tiny), tiny)
    players, rows, tiles = tiny.players, tiny.visible_rows, tiny.window**2
    shapes = {
        name: (value.shape, value.dtype) for name, value in out.items() if name != "ActionTargets"
    }
    assert shapes == {
        "AgentId": ((players,), np.int32),
        "CurrentTick": ((players,), np.int32),
        "Task": ((players, tiny.task_embedding), np.float16),
        "Tile": ((players, tiles, 4), np.int16),
        "Entity": ((players, rows, 31), np.int16),
        "Communication": ((players, 32, 4), np.int16),
    }
    masks = out["ActionTargets"]
    assert masks["Attack"]["Style"].shape == (players, 3)
    assert masks["Attack"]["Target"].shape == (players, rows + 1)
    assert masks["Comm"]["Token"].shape == (players, tiny.tokens)
    assert masks["Move"]["Direction"].shape == (players, 5)
    assert {mask.dtype for head in masks.values() for mask in head.values()} == {np.dtype("int8")}


def test_systems_that_are_not_compiled_have_no_heads(tiny):
    bare = dataclasses.replace(tiny, systems=frozenset({System.TERRAIN}), npcs=0)
    out = seen(worlds.blank(bare), bare)
    assert "Communication" not in out
    assert list(out["ActionTargets"]) == ["Move"]
    assert not (FULL_SYSTEMS - MINI_SYSTEMS) & tiny.systems


def test_the_dead_get_the_dummy(tiny):
    world = worlds.kill(worlds.blank(tiny, teams=4, tick=9), 3)
    world = world.replace(task=world.task.replace(embedding=world.task.embedding + 1))
    out = seen(world, tiny)
    masks = out["ActionTargets"]
    assert out["AgentId"][3] == 4
    for name in ("CurrentTick", "Task", "Tile", "Entity", "Communication"):
        assert not out[name][3].any()
        assert out[name][2].any()
    assert masks["Move"]["Direction"][3].tolist() == [0, 0, 0, 0, 1]
    assert masks["Attack"]["Target"][3].sum() == masks["Attack"]["Target"][3, -1] == 1
    assert masks["Attack"]["Style"][3].all() and masks["Comm"]["Token"][3].all()


def test_rows_show_what_entities_have(tiny):
    world = worlds.blank(tiny, tick=40, enabled=off(System.COMMUNICATION))
    world = worlds.add_npc(world, tiny, (MIDDLE, MIDDLE + 2), kind=4, style=2)
    body, npc = world.body, tiny.players
    world = world.replace(
        body=body.replace(
            time_alive=body.time_alive.at[npc].set(7),
            attacker=body.attacker.at[npc].set(5),
            combat_tick=body.combat_tick.at[0].set(38),
            message=body.message.at[0].set(99),
            freeze=body.freeze.at[0].set(6),
            immortal_until=body.immortal_until.at[1].set(NEVER),
        )
    )
    rows = {int(row[0]): row for row in seen(world, tiny)["Entity"][0] if row[0]}
    assert sorted(rows) == [-1, *range(1, tiny.players + 1)]
    enemy = rows[-1]
    assert enemy[Entity.NPC_TYPE] == 3  # a soldier shows itself as aggressive
    assert enemy[[Entity.ROW, Entity.COL]].tolist() == [MIDDLE, MIDDLE + 2]
    assert enemy[[Entity.TIME_ALIVE, Entity.ATTACKER_ID, Entity.FOOD]].tolist() == [7, 5, 100]
    assert rows[1][[Entity.LATEST_COMBAT_TICK, Entity.MESSAGE, Entity.FREEZE]].tolist() == [
        38,
        99,
        6,
    ]
    assert [rows[i][Entity.NPC_TYPE] for i in (1, 2)] == [0, -1]


def test_food_of_npcs_is_shown_only_with_resources(tiny):
    world = worlds.blank(tiny, enabled=off(System.RESOURCE))
    world = worlds.add_npc(world, tiny, (MIDDLE, MIDDLE))
    npc = seen(world, tiny)["Entity"][0][tiny.players]
    assert npc[[Entity.ID, Entity.FOOD, Entity.WATER]].tolist() == [-1, 0, 0]


def test_only_entities_in_sight_are_listed(tiny):
    far = (MIDDLE + tiny.vision + 1, MIDDLE)
    world = worlds.place(worlds.blank(tiny), {5: far, 6: (MIDDLE + tiny.vision, MIDDLE)})
    ids = seen(world, tiny)["Entity"][0, :, Entity.ID].tolist()
    assert 6 not in ids and 7 in ids
    assert ids[: tiny.players - 1] == [i for i in range(1, tiny.players + 1) if i != 6]


@pytest.mark.parametrize("original, expected", [(True, Tile.FOILAGE), (False, Tile.SCRUB)])
def test_harvested_tiles_show_themselves_but_not_in_the_original(tiny, original, expected):
    cfg = dataclasses.replace(tiny, original_observations=original)
    world = worlds.paint(worlds.blank(cfg, tick=5), (MIDDLE, MIDDLE), Tile.FOILAGE)
    ready = world.terrain.ready_at.at[MIDDLE, MIDDLE].set(9)
    world = world.replace(terrain=world.terrain.replace(ready_at=ready))
    tiles = seen(world, cfg)["Tile"][0]
    assert tiles[112].tolist() == [MIDDLE, MIDDLE, expected, 0]
    assert tiles[0].tolist() == [MIDDLE - 7, MIDDLE - 7, Tile.GRASS, 0]


def test_fog_is_rounded_half_to_even(tiny):
    world = worlds.blank(tiny, fog_onset_tick=0, fog_final_size=0)
    ring = jnp.full(tiny.map_size // 2, 0.0).at[:].set(2.5).at[-1].set(-3.5)
    world = world.replace(terrain=world.terrain.replace(fog=ring))
    tiles = seen(world, tiny)["Tile"][0]
    fog = {tuple(row[:2].tolist()): int(row[3]) for row in tiles}
    assert fog[MIDDLE, MIDDLE] == -tiny.map_size
    assert fog[MIDDLE, MIDDLE - 1] == -4
    assert fog[MIDDLE + 5, MIDDLE] == 2


def test_masks_of_moves_and_attacks(tiny):
    world = worlds.blank(tiny, immunity=20)
    world = worlds.paint(world, (MIDDLE - 1, MIDDLE), Tile.STONE)
    places = {i: (MIDDLE + 6, MIDDLE) for i in range(1, tiny.players)}
    world = worlds.place(world, {**places, 1: (MIDDLE + 3, MIDDLE), 2: (MIDDLE + 4, MIDDLE)})
    old = world.body.replace(time_alive=world.body.time_alive.at[1:3].set(20))
    masks = seen(world.replace(body=old), tiny)["ActionTargets"]
    assert masks["Move"]["Direction"][0].tolist() == [0, 1, 1, 1, 1]
    assert np.flatnonzero(masks["Attack"]["Target"][0]).tolist() == [1]
    masks = seen(world, tiny)["ActionTargets"]  # all are new and immune
    assert np.flatnonzero(masks["Attack"]["Target"][0]).tolist() == [tiny.visible_rows]
    peace = world.params.replace(enabled=off(System.COMBAT))
    masks = seen(world.replace(body=old, params=peace), tiny)["ActionTargets"]
    assert np.flatnonzero(masks["Attack"]["Target"][0]).tolist() == [tiny.visible_rows]


def test_communication_lists_the_living_of_the_group(tiny):
    world = worlds.kill(worlds.blank(tiny, teams=4), 1)
    world = worlds.place(world, {3: (10, 10)})  # how far they are does not matter
    world = world.replace(body=world.body.replace(message=world.body.message.at[3].set(44)))
    listed = seen(world, tiny)["Communication"]
    assert listed[0, :4, 0].tolist() == [1, 3, 4, 0]
    assert listed[0, 2].tolist() == [4, 10, 10, 44]
    silent = world.replace(params=world.params.replace(enabled=off(System.COMMUNICATION)))
    assert not seen(silent, tiny)["Communication"].any()


@pytest.mark.parametrize("name", games.GAMES)
def test_masks_are_those_of_our_own_observations(played, name):
    cfg = played.env.cfg
    obs, world = played.start(name, seed=5)
    observe = jax.jit(lambda world: nmmo.observe(world, cfg))
    for tick, out in enumerate(played.random_steps(obs, world, 24, seed=6)):
        if tick % 6:
            continue
        obs, world = out[:2]
        there = jax.tree.map(np.asarray, observe(world))
        masks = there["ActionTargets"]
        np.testing.assert_array_equal(masks["Move"]["Direction"], obs.masks.move)
        np.testing.assert_array_equal(masks["Attack"]["Target"], obs.masks.target)
        listed = np.asarray(obs.visible)
        ids = np.where(listed >= 0, np.asarray(world.body.id)[listed], 0)
        np.testing.assert_array_equal(there["Entity"][..., Entity.ID], ids)


def test_a_batch_is_observed_as_its_worlds_are(tiny):
    pair = [worlds.blank(tiny, teams=4, tick=3), worlds.kill(worlds.blank(tiny), 0)]
    batch = jax.tree.map(lambda *leaves: jnp.stack(leaves), *pair)
    together = jax.jit(jax.vmap(lambda world: nmmo.observe(world, tiny)))(batch)
    for i, world in enumerate(pair):
        alone, here = nmmo.observe(world, tiny), jax.tree.map(lambda leaf, i=i: leaf[i], together)
        jax.tree.map(np.testing.assert_array_equal, here, alone)


# The full game


@pytest.fixture
def rich(tiny_full):
    """Player 1 has things and player 2 offers some; an NPC stands by."""
    world = worlds.blank(tiny_full, tick=9)
    world = worlds.add_npc(world, tiny_full, (MIDDLE, MIDDLE), style=1)
    world = worlds.put_item(world, 0, 0, Item.TOP, 2, worn=True)
    world = worlds.put_item(world, 0, 3, Item.ARROW, 10, quantity=5)
    world = worlds.put_item(world, 0, 4, Item.POTION, 3)
    world = worlds.put_item(world, 1, 1, Item.RATION, 1, price=2)
    world = worlds.put_item(world, 1, 2, Item.PICKAXE, 1, price=9)
    body, npc = world.body, world.npc
    return world.replace(
        body=body.replace(gold=body.gold.at[0].set(4), time_alive=body.time_alive + 1),
        npc=npc.replace(level=npc.level.at[0].set(3), item_level=npc.item_level.at[0].set(12)),
        skill=world.skill.replace(exp=world.skill.exp.at[0, Skill.CARVING].set(95)),
    )


def test_the_full_games_layout_is_the_originals(rich, tiny_full):
    out = seen(rich, tiny_full)
    players, slots, market = tiny_full.players, tiny_full.slots, tiny_full.market_rows
    assert out["Inventory"].shape == (players, slots, 16) and out["Inventory"].dtype == np.int16
    assert out["Market"].shape == (market, 16) and out["Market"].dtype == np.int16
    shapes = {
        f"{head}.{arg}": mask.shape[1]
        for head, args in out["ActionTargets"].items()
        for arg, mask in args.items()
    }
    seats = tiny_full.visible_rows + 1
    assert shapes == {
        "Attack.Style": 3,
        "Attack.Target": seats,
        "Buy.MarketItem": market + 1,
        "Comm.Token": tiny_full.tokens,
        "Destroy.InventoryItem": slots + 1,
        "Give.InventoryItem": slots + 1,
        "Give.Target": seats,
        "GiveGold.Price": tiny_full.prices,
        "GiveGold.Target": seats,
        "Move.Direction": 5,
        "Sell.InventoryItem": slots + 1,
        "Sell.Price": tiny_full.prices,
        "Use.InventoryItem": slots + 1,
    }


def test_items_show_all_that_the_original_shows_of_them(rich, tiny_full):
    out, slots = seen(rich, tiny_full), tiny_full.slots
    top, nothing, _, arrows, potion = out["Inventory"][0, :5].tolist()
    assert top == [1, 3, 1, 2, 0, 1, 0, 0, 0, 6, 6, 6, 0, 0, 1, 0]
    assert nothing == [0] * 16
    assert arrows == [4, 14, 1, 10, 0, 5, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0]
    assert potion == [5, 17, 1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 65, 0, 0, 0]
    assert out["Market"][:3].tolist() == [
        [slots + 2, 16, 2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 55, 0, 2],
        [slots + 3, 10, 2, 1, 0, 1, 0, 0, 0, 15, 15, 15, 0, 0, 0, 9],
        [0] * 16,
    ]
    idle = rich.params.enabled.at[System.PROFESSION].set(False)
    out = seen(rich.replace(params=rich.params.replace(enabled=idle)), tiny_full)
    assert out["Inventory"][0, 4, 12] == 0 and out["Market"][0, 13] == 0


def test_entities_show_gold_and_skills(rich, tiny_full):
    rows = {int(row[0]): row for row in seen(rich, tiny_full)["Entity"][0] if row[0]}
    assert rows[1][[Entity.GOLD, Entity.CARVING_LEVEL, Entity.CARVING_EXP]].tolist() == [4, 2, 95]
    assert rows[2][[Entity.MAGE_LEVEL, Entity.MAGE_EXP]].tolist() == [1, 0]
    npc = rows[-1]
    assert npc[[Entity.ITEM_LEVEL, Entity.RANGE_LEVEL, Entity.RANGE_EXP]].tolist() == [12, 3, 1]
    assert npc[[Entity.MELEE_LEVEL, Entity.MELEE_EXP, Entity.ALCHEMY_LEVEL]].tolist() == [0, 0, 0]


def test_masks_of_trade_and_those_of_the_dead(rich, tiny_full):
    masks = seen(worlds.kill(rich, 5), tiny_full)["ActionTargets"]
    allowed = {
        f"{head}.{arg}": np.flatnonzero(mask[0]).tolist()
        for head, args in masks.items()
        for arg, mask in args.items()
    }
    nothing = tiny_full.slots
    assert allowed["Use.InventoryItem"] == [0, nothing]
    assert allowed["Destroy.InventoryItem"] == [3, 4, nothing]
    assert allowed["Sell.InventoryItem"] == allowed["Give.InventoryItem"] == [3, 4, nothing]
    assert allowed["GiveGold.Price"] == [0, 1, 2, 3]
    assert allowed["Buy.MarketItem"] == [0, tiny_full.market_rows]
    others = [i for i in range(1, tiny_full.players - 1)]  # one is dead; the NPC comes last
    assert allowed["Give.Target"] == allowed["GiveGold.Target"]
    assert allowed["Give.Target"] == [*others, tiny_full.visible_rows]
    for head, args in masks.items():
        for arg, mask in args.items():
            chosen = np.flatnonzero(mask[5]).tolist()
            every = arg in ("Style", "Price", "Token")
            assert chosen == (list(range(mask.shape[1])) if every else [mask.shape[1] - 1]), head
    assert not seen(worlds.kill(rich, 0), tiny_full)["Inventory"][0].any()
