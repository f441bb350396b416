from collections import Counter

import numpy as np
import pytest

from metammo_jax.tasks import Goal, ask, curriculum
from metammo_jax.tasks.scoring import category, judge, over_seeds, weight

GOALS = curriculum.evaluation()
KINDS = [category(goal) for goal in GOALS]
SURVIVAL = Goal("tick_ge", (1024,))


def test_categories_and_weights_are_the_competition_s():
    assert Counter(KINDS) == {"combat": 3, "exploration": 2, "skill": 8, "item": 44, "market": 5}
    points = {kind: weight(GOALS[KINDS.index(kind)]) for kind in set(KINDS)}
    assert points == pytest.approx(
        {
            "combat": 5.5556,
            "exploration": 8.3333,
            "skill": 2.0833,
            "item": 0.3788,
            "market": 3.3333,
        },
        abs=1e-4,
    )
    assert sum(map(weight, GOALS)) == pytest.approx(83.3333, abs=1e-4)
    assert (category(SURVIVAL), weight(SURVIVAL)) == ("survival", pytest.approx(100 / 6))


def test_what_has_no_category_is_worth_nothing():
    for goal in (Goal("own_item", ("hat", 1, 1)), Goal(ask("stay_alive") & ask("tick_ge", 5))):
        assert (category(goal), weight(goal)) == (None, 0)


def test_a_task_counts_once_however_many_agents_had_it():
    combat, market = KINDS.index("combat"), KINDS.index("market")
    score = judge(np.array([[0.2, 0.4], [0.6, 1.0]]), [[combat, combat], [combat, market]], GOALS)
    assert score.task_progress == pytest.approx((0.4 + 1.0) / 2)
    assert score.weighted_score == pytest.approx(0.4 * 100 / 18 + 100 / 30)
    assert score.categories == pytest.approx({"combat": 0.4, "market": 1.0})
    assert (score.completed, score.good) == (0.25, 0.75)
    assert np.isnan(score.tasks).sum() == 60


def test_the_best_agents_get_all_points():
    score = judge(np.ones(62), np.arange(62), GOALS)
    assert (score.task_progress, score.completed) == (1, 1)
    assert score.weighted_score == pytest.approx(83.3333, abs=1e-4)


def test_seeds_are_averaged():
    combat = [i for i, kind in enumerate(KINDS) if kind == "combat"]
    one = judge(np.array([0.0, 0.5]), combat[:2], GOALS)
    other = judge(np.array([1.0]), combat[:1], GOALS)
    both = over_seeds([one, other], GOALS)
    assert both.task_progress == pytest.approx((0.25 + 1) / 2)
    assert both.weighted_score == pytest.approx((0.5 + 1) / 2 * 100 / 18)
    assert both.categories == {"combat": 0.5}  # over three (task, seed), not over two seeds
    np.testing.assert_array_equal(both.tasks[combat], [0.5, 0.5, np.nan])


@pytest.mark.parametrize(
    ("progress", "goal", "message"),
    [
        ([1.0], [0, 1], "one shape"),
        ([], [], "not empty"),
        ([1.0], [62], "goal=62..62 must be within 0..61"),
        ([1.0], [-1], "goal=-1..-1"),
    ],
)
def test_what_does_not_fit_is_refused(progress, goal, message):
    with pytest.raises(ValueError, match=message):
        judge(np.array(progress), np.array(goal, int), GOALS)


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match="one at least"):
        over_seeds([], GOALS)
