import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.tasks.subject import FAR, SingleMember, SubjectMembers, members
from metammo_jax.vocab import Subject
from tests import worlds

TINY = preset("tiny")


def who(code, player, teams):
    params = worlds.params(TINY, teams=teams)
    meant = members(params, jnp.full(TINY.players, code))
    return set(np.flatnonzero(meant[player]))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Subject.SELF, {5}),
        (Subject.TEAM, {4, 5, 6, 7}),
        (Subject.TEAM_LEADER, {4}),
        (Subject.LEFT_TEAM, {8, 9, 10, 11}),
        (Subject.LEFT_TEAM_LEADER, {8}),
        (Subject.RIGHT_TEAM, {0, 1, 2, 3}),
        (Subject.RIGHT_TEAM_LEADER, {0}),
        (Subject.FOES, {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15}),
        (Subject.FOE_LEADERS, {0, 8, 12}),
    ],
)
def test_whom_a_code_means_in_teams(code, expected):
    assert who(code, 5, teams=4) == expected


def test_teams_are_in_a_circle():
    assert who(Subject.LEFT_TEAM, 15, teams=4) == {0, 1, 2, 3}
    assert who(Subject.RIGHT_TEAM, 0, teams=4) == {12, 13, 14, 15}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Subject.TEAM, {15}),
        (Subject.TEAM_LEADER, {15}),
        (Subject.LEFT_TEAM_LEADER, {0}),
        (Subject.RIGHT_TEAM, {14}),
        (Subject.FOES, set(range(15))),
    ],
)
def test_alone_everybody_is_a_team(code, expected):
    assert who(code, 15, teams=0) == expected


def test_alone_says_what_a_subject_of_oneself_says():
    rng = np.random.default_rng(0)
    alive = jnp.array(rng.random(16) > 0.3)
    pairs = SubjectMembers(members=jnp.eye(16, dtype=bool), alive=alive)
    alone = SingleMember(alive=alive)
    value, table = jnp.array(rng.integers(-5, 50, 16)), jnp.array(rng.integers(0, 9, (16, 3)))
    square, mask = jnp.array(rng.integers(0, 9, (16, 16))), jnp.array(rng.random(16) > 0.5)
    near, target = jnp.array(rng.random((2, 16, 16)) > 0.7)
    np.testing.assert_array_equal(pairs.members, alone.members)
    for name in ("size", "alive_count", "any_alive"):
        np.testing.assert_array_equal(getattr(pairs, name)(), getattr(alone, name)())
    for name in ("total", "alive_total", "alive_deviation", "alive_min", "alive_max"):
        for values in (value, square):
            np.testing.assert_array_equal(
                getattr(pairs, name)(values), getattr(alone, name)(values)
            )
    for name in ("any", "count"):
        np.testing.assert_array_equal(getattr(pairs, name)(mask), getattr(alone, name)(mask))
    np.testing.assert_array_equal(pairs.totals(table), alone.totals(table))
    np.testing.assert_array_equal(pairs.sees(near, target), alone.sees(near, target))
    for row in (-1, 3):
        np.testing.assert_array_equal(
            pairs.includes(jnp.int32(row)), alone.includes(jnp.int32(row))
        )
    for subject in (pairs, alone):
        own = subject.spread(value)
        is_own = value.reshape((1,) * (own.ndim - 1) + value.shape) == own
        hits = subject.alive_total(is_own.astype(int))
        np.testing.assert_array_equal(hits, alive)


def test_a_team_sees_what_any_living_member_sees():
    members = np.zeros((40, 40), bool)  # more than one word of bits
    members[:20, :20] = members[20:, 20:] = True
    alive = np.arange(40) != 7
    near, target = np.zeros((2, 40, 40), bool)
    near[7, 39] = near[5, 35] = near[25, 7] = True
    subject = SubjectMembers(members=jnp.array(members), alive=jnp.array(alive))
    target[0, 35] = target[1, 39] = target[2, 34] = target[30, 7] = target[21, 35] = True
    seen = np.flatnonzero(subject.sees(jnp.array(near), jnp.array(target)))
    assert seen.tolist() == [0]  # 7 is dead: it neither sees nor is seen


def test_sums_over_members():
    subject = SubjectMembers(
        members=jnp.array([[1, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]], bool),
        alive=jnp.array([True, False, True, False]),
    )
    value = jnp.array([2, 30, 5, 700])
    np.testing.assert_array_equal(subject.size(), [3, 1, 1, 4])
    np.testing.assert_array_equal(subject.alive_count(), [2, 1, 0, 2])
    np.testing.assert_array_equal(subject.any_alive(), [True, True, False, True])
    np.testing.assert_array_equal(subject.total(value), [37, 5, 700, 737])
    np.testing.assert_array_equal(subject.alive_total(value), [7, 5, 0, 7])
    np.testing.assert_array_equal(subject.alive_deviation(value), [1.5, 0, 0, 1.5])
    np.testing.assert_array_equal(subject.alive_min(value), [2, 5, FAR, 2])
    np.testing.assert_array_equal(subject.alive_max(value), [5, 5, -FAR, 5])
    np.testing.assert_array_equal(subject.includes(jnp.int32(3)), [False, False, True, True])
    assert not subject.includes(jnp.int32(-1)).any()


def test_a_deviation_is_that_of_the_living_whoever_comes_first():
    rng = np.random.default_rng(0)
    for players in (5, 7, 40):
        values, alive = rng.integers(0, 160, players), rng.random(players) < 0.8
        expected = values[alive].std()
        found = {
            float(_deviation(values[order], alive[order])[0])
            for order in (rng.permutation(players) for _ in range(20))
        }
        assert len(found) == 1 and abs(found.pop() - expected) < 1e-5 * expected


def _deviation(values, alive):
    everybody = np.ones((len(values),) * 2, bool)
    subject = SubjectMembers(members=jnp.asarray(everybody), alive=jnp.asarray(alive))
    return subject.alive_deviation(jnp.asarray(values, jnp.int32))
