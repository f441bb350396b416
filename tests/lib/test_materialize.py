"""`materialize` changes no value, and keeps computations of a row out of loops over pairs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib.materialize import materialize


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int16, np.int32, np.uint32])
def test_values_do_not_change(dtype):
    ends = [0, 1] if dtype is bool else [np.iinfo(dtype).min, -1 % 120, 0, np.iinfo(dtype).max]
    values = jnp.asarray(np.resize(ends, (3, 4)), dtype)
    for got in (
        materialize(values),
        jax.jit(jax.vmap(materialize))(values),
        materialize(values[0, 0]),
    ):
        assert got.dtype == values.dtype
    np.testing.assert_array_equal(jax.jit(jax.vmap(materialize))(values), values)


def test_floats_keep_their_bits():
    values = jnp.array([[0.0, -0.0, np.nan], [np.inf, -1e-40, 0.1]], jnp.float32)
    got = np.asarray(jax.jit(jax.vmap(materialize))(values))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got.view(np.uint32), np.asarray(values).view(np.uint32))


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other compilers join otherwise")
def test_a_value_of_a_row_is_not_computed_again_for_each_pair():
    def pairs(gate, rows):
        zeros = jax.lax.clz(rows)  # an operation that is easy to find again
        return gate(zeros)[:, None] < gate(zeros)[None]

    def is_joined(gate):
        compiled = jax.jit(lambda rows: pairs(gate, rows)).lower(jnp.arange(64)).compile()
        parts = compiled.as_text().split("\n\n")
        return any("count-leading-zeros" in part and "[64,64]" in part for part in parts)

    assert is_joined(lambda values: values) and not is_joined(materialize)
