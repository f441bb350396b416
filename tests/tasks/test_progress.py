import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.tasks.progress import evaluate, restart
from metammo_jax.vocab import NEVER, Subject, TaskKind
from tests import worlds

TINY = preset("tiny")


def wish(world, subject, args, cfg):
    """Progress is the first argument, so that a test can set it."""
    return args[:, 0]


def other(world, subject, args, cfg):
    return jnp.full(cfg.players, 0.125)


TABLE = types.SimpleNamespace(
    predicates=(wish, other),
    subjects=(frozenset({Subject.SELF, Subject.TEAM}), frozenset({Subject.SELF})),
    kinds=frozenset({TaskKind.DEFAULT}),
)


@jax.jit
def run(world, current):
    return evaluate(world, current, TABLE, TINY)


def step(world, progress, current=None, tick=None):
    task = world.task.replace(args=world.task.args.at[:, 0].set(jnp.asarray(progress)))
    world = world.replace(task=task, tick=jnp.int32(world.tick + 1 if tick is None else tick))
    current = world.body.present[: TINY.players] if current is None else current
    return run(world, current)


def test_reward_is_the_change_of_progress_both_ways():
    world, reward = step(worlds.blank(TINY), 0.5)
    assert reward[0] == 0.5
    world, reward = step(world, 0.25)
    assert reward[0] == -0.25
    task = world.task
    assert (task.progress[0], task.max_progress[0]) == (0.25, 0.5)
    assert (task.gains[0], task.losses[0]) == (1, 1)
    assert task.completed_at[0] == NEVER


def test_progress_is_clipped():
    world, reward = step(worlds.blank(TINY), -3.0)
    assert reward[0] == 0
    world, reward = step(world, 7.0)
    assert reward[0] == 1


def test_a_completed_task_stays_and_earns_nothing_more():
    world, reward = step(worlds.blank(TINY), 1.0, tick=9)
    assert (reward[0], world.task.completed_at[0]) == (1.0, 9)
    world, reward = step(world, 0.0, tick=10)
    assert (reward[0], world.task.progress[0], world.task.completed_at[0]) == (0.0, 1.0, 9)
    assert world.task.losses[0] == 0


def test_a_task_freezes_when_nobody_who_has_it_is_current():
    world = worlds.kill(worlds.blank(TINY, teams=4), 0, 1, 4, 5, 6, 7, now=False)
    world, reward = step(world, 0.5)
    np.testing.assert_array_equal(reward[:8], [0, 0, 0.5, 0.5, 0, 0, 0, 0])
    np.testing.assert_array_equal(world.task.progress[:8], [0.5] * 4 + [0] * 4)


def test_those_who_died_in_this_tick_are_current_and_get_minus_one():
    world = worlds.kill(worlds.blank(TINY, teams=4), 0, 1, 2, 3)
    current = jnp.ones(TINY.players, bool)
    world, reward = step(world, 0.5, current)
    np.testing.assert_array_equal(reward[:5], [-1, -1, -1, -1, 0.5])
    assert world.task.progress[0] == 0.5


def test_the_frozen_get_nothing_but_death_comes_first():
    world = worlds.kill(worlds.blank(TINY), 1)
    body = world.body
    back = body.replace(freeze=body.freeze.at[:2].set(10), present=body.present.at[1].set(True))
    world, reward = step(world.replace(body=back), 0.5)
    np.testing.assert_array_equal(reward[:3], [0, -1, 0.5])
    assert world.task.gains[0] == 1


def test_each_player_has_its_own_predicate():
    world = worlds.blank(TINY)
    task = world.task.replace(predicate=world.task.predicate.at[3].set(1))
    _, reward = step(world.replace(task=task), 0.5)
    np.testing.assert_array_equal(reward[2:5], [0.5, 0.125, 0.5])


def test_restart_begins_some_tasks_anew():
    world, _ = step(worlds.blank(TINY), 1.0)
    task = restart(world.task, jnp.arange(TINY.players) == 2)
    fresh = worlds.blank(TINY).task
    for name in ("progress", "max_progress", "completed_at", "gains", "losses"):
        assert getattr(task, name)[2] == getattr(fresh, name)[2]
        assert getattr(task, name)[1] == getattr(world.task, name)[1]
    assert task.max_progress[1] == pytest.approx(1.0)
