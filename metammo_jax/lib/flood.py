"""Path finding on bit sets: first steps of shortest paths in a 15 x 15 window, for many at once.

A walker sees a window of 15 x 15 tiles around it. The window is kept as 8 words of 32 bits, two
rows of 16 bits each (the last bit of a row stays empty), so that growing a set of tiles by one
step costs a few shifts. A path is found by flooding from the goal until a neighbour of the
walker gets wet: that neighbour is one step nearer.

N windows are an array (8, N) on CPUs. Elsewhere they are a tuple of 8 arrays (N,), from which the
compiler makes one kernel of several steps.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from metammo_jax.lib import backend, loops

Window = jax.Array | tuple[jax.Array, ...]

RADIUS = 7
WIDTH = 2 * RADIUS + 1
WORDS = (WIDTH + 1) // 2

# Where the middle's neighbours lie: (word, bit) of north, west, east, south, in the order in
# which equally short first steps are preferred, with the number of the direction.
_NEIGHBOURS = ((3, 7, 0), (3, 16 + 6, 3), (3, 16 + 8, 2), (4, 7, 1))
NO_STEP = -1

STEPS_A_TURN = 8
"""Steps of a flood in each turn of a loop, except on CPUs: there it is one."""


def windows(board: jax.Array, pos: jax.Array) -> Window:
    """Returns N windows of a packed board around places; row 0 is the low half of word 0.

    Args:
      board: (H, words) uint32, as `bits.pack` makes it.
      pos: (N, 2) int32, places at least 7 tiles from the board's edge.
    """
    left = pos[:, 1] - RADIUS
    word, shift = left // 32, (left % 32).astype(jnp.uint32)
    next_word = jnp.minimum(word + 1, board.shape[1] - 1)

    def row(number):
        at = pos[:, 0] - RADIUS + number
        bits = (board[at, word] >> shift) | (board[at, next_word] << (32 - shift))
        return bits & ((1 << WIDTH) - 1)

    if not _is_array():
        rows = [*map(row, range(WIDTH)), jnp.zeros(pos.shape[:1], jnp.uint32)]
        return tuple(rows[2 * word] | (rows[2 * word + 1] << 16) for word in range(WORDS))
    rows = jax.vmap(row)(jnp.arange(WIDTH))
    rows = jnp.concatenate([rows, jnp.zeros_like(rows[:1])])
    return rows[0::2] | (rows[1::2] << 16)


def cell(offset: jax.Array) -> Window:
    """Returns N windows with one tile set, at offsets (N, 2) within -7..7."""
    row, col = offset[:, 0] + RADIUS, offset[:, 1] + RADIUS
    bit = jnp.uint32(1) << ((row % 2) * 16 + col).astype(jnp.uint32)
    if not _is_array():
        return tuple(jnp.where(row // 2 == word, bit, jnp.uint32(0)) for word in range(WORDS))
    return jnp.where(jnp.arange(WORDS)[:, None] == row[None] // 2, bit[None], jnp.uint32(0))


def grow(wet: Window) -> Window:
    """Returns windows in which the four neighbours of every set tile are set too.

    The empty last bit of each row may get set: mask the result with what is allowed.
    """
    if isinstance(wet, tuple):
        zero = jnp.zeros_like(wet[0])
        around = zip(wet, (zero, *wet[:-1]), (*wet[1:], zero), strict=True)
        return tuple(_grown(*words) for words in around)
    zero = jnp.zeros_like(wet[:1])
    return _grown(wet, jnp.concatenate([zero, wet[:-1]]), jnp.concatenate([wet[1:], zero]))


def _grown(wet, above, below):
    down = (wet << 16) | (above >> 16)
    up = (wet >> 16) | (below << 16)
    return wet | (wet << 1) | (wet >> 1) | down | up


def first_steps(board: jax.Array, pos: jax.Array, goal: jax.Array, walks: jax.Array) -> jax.Array:
    """Returns (N,) int32, directions of the first steps of shortest paths inside the windows.

    Where no path inside the window leads to the goal, the walker makes for the tile within its
    reach that is nearest to it (Manhattan; of several the one with the shortest way).

    Args:
      board: (H, words) uint32, where one can stand.
      pos: (N, 2) int32, the walkers' places, at least 7 tiles from the board's edge.
      goal: (N, 2) int32; beyond the window, its nearest tile in the window stands for it.
      walks: (N,) bool, whose step is asked for.

    Returns:
      (N,) int32, 0 north, 1 south, 2 east, 3 west, -1 for no step (there already, nowhere
      nearer to go, or not asked for).
    """
    allowed = windows(board, pos)
    here = cell(jnp.zeros_like(pos))
    there = cell(jnp.clip(goal - pos, -RADIUS, RADIUS))
    walks &= (goal[:, 0] != pos[:, 0]) | (goal[:, 1] != pos[:, 1])
    if not _is_array():
        return _in_one_loop(there, allowed, walks)
    step = _flood_to_middle(_both(there, allowed), allowed, walks)
    lost = walks & (step == NO_STEP)
    reach = _flood(here, allowed, lost)
    goals = _nearest(there, reach, lost)
    stays = _has_any(_both(goals, here))
    return jnp.where(lost, _flood_to_middle(goals, allowed, lost & ~stays), step)


_TO_MIDDLE, _REACH, _BALL, _TO_MIDDLE_AGAIN, _DONE = range(5)
"""What a walker floods: from its goal to the middle; if that fails, all it can reach, then a ball
around the goal until it meets that, then from where they meet to the middle."""


def _in_one_loop(there: Window, allowed: Window, walks: jax.Array) -> jax.Array:
    """Returns the directions of `first_steps`: all floods in one loop, each walker in its own.

    Most walkers need the first flood alone; a loop for each flood costs a GPU as much whether it
    turns or not.
    """
    here = cell(jnp.zeros((*walks.shape, 2), jnp.int32))

    def spread(state):
        wet, allowed, step, phase = state
        found, met = _to_middle(wet), _both(wet, allowed)
        more = grow(wet)
        more = _select(phase == _BALL, _both(more, _full(more)), _both(more, allowed))
        more = jax.tree.map(jnp.bitwise_or, wet, more)
        is_still, meets = ~_differ(more, wet), (phase == _BALL) & _has_any(met)
        seeks = (phase == _TO_MIDDLE) | (phase == _TO_MIDDLE_AGAIN)
        arrives = seeks & (found != NO_STEP)
        is_lost = (phase == _TO_MIDDLE) & is_still & ~arrives
        has_reach = (phase == _REACH) & is_still
        ends = arrives | (meets & _has_any(_both(met, here)))
        ends |= (phase == _TO_MIDDLE_AGAIN) & is_still
        step = jnp.where(arrives, found, step)
        phase_after = phase + (is_lost | has_reach | meets).astype(jnp.int32)
        for changes, start in ((is_lost, here), (has_reach, there), (meets, met)):
            more = _select(changes, start, more)
        return more, _select(has_reach, wet, allowed), step, jnp.where(ends, _DONE, phase_after)

    def turn(_, state):
        for _ in range(STEPS_A_TURN):
            state = spread(state)
        return state

    start = jnp.where(walks, _TO_MIDDLE, _DONE)
    state = _both(there, allowed), allowed, jnp.full(walks.shape, NO_STEP), start
    return loops.while_any(lambda _, state: (state[-1] != _DONE).any(), turn, state)[2]


def _select(condition: jax.Array, first: Window, second: Window) -> Window:
    """Returns the first windows where the condition (N,) holds, else the second."""
    return jax.tree.map(lambda *words: jnp.where(condition, *words), first, second)


def _to_middle(wet: Window) -> jax.Array:
    """Returns (N,) int32, the direction from the middle to a wet neighbour, or -1."""
    step = jnp.full(wet[0].shape, NO_STEP)
    for word, bit, direction in reversed(_NEIGHBOURS):
        step = jnp.where((wet[word] >> bit) & 1 == 1, direction, step)
    return step


def _flood_to_middle(wet: Window, allowed: Window, active: jax.Array) -> jax.Array:
    """Floods until a neighbour of the middle is wet; returns (N,) the direction to it, or -1."""

    def spread(state):
        wet, step, going = state
        more = _both(grow(wet), allowed)
        found = jnp.where(going, _to_middle(more), step)
        return more, found, going & (found == NO_STEP) & _differ(more, wet)

    step = jnp.where(active, _to_middle(wet), NO_STEP)
    return _repeat(spread, (wet, step, active & (step == NO_STEP) & _has_any(wet)))[1]


def _flood(wet: Window, allowed: Window, active: jax.Array) -> Window:
    """Returns the tiles that can be reached, the start included."""

    def spread(state):
        wet, going = state
        # Where it starts stays wet, be it a wall.
        more = jax.tree.map(jnp.bitwise_or, wet, _both(grow(wet), allowed))
        return more, going & _differ(more, wet)

    return _repeat(spread, (wet, active))[0]


def _nearest(there: Window, reach: Window, active: jax.Array) -> Window:
    """Returns the tiles of `reach` that are nearest to `there`, walls or no walls."""

    def spread(state):
        ball, going = state
        larger = _both(grow(ball), _full(ball))
        ball = jax.tree.map(lambda new, old: jnp.where(going, new, old), larger, ball)
        return ball, going & ~_has_any(_both(ball, reach))

    start = there, active & ~_has_any(_both(there, reach))
    return _both(_repeat(spread, start)[0], reach)


def _repeat(spread: Callable, state: tuple) -> tuple:
    """Returns the state after steps of a flood until none of the walkers goes on."""
    return loops.while_any(lambda _, state: state[-1].any(), lambda _, state: spread(state), state)


def _is_array() -> bool:
    """Returns whether windows are an array, not a tuple of words."""
    return backend.platform() == "cpu"


def _both(first: Window, second: Window) -> Window:
    return jax.tree.map(jnp.bitwise_and, first, second)


def _has_any(windows: Window) -> jax.Array:
    """Returns (N,) bool, which windows have a tile that is set."""
    if isinstance(windows, tuple):
        return functools.reduce(jnp.bitwise_or, windows) != 0
    return (windows != 0).any(0)


def _differ(first: Window, second: Window) -> jax.Array:
    """Returns (N,) bool, which windows differ."""
    return _has_any(jax.tree.map(jnp.bitwise_xor, first, second))


def _full(like: Window) -> Window:
    """Returns windows with every tile of the 15 x 15 set."""
    row = (1 << WIDTH) - 1
    words = [row | (row << 16)] * (WORDS - 1) + [row]
    if isinstance(like, tuple):
        return tuple(jnp.full_like(one, word) for one, word in zip(like, words, strict=True))
    return jnp.broadcast_to(jnp.array(words, jnp.uint32)[:, None], like.shape)
