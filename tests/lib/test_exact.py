"""Quotients and roots are correct from whatever a device made of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import exact

COUNT = 200_000


def shifted(values, places):
    """Returns float32 some units in the last place away."""
    return (values.view(np.int32) + places).view(np.float32)


def numbers(kind, seed):
    draw = np.random.default_rng(seed)
    if kind == "counts":
        return draw.integers(1, 5000, COUNT).astype(np.float32)
    return draw.uniform(0.01, 100, COUNT).astype(np.float32)


@pytest.mark.parametrize("places", (-2, -1, 0, 1, 2))
def test_a_quotient_of_counts_is_mended(places):
    a, b = numbers("counts", 0) - 1, numbers("counts", 1)
    right = a / b
    off = np.where(a > 0, shifted(right, places), right)
    got = jax.jit(exact.corrected_quotient)(off, a, b)
    np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("places", (-2, -1, 1, 2))
@pytest.mark.parametrize("sign", (-1, 1))
def test_a_quotient_of_fractions_is_mended(places, sign):
    a, b = sign * numbers("fractions", 2), numbers("fractions", 3)
    got = jax.jit(exact.corrected_quotient)(shifted(a / b, places), a, b)
    assert (np.asarray(got) != a / b).mean() < 1e-3  # what lies next to the middle of two floats
    np.testing.assert_allclose(got, a / b, rtol=1.2e-7)


@pytest.mark.parametrize("places", (-2, -1, 0, 1, 2))
def test_a_root_is_mended(places):
    x = numbers("fractions", 4)
    got = jax.jit(exact.corrected_root)(shifted(np.sqrt(x), places), x)
    np.testing.assert_array_equal(got, np.sqrt(x))


def test_what_has_no_quotient_keeps_its_own():
    a, b = jnp.array([1.0, 0.0, -1.0, 0.0]), jnp.array([0.0, 0.0, 0.0, 5.0])
    np.testing.assert_array_equal(exact.corrected_quotient(a / b, a, b), a / b)
    np.testing.assert_array_equal(exact.corrected_root(jnp.zeros(2), jnp.zeros(2)), [0, 0])


def test_the_form_of_other_devices_is_the_same():
    """Both forms are traced; here the quotient is right already, and must stay so."""
    a, b, x = numbers("counts", 5), numbers("counts", 6), numbers("fractions", 7)
    np.testing.assert_array_equal(exact._divided(a, b), exact.divide(a, b))
    np.testing.assert_array_equal(exact._root(x), exact.sqrt(x))


def test_integers_and_constants_are_taken():
    np.testing.assert_array_equal(exact.divide(jnp.arange(4), 3), np.arange(4, dtype="f4") / 3)
    assert exact.divide(jnp.int32(1), jnp.int32(3)).dtype == jnp.float32
    assert jax.jit(jax.vmap(exact.divide, (0, None)))(jnp.arange(4), 3).shape == (4,)
