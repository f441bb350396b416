"""Resolve actions in the order of turns, in parallel where they touch different rows."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.lib import loops

LAST_TURN = np.uint32(0xFFFFFFFF)
"""Later than any turn."""


def resolve(
    act: Callable,
    state,
    other: jax.Array,
    turn: jax.Array,
    waiting: jax.Array,
    contested: jax.Array | None = None,
    at_once: int | None = None,
):
    """Returns the state after attempts made as if one by one, in the order of their turns.

    Each row makes an attempt that reads and writes this row and another. Each iteration makes those
    that have the earliest turn of all still waiting at both of their rows. No two of them share a
    row, so the result is that of the sequence. There are as many iterations as the longest chain of
    attempts.

    Args:
      act: (state, ready (A,) bool) -> (state, hopeless (A,) bool). Makes the attempts that are
        ready. The hopeless cannot succeed whatever happens before their turn, and are dropped.
      state: pytree that the attempts read and change, in no other rows than theirs.
      other: (A,) int32, the other row of each attempt, within the rows.
      turn: (A,) uint32, all different, less than 2**32 - 1.
      waiting: (A,) bool, attempts to be made.
      contested: (A,) bool, rows at which the order matters; None for all. At the others attempts
        do not wait for each other.
      at_once: attempts made in an iteration at most; None for any number.

    Returns:
      state.
    """
    if contested is None:
        contested = jnp.ones(turn.shape, bool)
    waits_at_other = contested[other]

    def iterate(_, carry):
        state, waiting = carry
        ready = _are_earliest(other, turn, waiting, contested, waits_at_other)
        if at_once is not None:
            ready &= jnp.cumsum(ready) <= at_once
        state, hopeless = act(state, ready)
        return state, waiting & ~ready & ~hopeless

    return loops.while_any(lambda _, carry: carry[1].any(), iterate, (state, waiting))[0]


def _are_earliest(other, turn, waiting, contested, waits_at_other) -> jax.Array:
    """Returns (A,) bool, the waiting with the earliest turn at both of their contested rows."""
    due = jnp.where(waiting, turn, LAST_TURN)
    place = jnp.where(waits_at_other, other, turn.shape[0])  # off the end: dropped
    earliest = jnp.where(contested, due, LAST_TURN).at[place].min(due, mode="drop")
    ready = waiting & (~contested | (due == earliest))
    return ready & (~waits_at_other | (due == earliest[other]))
