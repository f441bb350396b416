"""Distances are the longer side, whatever the signs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import grid


@pytest.mark.parametrize("dtype", (jnp.int16, jnp.int32))
def test_the_longer_side_counts_whatever_the_signs(dtype):
    side = jnp.arange(-9, 10, dtype=dtype)
    got = jax.jit(grid.chebyshev)(side[:, None], side[None])
    expected = np.maximum(np.abs(side)[:, None], np.abs(side)[None])
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, expected)
    pairs = jnp.stack(jnp.meshgrid(side, side, indexing="ij"), axis=-1)
    np.testing.assert_array_equal(jax.jit(grid.steps)(pairs), expected)


def test_absolute_values_are_compared_as_unsigned_numbers():
    """As signed ones an assembler for GPUs drops a sign (see `grid.chebyshev`)."""
    side = jnp.zeros((3, 2), jnp.int16)
    equations = jax.make_jaxpr(grid.steps)(side).jaxpr.eqns
    compared = [eqn.invars[0].aval.dtype for eqn in equations if eqn.primitive.name == "max"]
    assert compared == [jnp.uint16]


def test_numbers_of_numpy_are_taken_without_a_warning():
    """Warnings of types that there are not are errors in tests (`conftest.py`)."""
    pairs = np.array([[3, -7], [-2, 1]])
    assert pairs.dtype == np.int64
    np.testing.assert_array_equal(grid.steps(pairs), [7, 2])
