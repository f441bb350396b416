import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import effects
from metammo_jax.config import preset
from metammo_jax.tasks import Goal, Subject, ask, predicates
from metammo_jax.tasks.algebra import CompiledTerm, numbers_of
from metammo_jax.tasks.book import TaskBook
from metammo_jax.tasks.progress import evaluate
from metammo_jax.vocab import Event, Item
from tests import worlds

FULL = preset("tiny_full")
HALF = ask("tick_ge", 60)  # at tick 30
THIRD = ask("tick_ge", 90)


def progress(term, world, subject=Subject.SELF):
    """Returns (P,) progress of a goal that everybody has, evaluated as an environment does."""
    book = TaskBook(((Goal(term, subject=subject),),), FULL)
    task = book.assign(jax.random.key(0), world.params, FULL)
    tally = worlds.no_tally(FULL, 0 if task.watch is None else task.watch.shape[1])
    world = world.replace(task=task, tally=tally.replace(count=world.tally.count))
    world, _ = evaluate(world, jnp.ones(FULL.players, bool), book, FULL)
    return np.asarray(world.task.progress)


@pytest.fixture(scope="module")
def world():
    return worlds.blank(FULL, teams=4, tick=30)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (HALF & THIRD, 1 / 3),
        (HALF | THIRD, 1 / 2),
        (~THIRD, 2 / 3),
        (HALF + THIRD, 5 / 6),
        (HALF + HALF + THIRD, 1),
        (HALF - THIRD, 1 / 6),
        (THIRD - HALF, 0),
        (HALF * THIRD, 1 / 6),
        (HALF + 0.25, 3 / 4),
        (0.25 + HALF, 3 / 4),
        (HALF - 0.25, 1 / 4),
        (0.75 - HALF, 1 / 4),  # the original says HALF - 0.75: 0
        (3 * THIRD, 1),
        (0.5 * HALF + 0.5 * THIRD, 5 / 12),
        (HALF & 0.1, 0.1),
        (~(HALF & ~THIRD) * 0.8, 0.4),
    ],
)
def test_values_by_hand(world, term, expected):
    np.testing.assert_allclose(progress(term, world), expected, rtol=1e-6)


def test_parts_have_subjects_of_their_own(world):
    dead = worlds.kill(world, 4, 5)
    term = ask("all_dead", subject="left_team") & ~ask("all_dead")
    np.testing.assert_array_equal(progress(term, dead)[[0, 3, 4, 8]], [0.5, 0.5, 0, 0])
    alone = progress(ask("all_dead", subject=Subject.RIGHT_TEAM), dead)
    np.testing.assert_array_equal(alone[[0, 8]], [0, 0.5])


def test_parts_have_numbers_and_accumulators_of_their_own(world):
    buy, eat = ask("buy_item", Item.HAT, 2, 4), ask("consume_item", "ration", 1, 2)
    kills = ask("defeat_entity", "npc", 3, 8)
    goal = Goal((0.5 * buy | kills) + ask("tick_ge", 120) * eat, subject=Subject.TEAM)
    assert numbers_of(goal.term) == (0.5, Item.HAT, 2, 4, 1, 3, 8, 120, Item.RATION, 1, 2)
    assert goal.watches == (
        (Event.BUY_ITEM, Item.HAT, 2),
        (Event.KILL_NPC, -1, 3),
        (Event.CONSUME_ITEM, Item.RATION, 1),
    )
    book = TaskBook(((goal,),), FULL)
    world = world.replace(task=book.assign(jax.random.key(0), world.params, FULL))
    world = world.replace(tally=worlds.no_tally(FULL, 3))
    first = jnp.arange(16) == 0
    for event, who, what, level, amount in (
        (Event.BUY_ITEM, first, Item.HAT, 2, 3),
        (Event.BUY_ITEM, first, Item.HAT, 1, 7),  # too low
        (Event.BUY_ITEM, ~first, Item.TOP, 5, 7),  # another item
        (Event.KILL_NPC, first, -1, 4, 1),
        (Event.KILL_NPC, first, -1, 2, 1),  # too weak
        (Event.CONSUME_ITEM, jnp.arange(16) == 3, Item.RATION, 1, 1),
    ):
        world = effects.record_event(world, event, who, what, level, amount)
    np.testing.assert_array_equal(
        world.tally.watched[jnp.array([0, 3, 5])], [[3, 1, 0], [0, 0, 1], [0] * 3]
    )
    world, reward = evaluate(world, jnp.ones(16, bool), book, FULL)
    value = max(0.5 * 3 / 4, 1 / 8) + 30 / 120 * 1 / 2
    np.testing.assert_allclose(reward, [value] * 4 + [0] * 12, rtol=1e-6)


def test_terms_that_differ_in_numbers_share_what_is_compiled():
    goals = tuple(Goal(ask("earn_gold", n) & 0.1 * n * ask("tick_ge", 9)) for n in range(1, 30))
    book = TaskBook((goals,), FULL)
    assert len(book.predicates) == 1 and isinstance(book.predicates[0], CompiledTerm)
    other = Goal(ask("earn_gold", 5) | ask("tick_ge", 9))
    assert len(TaskBook((goals, (other,)), FULL).predicates) == 2


def test_a_term_of_one_predicate_is_the_predicate():
    goals = (Goal(ask("earn_gold", 5)), Goal(predicates.earn_gold, (7,)), Goal("EarnGold", (1,)))
    assert TaskBook((goals,), FULL).predicates == (predicates.earn_gold,)


def test_rows_are_as_wide_as_the_widest_goal():
    wide = Goal(ask("own_item", "hat", 1, 2) & ask("seize_tile", 1, 2, 3))
    book = TaskBook(((Goal("success"), wide),), FULL)
    task = book.assign(jax.random.key(0), worlds.params(FULL), FULL)
    assert task.args.shape == (16, 7)


def nothing_known(world, subject, args, cfg):
    return args[:, 0] / args[:, 1]


def test_functions_without_a_name_take_part(world):
    term = ask(nothing_known, 1, 4) + ask(nothing_known, 1, 8)
    np.testing.assert_allclose(progress(term, world), 0.375)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HALF & "tick", "'tick' must be a term"),
        (lambda: HALF + float("nan"), "nan must be a term"),
        (lambda: ask("stay_alve"), "did you mean 'stay_alive'"),
        (lambda: ask(3), "must be a function or a name"),
        (lambda: ask("stay_alive", subject="left_tem"), "subject='left_tem' is none of"),
        (lambda: ask("own_item", "hat", leve=2), "no argument 'leve'; did you mean 'level'"),
        (lambda: ask("own_item", "hat", item="top"), "'item' is given twice"),
        (lambda: Goal(HALF & THIRD, (3,)), "must be left out"),
        (
            lambda: Goal(~ask("buy_item", "hat", 1, 1), subject=Subject.FOES),
            "buy_item watches events.*FOES",
        ),
        (
            lambda: Goal(HALF & ask("buy_item", "hat", 1, 1, subject=Subject.LEFT_TEAM)),
            "buy_item watches events.*LEFT_TEAM",
        ),
    ],
)
def test_bad_terms_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
