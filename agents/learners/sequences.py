"""Shapes of rollouts: G sequences of S ticks each, or one of G * S ticks."""

import jax


def merge_sequences(leaf: jax.Array) -> jax.Array:
    """Returns an array (G, S, ...) as (G * S, ...)."""
    return leaf.reshape(-1, *leaf.shape[2:])
