import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import backend, bits


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
@pytest.mark.parametrize("size", [1, 5, 40])
def test_first_members_are_the_first_in_order(size, platform):
    rng = np.random.default_rng(size)
    members = rng.random((30, 75)) < rng.random((30, 1))
    mark = rng.random(members.shape) < 0.5
    members, mark = jnp.asarray(members), jnp.asarray(mark)
    with backend.assumed(platform):
        found, marked = bits.first_members(bits.pack(members), size, bits.pack(mark))
    for place, (expected, own) in enumerate(zip(members, mark, strict=True)):
        rows = np.flatnonzero(expected)[:size]
        nothing = size - len(rows)
        assert found[place].tolist() == rows.tolist() + [-1] * nothing
        assert marked[place].tolist() == own[rows].tolist() + [False] * nothing


def test_pack_sets_bit_e_of_word_e_over_32():
    members = np.zeros((1, 70), bool)
    members[0, [0, 31, 32, 69]] = True
    assert bits.pack(jnp.asarray(members))[0].tolist() == [(1 << 31) + 1, 1, 1 << 5]


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_columns_are_packed_as_rows_are(platform):
    members = jnp.asarray(np.random.default_rng(0).random((75, 30)) < 0.5)
    with backend.assumed(platform):
        np.testing.assert_array_equal(bits.pack_columns(members), bits.pack(members.T))


def test_members_below_a_row_are_counted():
    members = np.random.default_rng(0).random((75, 75)) < 0.5
    row = np.arange(75)
    found = bits.count_below(bits.pack(jnp.asarray(members)), row)
    assert found.tolist() == [int(own[:end].sum()) for own, end in zip(members, row, strict=True)]


@pytest.mark.parametrize("size", [1, 31, 32, 33, 640])
def test_ranks_count_the_members_before(size):
    rng = np.random.default_rng(size)
    for share in (0.0, 0.3, 1.0):
        members = rng.random(size) < share
        before = np.cumsum(members) - members
        np.testing.assert_array_equal(bits.ranks(jnp.asarray(members)), before)
