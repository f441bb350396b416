"""The fog, against golden values of the original."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.rules import exchange, fog, life
from metammo_jax.vocab import Item, System
from tests import orders, worlds

PLACES = [(16, 16), (144, 144), (26, 80), (46, 80), (80, 75)]
GOLDEN = {  # advances: fog at the places; by nmmo `core/realm.py::Realm.update_fog_map`
    0: [0, 1, -10, -30, -59],
    1: [0.111083984375, 1.111328125, -9.890625, -29.890625, -58.875],
    50: [5.53515625, 6.51953125, -4.53125, -24.53125, -52.75],
    100: [11.0078125, 11.9921875, 1.0244140625, -19.0625, -46.5],
    400: [45.53125, 46.65625, 34.15625, 13.890625, -11.875],
}


@pytest.fixture(scope="module")
def foggy():
    cfg = Config(npcs=16)
    world = worlds.blank(cfg, fog_onset_tick=1, fog_speed=1 / 9, fog_final_size=4)
    start = 16 - jnp.arange(cfg.map_size // 2)
    world = world.replace(terrain=world.terrain.replace(fog=start.astype(jnp.float32)))
    return cfg, world.replace(tick=jnp.int32(1))


@pytest.fixture(scope="module")
def spread(foggy):
    cfg, _ = foggy
    return jax.jit(lambda world: fog.spread(None, world, orders.give(cfg), cfg))


def test_fog_moves_in_the_originals_float16_steps(foggy, spread):
    cfg, world = foggy
    places = jnp.array(PLACES)
    for advances in range(401):
        if advances in GOLDEN:
            seen = query.fog_at(world.terrain, world.params, places, cfg)
            assert seen.tolist() == GOLDEN[advances], advances
        world = spread(world)


def test_the_square_around_the_middle_stays_free(foggy):
    cfg, world = foggy
    places = jnp.array([[80, 80], [76, 84], [75, 80]])
    assert query.fog_at(world.terrain, world.params, places, cfg).tolist() == [-160, -160, -59]


def test_fog_waits_for_its_onset(foggy, spread):
    _, world = foggy
    early = world.replace(tick=jnp.int32(0))
    assert (spread(early).terrain.fog == early.terrain.fog).all()


@pytest.mark.parametrize(
    ("depth", "harm"), [(0.5, 0), (0.51, 1), (1.5, 2), (2.5, 2), (3.5, 4), (-3.0, 0)]
)
def test_fog_hurts_players_by_its_depth_rounded_half_to_even(tiny, key, depth, harm):
    world = worlds.blank(tiny, fog_onset_tick=5, fog_final_size=0, tick=5)
    world = worlds.place(world, {row: (10, 10) for row in range(tiny.players)})
    world = worlds.add_npc(world, tiny, (10, 10))
    lines = jnp.full(tiny.map_size // 2, depth, jnp.float32)
    world = world.replace(
        terrain=world.terrain.replace(fog=lines),
        body=world.body.replace(immortal_until=world.body.immortal_until.at[1].set(99)),
    )
    after = fog.hurt(key, world, orders.give(tiny), tiny)
    assert after.body.health[:2].tolist() == [100 - harm, 100]
    assert after.body.health[tiny.players] == 100
    assert after.body.damage_taken[0] == harm
    before_onset = fog.hurt(key, world.replace(tick=jnp.int32(4)), orders.give(tiny), tiny)
    assert np.asarray(before_onset.body.health[0]) == 100


@pytest.mark.parametrize("depth, bought", [(1.0, False), (0.0, True)])
def test_what_the_killed_owned_is_lost(tiny_full, key, depth, bought):
    """It cannot be bought in the tick of the death either; of those who live it can."""
    world = worlds.blank(tiny_full, fog_onset_tick=0, tick=5, enabled=np.ones(len(System), bool))
    world = worlds.place(world, {0: (10, 10), 1: (24, 24)})
    world = worlds.put_item(world, 0, 0, Item.HAT, price=2)
    world = worlds.put_item(world, 0, 1, Item.ROD, worn=True)
    body, terrain = world.body, world.terrain
    world = world.replace(
        terrain=terrain.replace(fog=jnp.full(tiny_full.map_size // 2, depth)),
        body=body.replace(health=body.health.at[0].set(1), gold=body.gold.at[1].set(5)),
    )
    safe = body.immortal_until.at[1].set(99)
    world = world.replace(body=world.body.replace(immortal_until=safe))
    buy = np.full(tiny_full.players, -1)
    buy[1] = 0
    given = orders.trade(tiny_full, np.random.default_rng(0), buy=buy)
    for phase in (fog.hurt, exchange.buy, life.cull):
        world = phase(key, world, given, tiny_full)
    assert world.body.gold[1] == (3 if bought else 5)
    assert (world.bag.item[:, 1] == Item.HAT).any() == bought
    assert world.bag.item[:, 0].any() == bought  # the rod is left
