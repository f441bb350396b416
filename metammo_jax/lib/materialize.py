"""`materialize`: keep XLA from fusing a computation into each of its readers."""

import jax
import jax.numpy as jnp

from metammo_jax.lib import backend


def materialize(values: jax.Array, *, everywhere: bool = False) -> jax.Array:
    """Returns the array unchanged; stops XLA from computing it again inside each reader.

    XLA fuses the computation of an array into every loop that reads it: in a loop over pairs of
    rows, what depends on one row is recomputed for each pair. A reduction is not fused into a loop
    that reads its elements more than once; this is one, over the array and zeros. (On CPUs XLA
    drops `jax.lax.optimization_barrier` too early to be of use.)

    On other platforms, where computing again is mostly faster than memory, it does nothing unless
    asked to.

    Args:
      values: integers, booleans or float32 of any shape.
      everywhere: on other platforms too, as for a gather from a large array.
    """
    if backend.platform() != "cpu":
        return jax.lax.optimization_barrier(values) if everywhere else values
    if values.dtype == jnp.float32:  # their bits, as 0.0 + -0.0 would not be what it was
        whole = materialize(jax.lax.bitcast_convert_type(values, jnp.uint32))
        return jax.lax.bitcast_convert_type(whole, jnp.float32)
    padded = jnp.pad(values[None], [(0, 1)] + [(0, 0)] * values.ndim)
    return jax.lax.reduce(padded, jnp.zeros((), values.dtype), jax.lax.bitwise_or, (0,))
