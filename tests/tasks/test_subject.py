import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.tasks.subject import FAR, Subject, members
from metammo_jax.vocab import Subject as Code
from tests import worlds

TINY = preset("tiny")


def who(code, player, teams):
    params = worlds.params(TINY, teams=teams)
    meant = members(params, jnp.full(TINY.players, code))
    return set(np.flatnonzero(meant[player]))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code.SELF, {5}),
        (Code.TEAM, {4, 5, 6, 7}),
        (Code.TEAM_LEADER, {4}),
        (Code.LEFT_TEAM, {8, 9, 10, 11}),
        (Code.LEFT_TEAM_LEADER, {8}),
        (Code.RIGHT_TEAM, {0, 1, 2, 3}),
        (Code.RIGHT_TEAM_LEADER, {0}),
        (Code.FOES, {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15}),
        (Code.FOE_LEADERS, {0, 8, 12}),
    ],
)
def test_whom_a_code_means_in_teams(code, expected):
    assert who(code, 5, teams=4) == expected


def test_teams_are_in_a_circle():
    assert who(Code.LEFT_TEAM, 15, teams=4) == {0, 1, 2, 3}
    assert who(Code.RIGHT_TEAM, 0, teams=4) == {12, 13, 14, 15}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code.TEAM, {15}),
        (Code.TEAM_LEADER, {15}),
        (Code.LEFT_TEAM_LEADER, {0}),
        (Code.RIGHT_TEAM, {14}),
        (Code.FOES, set(range(15))),
    ],
)
def test_alone_everybody_is_a_team(code, expected):
    assert who(code, 15, teams=0) == expected


def test_sums_over_members():
    subject = Subject(
        members=jnp.array([[1, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]], bool),
        alive=jnp.array([True, False, True, False]),
    )
    value = jnp.array([2, 30, 5, 700])
    np.testing.assert_array_equal(subject.size(), [3, 1, 1, 4])
    np.testing.assert_array_equal(subject.alive_count(), [2, 1, 0, 2])
    np.testing.assert_array_equal(subject.any_alive(), [True, True, False, True])
    np.testing.assert_array_equal(subject.total(value), [37, 5, 700, 737])
    np.testing.assert_array_equal(subject.alive_total(value), [7, 5, 0, 7])
    np.testing.assert_array_equal(subject.alive_mean(value), [3.5, 5, 0, 3.5])
    np.testing.assert_array_equal(subject.alive_deviation(value), [1.5, 0, 0, 1.5])
    np.testing.assert_array_equal(subject.alive_min(value), [2, 5, FAR, 2])
    np.testing.assert_array_equal(subject.alive_max(value), [5, 5, -FAR, 5])
    np.testing.assert_array_equal(subject.includes(jnp.int32(3)), [False, False, True, True])
    assert not subject.includes(jnp.int32(-1)).any()
