"""Quotients and square roots of float32 that are the same on every device.

A CPU rounds both correctly. Compiled for a GPU, XLA divides with up to two units in the last place
of error, multiplies by the reciprocal where the divisor is a constant, and takes approximate square
roots; 20 / 20 need not be 1 there. Additions, subtractions and products are rounded correctly
everywhere. So the error that is left, a - q * b, is worked out exactly and taken off.
"""

import functools

import jax
import jax.numpy as jnp

_HIGH = 0xFFFFF000
"""The bits of a float32 that hold its sign, its exponent and the upper half of its digits."""


def divide(a: jax.typing.ArrayLike, b: jax.typing.ArrayLike) -> jax.Array:
    """Returns a / b, (...) float32, rounded correctly on every device.

    Args:
      a: (...) numbers.
      b: (...) numbers that broadcast with `a`.
    """
    a, b = jnp.broadcast_arrays(jnp.asarray(a, jnp.float32), jnp.asarray(b, jnp.float32))
    return _by_platform(a, b, cpu=jnp.divide, default=_divided)


def sqrt(x: jax.Array) -> jax.Array:
    """Returns the square root of x, (...) float32, rounded correctly on every device."""
    return _by_platform(jnp.asarray(x, jnp.float32), cpu=jnp.sqrt, default=_root)


@functools.partial(jax.jit, static_argnames=("cpu", "default"))
def _by_platform(*args, cpu, default):
    return jax.lax.platform_dependent(*args, cpu=cpu, default=default)


def _divided(a: jax.Array, b: jax.Array) -> jax.Array:
    return corrected_quotient(a / b, a, b)


def _root(x: jax.Array) -> jax.Array:
    return corrected_root(jnp.sqrt(x), x)


def corrected_quotient(quotient: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """Returns a / b, rounded correctly, given a quotient that is a few last places off."""
    better = quotient + _left(a, quotient, b) / b
    return jnp.where(jnp.isfinite(better), better, quotient)


def corrected_root(root: jax.Array, x: jax.Array) -> jax.Array:
    """Returns the square root of x, rounded correctly, given one a few last places off."""
    better = root + _left(x, root, root) / (2 * root)
    return jnp.where(jnp.isfinite(better), better, root)


def _left(a: jax.Array, q: jax.Array, b: jax.Array) -> jax.Array:
    """Returns a - q * b, where q * b is nearly a: each product is of half as many digits."""
    q_high, q_low = _halves(q)
    b_high, b_low = _halves(b)
    return a - q_high * b_high - q_high * b_low - q_low * b_high - q_low * b_low


def _halves(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns two float32 of 12 digits each, in base 2, whose sum is x."""
    bits = jax.lax.bitcast_convert_type(x, jnp.uint32) & jnp.uint32(_HIGH)
    high = jax.lax.bitcast_convert_type(bits, jnp.float32)
    return high, x - high
