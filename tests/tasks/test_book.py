import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.tasks import predicates
from metammo_jax.tasks.book import TaskBook
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import NEVER, Subject
from tests import worlds

TINY = preset("tiny")
HOLD = Goal(predicates.seize_center, ("difficulty",), Subject.TEAM, embedding=(1.5, -2))
LAST = Goal(predicates.tick_ge, ("horizon",))
RARE = Goal(predicates.occupy_tile, ("middle", 3), weight=0)


def test_rows_name_predicate_arguments_subject_and_embedding():
    book = TaskBook(((LAST,), (HOLD,)), TINY)
    params = worlds.params(TINY, teams=4, game=1, difficulty=17)
    task = book.assign(jax.random.key(0), params, TINY)
    assert book.predicates[int(task.predicate[0])] is predicates.seize_center
    np.testing.assert_allclose(task.args[5], [17, 0.3, 0, 0])
    assert task.subject[0] == Subject.TEAM
    np.testing.assert_array_equal(task.embedding[0], [1.5, -2] + [0] * 14)
    assert (task.completed_at == NEVER).all() and (task.progress == 0).all()


def test_names_of_the_config_stand_for_its_values():
    book = TaskBook(((LAST,), (Goal(predicates.occupy_tile, ("middle", 3)),)), TINY)
    task = book.assign(jax.random.key(0), worlds.params(TINY), TINY)
    assert task.args[0, 0] == 128
    task = book.assign(jax.random.key(0), worlds.params(TINY, game=1), TINY)
    np.testing.assert_array_equal(task.args[0, :2], [24, 3])


def test_predicates_are_listed_once():
    again = Goal(predicates.tick_ge, (5,))
    assert TaskBook(((LAST,), (again, HOLD)), TINY).predicates == (
        predicates.tick_ge,
        predicates.seize_center,
    )


def test_goals_are_drawn_by_weight_and_for_each_player():
    heavy = Goal(predicates.tick_ge, (7,), weight=3)
    book = TaskBook(((LAST,), (LAST, heavy, RARE)), TINY)
    params = worlds.params(TINY, game=1)
    keys = jax.random.split(jax.random.key(1), 250)
    args = jax.vmap(lambda key: book.assign(key, params, TINY).args[:, 0])(keys)
    share = {float(v): float((args == v).mean()) for v in np.unique(args)}
    assert set(share) == {7.0, 128.0}  # the weightless goal is never drawn
    assert share[7.0] == pytest.approx(0.75, abs=0.03)
    assert (args[:, 0] != args[:, 1]).mean() == pytest.approx(0.375, abs=0.1)


def test_teammates_draw_one_goal():
    book = TaskBook(((LAST, Goal(predicates.tick_ge, (7,))),), TINY)
    params = worlds.params(TINY, teams=4)
    args = book.assign(jax.random.key(3), params, TINY).args[:, 0].reshape(4, 4)
    assert (args == args[:, :1]).all()


def test_a_long_embedding_is_cut():
    book = TaskBook(((Goal(predicates.success, embedding=tuple(range(40))),),), TINY)
    embedding = book.assign(jax.random.key(0), worlds.params(TINY), TINY).embedding
    np.testing.assert_array_equal(embedding[0], np.arange(16))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(predicate=5), "must be a function"),
        (dict(predicate=predicates.seize_center), "needs 'num_ticks'"),
        (dict(predicate=predicates.tick_ge, args=("horizn",)), "did you mean 'horizon'"),
        (dict(predicate=predicates.tick_ge, args=(float("nan"),)), "finite"),
        (dict(predicate=predicates.tick_ge, args=[5]), "tuple"),
        (dict(predicate=predicates.success, weight=-1), "weight=-1"),
        (dict(predicate=predicates.success, weight=float("inf")), "finite"),
        (dict(predicate=predicates.success, subject=77), "subject=77"),
        (dict(predicate=predicates.success, embedding=("a",)), "embedding"),
    ],
)
def test_bad_goals_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Goal(**fields)


def test_a_game_needs_a_goal_that_can_be_drawn():
    with pytest.raises(ValueError, match="weight above 0"):
        TaskBook(((RARE,),), TINY)


def test_assign_is_jitted_with_a_traced_game():
    book = TaskBook(((LAST,), (HOLD,)), TINY)
    params = worlds.params(TINY, teams=4)
    index = jax.jit(
        lambda game: book.assign(jax.random.key(0), params.replace(game=game), TINY).predicate[0]
    )
    assert [int(index(jnp.int32(game))) for game in (0, 1)] == [0, 1]
