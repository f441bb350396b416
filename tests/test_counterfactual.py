"""A counterfactual finds the same as forks of the replay, one for each player."""

import jax
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.action import noop
from metammo_jax.draw import charts

AT, TICKS = 12, 3


@pytest.fixture(scope="module")
def replay(all_games):
    return mm.record(all_games, jax.random.key(8), ticks=AT + TICKS, game="team_battle")


def without(replay, who: int, instead):
    """Returns the last world of the episode in which one player does something else at `AT`."""
    players = np.arange(replay.env.cfg.players)
    one = jax.tree.map(lambda a, b: np.where(players == who, b, a[AT]), replay.actions, instead)
    world = replay.fork(AT, one).at(AT + TICKS)
    alive = (world.body.present & (world.body.health > 0))[: len(players)]
    return np.where(alive, world.body.health[: len(players)], 0), alive


@pytest.mark.slow
def test_influence_is_what_forks_come_to(replay):
    idle = jax.device_get(noop(replay.env.cfg))
    north = idle.replace(move=np.zeros_like(idle.move))
    recorded = without(replay, -1, idle)
    changed = 0
    for instead, given in ((idle, None), (north, north)):
        found = mm.counterfactual(replay, AT, TICKS, given)
        np.testing.assert_array_equal(found.acted, replay.alive[AT])
        assert not found.health[~found.acted].any()
        for who in range(len(found.acted)):
            health, alive = without(replay, who, instead)
            np.testing.assert_array_equal(found.health[who], recorded[0] - health)
            np.testing.assert_array_equal(found.survival[who], recorded[1].astype(int) - alive)
            changed += (found.health[who] != 0).sum()
    assert changed > 0, "no action changed anything: choose another seed"
    world, key = replay.at(AT), jax.random.split(replay.key)[1]
    with pytest.raises(ValueError, match="actions and key"):
        mm.counterfactual(replay.env, world, TICKS)
    short = jax.tree.map(lambda leaf: leaf[:2], replay.actions)
    with pytest.raises(ValueError, match="2 ticks"):
        mm.counterfactual(replay.env, world, TICKS, actions=short, key=key)
    with pytest.raises(ValueError, match="the replay has 15"):
        mm.counterfactual(replay, AT, TICKS + 1)
    assert charts.influence(found).axes[0].images[0].get_array().shape[0] == found.acted.sum()
    with pytest.raises(ValueError, match="gold"):
        charts.influence(found, of="gold")
