"""What NPCs decide, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.rules import npc
from metammo_jax.vocab import NEVER, NOBODY, Kind, Tile
from tests import worlds

FAR = (38, 38)


@pytest.fixture(scope="module")
def decide(tiny):
    return jax.jit(lambda key, world: npc.decide(key, world, tiny))


def one_npc(cfg, kind, players, pos=(20, 20), **changes):
    """An NPC, and players at the places given; all other players are far away."""
    world = worlds.blank(cfg, **changes)
    world = worlds.place(world, {row: FAR for row in range(cfg.players)})
    world = worlds.place(world, players)
    return worlds.add_npc(world, cfg, pos, kind=kind)


def test_the_aggressive_chases_the_nearest_and_hits_within_reach(tiny, decide, key):
    world = one_npc(tiny, Kind.AGGRESSIVE, {4: (20, 26), 2: (25, 20), 3: (20, 15)})
    after, direction, target = decide(key, world)
    assert after.npc.target[0] == 2  # rows 2 and 3 are equally near: the lower
    assert (direction[0], target[0]) == (1, NOBODY)
    world = worlds.place(world, {2: (23, 22)})
    _, direction, target = decide(key, world)
    assert target[0] == 2


def test_the_neutral_minds_its_own_business_until_it_is_hit(tiny, decide, key):
    world = one_npc(tiny, Kind.NEUTRAL, {2: (20, 22)})
    assert decide(key, world)[0].npc.target[0] == NOBODY
    hit = world.replace(
        body=world.body.replace(attacker=world.body.attacker.at[tiny.players].set(3))
    )
    after, direction, target = decide(key, hit)
    assert (after.npc.target[0], direction[0], target[0]) == (2, 2, 2)


def test_the_passive_never_fights_back(tiny, decide, key):
    world = one_npc(tiny, Kind.PASSIVE, {2: (20, 22)})
    hit = world.replace(
        body=world.body.replace(attacker=world.body.attacker.at[tiny.players].set(3))
    )
    after, direction, target = decide(key, hit)
    assert (after.npc.target[0], target[0]) == (NOBODY, NOBODY)
    assert 0 <= direction[0] <= 3


def test_a_target_is_kept_until_it_dies_hides_or_becomes_immortal(tiny, decide, key):
    world = one_npc(tiny, Kind.AGGRESSIVE, {2: (20, 26), 3: (20, 21)})
    world = world.replace(npc=world.npc.replace(target=world.npc.target.at[0].set(2)))
    assert decide(key, world)[0].npc.target[0] == 2
    assert decide(key, worlds.kill(world, 2))[0].npc.target[0] == 3
    assert decide(key, worlds.place(world, {2: (20, 28)}))[0].npc.target[0] == 3
    immortal = world.body.immortal_until.at[2].set(NEVER)
    hidden = world.replace(body=world.body.replace(immortal_until=immortal))
    assert decide(key, hidden)[0].npc.target[0] == 3


def test_a_wanderer_takes_the_first_free_direction_round_from_a_random_one(tiny, decide):
    world = one_npc(tiny, Kind.PASSIVE, {})
    world = worlds.paint(world, (21, 20), Tile.WATER)  # south is closed
    keys = jax.random.split(jax.random.key(0), 3000)
    _, direction, _ = jax.vmap(decide, in_axes=(0, None))(keys, world)
    share = np.bincount(np.asarray(direction[:, 0]), minlength=4) / 3000
    np.testing.assert_allclose(share, [0.25, 0, 0.25, 0.5], atol=0.03)  # N, S, E, W


def test_a_soldier_makes_for_its_rally_point_and_forgets_it_there(tiny, decide, key):
    world = one_npc(tiny, Kind.SOLDIER, {}, pos=(12, 20))

    def rallied(row, col):
        rally = world.npc.rally.at[0].set(jnp.array([row, col]))
        return decide(key, world.replace(npc=world.npc.replace(rally=rally)))

    assert rallied(18, 20)[1][0] == 1
    after, _, _ = rallied(17, 20)
    assert after.npc.rally[0].tolist() == [NOBODY, NOBODY]


def test_a_soldier_far_from_its_rally_point_drifts_toward_it(tiny):
    draws = jax.random.bits(jax.random.key(0), (4000, 1))
    pos = jnp.tile(jnp.array([[12, 12]]), (1, 1))
    goal = pos + jnp.array([[9, 3]])
    drift = jax.vmap(npc._drift, in_axes=(0, None, None, None))
    direction = np.asarray(drift(draws, pos, goal, jnp.ones((1, 4), bool)))[:, 0]
    share = np.bincount(direction, minlength=4) / 4000
    weights = np.array([1, 1 + 3 * 9 / 12, 1 + 3 * 3 / 12, 1])  # N, S, E, W
    np.testing.assert_allclose(share, weights / weights.sum(), atol=0.03)


def test_rows_without_an_npc_decide_nothing(tiny, decide, key):
    _, direction, target = decide(key, one_npc(tiny, Kind.AGGRESSIVE, {2: (20, 22)}))
    assert (direction[1:] == NOBODY).all() and (target[1:] == NOBODY).all()
