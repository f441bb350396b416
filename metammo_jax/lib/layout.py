"""A transpose and a stack that XLA can fuse on GPUs."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.lib import backend


def transpose(values: jax.Array) -> jax.Array:
    """Returns (B, A), the transpose of (A, B).

    Elsewhere than on CPUs XLA may lay out in memory whatever leads to a transposed array the other
    way round, the whole state of a loop and of the world included, and copies it at both ends. A
    gather has no such effect, and is fused into what reads it.
    """
    if backend.platform() == "cpu":
        return values.T
    rows, columns = values.shape
    place = np.arange(rows)[None] * columns + np.arange(columns)[:, None]
    return values.reshape(-1).at[place.astype(np.uint32)].get(mode="promise_in_bounds")


def pair(first: jax.Array, second: jax.Array) -> jax.Array:
    """Returns (..., 2), two arrays of one shape stacked along a new last axis.

    Elsewhere than on CPUs as a choice between them, which is fused into what reads it; a
    concatenation is not.
    """
    if backend.platform() == "cpu":
        return jnp.stack([first, second], axis=-1)
    return jnp.where(np.arange(2) == 0, first[..., None], second[..., None])
