"""Bit sets in words of 32 bits: packing, counting, and finding the k-th member."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.lib import backend, loops
from metammo_jax.lib.materialize import materialize

Sets = jax.Array | tuple[jax.Array, ...]
"""A packed sets, of W words each: (A, W) uint32, or a tuple of W arrays (A,) uint32."""


def is_packed(value) -> bool:
    """Returns whether a value is packed sets, as a leaf of a pytree."""
    return isinstance(value, jax.Array | tuple)


def pack(members: jax.Array) -> jax.Array:
    """Returns (..., E) bool packed into (..., ceil(E / 32)) uint32, bit e % 32 of word e // 32."""
    pad = -members.shape[-1] % 32
    padded = jnp.pad(members, [(0, 0)] * (members.ndim - 1) + [(0, pad)])
    words = padded.reshape(*members.shape[:-1], -1, 32).astype(jnp.uint32)
    bit = jnp.arange(32, dtype=jnp.uint32).reshape((1,) * members.ndim + (32,))
    return (words << bit).sum(-1, dtype=jnp.uint32)


def pack_columns(members: jax.Array) -> Sets:
    """Returns the packed sets of the columns of (E, A) bool: as `pack` of its transpose.

    On CPUs the compiler packs many columns at once, which it cannot with rows. Elsewhere each
    word is an array of its own, as the compiler would copy words out of one array one by one.
    """
    columns = members.shape[1]
    padded = jnp.pad(members, ((0, -members.shape[0] % 32), (0, 0)))
    if backend.platform() != "cpu":
        bit = jnp.arange(32, dtype=jnp.uint32)[:, None]
        blocks = [padded[first : first + 32] for first in range(0, padded.shape[0], 32)]
        return tuple((some.astype(jnp.uint32) << bit).sum(0, dtype=jnp.uint32) for some in blocks)
    bit = jnp.left_shift(1, jnp.arange(8, dtype=jnp.uint16))[None, :, None]
    eights = (padded.reshape(-1, 8, columns).astype(jnp.uint16) * bit).sum(1, dtype=jnp.uint16)
    parts = eights.reshape(-1, 4, columns).astype(jnp.uint32)
    return materialize(parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16 | parts[:, 3] << 24).T


def as_sets(words: jax.Array) -> Sets:
    """Returns packed sets (A, W) uint32 of `pack` in the form in which `pack_columns` has them."""
    return words if backend.platform() == "cpu" else tuple(words.T)


