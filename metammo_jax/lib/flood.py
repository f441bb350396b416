"""Path finding on bit sets: first steps of shortest paths in a 15 x 15 window, for many at once.

A walker sees a window of 15 x 15 tiles around it. The window is kept as 8 words of 32 bits, two
rows of 16 bits each (the last bit of a row stays empty), so that growing a set of tiles by one
step costs a few shifts. A path is found by flooding from the goal until a neighbour of the
walker gets wet: that neighbour is one step nearer.
"""

import jax
import jax.numpy as jnp

RADIUS = 7
WIDTH = 2 * RADIUS + 1
WORDS = (WIDTH + 1) // 2

# Where the middle's neighbours lie: (word, bit) of north, west, east, south, in the order in
# which equally short first steps are preferred, with the number of the direction.
_NEIGHBOURS = ((3, 7, 0), (3, 16 + 6, 3), (3, 16 + 8, 2), (4, 7, 1))
NO_STEP = -1


def windows(board: jax.Array, pos: jax.Array) -> jax.Array:
    """Returns (8, N) uint32, windows of a packed board around places.

    Args:
      board: (H, words) uint32, as `bits.pack` makes it.
      pos: (N, 2) int32, places at least 7 tiles from the board's edge.

    Returns:
      (8, N) uint32, windows; row 0 of the window is the low half of word 0.
    """
    rows = pos[None, :, 0] + jnp.arange(-RADIUS, RADIUS + 1)[:, None]
    left = pos[None, :, 1] - RADIUS
    word, shift = left // 32, (left % 32).astype(jnp.uint32)
    next_word = jnp.minimum(word + 1, board.shape[1] - 1)
    bits = (board[rows, word] >> shift) | (board[rows, next_word] << (32 - shift))
    bits = jnp.concatenate([bits & ((1 << WIDTH) - 1), jnp.zeros_like(bits[:1])])
    return bits[0::2] | (bits[1::2] << 16)


def cell(offset: jax.Array) -> jax.Array:
    """Returns (8, N) uint32 windows with one tile set, at offsets (N, 2) within -7..7."""
    row, col = offset[:, 0] + RADIUS, offset[:, 1] + RADIUS
    bit = jnp.uint32(1) << ((row % 2) * 16 + col).astype(jnp.uint32)
    return jnp.where(jnp.arange(WORDS)[:, None] == row[None] // 2, bit[None], jnp.uint32(0))


def grow(wet: jax.Array) -> jax.Array:
    """Returns windows (8, N) in which the four neighbours of every set tile are set too.

    The empty last bit of each row may get set: mask the result with what is allowed.
    """
    zero = jnp.zeros_like(wet[:1])
    above = jnp.concatenate([zero, wet[:-1]])
    below = jnp.concatenate([wet[1:], zero])
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
    walks &= (goal != pos).any(-1)
    step = _flood_to_middle(there & allowed, allowed, walks)
    lost = walks & (step == NO_STEP)
    reach = _flood(here, allowed, lost)
    goals = _nearest(there, reach, lost)
    stays = ((goals & here) != 0).any(0)
    return jnp.where(lost, _flood_to_middle(goals, allowed, lost & ~stays), step)


def _flood_to_middle(wet: jax.Array, allowed: jax.Array, active: jax.Array) -> jax.Array:
    """Floods until a neighbour of the middle is wet; returns (N,) the direction to it, or -1."""

    def neighbour(wet):
        step = jnp.full(wet.shape[1:], NO_STEP)
        for word, bit, direction in reversed(_NEIGHBOURS):
            step = jnp.where((wet[word] >> bit) & 1 == 1, direction, step)
        return step

    def spread(state):
        wet, step, going = state
        more = grow(wet) & allowed
        found = jnp.where(going, neighbour(more), step)
        return more, found, going & (found == NO_STEP) & (more != wet).any(0)

    step = jnp.where(active, neighbour(wet), NO_STEP)
    state = (wet, step, active & (step == NO_STEP) & (wet != 0).any(0))
    return jax.lax.while_loop(lambda state: state[2].any(), spread, state)[1]


def _flood(wet: jax.Array, allowed: jax.Array, active: jax.Array) -> jax.Array:
    """Returns the tiles that can be reached, the start included."""

    def spread(state):
        wet, going = state
        more = wet | (grow(wet) & allowed)  # where it starts stays wet, be it a wall
        return more, going & (more != wet).any(0)

    return jax.lax.while_loop(lambda state: state[1].any(), spread, (wet, active))[0]


def _nearest(there: jax.Array, reach: jax.Array, active: jax.Array) -> jax.Array:
    """Returns the tiles of `reach` that are nearest to `there`, walls or no walls."""
    inside = cell_mask(there)

    def spread(state):
        ball, going = state
        ball = jnp.where(going, grow(ball) & inside, ball)
        return ball, going & ((ball & reach) == 0).all(0)

    start = (there, active & ((there & reach) == 0).all(0))
    return jax.lax.while_loop(lambda state: state[1].any(), spread, start)[0] & reach


def cell_mask(like: jax.Array) -> jax.Array:
    """Returns (8, N) windows with every tile of the 15 x 15 set."""
    row = jnp.uint32((1 << WIDTH) - 1)
    full = jnp.full_like(like, row | (row << 16))
    return full.at[-1].set(row)
