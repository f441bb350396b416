"""Simplex noise against the original's values, and the laws that every such noise obeys."""

import numpy as np
import pytest

from metammo_jax.lib.noise import PERIOD, PERMUTATION, UNSKEW, simplex

GOLDEN = [  # x, y, noise of the original
    (0.0, 0.0, 0.0),
    (0.3, 0.9, 0.017278992),
    (1.7, -0.4, -0.087324384),
    (-2.25, 3.1, 0.524977428),
    (160.125, 320.25, -0.296490136),
    (41120.5, 2400.875, 0.529608763),
]


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).uniform(-500, 500, (2, 20000))


def test_values_of_the_original():
    x, y, noise = np.array(GOLDEN).T
    np.testing.assert_allclose(simplex(x, y), noise, atol=1e-9)


def test_permutation_is_one():
    assert sorted(PERMUTATION) == list(range(PERIOD))


def test_shapes_broadcast(points):
    x, y = points[:, :6]
    grid = simplex(x, y[:, None])
    assert grid.shape == (6, 6) and grid.dtype == np.float64
    np.testing.assert_array_equal(np.diag(grid), simplex(x, y))


def test_stays_within_one_and_fills_it(points):
    noise = simplex(*points)
    assert 0.9 < noise.max() <= 1 and -1 <= noise.min() < -0.9
    assert abs(noise.mean()) < 0.02


def test_is_continuous_across_cells(points):
    step = 1e-6
    assert np.abs(simplex(points[0] + step, points[1]) - simplex(*points)).max() < 20 * step


def test_repeats_after_one_period_of_the_lattice(points):
    shift = PERIOD * (1 - 2 * UNSKEW)  # the lattice vector (PERIOD, PERIOD)
    np.testing.assert_allclose(simplex(*(points + shift)), simplex(*points), atol=1e-9)
