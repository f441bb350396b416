"""Waiting times and places: their distributions, and their corners."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import chance

ROLLS = 40000


@functools.partial(jax.jit, static_argnums=(2, 3))
def waiting_time(key, probability, shape, bits=15):
    return chance.waiting_time(jax.random.bits(key, shape), probability, bits)


cells_of = jax.jit(chance.random_cells)


def chi_square(observed, expected):
    """Returns how many standard deviations Pearson's statistic lies above its mean."""
    statistic = ((observed - expected) ** 2 / expected).sum()
    freedom = len(expected) - 1
    return (statistic - freedom) / np.sqrt(2 * freedom)


@pytest.mark.parametrize("probability", [0.025, 0.5, 0.9])
def test_waiting_time_is_geometric(probability):
    time = waiting_time(jax.random.key(1), jnp.float32(probability), (ROLLS,))
    last = int(np.ceil(np.log(50 / ROLLS) / np.log1p(-probability)))
    observed = np.bincount(np.minimum(time, last + 1), minlength=last + 2)[1:]
    each = probability * (1 - probability) ** np.arange(last)
    expected = ROLLS * np.append(each, 1 - each.sum())
    assert abs(chi_square(observed, expected)) < 4


def test_waiting_time_has_ends():
    key = jax.random.key(2)
    assert (waiting_time(key, 1.0, (3, 4)) == 1).all()
    assert (waiting_time(key, 0.0, (3, 4)) == 1 << 15).all()
    assert (waiting_time(key, 0.0, (3, 4), 4) == 16).all()


@pytest.mark.parametrize("side", [1, 7, 30, 126])
def test_cells_are_uniform(side):
    cells = np.asarray(cells_of(jax.random.bits(jax.random.key(3), (ROLLS,)), jnp.int32(side)))
    assert cells.min() >= 0 and cells.max() < side
    if side > 1:
        count = np.bincount(cells[:, 0] * side + cells[:, 1], minlength=side**2)
        assert abs(chi_square(count, np.full(side**2, ROLLS / side**2))) < 4


def test_cells_read_a_word_as_a_fraction():
    words = np.array([0, 1, 2**31, 2**32 - 1, 123456789, 3999999999], np.uint64)
    for side in (6, 126, 1022, 65535):
        expected = [divmod(int(word) * side**2 >> 32, side) for word in words]
        cells = chance.random_cells(jnp.asarray(words, jnp.uint32), jnp.int32(side))
        np.testing.assert_array_equal(cells, expected)


def test_whole_numbers_are_drawn_alike():
    drawn = np.asarray(chance.random_integers(jax.random.bits(jax.random.key(0), (30_000,)), 3))
    np.testing.assert_allclose(np.bincount(drawn, minlength=3) / 30_000, [1 / 3] * 3, atol=0.01)
