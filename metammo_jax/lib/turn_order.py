"""Resolve actions in the order of turns, in parallel where they touch different rows."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

LAST_TURN = np.uint32(0xFFFFFFFF)
"""Later than any turn."""


def resolve(
    act: Callable,
    state,
    first: jax.Array,
    second: jax.Array,
    turn: jax.Array,
    waiting: jax.Array,
    rows: int,
    at_once: int | None = None,
):
    """Returns the state after attempts made as if one by one, in the order of their turns.

    Each attempt reads and writes two rows. Each iteration makes those that have the earliest turn
    of all still waiting at both of their rows. No two of them share a row, so the result is that of
    the sequence. There are as many iterations as the longest chain of attempts.

    Args:
      act: (state, ready (A,) bool) -> (state, hopeless (A,) bool). Makes the attempts that are
        ready. The hopeless cannot succeed whatever happens before their turn, and are dropped.
      state: pytree that the attempts read and change, in no other rows than theirs.
      first: (A,) int32, one row of each attempt.
      second: (A,) int32, the other.
      turn: (A,) uint32, all different, less than 2**32 - 1.
      waiting: (A,) bool, attempts to be made.
      rows: number of rows.
      at_once: attempts made in an iteration at most; None for any number.

    Returns:
      state.
    """

    def iterate(carry):
        state, waiting = carry
        ready = _are_earliest(first, second, turn, waiting, rows)
        if at_once is not None:
            ready &= jnp.cumsum(ready) <= at_once
        state, hopeless = act(state, ready)
        return state, waiting & ~ready & ~hopeless

    return jax.lax.while_loop(lambda carry: carry[1].any(), iterate, (state, waiting))[0]


def _are_earliest(
    first: jax.Array, second: jax.Array, turn: jax.Array, waiting: jax.Array, rows: int
) -> jax.Array:
    """Returns (A,) bool, the waiting attempts that have the earliest turn at both of their rows."""
    due = jnp.where(waiting, turn, LAST_TURN)
    earliest = jnp.full(rows, LAST_TURN).at[first].min(due).at[second].min(due)
    return waiting & (due == earliest[first]) & (due == earliest[second])
