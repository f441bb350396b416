"""First steps against a breadth-first search in plain Python."""

from collections import deque

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import backend, bits, flood
from metammo_jax.tables import STEP_OFFSET

SIZE, WALKERS = 48, 60


@pytest.fixture(scope="module", params=["cpu", "gpu"])
def first_steps(request):
    """The function as it is traced for CPUs, and as for GPUs."""
    with backend.assumed(request.param):
        yield jax.jit(lambda *args: flood.first_steps(*args))


def distances(free: np.ndarray, starts: list, middle: tuple) -> dict:
    """Steps from the nearest start to every tile within the window around the middle."""
    steps = {start: 0 for start in starts}
    todo = deque(starts)
    while todo:
        here = todo.popleft()
        for dr, dc in STEP_OFFSET[:4]:
            there = (here[0] + dr, here[1] + dc)
            near = max(abs(there[0] - middle[0]), abs(there[1] - middle[1])) <= flood.RADIUS
            if near and free[there] and there not in steps:
                steps[there] = steps[here] + 1
                todo.append(there)
    return steps


def expected_goals(free, pos, goal) -> list:
    """The goal if it can be reached in the window, else the reachable tiles nearest to it."""
    reach = distances(free, [pos], pos)
    nearest = min(abs(r - goal[0]) + abs(c - goal[1]) for r, c in reach)
    return [(r, c) for r, c in reach if abs(r - goal[0]) + abs(c - goal[1]) == nearest]


@pytest.mark.parametrize("walls", [0.0, 0.2, 0.35, 0.5])
def test_first_steps_lead_along_shortest_paths(walls, first_steps):
    rng = np.random.default_rng(int(walls * 100))
    free = rng.random((SIZE, SIZE)) >= walls
    free[:8] = free[-8:] = free[:, :8] = free[:, -8:] = False
    places = np.argwhere(free)
    pos = places[rng.integers(0, len(places), WALKERS)]
    goal = np.clip(pos + rng.integers(-7, 8, pos.shape), 8, SIZE - 9)
    board = bits.pack(jnp.asarray(free))
    steps = np.asarray(
        first_steps(board, jnp.asarray(pos), jnp.asarray(goal), jnp.ones(WALKERS, bool))
    )
    for here, there, step in zip(pos, goal, steps, strict=True):
        here, there = tuple(int(x) for x in here), tuple(int(x) for x in there)
        goals = expected_goals(free, here, there)
        left = distances(free, goals, here)
        if left[here] == 0:
            assert step == flood.NO_STEP
            continue
        better = [
            direction
            for direction in (0, 3, 2, 1)  # north, west, east, south: the order of preference
            if left.get(tuple(np.add(here, STEP_OFFSET[direction])), np.inf) == left[here] - 1
        ]
        assert step == better[0], (here, there, better)


def test_nobody_who_does_not_walk_gets_a_step(first_steps):
    free = np.zeros((SIZE, SIZE), bool)
    free[8:-8, 8:-8] = True
    pos = jnp.full((WALKERS, 2), 20)
    walks = np.arange(WALKERS) % 2 == 0
    steps = first_steps(bits.pack(jnp.asarray(free)), pos, pos + 3, jnp.asarray(walks))
    assert np.asarray(steps).tolist() == np.where(walks, 2, flood.NO_STEP).tolist()


def test_a_goal_beyond_the_window_draws_the_walker_its_way(first_steps):
    free = np.zeros((SIZE, SIZE), bool)
    free[8:-8, 8:-8] = True
    board = bits.pack(jnp.asarray(free))
    pos = jnp.array([[20, 20], [20, 20]])
    goal = jnp.array([[30, 20], [20, 10]])
    assert first_steps(board, pos, goal, jnp.ones(2, bool)).tolist() == [1, 3]


def test_a_walker_inside_a_wall_ends_the_search_too(first_steps):
    board = bits.pack(jnp.zeros((SIZE, SIZE), bool))
    pos = jnp.array([[20, 20]])
    assert first_steps(board, pos, pos + 3, jnp.ones(1, bool)).tolist() == [flood.NO_STEP]
