"""Packs agents that are alive into dense blocks, so that nothing is worked out for the dead.

In a game of survival most agents are dead most of the time. A block holds up to A living agents of
one world: they share what is of the world, such as the table of entities. Blocks are worked on
some at a time until all are done, so nobody is ever left out, however many live.

Axes: W worlds, or sequences of one world; P players; N blocks, C of them at a time; A places.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib import backend, row_blocks

PLACES = 16
"""Most places of a block."""

ROWS = {"cpu": 256}
"""How many rows, of an agent and a tick each, are worked on at a time, by platform: few enough
that they stay in a core's cache, many enough that calls cost little."""

OTHER_ROWS = 1 << 17
"""The same on all other platforms, which need many to be busy."""

LEAST = 8
"""Least length of a list that is cut short."""

OF_THE_WORLD = ("tick", "entities", "market", "listing")
"""Fields of observations that all players of a world share."""


@struct.dataclass
class Blocks:
    """Who is where.

    Attributes:
      world: (N,) int32, row of the block's world.
      who: (N, A) int32, its players, P where a place is empty.
      filled: (N,) bool, somebody is in it; all that are filled come first.
    """

    world: jax.Array
    who: jax.Array
    filled: jax.Array


def block_size(players: int) -> int:
    """Returns A for worlds of so many players: few, where a world has few."""
    return min(PLACES, max(1, players // 4))


def blocks_at_a_time(worlds: int, players: int, ticks: int) -> int:
    """Returns C for so many sequences of so many ticks, on the platform that JAX works on.

    At most a quarter of what can be: where few live, what is left empty would cost too much.
    """
    rows = ROWS.get(backend.platform(), OTHER_ROWS)
    size = block_size(players)
    return max(1, min(rows // (ticks * size), worlds * players // (4 * size)))


def pack(wanted: jax.Array) -> Blocks:
    """Returns the blocks that hold all (W, P) players that are wanted, world by world."""
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
    """Returns what is of the players of C blocks, and of their worlds.

    Args:
      tree: observations, or other arrays, with leading axes (W, ...) or (W, S, ...). Arrays of
        players have their axis next, those that `OF_THE_WORLD` names have none.
      blocks: C blocks.
      players: P.
      ticks: S; None if there is no such axis.

    Returns:
      The same with leading axes (C, ...) or (S, C, ...), and A players. In an empty place is what
      belongs to some player: see `is_filled`.
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
    """Returns (C, A) int32, rows of players in their worlds: any where a place is empty."""
    return jnp.minimum(blocks.who, players - 1)


def is_filled(blocks: Blocks, players: int) -> jax.Array:
    """Returns (C, A) bool, which places hold a player; what the others hold must not count."""
    return blocks.who < players


def block_crowd(crowd: jax.Array, blocks: Blocks, players: int) -> jax.Array:
    """Returns (N,) int32, how many a player of each block sees at most, given (W, P) of all."""
    seen = crowd[blocks.world[:, None], player_rows(blocks, players)]
    return jnp.where(is_filled(blocks, players), seen, 0).max(axis=1)


def scatter(whole, blocks: Blocks, part):
    """Returns arrays (W, P, ...) in which the players of C blocks have what is in (C, A, ...)."""

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
    """Works on all blocks that are filled, `at_once` of them at a time.

    Blocks whose players see few others are worked on apart from those who see many, with lists of
    those in sight that are cut short: embedding lists that are mostly empty costs the most.

    Args:
      work: (state, C blocks, k) -> state, where k is a bound on the crowds of these blocks.
      state: pytree.
      blocks: N of them.
      at_once: C.
      most: K, length of the lists.
      crowd: (N,) int32, how many others one of the block sees at most; None takes whole lists.

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
    """Returns lengths of lists of those in sight, the last of them the whole, `most`."""
    return tuple(most // part for part in (8, 3) if most // part >= LEAST) + (most,)
