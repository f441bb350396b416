"""The same words as `jax.random`, for all kinds of keys."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import threefry

KEYS = {
    "default": jax.random.key(7),
    "of another kind": jax.random.key(7, impl="rbg"),
    "raw words": jax.random.PRNGKey(7),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 7), (4, 2, 9)])
def test_words_and_numbers_are_those_of_jax(key, shape):
    np.testing.assert_array_equal(threefry.bits(key, shape), jax.random.bits(key, shape))
    np.testing.assert_array_equal(threefry.uniform(key, shape), jax.random.uniform(key, shape))


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_derived_keys_are_those_of_jax(key):
    def words(keys):
        return keys if keys.dtype == jnp.uint32 else jax.random.key_data(keys)

    for count in (2, 5):
        expected = words(jax.random.split(key, count))
        np.testing.assert_array_equal(words(threefry.split(key, count)), expected)
    np.testing.assert_array_equal(
        words(threefry.fold_in(key, 301)), words(jax.random.fold_in(key, 301))
    )
    several = words(threefry.fold_in(key, np.array([7, 0, 301])))
    expected = [words(jax.random.fold_in(key, number)) for number in (7, 0, 301)]
    np.testing.assert_array_equal(several, np.stack(expected))


def test_a_batch_draws_what_each_would_alone():
    keys = jax.random.split(jax.random.key(0), 3)
    together = jax.vmap(lambda key: threefry.bits(threefry.fold_in(key, 4), (11,)))(keys)
    alone = [jax.random.bits(jax.random.fold_in(key, 4), (11,)) for key in keys]
    np.testing.assert_array_equal(together, jnp.stack(alone))
