"""Work that few rows need: done for some of them at a time, not for all."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from metammo_jax.lib import backend, bits


def apply_in_blocks(work: Callable, state, wanted: jax.Array, size: int):
    """Does some work for the rows that need it, `size` of them at once, until all have had it.

    Where nobody needs it nothing is done, and unlike `jax.lax.cond` it stays so in a batch:
    there it goes on until the world with the most rows is through.

    Args:
      work: (state, rows (size,) int32, real (size,) bool) -> state. Rows that are not real are
        any; whatever is worked out for them must be thrown away.
      state: pytree.
      wanted: (N,) bool, rows that need it.
      size: how many at once.

    Returns:
      state.
    """
    count = wanted.shape[0]
    size = min(size, count)
    nth = jnp.where(wanted, bits.ranks(wanted), count + size)
    rows = jnp.zeros(count + size, jnp.int32).at[nth].set(jnp.arange(count), mode="drop")
    total = wanted.sum()

    def turn(carry):
        done, state = carry
        some = jax.lax.dynamic_slice(rows, (done,), (size,))
        return done + size, work(state, some, done + jnp.arange(size) < total)

    return jax.lax.while_loop(lambda carry: carry[0] < total, turn, (0, state))[1]


def apply_in_blocks_on_cpus(work: Callable, state, wanted: jax.Array, size: int):
    """Does work as `at_a_time` on CPUs, and for all rows at once on other devices.

    For work that is cheap where many rows are done at once: there a loop whose length only the
    device knows costs more than what it saves.
    """
    if backend.platform() == "cpu":
        return apply_in_blocks(work, state, wanted, size)
    return work(state, jnp.arange(wanted.shape[0]), wanted)
