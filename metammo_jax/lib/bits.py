"""Sets of rows as words of 32 bits: packing, counting, and finding the k-th member."""

import jax
import jax.numpy as jnp


def pack(members: jax.Array) -> jax.Array:
    """Packs (..., E) bool into (..., ceil(E / 32)) uint32, bit e % 32 of word e // 32."""
    pad = -members.shape[-1] % 32
    padded = jnp.pad(members, [(0, 0)] * (members.ndim - 1) + [(0, pad)])
    words = padded.reshape(*members.shape[:-1], -1, 32).astype(jnp.uint32)
    return (words << jnp.arange(32, dtype=jnp.uint32)).sum(-1, dtype=jnp.uint32)


def first_members(members: jax.Array, size: int) -> jax.Array:
    """Returns the first `size` members of each set, in order, without a sort.

    Args:
      members: (A, E) bool.
      size: how many at most.

    Returns:
      (A, size) int32, rows, -1 where a set has fewer members.
    """
    words = pack(members)
    counts = jax.lax.population_count(words).astype(jnp.int32)
    ends = jnp.cumsum(counts, axis=-1)
    rank = jnp.arange(size)
    word = (ends[:, None] <= rank[:, None]).sum(-1)
    exists = word < words.shape[-1]
    word = jnp.where(exists, word, 0)
    bits = jnp.take_along_axis(words, word, axis=-1)
    rank = rank - jnp.take_along_axis(ends - counts, word, axis=-1)
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
