"""Hunger and thirst, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import query
from metammo_jax.rules import resource
from metammo_jax.vocab import NEVER, Event, System, Tile
from tests import orders, worlds

CROSS = (20, 20)


@pytest.fixture(scope="module")
def upkeep(tiny):
    given = orders.give(tiny, first=(3, 2, 1, 0))
    return jax.jit(lambda key, world: resource.upkeep(key, world, given, tiny))


def with_body(world, **changes):
    body = {
        name: getattr(world.body, name).at[: len(values)].set(jnp.asarray(values))
        for name, values in changes.items()
    }
    return world.replace(body=world.body.replace(**body))


def test_balance_heals_the_fed_and_hurts_the_starved(tiny, upkeep, key):
    world = with_body(
        worlds.blank(tiny),
        food=[51, 50, 0, 0, 0, 0],
        water=[51, 51, 51, 0, 0, 0],
        health=[50, 50, 50, 50, 50, 5],
        resilient=[False, False, False, False, True, False],
    )
    after = upkeep(key, world)
    assert after.body.health[:6].tolist() == [60, 50, 40, 30, 40, 0]
    assert after.body.food[:3].tolist() == [46, 45, 0]


def test_immortals_and_games_without_resources_need_nothing(tiny, upkeep, key):
    hungry = dict(food=[0, 0], water=[0, 0])
    world = with_body(worlds.blank(tiny), immortal_until=[NEVER, 0], **hungry)
    assert upkeep(key, world).body.health[:2].tolist() == [100, 80]
    enabled = jnp.arange(10) == System.TERRAIN
    world = with_body(worlds.blank(tiny, enabled=enabled), **hungry)
    assert upkeep(key, world).body.health[:2].tolist() == [100, 100]


def test_water_next_to_a_player_fills_it_and_stays(tiny, upkeep, key):
    world = worlds.paint(worlds.blank(tiny), CROSS, Tile.WATER)
    world = worlds.place(world, {0: (20, 21), 1: (19, 20), 2: (21, 21), 3: (20, 22)})
    world = with_body(world, water=[0, 40, 40, 40], health=[50, 50, 50, 50])
    after = upkeep(key, world)
    assert after.body.water[:4].tolist() == [100, 100, 35, 35]
    assert after.body.health[0] == 40  # thirst came first
    assert after.tally.count[Event.DRINK_WATER, :4].tolist() == [1, 1, 0, 0]
    assert upkeep(key, after).tally.count[Event.DRINK_WATER, 0] == 2


def test_the_first_in_turn_eats_what_grows_on_a_tile(tiny, upkeep, key):
    world = worlds.paint(worlds.blank(tiny), CROSS, Tile.FOILAGE)
    world = worlds.place(world, {0: CROSS, 1: CROSS})
    world = with_body(world, food=[10, 10])
    after = upkeep(key, world)
    assert after.body.food[:2].tolist() == [5, 100]
    assert query.material_at(after, jnp.array(CROSS)) == Tile.SCRUB
    assert upkeep(key, after).body.food[:2].tolist() == [0, 95]


def test_the_starved_eats_once_more(tiny, upkeep, key):
    world = worlds.place(worlds.paint(worlds.blank(tiny), CROSS, Tile.FOILAGE), {0: CROSS})
    after = upkeep(key, with_body(world, food=[0], water=[0], health=[20]))
    assert (after.body.health[0], after.body.food[0]) == (0, 100)


def test_a_mark_turns_to_weeds_for_good_under_any_foot(tiny, upkeep, key):
    enabled = jnp.arange(10) == System.TERRAIN
    world = worlds.paint(worlds.blank(tiny, enabled=enabled), CROSS, Tile.HERB)
    after = upkeep(key, worlds.place(world, {0: CROSS}))
    later = after.replace(tick=jnp.int32(tiny.horizon))
    assert query.material_at(later, jnp.array(CROSS)) == Tile.WEEDS


def test_foilage_grows_back_with_its_chance_each_tick(tiny, upkeep):
    world = worlds.place(worlds.paint(worlds.blank(tiny), CROSS, Tile.FOILAGE), {0: CROSS})
    keys = jax.random.split(jax.random.key(1), 4000)
    after = jax.vmap(upkeep, in_axes=(0, None))(keys, world)
    delay = np.asarray(after.terrain.ready_at[:, CROSS[0], CROSS[1]], float)
    assert delay.min() == 1
    assert abs(delay.mean() - 40) < 4 * 40 / np.sqrt(4000)
    assert abs((delay <= 10).mean() - (1 - 0.975**10)) < 0.03
