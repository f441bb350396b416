"""Packs living agents into dense blocks, so that nothing is computed for dead ones.

In survival games most agents are dead most of the time. A block holds up to A living agents of one
world, which share the world's arrays, such as the table of entities. A loop processes C blocks in
each iteration until all are done, so any number of living agents is handled.

Axes: W worlds, or sequences of one world; P players; N blocks, C per iteration; A agents.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib import backend, row_blocks

PLACES = 16
"""Largest A, agents of a block."""

ROWS = {"cpu": 256}
"""Agent-steps processed in one iteration, by platform: few enough to fit into a core's cache, many
enough to keep the overhead of iterations low."""

OTHER_ROWS = 1 << 17
"""The same on all other platforms."""

LEAST = 8
"""Least length of a shortened list."""

OF_THE_WORLD = ("tick", "entities", "market", "listing")
"""Fields of observations that all players of a world share."""


@struct.dataclass
class Blocks:
    """Players by block.

    Attributes:
      world: (N,) int32, row of the block's world.
      who: (N, A) int32, its players, P in empty places.
      filled: (N,) bool, the block has players; filled blocks come first.
    """

    world: jax.Array
    who: jax.Array
    filled: jax.Array


def block_size(players: int) -> int:
    """Returns A, the agents of a block, for worlds of P players."""
    return min(PLACES, max(1, players // 4))


def blocks_at_a_time(worlds: int, players: int, ticks: int) -> int:
    """Returns C, the blocks of an iteration, for sequences of `ticks` ticks on this platform.

    It is at most a quarter of all blocks, so that few living agents do not leave most of it empty.
    """
    rows = ROWS.get(backend.platform(), OTHER_ROWS)
    size = block_size(players)
    return max(1, min(rows // (ticks * size), worlds * players // (4 * size)))


def pack(wanted: jax.Array) -> Blocks:
    """Returns blocks that hold all wanted players, (W, P) bool, world by world."""
    worlds, players = wanted.shape
    size = block_size(players)
    most = worlds * -(-players // size)
    rank = jnp.cumsum(wanted, axis=1, dtype=jnp.int32) - 1
    needed = (rank[:, -1:] + size) // size
    ends = jnp.cumsum(needed, axis=0)
    block = jnp.where(wanted, ends - needed + rank // size, most)
    everybody = jnp.broadcast_to(jnp.arange(players)[None], wanted.shape)
    who = jnp.full((most, size), players).at[block, rank % size].set(everybody, mode="drop")
    number = jnp.arange(most)
    world = (number[:, None] >= ends[None, :, 0]).sum(axis=1, dtype=jnp.int32)
    return Blocks(jnp.minimum(world, worlds - 1), who, number < ends[-1])


def gather(tree, blocks: Blocks, players: int, ticks: int | None = None):
    """Returns the entries of the players of C blocks, and of their worlds.

    Args:
      tree: observations, or other arrays, with leading axes (W, ...) or (W, S, ...). Arrays of
        players have their axis next, those that `OF_THE_WORLD` names have none.
      blocks: C blocks.
      players: P.
      ticks: S; None if there is no such axis.

    Returns:
      The same with leading axes (C, ...) or (S, C, ...), and A players. Entries of empty
      places are those of some player: see `is_filled`.
    """
    world, who = blocks.world, player_rows(blocks, players)

    def one(path, leaf):
        shared = getattr(path[-1], "name", None) in OF_THE_WORLD if path else False
        if ticks is None:
            return leaf[world] if shared else leaf[world[:, None], who]
        tick = jnp.arange(ticks)[:, None]
        if shared:
            return leaf[world[None], tick]
        return leaf[world[None, :, None], tick[..., None], who[None]]

    return jax.tree_util.tree_map_with_path(one, tree)


def player_rows(blocks: Blocks, players: int) -> jax.Array:
    """Returns the players of blocks, (C, A) int32; a valid index in empty places too."""
    return jnp.minimum(blocks.who, players - 1)


def is_filled(blocks: Blocks, players: int) -> jax.Array:
    """Returns (C, A) bool, the place holds a player; entries of other places must be ignored."""
    return blocks.who < players


def block_crowd(crowd: jax.Array, blocks: Blocks, players: int) -> jax.Array:
    """Returns (N,) int32, the most entities that a player of each block sees, from (W, P)."""
    seen = crowd[blocks.world[:, None], player_rows(blocks, players)]
    return jnp.where(is_filled(blocks, players), seen, 0).max(axis=1)


def scatter(whole, blocks: Blocks, part):
    """Returns arrays (W, P, ...) with the entries of C blocks replaced by those in (C, A, ...)."""

    def one(old, new):
        return old.at[blocks.world[:, None], blocks.who].set(new, mode="drop")

    return jax.tree.map(one, whole, part)


def fold_blocks(
    work: Callable,
    state,
    blocks: Blocks,
    at_once: int,
    most: int,
    crowd: jax.Array | None = None,
):
    """Folds a function over all filled blocks, `at_once` of them in each iteration.

    Blocks whose players see few entities are processed separately, with shortened lists of entities
    in sight, because embedding mostly empty lists would dominate the cost.

    Args:
      work: (state, C blocks, k) -> state, where k bounds the entities in sight.
      state: pytree.
      blocks: N of them.
      at_once: C.
      most: K, length of the lists.
      crowd: (N,) int32, the most entities that a player of the block sees; None for full lists.

    Returns:
      state.
    """
    least = -1
    for bound in (most,) if crowd is None else list_bounds(most):
        wanted = blocks.filled
        if crowd is not None:
            wanted = wanted & (crowd > least) & (crowd <= bound)

        def turn(state, numbers, real, bound=bound):
            some = jax.tree.map(lambda leaf: leaf[numbers], blocks)
            nobody = jnp.full_like(some.who, jnp.iinfo(jnp.int32).max)
            return work(state, some.replace(who=jnp.where(real[:, None], some.who, nobody)), bound)

        state = row_blocks.apply_in_blocks(turn, state, wanted, at_once)
        least = bound
    return state


def list_bounds(most: int) -> tuple[int, ...]:
    """Returns the lengths of lists of entities in sight, ending with the full length `most`."""
    return tuple(most // part for part in (8, 3) if most // part >= LEAST) + (most,)
