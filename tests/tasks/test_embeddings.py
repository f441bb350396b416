import subprocess
import sys

import numpy as np
import pytest

from metammo_jax import games
from metammo_jax.config import preset
from metammo_jax.tasks import Goal, TaskKind, ask, curriculum, embeddings
from metammo_jax.tasks.embeddings import meaning

FULL = preset("tiny_full")
POOL = curriculum.training() + curriculum.evaluation()


def distance(a, b, size=16):
    one, other = meaning([a, b], size)
    return float(np.linalg.norm(one - other))


@pytest.mark.parametrize("size", [8, 16, 64])
def test_they_are_scaled_over_the_competition_s_tasks(size):
    table = meaning(POOL, size)
    assert table.shape == (1361, size) and table.dtype == np.float32
    np.testing.assert_allclose(table.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(table.std(0), 1, atol=1e-4)


def test_different_tasks_have_different_embeddings():
    table = meaning(POOL, 16)
    names = {str((goal.predicate.__name__, goal.args)) for goal in POOL}
    assert len({tuple(row) for row in table}) == len(names) == 1361 - 1 - 18


NEAR_AND_FAR = [
    (("own_item", "hat", 2, 1), ("own_item", "hat", 3, 1), ("own_item", "hat", 9, 1)),
    (("own_item", "hat", 2, 1), ("own_item", "hat", 2, 2), ("own_item", "hat", 2, 5)),
    (("own_item", "hat", 2, 1), ("own_item", "hat", 9, 1), ("buy_item", "hat", 9, 1)),
    (("own_item", "hat", 2, 1), ("buy_item", "hat", 2, 1), ("can_see_tile", "fish")),
    (("own_item", "rod", 2, 1), ("equip_item", "rod", 2, 1), ("attain_skill", "mage", 3, 1)),
    (("count_event", "EAT_FOOD", 1), ("count_event", "EAT_FOOD", 9), ("score_hit", "mage", 1)),
    (("tick_ge", 500), ("tick_ge", 700), ("tick_ge", 50)),
    (("attain_skill", "fishing", 3, 1), ("attain_skill", "fishing", 9, 1), ("earn_gold", 5)),
]


@pytest.mark.parametrize(("task", "near", "far"), NEAR_AND_FAR)
def test_what_belongs_together_lies_together(task, near, far):
    task, near, far = (Goal(name, tuple(args)) for name, *args in (task, near, far))
    assert 0 < distance(task, near) < distance(task, far)


def test_items_of_one_kind_lie_together():
    """A spear is nearer to whetstones than to wands, at least nearly always."""
    items = [*curriculum.ALL_ITEMS]
    table = meaning([Goal("own_item", (item, 2, 1)) for item in items], 16)
    far = np.linalg.norm(table[:, None] - table[None], axis=-1)
    kin = np.array([embeddings._kin(item) for item in items])
    same = (kin[:, None] == kin) & ~np.eye(len(items), dtype=bool)
    right = [
        far[i, j] < far[i, k] for i, j in np.argwhere(same) for k in np.flatnonzero(kin != kin[i])
    ]
    assert len(right) == 190 and np.mean(right) > 0.9


def test_families_lie_together_on_the_whole():
    """The nearest other task is of the same family, or about the same word, nearly always."""
    table = meaning(curriculum.training(), 16)
    far = np.linalg.norm(table[:, None] - table[None], axis=-1)
    np.fill_diagonal(far, np.inf)
    goals = curriculum.training()
    same = [goals[i].predicate is goals[j].predicate for i, j in enumerate(far.argmin(1))]
    assert np.mean(same) > 0.95


def test_a_task_has_one_embedding_wherever_it_occurs():
    goal = curriculum.evaluation()[5]
    alone, among = meaning([goal], 16)[0], meaning(POOL, 16)[POOL.index(goal)]
    np.testing.assert_array_equal(alone, among)


def test_they_are_the_same_in_every_process():
    code = (
        "from metammo_jax.tasks import curriculum, embeddings;"
        "print(embeddings.meaning(curriculum.evaluation()[:1], 4).tolist())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == str(meaning(curriculum.evaluation()[:1], 4).tolist())


def test_subjects_kinds_and_operators_show():
    wrong = [
        Goal("tick_ge", (50,)),
        Goal("tick_ge", (50,), "team"),
        Goal("tick_ge", (50,), kind=TaskKind.ONGOING),
        Goal(ask("tick_ge", 50) & ask("stay_alive")),
        Goal(ask("tick_ge", 50) | ask("stay_alive")),
        Goal(ask("tick_ge", 50) | ask("stay_alive", subject="foes")),
        Goal(ask("tick_ge", 50) * 0.5),
    ]
    assert len({tuple(row) for row in meaning(wrong, 16)}) == len(wrong)


def test_the_hashes_are_scaled_by_their_maker():
    for name in ("TICK_GE", "PROGRESS_TOWARD_CENTER", "PROTECT_LEADER", "SEIZE_CENTER"):
        row = np.array(getattr(embeddings, name))
        assert row.shape == (16,)
        assert (row.mean(), row.std()) == pytest.approx((0, 1), abs=2e-3)


def shown_by(game, cfg=FULL):
    return games.Table([game], None, cfg).book._embedding


def test_embeddings_of_a_game_are_those_given():
    own = np.arange(62 * 16).reshape(62, 16)
    np.testing.assert_array_equal(shown_by(games.multi_task_eval(embeddings=own)), own)
    doubled = games.multi_task_eval(embeddings=lambda goals, size: 2 * meaning(goals, size))
    np.testing.assert_array_equal(shown_by(doubled), 2 * meaning(curriculum.evaluation(), 16))
    shifted = shown_by(games.multi_task_eval(embeddings=None)) - shown_by(games.multi_task_eval())
    np.testing.assert_allclose(shifted, np.tile(shifted[:1], (62, 1)), atol=1e-5)  # its referee
    assert abs(shifted).max() > 0.1
    np.testing.assert_array_equal(shown_by(games.multi_task()), meaning(curriculum.training(), 16))
    assert games.multi_task_eval(embeddings=own) == games.multi_task_eval(embeddings=own)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((61, 16)), r"shape \(61, 16\) must be \(62, D\)"),
        (np.zeros(62), r"shape \(62,\) must be"),
        (np.full((62, 16), np.nan), "finite"),
        ([["a"]] * 62, "must be numbers"),
    ],
)
def test_embeddings_of_a_wrong_shape_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        games.multi_task_eval(embeddings=table)


@pytest.mark.parametrize("wrong", [np.zeros((62, 8)), lambda goals, size: np.zeros((62, 8))])
def test_embeddings_of_another_size_than_the_config_s_are_refused(wrong):
    with pytest.raises(ValueError, match=r"shape \(62, 8\) must be \(62, 16\)"):
        shown_by(games.multi_task_eval(embeddings=wrong))
