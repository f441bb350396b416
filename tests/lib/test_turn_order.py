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
    def play(balls, first, second, turn, waiting):
        def act(state, ready):
            balls, count = state
            gives = ready & balls[first] & ~balls[second]
            balls = balls.at[jnp.where(gives, first, ROWS)].set(False, mode="drop")
            balls = balls.at[jnp.where(gives, second, ROWS)].set(True, mode="drop")
            return (balls, count + 1), jnp.zeros_like(ready)

        return turn_order.resolve(act, (balls, 0), first, second, turn, waiting, ROWS)

    return play


@pytest.mark.parametrize("seed", range(20))
def test_attempts_are_made_in_the_order_of_turns(hand_on, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, ROWS, (2, 30))
    balls, turn = rng.random(ROWS) < 0.5, rng.permutation(30).astype(np.uint32)
    waiting = (rng.random(30) < 0.8) & (first != second)
    after, rounds = hand_on(balls, first, second, turn, waiting)
    expected = balls.copy()
    for attempt in np.argsort(turn):
        a, b = first[attempt], second[attempt]
        if waiting[attempt] and expected[a] and not expected[b]:
            expected[a], expected[b] = False, True
    assert np.array_equal(after, expected)
    assert rounds <= waiting.sum()


def test_attempts_that_share_no_row_take_one_iteration(hand_on):
    first, second = np.arange(0, ROWS, 2), np.arange(1, ROWS, 2)
    balls = np.arange(ROWS) % 2 == 0
    turn, waiting = np.arange(6, dtype=np.uint32), np.ones(6, bool)
    after, rounds = hand_on(balls, first, second, turn, waiting)
    assert np.array_equal(after, ~balls) and rounds == 1
    assert hand_on(balls, first, second, turn, ~waiting)[1] == 0
