"""Random numbers that are the same on every device: integers, products and comparisons only."""

import jax
import jax.numpy as jnp

from metammo_jax.lib import threefry


def waiting_time(
    key: jax.Array, probability: jax.Array, shape: tuple[int, ...], bits: int = 15
) -> jax.Array:
    """Returns how many rolls it takes until something of a fixed probability happens.

    Finds the largest n with uniform < (1 - probability)**n bit by bit. No logarithm is taken:
    its last digit differs between devices, and so would the rounded result now and then.

    Args:
      key: () key.
      probability: () or `shape` float32, chance of one roll.
      shape: of the result.
      bits: the result is at most 2**bits, also where the probability is 0.

    Returns:
      shape, int32, geometrically distributed: 1 for the first roll.
    """
    uniform = ((threefry.bits(key, shape) >> 8).astype(jnp.float32) + 0.5) * 2.0**-24
    powers = [1.0 - jnp.asarray(probability, jnp.float32)]
    for _ in range(bits - 1):
        powers.append(powers[-1] * powers[-1])
    failures = jnp.zeros(shape, jnp.int32)
    survival = jnp.ones(shape, jnp.float32)
    for bit in reversed(range(bits)):
        longer = survival * powers[bit]
        waits = uniform < longer
        survival = jnp.where(waits, longer, survival)
        failures += waits.astype(jnp.int32) << bit
    return failures + 1


def uniform_cells(key: jax.Array, count: int, side: jax.Array) -> jax.Array:
    """Returns places drawn uniformly, with replacement, from a square.

    Reads a random word as a fraction in base `side`: its first digit is the row, its second the
    column. Half the random words of two draws, and no remainder.

    Args:
      key: () key.
      count: places to draw.
      side: () int32, 1..65535, places a side.

    Returns:
      (count, 2) int32, row and column in 0..side - 1; each place's chance is right to within
      side**2 / 2**32 of itself.
    """
    base = jnp.asarray(side, jnp.uint32)
    fraction = threefry.bits(key, (count,))
    digits = []
    for _ in range(2):
        high, low = fraction >> 16, fraction & 0xFFFF
        digits.append((high * base + (low * base >> 16)) >> 16)
        fraction = fraction * base
    return jnp.stack(digits, axis=-1).astype(jnp.int32)


def whole(key: jax.Array, count: int, choices: int) -> jax.Array:
    """Returns (count,) int32 drawn uniformly from 0..choices - 1, from one random word each.

    Each number's chance is right to within choices / 2**16 of itself.
    """
    word = threefry.bits(key, (count,)) >> 16
    return (word * jnp.uint32(choices) >> 16).astype(jnp.int32)
