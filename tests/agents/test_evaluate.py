import dataclasses

import jax
import numpy as np
import pytest

from agents import evaluate
from agents.evaluate import ALL_FIRST, ALL_SECOND, MIXED, RANDOM, Side, compare
from agents.player import Player
from tests.agents.fake import FakeEnv


@pytest.fixture(scope="module")
def match(fake_parts):
    _, policy, _, state = fake_parts
    return compare(FakeEnv(), Side("trained", policy, state.params), RANDOM, episodes=40)


def test_every_episode_counts_once(match):
    assert {score.episodes for score in (*match.alone, *match.mixed)} == {40}
    assert {score.length for score in (*match.alone, *match.mixed)} == {16.0}
    assert match.as_dict()["random"]["mixed"] == dataclasses.asdict(match.mixed[1])


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
    env, numbers = FakeEnv(), np.arange(6)
    key = jax.random.key(0)
    for seats, expected in ((ALL_FIRST, [1, 0]), (ALL_SECOND, [0, 1]), (MIXED, [1, 1])):
        won, progress, length = evaluate._episodes(
            env, None, None, (None, None), key, numbers, 0, None, seats
        )
        assert won.tolist() == [[bool(side) for side in expected]] * 6
        assert length.tolist() == [16.0] * 6
        assert progress.shape == (6, 2)


def test_no_episodes_is_refused():
    with pytest.raises(ValueError, match="episodes=0 must be at least 1"):
        compare(FakeEnv(), RANDOM, RANDOM, episodes=0)


def test_a_player_remembers_until_it_is_restarted(fake_parts):
    _, policy, _, state = fake_parts
    player = Player(policy, state.params)
    obs, _ = FakeEnv().reset(jax.random.key(0))
    first = player(obs, jax.random.key(1))
    memory = player._memory
    assert first.move.shape == (4,)
    player(obs, jax.random.key(1))
    assert not (player._memory == memory).all(), "the second tick goes on from the first"
    player.restart()
    player(obs, jax.random.key(1))
    assert (player._memory == memory).all()
