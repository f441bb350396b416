"""What many read, computed once."""

import jax
import jax.numpy as jnp

from metammo_jax.lib import backend


def materialize(values: jax.Array) -> jax.Array:
    """Returns an array as it is, computed before whatever reads it: integers, booleans, float32.

    XLA joins the computation of an array into every loop that reads it. In a loop over pairs of
    rows all that is to be known of a row is then worked out again for every pair. A reduction is
    not joined to a loop that reads its elements more than once; this is one, over the array and
    zeros. (Compiling for processors, XLA drops `jax.lax.optimization_barrier` too early to be of
    use.)

    On other devices than CPUs, which work out again faster than they copy, it does nothing.
    """
    if backend.platform() != "cpu":
        return values
    if values.dtype == jnp.float32:  # their bits, as 0.0 + -0.0 would not be what it was
        whole = materialize(jax.lax.bitcast_convert_type(values, jnp.uint32))
        return jax.lax.bitcast_convert_type(whole, jnp.float32)
    padded = jnp.pad(values[None], [(0, 1)] + [(0, 0)] * values.ndim)
    return jax.lax.reduce(padded, jnp.zeros((), values.dtype), jax.lax.bitwise_or, (0,))
