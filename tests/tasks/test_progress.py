import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.tasks import Goal
from metammo_jax.tasks.book import TaskBook
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


KINDS = types.SimpleNamespace(
    predicates=(wish,), subjects=(frozenset({Subject.SELF}),), kinds=frozenset(TaskKind)
)


@jax.jit
def run_kinds(world, current):
    return evaluate(world, current, KINDS, TINY)


def played(kind, values, hold=0):
    """Returns rewards, progress and tick of completion tick by tick, and the last task."""
    world = worlds.blank(TINY)
    number = jnp.full(TINY.players, 1)
    task = world.task.replace(kind=kind * number, hold=hold * number, held=0 * number)
    world, rows = world.replace(task=task), []
    for tick, value in enumerate(values, start=1):
        task = world.task.replace(args=world.task.args.at[:, 0].set(value))
        world = world.replace(task=task, tick=jnp.int32(tick))
        world, reward = run_kinds(world, jnp.ones(TINY.players, bool))
        rows.append((reward[0], world.task.progress[0], world.task.completed_at[0]))
    return np.array(rows, float).T, world.task


NO = float(NEVER)


def test_a_hold_task_counts_ticks_on_end_and_pays_one_when_complete():
    rows, task = played(TaskKind.HOLD, [1, 1, 0.5, 1, 1, 1, 0, 1], hold=3)  # original
    third = 1 / 3
    np.testing.assert_allclose(
        rows[0], [third, third, -2 * third, third, third, 1, 0, 0], rtol=1e-6
    )
    np.testing.assert_allclose(rows[1], [third, 2 * third, 0, third, 2 * third, 1, 1, 1], rtol=1e-6)
    np.testing.assert_array_equal(rows[2], [NO] * 5 + [6] * 3)
    assert (task.gains[0], task.losses[0]) == (5, 1)


def test_one_tick_can_be_enough_to_hold():
    np.testing.assert_array_equal(
        played(TaskKind.HOLD, [1, 0], hold=1)[0], [[1, 0], [1, 1], [1, 1]]
    )


def test_an_ongoing_task_pays_its_progress_in_every_tick():
    rows, task = played(TaskKind.ONGOING, [0.5, 2, 0.25, 0, 1, -3, 0.5])  # original
    np.testing.assert_array_equal(rows[0], [0.5, 1, 0.25, 0, 1, 0, 0.5])
    np.testing.assert_array_equal(rows[1], rows[0])
    np.testing.assert_array_equal(rows[2], [NO, 2, 2, 2, 2, 2, 2])
    assert (task.gains[0], task.losses[0], task.max_progress[0]) == (5, 0, 1)


def test_an_ongoing_task_of_nobody_current_pays_nothing():
    world = worlds.blank(TINY)
    number = jnp.ones(TINY.players, jnp.int32)
    task = world.task.replace(
        kind=number, hold=0 * number, held=0 * number, progress=jnp.full(TINY.players, 0.5)
    )
    world, reward = run_kinds(world.replace(task=task), jnp.arange(TINY.players) != 3)
    assert (reward[3], world.task.progress[3]) == (0, 0.5)


def test_kinds_side_by_side_are_each_their_own():
    world = worlds.blank(TINY)
    kind, rewards = jnp.arange(TINY.players) % 3, []
    task = world.task.replace(kind=kind, hold=jnp.full(16, 2), held=jnp.zeros(16, jnp.int32))
    world = world.replace(task=task)
    for tick, value in enumerate([1.0, 1.0, 0.5], start=1):
        task = world.task.replace(args=world.task.args.at[:, 0].set(value))
        world = world.replace(task=task, tick=jnp.int32(tick))
        world, reward = run_kinds(world, jnp.ones(TINY.players, bool))
        rewards.append(reward[3:6])
    np.testing.assert_array_equal(np.transpose(rewards), [[1, 0, 0], [1, 1, 0.5], [0.5, 1, 0]])
    assert world.task.completed_at[:3].tolist() == [1, 1, 2]


def test_a_default_task_pays_what_the_original_pays():
    rows, _ = played(TaskKind.DEFAULT, [0.5, 0.25, 1, 0.25])  # original
    np.testing.assert_array_equal(rows[0], [0.5, -0.25, 0.75, 0])
    np.testing.assert_array_equal(rows[1], [0.5, 0.25, 1, 1])


def test_a_goal_s_kind_is_in_its_row():
    goal = Goal("success", kind=TaskKind.HOLD, hold=2)
    book = TaskBook(((goal, Goal("success", kind=TaskKind.ONGOING, weight=0)),), TINY)
    assert book.kinds == {TaskKind.HOLD, TaskKind.ONGOING}
    world = worlds.blank(TINY)
    world = world.replace(task=book.assign(jax.random.key(0), world.params, TINY))
    for expected in (0.5, 1.0):
        world, reward = evaluate(world, jnp.ones(TINY.players, bool), book, TINY)
        assert world.task.progress[0] == expected
    assert restart(world.task, jnp.arange(16) == 0).held.tolist() == [0] + [2] * 15
    assert TaskBook(((Goal("success"),),), TINY).kinds == {TaskKind.DEFAULT}


def test_restart_begins_some_tasks_anew():
    world, _ = step(worlds.blank(TINY), 1.0)
    task = restart(world.task, jnp.arange(TINY.players) == 2)
    fresh = worlds.blank(TINY).task
    for name in ("progress", "max_progress", "completed_at", "gains", "losses"):
        assert getattr(task, name)[2] == getattr(fresh, name)[2]
        assert getattr(task, name)[1] == getattr(world.task, name)[1]
    assert task.max_progress[1] == pytest.approx(1.0)
