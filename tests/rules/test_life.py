"""Ageing, dying, coming back, by hand."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import query
from metammo_jax.rules import life
from metammo_jax.vocab import Event, Item, Revival, Tile
from tests import orders, worlds


def set_body(world, name, values):
    array = getattr(world.body, name)
    values = jnp.asarray(values, array.dtype)
    return world.replace(body=world.body.replace(**{name: array.at[: len(values)].set(values)}))


def test_age_forgets_the_attacker_a_tick_after_the_last_damage(tiny, key):
    world = set_body(worlds.blank(tiny), "attacker", [3, 3])
    world = set_body(set_body(world, "damage", [10, 0]), "freeze", [2, 0])
    world = worlds.add_npc(world, tiny, (20, 20))
    world = worlds.kill(world.replace(), 5)
    npc = tiny.players
    world = world.replace(body=world.body.replace(health=world.body.health.at[npc].set(40)))
    after = life.age(key, world, orders.give(tiny), tiny)
    assert after.body.attacker[:2].tolist() == [3, 0]
    assert after.body.damage[:2].tolist() == [0, 0]
    assert after.body.freeze[:2].tolist() == [1, 0]
    assert after.body.health[npc] == 41
    assert [int(after.body.time_alive[row]) for row in (0, 5, npc, npc + 1)] == [1, 0, 1, 0]


def test_cull_takes_out_who_has_no_health_and_counts_players(tiny, key):
    world = set_body(worlds.blank(tiny), "health", [0, 5])
    after = life.cull(key, world, orders.give(tiny), tiny)
    assert after.body.died[:2].tolist() == [True, False]
    assert after.body.present[:2].tolist() == [False, True]
    assert after.tally.count[Event.AGENT_CULLED, :2].tolist() == [1, 0]
    again = life.cull(key, after, orders.give(tiny), tiny)
    assert not again.body.died.any()


def test_who_is_taken_out_owns_nothing_any_more(tiny_full):
    world = worlds.blank(tiny_full)
    for row in (0, 1):
        world = worlds.put_item(world, row, 2, Item.HAT, level=3)
    dies = jnp.zeros(tiny_full.entities, bool).at[1].set(True)
    after = life.remove(world, dies, tiny_full)
    assert after.bag.item[2, :2].tolist() == [Item.HAT, Item.NOTHING]
    assert not jax.tree.reduce(lambda left, leaf: left | leaf[:, 1].any(), after.bag, False)


def test_a_team_falls_with_its_leader_where_it_is_bound(tiny):
    for bound in (True, False):
        world = worlds.kill(worlds.blank(tiny, teams=4, leader_bound=bound), 4)
        after = life.fall_with_leader(world, tiny)
        team = np.arange(tiny.players) // 4 == 1
        expected = team if bound else np.arange(tiny.players) == 4
        assert (np.asarray(after.body.died[: tiny.players]) == expected).all()
        assert (np.asarray(after.body.present[: tiny.players]) == ~expected).all()


def test_the_revived_stand_frozen_on_the_edge_until_their_time_is_over(tiny, key):
    world = worlds.blank(tiny, revival=Revival.EDGE, revival_freeze=10, tick=20)
    world = worlds.kill(set_body(world, "food", [0, 0]), 0)
    world, back = life.revive(key, world, tiny)
    assert back.tolist() == [True] + [False] * (tiny.players - 1)
    body = world.body
    assert (body.health[0], body.food[0], body.freeze[0]) == (100, 100, 10)
    assert body.present[0] and body.died[0]  # its life ended, though it goes on
    assert query.distance_to_middle(body.pos[0], tiny) == tiny.playable_side // 2
    acts = []
    for _ in range(12):  # frozen for 9 ticks, mortal again in the update of the 11th
        world = life.age(key, world, orders.give(tiny), tiny)
        world = life.end_immortality(key, world, orders.give(tiny), tiny)
        acts.append((bool(query.can_act(world, tiny)[0]), bool(query.is_immortal(world)[0])))
        world = world.replace(tick=world.tick + 1)
    assert acts == [(False, True)] * 9 + [(True, True), (True, False), (True, False)]


def test_places_of_revival_cover_the_whole_edge_or_the_passable_square(tiny):
    world = worlds.kill(worlds.blank(tiny, revival=Revival.EDGE), *range(tiny.players))
    keys = jax.random.split(jax.random.key(0), 300)
    revive = jax.jit(jax.vmap(lambda key, world: life.revive(key, world, tiny)[0], (0, None)))
    pos = np.asarray(revive(keys, world).body.pos[:, : tiny.players]).reshape(-1, 2)
    low, high = 8, 40
    assert (
        ((pos == low) | (pos == high)).any(1) & (pos >= low).all(1) & (pos <= high).all(1)
    ).all()
    assert {(low, 20), (high, 20), (20, low), (20, high)} <= set(map(tuple, pos.tolist()))
    anywhere = world.replace(params=world.params.replace(revival=jnp.int32(Revival.ANYWHERE)))
    anywhere = worlds.paint(anywhere, (slice(8, 24), slice(8, 41)), Tile.WATER)
    pos = np.asarray(revive(keys, anywhere).body.pos[:, : tiny.players]).reshape(-1, 2)
    assert (pos[:, 0] >= 24).all() and pos[:, 0].max() == 39 and pos[:, 1].min() == 8
