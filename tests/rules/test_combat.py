"""Attacks, against a loop that lets one after another attack."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.rules import combat
from metammo_jax.vocab import NEVER, Event, System
from tests import orders, worlds


@pytest.fixture(scope="module")
def attack(tiny):
    return jax.jit(lambda world, given: combat.attack(jax.random.key(0), world, given, tiny))


def melee(rng, cfg):
    """Everybody within reach of everybody, and near death."""
    world = worlds.blank(cfg, immunity=3)
    for slot in range(cfg.npcs):
        world = worlds.add_npc(world, cfg, (20, 20), slot=slot)
    entities, players = cfg.entities, cfg.players
    return world.replace(
        tick=jnp.int32(7),
        body=world.body.replace(
            pos=jnp.asarray(20 + rng.integers(0, 6, (entities, 2)), jnp.int32),
            health=jnp.asarray(rng.choice([0, 5, 10, 15, 25, 40], entities), jnp.int32),
            time_alive=jnp.asarray(rng.integers(0, 9, entities), jnp.int32),
            freeze=jnp.asarray(rng.random(players) < 0.1, jnp.int32),
            immortal_until=jnp.asarray(np.where(rng.random(players) < 0.1, NEVER, 0), jnp.int32),
        ),
    )


def one_after_another(world, given, cfg):
    body = jax.tree.map(lambda leaf: np.array(leaf), world.body)
    count = np.array(world.tally.count)
    for row in np.argsort(np.asarray(given.turn)):
        target, players = int(given.target[row]), cfg.players
        frozen = row < players and body.freeze[row] > 0
        if target < 0 or target == row or frozen:
            continue
        if body.health[row] <= 0 or body.health[target] <= 0:
            continue
        if np.abs(body.pos[row] - body.pos[target]).max() > 3:
            continue
        if row < players and target < players and body.time_alive[target] < 3:
            continue
        body.attacker[target] = body.id[row]
        body.combat_tick[[row, target]] = 8
        if row < players:
            body.damage_dealt[row] += 10
            count[Event.SCORE_HIT, row] += 1
        if target < players and body.immortal_until[target] > 0:
            continue
        body.damage[target] = 10
        body.health[target] = max(body.health[target] - 10, 0)
        if target < players:
            body.damage_taken[target] += 10
        if body.health[target] == 0 and row < players:
            body.kills[row] += 1
            count[Event.KILL_PLAYER if target < players else Event.KILL_NPC, row] += 1
    return body, count


def test_everybody_attacks_as_if_one_after_another(tiny, attack):
    rng = np.random.default_rng(0)
    deaths = 0
    for _ in range(80):
        world = melee(rng, tiny)
        given = orders.random(rng, tiny)
        after = attack(world, given)
        body, count = one_after_another(world, given, tiny)
        for name, expected in vars(body).items():
            np.testing.assert_array_equal(getattr(after.body, name), expected, err_msg=name)
        np.testing.assert_array_equal(after.tally.count, count)
        deaths += int(((world.body.health > 0) & (after.body.health == 0)).sum())
    assert deaths > 200


def test_reach_is_three_tiles_in_every_direction(tiny, attack):
    world = worlds.place(worlds.blank(tiny), {0: (20, 20), 1: (23, 17), 2: (24, 20)})
    after = attack(world, orders.give(tiny, attacks={0: 1}))
    assert after.body.health[1] == 90
    after = attack(world, orders.give(tiny, attacks={0: 2}))
    assert after.body.health[2] == 100


@pytest.mark.parametrize("target", [-1, -5, 10_000, 2**31 - 1])
def test_a_target_that_is_none_is_ignored(tiny, attack, target):
    world = worlds.blank(tiny)
    after = attack(world, orders.give(tiny, attacks={0: target}))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), world, after))


def test_nobody_attacks_where_combat_is_off(tiny, attack):
    rng = np.random.default_rng(3)
    world, given = melee(rng, tiny), orders.random(rng, tiny)
    enabled = world.params.enabled.at[System.COMBAT].set(False)
    world = world.replace(params=world.params.replace(enabled=enabled))
    after = attack(world, given)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), world, after))
