"""Tournaments, and ratings from their matches."""

import json

import jax
import numpy as np
import pytest

from agents.evaluation import ratings
from agents.evaluation.sides import RANDOM, Side, group_by_chooser
from agents.evaluation.tournament import draw_ratings, make_lineups, tournament
from agents.learners import state as states
from agents.tournament import main
from tests.agents.fake import FakeEnv


def matches(strengths, count, seed=0):
    """Places in matches of all, by the model of Plackett and Luce, of which pairs are ours."""
    draw = np.random.default_rng(seed)
    return np.log(np.asarray(strengths)) + draw.gumbel(size=(count, len(strengths)))


def test_ratings_find_the_strengths_that_made_the_matches():
    """Odds of ten to one are 77.6 points; 95% intervals hold them."""
    places = matches([1.0, 10.0, 100.0], 4000)
    found = ratings.fit_ratings(places)
    expected = 1000 + 77.6 * np.array([-1.0, 0.0, 1.0])
    np.testing.assert_allclose(found.mean, expected, atol=6)
    assert (found.low < expected).all() and (expected < found.high).all()
    assert (found.high - found.low < 20).all()
    np.testing.assert_allclose(found.beats[1, 0], 10 / 11, atol=0.02)
    assert np.isnan(found.beats[0, 0])


def test_ratings_do_not_depend_on_the_order_of_matches_as_elo_does():
    places = matches([1.0, 2.0, 4.0], 200)
    one, other = ratings.fit_ratings(places), ratings.fit_ratings(places[::-1])
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9)
    elos = [ratings.paper_elo(order) for order in (places, places[::-1])]
    assert np.abs(elos[0] - elos[1]).max() > 1
    assert elos[0].argsort().tolist() == [0, 1, 2]


def test_elo_of_one_match_by_hand():
    """First, second and third; before, all expect a half of each other."""
    found = ratings.paper_elo(np.array([[3.0, 2.0, 2.0]]))
    assert found.tolist() == pytest.approx([1000 + 2.0, 1000 - 1.0, 1000 - 1.0])


def test_who_always_wins_has_a_finite_rating_and_ties_are_halves():
    found = ratings.fit_ratings(np.array([[1.0, 0.0]] * 20))
    assert np.isfinite(found.mean).all() and found.mean[0] > 1100
    assert ratings.fit_ratings(np.ones((20, 2))).mean.tolist() == [1000.0, 1000.0]


def test_who_did_not_play_is_not_beaten():
    nan = np.nan
    found = ratings.fit_ratings(np.array([[1, 0, nan], [0, 1, nan], [nan, 0, 1]] * 5, float))
    assert np.isnan(found.beats[0, 2]) and found.beats[2, 1] == 1.0


@pytest.mark.parametrize("places", [np.ones((0, 2)), np.ones((3, 1)), np.ones(3)])
def test_too_few_to_rate(places):
    with pytest.raises(ValueError, match="K at least 2"):
        ratings.fit_ratings(places)


def test_seats_are_shared_evenly():
    """Four groups: of three entrants one has two; of six four take part, all as often."""
    lineups = make_lineups((0, 1, 2), 300, 4, seed=0)
    counts = np.stack([(lineups == number).sum(axis=1) for number in range(3)], axis=1)
    assert sorted(set(counts.ravel().tolist())) == [1, 2] and (counts.sum(axis=1) == 4).all()
    assert [(lineups[:, seat] == 0).sum() for seat in range(4)] == [100] * 4
    many = make_lineups(range(6), 300, 4, seed=0)
    assert all(len(set(row)) == 4 for row in many.tolist())
    assert [(many == number).sum() for number in range(6)] == [200] * 6
    assert len({tuple(row) for row in many.tolist()}) > 100, "orders are drawn anew"
    assert (make_lineups(range(6), 300, 4, seed=1) != many).any()


def test_sides_that_choose_alike_are_stacked(fake_parts):
    _, policy, _, state = fake_parts
    other = jax.tree.map(np.zeros_like, state.params)
    sides = [Side("a", policy, state.params), RANDOM, Side("b", policy, other)]
    choosers, params, numbers = group_by_chooser(sides)
    assert choosers == ((sides[0].chooser, 2), (RANDOM.chooser, 1)) and params[1] is None
    assert numbers == [0, 2, 1]
    leaf = jax.tree.leaves(params[0])[0]
    np.testing.assert_array_equal(leaf[0], jax.tree.leaves(state.params)[0])
    assert not leaf[1].any()


@pytest.fixture(scope="module")
def sides(fake_cfg, fake_parts):
    """Random choices, a policy that knows the fake game, and the same with other parameters."""
    batch, policy, update, _ = fake_parts
    state = states.init_state(batch, policy, fake_cfg)
    for _ in range(24):
        state, _ = update(state, np.float32(fake_cfg.learning_rate))
    zero = jax.tree.map(np.zeros_like, state.params)
    return [RANDOM, Side("trained", policy, state.params), Side("empty", policy, zero)]


def test_entrants_play_with_their_own_parameters_whatever_their_order(sides, tmp_path):
    """Progress is the last tick's reward: what the fake world shows of having learned it."""
    result = tournament(FakeEnv(), sides, matches=128)
    rows = result.as_dict()["entrants"]
    assert rows["trained"]["progress"] > 1.4 * rows["empty"]["progress"]
    other = tournament(FakeEnv(), [sides[2], sides[1], sides[0]], matches=128)
    rows = other.as_dict()["entrants"]
    assert rows["trained"]["progress"] > 1.4 * rows["empty"]["progress"]
    assert result.played.tolist() == [128] * 3
    again = tournament(FakeEnv(), sides, matches=128)
    assert again.as_dict() == result.as_dict(), "the same call gives the same numbers"
    json.dumps(result.as_dict(), allow_nan=False)
    lines = str(result).splitlines()
    assert lines[0] == "remember: 128 matches" and {line.split()[0] for line in lines[2:5]} == {
        "random",
        "trained",
        "empty",
    }
    assert draw_ratings(result, tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("names", "said"), [(("a",), "at least two"), (("a", "a"), "names of their own")]
)
def test_entrants_of_the_same_name_are_refused(names, said):
    with pytest.raises(ValueError, match=said):
        tournament(FakeEnv(), [Side(name) for name in names])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one entrant at least must be the folder of a run"),
        (["random", "untrained"], "one entrant at least"),
        (["nowhere"], "'nowhere' is no run"),
        (["run@x", "random"], "must end in the number of an update"),
        (["random", "--matches", "0"], "matches=0"),
    ],
)
def test_commands_that_cannot_be(words, said, refused):
    assert said in refused(main, words)
