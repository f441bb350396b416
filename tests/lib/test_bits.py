import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import backend, bits


@pytest.mark.parametrize("pack", ["rows", "columns"])
@pytest.mark.parametrize("platform", ["cpu", "gpu"])
@pytest.mark.parametrize("size", [1, 5, 40])
def test_first_members_are_the_first_in_order(size, platform, pack):
    rng = np.random.default_rng(size)
    members = rng.random((30, 75)) < rng.random((30, 1))
    mark = rng.random(members.shape) < 0.5
    few = mark[:, :30]  # a word: what is not in it is not marked
    with backend.assumed(platform):
        sets = [packed(pack, part) for part in (members, mark, few)]
        found, *marked = bits.first_members(sets[0], size, *sets[1:])
    for place, own in enumerate(members):
        rows = np.flatnonzero(own)[:size]
        nothing = [False] * (size - len(rows))
        assert found[place].tolist() == rows.tolist() + [-1] * len(nothing)
        assert marked[0][place].tolist() == mark[place, rows].tolist() + nothing
        is_few = mark[place, rows] & (rows < 30)
        assert marked[1][place].tolist() == is_few.tolist() + nothing


def packed(kind, members):
    """Returns packed sets, of the rows of (A, E) bool, by either function."""
    members = jnp.asarray(members)
    return bits.pack(members) if kind == "rows" else bits.pack_columns(members.T)


def as_members(sets, rows=75):
    """Returns (A, rows) bool, the members of packed sets."""
    words = np.stack(sets, 1) if isinstance(sets, tuple) else np.asarray(sets)
    return (words[:, np.arange(rows) // 32] >> np.arange(rows) % 32) & 1 == 1


def test_pack_sets_bit_e_of_word_e_over_32():
    members = np.zeros((1, 70), bool)
    members[0, [0, 31, 32, 69]] = True
    assert bits.pack(jnp.asarray(members))[0].tolist() == [(1 << 31) + 1, 1, 1 << 5]


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_columns_are_packed_as_rows_are(platform):
    members = np.random.default_rng(0).random((75, 30)) < 0.5
    with backend.assumed(platform):
        np.testing.assert_array_equal(
            as_members(bits.pack_columns(jnp.asarray(members))), members.T
        )


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_sets_are_intersected_and_subtracted(platform):
    first, second = np.random.default_rng(0).random((2, 75, 30)) < 0.05
    with backend.assumed(platform):
        sets = [bits.pack_columns(jnp.asarray(part)) for part in (first, second)]
    both, rest = bits.intersect(*sets), bits.subtract(*sets)
    np.testing.assert_array_equal(as_members(both), (first & second).T)
    np.testing.assert_array_equal(as_members(rest), (first & ~second).T)
    assert 0 < (first & second).any(0).sum() < 30
    np.testing.assert_array_equal(bits.has_any(both), (first & second).any(0))


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_members_below_a_row_are_counted(platform):
    members = np.random.default_rng(0).random((75, 75)) < 0.5
    row = np.arange(75)
    with backend.assumed(platform):
        found = bits.count_below(bits.pack_columns(jnp.asarray(members.T)), row)
    assert found.tolist() == [int(own[:end].sum()) for own, end in zip(members, row, strict=True)]


@pytest.mark.parametrize("size", [1, 31, 32, 33, 640])
def test_ranks_count_the_members_before(size):
    rng = np.random.default_rng(size)
    for share in (0.0, 0.3, 1.0):
        members = rng.random(size) < share
        before = np.cumsum(members) - members
        np.testing.assert_array_equal(bits.ranks(jnp.asarray(members)), before)
