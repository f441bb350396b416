import dataclasses
import json
import types

import jax
import numpy as np
import pytest

from agents.evaluate import RANDOM, Side, compare
from agents.evaluation.compare import alternate_sides, make_judge, score_side
from agents.evaluation.episodes import EpisodeResults, Played, play_episodes
from agents.evaluation.results import Match
from agents.evaluation.sides import Chooser
from agents.player import Player
from metammo_jax.tasks import curriculum, scoring
from tests.agents.fake import FakeEnv


@pytest.fixture(scope="module")
def match(fake_parts):
    _, policy, _, state = fake_parts
    return compare(FakeEnv(), Side("trained", policy, state.params), RANDOM, episodes=40)


def test_every_episode_counts_once(match):
    assert {score.episodes for score in (*match.alone, *match.mixed)} == {40}
    assert {score.length for score in (*match.alone, *match.mixed)} == {16.0}
    logged = {**match.as_dict()["random"]["mixed"], "competition": None}
    assert logged == dataclasses.asdict(match.mixed[1]), "no judges where tasks are others"


def test_the_table_names_both_sides(match):
    text = str(match)
    assert "remember: 40 episodes each" in text and "trained, alone" in text
    assert "random, together" in text


def test_the_same_call_gives_the_same_numbers(match, fake_parts):
    _, policy, _, state = fake_parts
    again = compare(FakeEnv(), Side("trained", policy, state.params), RANDOM, episodes=40)
    assert again == match


def test_both_sides_sit_where_they_should():
    """In the fake world winners are who lives to the end; 0 and 1 always do."""
    env, numbers = FakeEnv(), np.arange(6, dtype=np.int32)
    key, choosers = jax.random.key(0), ((RANDOM.chooser, 1), (Chooser(None, True), 1))
    first, second = (np.full((6, 4), side, np.int32) for side in (0, 1))
    both = alternate_sides(6, 4)
    assert both[:2].tolist() == [[0, 1, 0, 1], [1, 0, 1, 0]]
    for lineup, sides, expected in (
        (first, [0], [1, 0]),
        (second, [1], [0, 1]),
        (both, [0, 1], [1, 1]),
    ):
        played = play_episodes(env, choosers, (None, None), key, numbers, 0, None, lineup)
        result, goal, seat = played.result, played.goal, played.seat
        won, progress, length, most = result.won, result.progress, result.length, result.most
        for side in sides:
            its = np.where(seat == side, most, np.nan)
            assert np.nanmean(its, axis=1) == pytest.approx(progress[:, side])
        assert goal.shape == (6, 4)
        assert won.tolist() == [[bool(side) for side in expected]] * 6
        assert length.tolist() == [16.0] * 6
        assert progress.shape == (6, 2)


def test_the_competition_judges_each_side_by_its_own_players():
    """Two episodes; goals count from 3 on, since another game with three comes before."""
    goals = curriculum.evaluation()
    games_ = (types.SimpleNamespace(goals=goals[:3]), types.SimpleNamespace(goals=goals))
    assert make_judge(games_, 0) is None
    judge = make_judge(games_, 1)
    kills, skilled = 0, [scoring.category(goal) for goal in goals].index("skill")
    most = np.array([[1.0, 0.5], [0.2, 0.4]])
    goal = np.array([[kills, kills], [skilled, kills]]) + 3
    seat = np.array([[0, 1], [0, 1]])
    result = jax.tree.map(np.asarray, EpisodeResults.empty(2, 2, 2)).replace(most=most)
    first = score_side(Played(result, goal, seat), 0, judge)
    second = score_side(Played(result, goal, seat), 1, judge)
    assert first.competition.task_progress == pytest.approx((1.0 + 0.2) / 2)
    assert first.competition.categories == pytest.approx({"combat": 1.0, "skill": 0.2})
    assert first.competition.weighted_score == pytest.approx(100 / 18 + 0.2 * 100 / 48)
    assert second.competition.categories == pytest.approx({"combat": 0.45})
    assert "tasks" not in json.loads(json.dumps(second.as_dict()))["competition"]
    match = Match("multi_task_eval", ("trained", "random"), (first, second), (first, second))
    rows = [line.split() for line in str(match).splitlines()]
    assert rows[8] == ["task_progress", "weighted_score", "combat", "skill"]
    assert rows[9] == ["trained,", "alone", "0.600", "5.97", "1.000", "0.200"]
    assert rows[10] == ["random,", "alone", "0.450", "2.50", "0.450", "nan"]


def test_no_episodes_is_refused():
    with pytest.raises(ValueError, match="episodes=0 must be an integer, 1 or more"):
        compare(FakeEnv(), RANDOM, RANDOM, episodes=0)


def test_a_player_remembers_until_it_is_restarted(fake_parts):
    _, policy, _, state = fake_parts
    player = Player(policy, state.params)
    obs, _ = FakeEnv().reset(jax.random.key(0))

    def values():
        action, outputs = player.explain(jax.random.key(1), obs)
        assert action.move.shape == (4,)
        return outputs["value"].tolist()

    first = values()
    assert values() != first, "the second tick has the memory of the first"
    player.restart()
    assert values() == first
