"""Attempts in the order of turns, against a loop over them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import turn_order

ROWS = 12


@pytest.fixture(scope="module")
def hand_on():
    """Attempts to hand on a ball: whoever has one, and whose partner has none, gives it away."""

    @jax.jit
    def play(balls, other, turn, waiting, contested):
        def act(state, ready):
            balls, count = state
            gives = ready & balls & ~balls[other]
            taken = jnp.where(gives, other, ROWS)
            return ((balls & ~gives).at[taken].set(True, mode="drop"), count + 1), ~waiting

        return turn_order.resolve(act, (balls, 0), other, turn, waiting, contested)

    return play


def in_sequence(balls, other, turn, waiting):
    """Returns the balls after the attempts, made in a loop."""
    balls = balls.copy()
    for row in np.argsort(turn):
        if waiting[row] and balls[row] and not balls[other[row]]:
            balls[row], balls[other[row]] = False, True
    return balls


@pytest.mark.parametrize("seed", range(20))
def test_attempts_are_made_in_the_order_of_turns(hand_on, seed):
    rng = np.random.default_rng(seed)
    other = rng.integers(0, ROWS, ROWS)
    balls, turn = rng.random(ROWS) < 0.5, rng.permutation(ROWS).astype(np.uint32)
    waiting = (rng.random(ROWS) < 0.8) & (other != np.arange(ROWS))
    after, rounds = hand_on(balls, other, turn, waiting, np.ones(ROWS, bool))
    assert np.array_equal(after, in_sequence(balls, other, turn, waiting))
    assert rounds <= waiting.sum()


def test_attempts_that_share_no_row_take_one_iteration(hand_on):
    row, first = np.arange(ROWS), np.arange(ROWS) % 2 == 0
    turn, other = row.astype(np.uint32), row + np.where(first, 1, -1)
    after, rounds = hand_on(first, other, turn, first, np.ones(ROWS, bool))
    assert np.array_equal(after, ~first) and rounds == 1
    assert hand_on(first, other, turn, ~np.ones(ROWS, bool), np.ones(ROWS, bool))[1] == 0


@pytest.mark.parametrize("seed", range(5))
def test_attempts_wait_at_contested_rows_alone(seed):
    rng = np.random.default_rng(seed)
    other, turn = rng.integers(0, ROWS, ROWS), rng.permutation(ROWS).astype(np.uint32)
    contested = rng.random(ROWS) < 0.4

    def act(made, ready):
        return jnp.where(ready, made.max() + 1, made), jnp.zeros_like(ready)

    start, everybody = jnp.zeros(ROWS, jnp.int32), jnp.ones(ROWS, bool)
    made = turn_order.resolve(act, start, other, turn, everybody, jnp.asarray(contested))
    rows = [{row for row in (a, other[a]) if contested[row]} for a in range(ROWS)]
    for a in range(ROWS):
        before = [b for b in range(ROWS) if turn[b] < turn[a] and rows[a] & rows[b]]
        assert made[a] == 1 + max((made[b] for b in before), default=0)
