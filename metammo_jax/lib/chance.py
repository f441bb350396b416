"""Random numbers that are bitwise the same on all devices: no logarithms, no divisions."""

import jax
import jax.numpy as jnp

from metammo_jax.lib import layout


def waiting_time(words: jax.Array, probability: jax.Array, bits: int = 15) -> jax.Array:
    """Returns (...) int32, geometrically distributed numbers of trials up to the first success.

    Finds the largest n with uniform < (1 - probability)**n bit by bit. No logarithm is taken:
    its last digit differs between devices, and so would the rounded result now and then.

    Args:
      words: (...) uint32, random.
      probability: () or (...) float32, chance of one roll.
      bits: the result is at most 2**bits, also where the probability is 0.

    Returns:
      (...) int32, geometrically distributed: 1 for the first roll.
    """
    uniform = ((words >> 8).astype(jnp.float32) + 0.5) * 2.0**-24
    powers = [1.0 - jnp.asarray(probability, jnp.float32)]
    for _ in range(bits - 1):
        powers.append(powers[-1] * powers[-1])
    failures = jnp.zeros(words.shape, jnp.int32)
    survival = jnp.ones(words.shape, jnp.float32)
    for bit in reversed(range(bits)):
        longer = survival * powers[bit]
        waits = uniform < longer
        survival = jnp.where(waits, longer, survival)
        failures += waits.astype(jnp.int32) << bit
    return failures + 1


def random_cells(words: jax.Array, side: jax.typing.ArrayLike) -> jax.Array:
    """Returns (count, 2) int32, uniform cells of a square, with replacement, one for each word.

    Reads a word as a fraction in base `side`: its first digit is the row, its second the column.
    Half the words of two draws, and no remainder.

    Args:
      words: (count,) uint32, random.
      side: () or (count,) int32, 1..65535, places a side.

    Returns:
      (count, 2) int32, row and column in 0..side - 1; each place's chance is right to within
      side**2 / 2**32 of itself.
    """
    base = jnp.asarray(side, jnp.uint32)
    digits = []
    for _ in range(2):
        high, low = words >> 16, words & 0xFFFF
        digits.append((high * base + (low * base >> 16)) >> 16)
        words = words * base
    return layout.pair(*digits).astype(jnp.int32)


def random_integers(words: jax.Array, choices: int | jax.Array) -> jax.Array:
    """Returns (...) int32, uniform in 0..choices - 1, one for each random word (...) uint32.

    `choices` is one number for all, below 2**16.

    Each number's chance is right to within choices / 2**16 of itself.
    """
    return ((words >> 16) * jnp.uint32(choices) >> 16).astype(jnp.int32)
