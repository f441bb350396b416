"""Distances on the grid."""

import jax
import jax.numpy as jnp


def chebyshev(rows: jax.Array, cols: jax.Array) -> jax.Array:
    """Returns the larger of |rows| and |cols|, tiles, of the type of both, signed integers.

    The two are compared as unsigned numbers. NVIDIA's assembler of CUDA 13.0 makes of
    max(max(a, -a), max(b, -b)) one instruction that has a, a and |b| as its operands: whatever
    lies on the negative side then seems to be at hand. Absolute values that are compared as
    another type are left alone (seen in the machine code; 13.5 does it right).
    """
    rows, cols = jnp.asarray(rows), jnp.asarray(cols)  # numpy's 64 bits become those JAX has
    unsigned = jnp.dtype(f"uint{8 * rows.dtype.itemsize}")
    far = jnp.maximum(jnp.abs(rows).astype(unsigned), jnp.abs(cols).astype(unsigned))
    return far.astype(rows.dtype)


def steps(offset: jax.Array) -> jax.Array:
    """Returns (...) tiles (Chebyshev) that an offset (..., 2), of signed integers, is long."""
    return chebyshev(offset[..., 0], offset[..., 1])


def manhattan(offset: jax.Array) -> jax.Array:
    """Returns (...) tiles, rows and columns together, that an offset (..., 2) of integers is long.

    Added up by hand: XLA makes a kernel of its own of a sum over two columns.
    """
    return jnp.abs(offset[..., 0]) + jnp.abs(offset[..., 1])
