"""How NPCs join the world."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.rules import spawning
from metammo_jax.vocab import Kind, Tile
from tests import worlds


@pytest.fixture(scope="module")
def replace_fallen(tiny):
    return jax.jit(lambda key, world: spawning.replace_fallen(key, world, tiny))


def npcs(world, cfg):
    return np.flatnonzero(np.asarray(world.body.present[cfg.players :]))


def test_npcs_grow_to_their_number_and_no_further(tiny, replace_fallen):
    world = worlds.blank(tiny, npc_population=10)
    for step in range(4):
        world = replace_fallen(jax.random.key(step), world)
    assert len(npcs(world, tiny)) == 10
    ids = np.asarray(world.body.id[tiny.players :])
    assert sorted(ids[npcs(world, tiny)].tolist()) == list(range(-10, 0))


def test_an_npc_that_died_comes_back_on_its_ring_with_a_new_id(tiny, replace_fallen, key):
    world = worlds.blank(tiny, npc_population=2)
    world = worlds.add_npc(world, tiny, (20, 20), kind=Kind.PASSIVE)
    world = worlds.add_npc(world, tiny, (24, 24), kind=Kind.AGGRESSIVE, slot=1)
    world = world.replace(npc=world.npc.replace(ring=world.npc.ring.at[:2].set(jnp.array([3, 13]))))
    after = replace_fallen(key, worlds.kill(world, tiny.players + 1))
    row = tiny.players + 1
    assert after.body.present[row] and after.body.id[row] == -3
    low, size = 8, tiny.playable_side
    inward = np.asarray(after.body.pos[row]) - low
    assert min(*inward, *(size - 1 - inward)) == 13
    assert after.npc.kind[1] == Kind.AGGRESSIVE  # 2 * 13 / 32 >= 0.8
    assert after.npc.queued == 0


def test_a_place_where_one_cannot_stand_loses_the_call_back(tiny, replace_fallen, key):
    world = worlds.blank(tiny, npc_population=1)
    world = worlds.add_npc(world, tiny, (20, 20))
    world = world.replace(npc=world.npc.replace(ring=world.npc.ring.at[0].set(3)))
    low, size = 8, tiny.playable_side
    ring = np.full((tiny.map_size, tiny.map_size), False)
    ring[low + 3 : low + size - 3, low + 3 : low + size - 3] = True
    ring[low + 4 : low + size - 4, low + 4 : low + size - 4] = False
    world = worlds.paint(world, ring, Tile.WATER)
    after = replace_fallen(key, worlds.kill(world, tiny.players))
    assert after.npc.queued == 0
    assert after.body.present[tiny.players]  # somebody else came, anywhere else
    assert not ring[tuple(np.asarray(after.body.pos[tiny.players]))]


def test_kinds_follow_the_danger_of_the_place(tiny, replace_fallen):
    world = worlds.blank(tiny, npc_population=16)
    keys = jax.random.split(jax.random.key(0), 300)
    after = jax.vmap(replace_fallen, in_axes=(0, None))(keys, world)
    ring = np.asarray(after.npc.ring)
    expected = np.where(2 * ring >= 0.8 * 32, 3, np.where(2 * ring >= 0.5 * 32, 2, 1))
    assert (np.asarray(after.npc.kind) == expected).all()
    style = np.bincount(np.asarray(after.npc.style).ravel()) / after.npc.style.size
    np.testing.assert_allclose(style, 1 / 3, atol=0.03)
    inward = np.asarray(after.body.pos[:, tiny.players :]) - 8
    assert (np.minimum(inward, 31 - inward).min(-1) == ring).all()


def test_recruits_beyond_the_free_rows_are_turned_away(tiny, key):
    world = worlds.blank(tiny)
    many = tiny.npcs + 5
    recruits = spawning.Recruits(
        pos=jnp.full((many, 2), 20),
        kind=jnp.full(many, Kind.SOLDIER),
        ring=jnp.zeros(many, jnp.int32),
        rally=jnp.full((many, 2), 24),
        wanted=jnp.arange(many) % 2 == 0,
    )
    after = spawning.enlist(key, world, recruits, tiny)
    assert after.npc.spawned == (many + 1) // 2
    again = spawning.enlist(key, after, recruits, tiny)
    assert len(npcs(again, tiny)) == tiny.npcs == again.npc.spawned