def pack_others(members: jax.Array, among: jax.Array) -> Sets:
    """Returns the packed sets of the columns of (E, A) bool, of rows `among` (E,) bool alone.

    Column a is of row a, which is never in its own set.
    """
    if backend.platform() != "cpu":
        is_other = ~np.eye(*members.shape, dtype=bool)
        return pack_columns(members & among[:, None] & is_other)
    row = np.arange(members.shape[1])
    others = np.full((len(row), -(-members.shape[0] // 32)), 0xFFFFFFFF, np.uint32)
    others[row, row // 32] -= np.uint32(1) << (row % 32).astype(np.uint32)
    return intersect(pack_columns(members), pack(among[None]) & others)


_COLUMNS = 32
"""Members that are found together."""


def first_members(words: Sets, size: int, *marks: Sets) -> tuple[jax.Array, ...]:
    """Returns the first `size` members of each set, in order, without a sort.

    Args:
      words: packed sets of rows below 32768.
      size: how many at most.
      *marks: further packed sets, of the same kind, in which membership is looked up. Words that
        are missing at the end are empty.

    Returns:
      (A, size) int32, rows, -1 where a set has fewer members; and for each of `marks` (A, size)
      bool, False after the last member.
    """
    if isinstance(words, tuple):
        return _in_one_pass(words, size, marks)
    words, marks = words.T, tuple(jnp.asarray(mark).T for mark in marks)
    find = _in_rounds if backend.platform() == "cpu" else _by_scatter
    return find(words, size, marks)


def _in_rounds(words, size, marks):
    """Finds `_COLUMNS` members at a time until the largest set is done: most sets are small."""
    starts, count = _starts(words)
    blocks = -(-size // _COLUMNS)
    largest = count.max()

    def find(block, found):
        rank = block * _COLUMNS + jnp.arange(_COLUMNS)[None]
        row = _of_rank(words, starts, count, rank)
        new = [row.astype(jnp.int16), *(materialize(_contains(mark, row)) for mark in marks)]
        here, pairs = (jnp.arange(blocks) == block)[:, None], zip(found, new, strict=True)
        return [jnp.where(here, some[:, None], all_) for all_, some in pairs]

    def is_unfinished(iteration, _):
        return (iteration + 1 < blocks) & ((iteration + 1) * _COLUMNS < largest)

    start = find(0, [jnp.int16(-1), *[False] * len(marks)])  # most need no more than this
    found = loops.while_any(is_unfinished, lambda turn, found: find(turn + 1, found), start)
    rows, *marked = (all_.reshape(words.shape[1], -1)[:, :size] for all_ in found)
    return rows.astype(jnp.int32), *marked


def _by_scatter(words, size, marks):
    """Scatters each member to the index of its rank: one pass, no loop of unknown length."""
    count, sets = words.shape
    counts = jax.lax.population_count(words).astype(jnp.int32)
    before = np.tril(np.ones((count, count), np.int32), -1)
    starts = (before[:, :, None] * counts[None]).sum(1)
    bit = jnp.arange(32, dtype=jnp.uint32)[None, :, None]
    below = words[:, None] & ((jnp.uint32(1) << bit) - 1)
    rank = starts[:, None] + jax.lax.population_count(below).astype(jnp.int32)
    is_member = (words[:, None] >> bit) & 1 == 1
    place = jnp.where(is_member, rank, size).reshape(-1, sets)  # `size` is dropped
    row = jnp.broadcast_to(jnp.arange(32 * count, dtype=jnp.int16)[:, None], place.shape)
    which = jnp.broadcast_to(jnp.arange(sets)[None], place.shape)
    rows = jnp.full((sets, size), -1, jnp.int16)
    rows = rows.at[which, place].set(row, mode="drop", unique_indices=True).astype(jnp.int32)
    return rows, *(_contains(mark, rows) for mark in marks)


def _in_one_pass(words, size, marks):
    """Finds each member by its rank alone, all at once."""
    rank = jnp.arange(size)[None]
    starts, count = _starts_of_words(words)
    base, columns = 0, (words, starts, *marks)
    chosen = [column[0][:, None] for column in columns]
    for word in range(1, len(words)):
        is_later = rank >= starts[word][:, None]
        base = jnp.where(is_later, 32 * word, base)
        new = [column[word][:, None] if word < len(column) else 0 for column in columns]
        chosen = [jnp.where(is_later, *pair) for pair in zip(new, chosen, strict=True)]
    bits, start, *marks = chosen
    place = _nth_bit(bits, rank - start)
    is_member = rank < count[:, None]
    marked = [is_member & ((mark >> place.astype(jnp.uint32)) & 1 == 1) for mark in marks]
    return jnp.where(is_member, base + place, -1), *marked


def member_of_rank(words: jax.Array, rank: jax.Array) -> jax.Array:
    """Returns (A,) int32, the member of each packed set (A, W) uint32 that has `rank` (A,).

    The rank counts smaller members; -1 where there is none.
    """
    return _of_rank(words.T, *_starts(words.T), rank[:, None])[:, 0]


PAIRED = 64
"""Up to so many members are counted in pairs on GPUs: one kernel."""


def ranks(members: jax.Array) -> jax.Array:
    """Returns (E,) int32, the exclusive cumulative sum of members (E,) bool.

    Faster than `jnp.cumsum` on CPUs, which sums up to 128 entries again for each; and fewer kernels
    on GPUs.
    """
    if backend.platform() == "cpu":
        words = materialize(pack(members))
        counts = jax.lax.population_count(words).astype(jnp.int32)
        start = materialize(jnp.cumsum(counts) - counts)
        below = words[:, None] & ((jnp.uint32(1) << jnp.arange(32, dtype=jnp.uint32)) - 1)[None]
        rank = start[:, None] + jax.lax.population_count(below).astype(jnp.int32)
        return rank.reshape(-1)[: members.size]
    row = np.arange(members.size)
    if members.size <= PAIRED:
        return (members[:, None] & (row[:, None] < row[None])).sum(0, dtype=jnp.int32)
    words = pack(members)
    return count(words[None] & _below(row, words.size))


def count_up(members: jax.Array) -> jax.Array:
    """Returns (E,) int32, the cumulative sum of members (E,) bool, itself included.

    On CPUs `jnp.cumsum`, which is fused into what reads it; elsewhere by `ranks`.
    """
    if backend.platform() == "cpu":
        return jnp.cumsum(members)
    return ranks(members) + members.astype(jnp.int32)


def _below(row: np.ndarray, words: int) -> np.ndarray:
    """Returns (A, words) uint32, packed sets of all that is below each row (A,)."""
    filled = np.clip(row[:, None] - 32 * np.arange(words)[None], 0, 32).astype(np.uint64)
    return ((np.uint64(1) << filled) - np.uint64(1)).astype(np.uint32)


def intersect(first: Sets, second: Sets) -> Sets:
    """Returns the packed sets of what is in both, of packed sets of the same kind."""
    return jax.tree.map(jnp.bitwise_and, first, second)


def subtract(first: Sets, second: Sets) -> Sets:
    """Returns the packed sets of what is in the first and not in the second."""
    return jax.tree.map(lambda words, others: words & ~others, first, second)


def has_any(words: Sets) -> jax.Array:
    """Returns (A,) bool, whether packed sets have any member."""
    if isinstance(words, tuple):
        return functools.reduce(jnp.bitwise_or, words) != 0
    return (words != 0).any(-1)


def count(words: jax.Array) -> jax.Array:
    """Returns (A,) int32, the sizes of packed sets (A, W) uint32."""
    return jax.lax.population_count(words).sum(-1, dtype=jnp.int32)


def count_below(words: Sets, row: np.ndarray) -> jax.Array:
    """Returns (A,) int32, the members of packed sets below a row (A,) of each."""
    below = _below(row, len(words) if isinstance(words, tuple) else words.shape[1])
    if not isinstance(words, tuple):
        return count(words & below)
    return _starts_of_words([word & mask for word, mask in zip(words, below.T, strict=True)])[1]


def _starts_of_words(words) -> tuple[list[jax.Array], jax.Array]:
    """Returns what `_starts` does, of words that are arrays (A,): a list of W, and (A,)."""
    starts = [jnp.zeros_like(words[0], jnp.int32)]
    for word in words:
        starts.append(starts[-1] + jax.lax.population_count(word).astype(jnp.int32))
    return starts[:-1], starts[-1]


def _starts(words: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns (W, A) int32, members before each word, and (A,) int32, members of each set.

    Words (W, A) are few, so they are added up one by one; as rows (1, A), since the compiler
    takes a pass over the whole program for each link of a chain of vectors.
    """
    starts = [jnp.zeros((1, words.shape[1]), jnp.int32)]
    for counts in jnp.split(jax.lax.population_count(words).astype(jnp.int32), words.shape[0]):
        starts.append(starts[-1] + counts)
    return jnp.concatenate(starts[:-1]), starts[-1][0]


def _of_rank(words: jax.Array, starts: jax.Array, count: jax.Array, rank: jax.Array) -> jax.Array:
    """Returns (A, K) int32, the members of the given ranks, -1 if there is none.

    The word that holds a member is chosen by one comparison for each word: unlike gathers, these
    are done for many members at once.

    Args:
      words: (W, A) uint32, the sets.
      starts: (W, A) int32, members before each word.
      count: (A,) int32, members.
      rank: (1, K) or (A, K) int32.
    """
    bits, start, base = words[0][:, None], starts[0][:, None], jnp.zeros((1, 1), jnp.int32)
    for word in range(1, words.shape[0]):
        later = rank >= starts[word][:, None]
        base = jnp.where(later, 32 * word, base)
        bits = jnp.where(later, words[word][:, None], bits)
        start = jnp.where(later, starts[word][:, None], start)
    return materialize(jnp.where(rank < count[:, None], base + _nth_bit(bits, rank - start), -1))


def _contains(words: jax.Array, row: jax.Array) -> jax.Array:
    """Returns (A, K) bool, which rows (A, K) are in the packed sets (words, A)."""
    if backend.platform() == "cpu":  # a comparison for each word, as in `_of_rank`
        chosen = words[0][:, None]
        for word in range(1, words.shape[0]):
            chosen = jnp.where(row >= 32 * word, words[word][:, None], chosen)
    else:
        chosen = jnp.take_along_axis(words.T, jnp.clip(row >> 5, 0, words.shape[0] - 1), axis=1)
    is_in = (chosen >> (row & 31).astype(jnp.uint32)) & 1 == 1
    return is_in & (row >= 0) & (row < 32 * words.shape[0])


def _nth_bit(bits: jax.Array, rank: jax.Array) -> jax.Array:
    """Returns the index of the set bit with `rank` set bits below it, by bisection."""
    place = jnp.zeros_like(rank)
    for half in (16, 8, 4, 2, 1):
        low = bits & jnp.uint32((1 << half) - 1)
        below = jax.lax.population_count(low).astype(jnp.int32)
        upper = rank >= below
        rank = jnp.where(upper, rank - below, rank)
        bits = jnp.where(upper, bits >> half, low)
        place = jnp.where(upper, place + half, place)
    return place
