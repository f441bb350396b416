import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.games import referee
from tests import worlds

TINY = preset("tiny")  # 16 players, horizon 128
EVERYBODY = set(range(16))


def won(rule, world):
    return set(np.flatnonzero(rule(world, TINY)))


def completed(world, *rows):
    done = world.task.completed_at.at[jnp.array(rows)].set(world.tick)
    return world.replace(task=world.task.replace(completed_at=done))


def seized(world, row):
    return world.replace(terrain=world.terrain.replace(seizer=jnp.int32(row)))


def without(world, *rows, now=False):
    return worlds.kill(world, *rows, now=now)


def test_last_survivor():
    world = worlds.blank(TINY, tick=50)
    assert won(referee.last_survivor, world) == set()
    assert won(referee.last_survivor, without(world, *range(1, 16))) == {0}
    nobody = without(without(world, *range(4, 16)), 0, 1, 2, 3, now=True)
    assert won(referee.last_survivor, nobody) == {0, 1, 2, 3}  # those who died together last
    end = worlds.blank(TINY, tick=128)
    assert won(referee.last_survivor, without(end, 1, 2)) == EVERYBODY - {1, 2}


def test_last_team_with_its_dead():
    world = worlds.blank(TINY, teams=4, tick=50)
    assert won(referee.last_team, world) == set()
    assert won(referee.last_team, without(world, *range(4, 16), 1)) == {0, 1, 2, 3}
    assert won(referee.last_team, without(world, *range(8, 16))) == set()
    assert won(referee.last_team, without(world, *range(16))) == set()


def test_teams_alive_at_the_horizon_have_not_won():
    end = worlds.blank(TINY, teams=4, tick=128)
    assert won(referee.last_team, without(end, *range(8, 16))) == set()
    assert won(referee.last_team, completed(end, 4, 5, 6, 7)) == {4, 5, 6, 7}


def test_a_last_team_wins_before_those_with_completed_tasks():
    world = completed(worlds.blank(TINY, teams=4, tick=50), 4, 5, 6, 7)
    assert won(referee.last_team, without(world, *range(4, 16))) == {0, 1, 2, 3}


def test_task_completed():
    world = worlds.blank(TINY, tick=50)
    assert won(referee.task_completed, world) == set()
    assert won(referee.task_completed, completed(world, 3, 9)) == {3, 9}


def test_king_of_the_hill():
    world = worlds.blank(TINY, teams=4, tick=50)
    first, second = {0, 1, 2, 3}, {4, 5, 6, 7}
    assert won(referee.hill_holders, world) == set()
    assert won(referee.hill_holders, seized(world, 5)) == set()
    assert won(referee.hill_holders, completed(seized(world, 5), *first)) == first
    alone = without(world, *range(4, 16))
    assert won(referee.hill_holders, alone) == set()  # it must still go and seize
    assert won(referee.hill_holders, seized(alone, 5)) == set()
    assert won(referee.hill_holders, seized(alone, 2)) == first
    end = worlds.blank(TINY, teams=4, tick=128)
    assert won(referee.hill_holders, end) == set()
    assert won(referee.hill_holders, seized(end, 5)) == second
    assert won(referee.hill_holders, completed(seized(end, 5), *first)) == first
    assert won(referee.hill_holders, seized(without(end, *second), 5)) == second


def test_scores():
    world = without(worlds.blank(TINY, teams=4, tick=32), 1)
    winners = jnp.arange(16) < 4
    assert referee.one(world, winners, TINY) == 1
    assert referee.nothing(world, winners, TINY) == 0
    assert referee.speed(world, winners, TINY) == 0.75
    assert referee.speed_and_survival(world, winners, TINY) == pytest.approx((0.75 + 0.75) / 2)
