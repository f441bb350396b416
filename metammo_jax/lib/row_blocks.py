"""Apply a function to the rows that need it, in blocks of a fixed size."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from metammo_jax.lib import bits, loops


def apply_in_blocks(work: Callable, state, wanted: jax.Array, size: int):
    """Returns the state after `work` on all wanted rows, in blocks of `size` rows.

    A while loop with as many iterations as blocks are needed, none where no row is wanted. Under
    vmap, where `jax.lax.cond` becomes a select, the batch element with the most wanted rows
    decides; the others are given padding.

    Args:
      work: (state, rows (size,) int32, real (size,) bool) -> state. Rows that are not real are
        padding: what is computed for them must be dropped.
      state: pytree.
      wanted: (N,) bool, rows that need it.
      size: rows of a block.

    Returns:
      state.
    """
    count = wanted.shape[0]
    size = min(size, count)
    nth = jnp.where(wanted, bits.ranks(wanted), count + size)
    rows = jnp.zeros(count + size, jnp.int32).at[nth].set(jnp.arange(count), mode="drop")
    total = wanted.sum()

    def turn(block, state):
        some = jax.lax.dynamic_slice(rows, (block * size,), (size,))
        return work(state, some, block * size + jnp.arange(size) < total)

    return loops.while_any(lambda block, _: block * size < total, turn, state)
