"""Sets of rows as words of 32 bits: packing, counting, and finding the k-th member."""

import jax
import jax.numpy as jnp


def pack(members: jax.Array) -> jax.Array:
    """Packs (..., E) bool into (..., ceil(E / 32)) uint32, bit e % 32 of word e // 32."""
    pad = -members.shape[-1] % 32
    padded = jnp.pad(members, [(0, 0)] * (members.ndim - 1) + [(0, pad)])
    words = padded.reshape(*members.shape[:-1], -1, 32).astype(jnp.uint32)
    return (words << jnp.arange(32, dtype=jnp.uint32)).sum(-1, dtype=jnp.uint32)


_COLUMNS = 32
"""Members that are found together."""


def first_members(members: jax.Array, size: int) -> jax.Array:
    """Returns the first `size` members of each set, in order, without a sort.

    They are found a few at a time, until the largest set is exhausted: most sets are small.

    Args:
      members: (A, E) bool, E at most 32767.
      size: how many at most.

    Returns:
      (A, size) int32, rows, -1 where a set has fewer members.
    """
    words = pack(members)
    counts = jax.lax.population_count(words).astype(jnp.int32)
    ends = jnp.cumsum(counts, axis=-1)
    blocks = -(-size // _COLUMNS)
    largest = ends[:, -1].max()

    def find(state):
        block, found = state
        rank = block * _COLUMNS + jnp.arange(_COLUMNS)
        rows = _of_rank(words, ends - counts, ends, rank).astype(jnp.int16)
        found = jax.lax.dynamic_update_slice(found, rows, (0, block * _COLUMNS))
        return block + 1, found

    def is_unfinished(state):
        return (state[0] < blocks) & (state[0] * _COLUMNS < largest)

    found = jnp.full((members.shape[0], blocks * _COLUMNS), -1, jnp.int16)
    found = jax.lax.while_loop(is_unfinished, find, (0, found))[1]
    return found[:, :size].astype(jnp.int32)


def _of_rank(words: jax.Array, starts: jax.Array, ends: jax.Array, rank: jax.Array) -> jax.Array:
    """Returns (A, K) int32, the members with `rank` (K,) others before them, -1 if there is none.

    Args:
      words: (A, W) uint32, the sets.
      starts: (A, W) int32, members before each word.
      ends: (A, W) int32, members up to and with each word.
      rank: (K,) int32.
    """
    word = (ends[:, None] <= rank[:, None]).sum(-1)
    exists = word < words.shape[-1]
    word = jnp.where(exists, word, 0)
    bits = jnp.take_along_axis(words, word, axis=-1)
    rank = rank - jnp.take_along_axis(starts, word, axis=-1)
    return jnp.where(exists, 32 * word + _nth_bit(bits, rank), -1)


def _nth_bit(bits: jax.Array, rank: jax.Array) -> jax.Array:
    """Returns the place of the set bit with `rank` set bits below it, by halving."""
    place = jnp.zeros_like(rank)
    for half in (16, 8, 4, 2, 1):
        low = bits & jnp.uint32((1 << half) - 1)
        below = jax.lax.population_count(low).astype(jnp.int32)
        upper = rank >= below
        rank = jnp.where(upper, rank - below, rank)
        bits = jnp.where(upper, bits >> half, low)
        place = jnp.where(upper, place + half, place)
    return place
