"""Random words, the same as those of `jax.random` bit for bit, for a third of the time on CPUs.

There `jax.random` hashes in a loop of five passes, each a handful of small kernels, because the
compiler would repeat a hash in each expression that reads it; `materialize` prevents that here.

Keys other than those of `jax.random.key(..., impl="threefry2x32")` (the default) are left to
`jax.random`.
"""

import functools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.lib import layout
from metammo_jax.lib.materialize import materialize

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
_TAG = np.uint32(1 << 31)


def bits(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Returns `shape` uint32 random words: those of `jax.random.bits`."""
    if not _is_known(key):
        return jax.random.bits(key, shape)
    return _words(key, math.prod(shape)).reshape(shape)


def uniform(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Returns `shape` float32 in [0, 1): those of `jax.random.uniform`."""
    mantissa = bits(key, shape) >> 9 | np.float32(1.0).view(np.uint32)
    return jax.lax.bitcast_convert_type(mantissa, jnp.float32) - 1.0


def split(key: jax.Array, count: int = 2) -> jax.Array:
    """Returns (count,) keys: those of `jax.random.split`."""
    if not _is_known(key):
        return jax.random.split(key, count)
    number = jnp.arange(count, dtype=jnp.uint32)
    return _derived(key, number)


def fold_in(key: jax.Array, number: jax.typing.ArrayLike) -> jax.Array:
    """Returns a key for each number () or (n,): that of `jax.random.fold_in`."""
    number = jnp.asarray(number, jnp.uint32)
    if not _is_known(key):
        each = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
        return (each if number.ndim else jax.random.fold_in)(key, number)
    return _derived(key, number)


def tagged(key: jax.Array, tag: jax.typing.ArrayLike | Sequence[int]) -> jax.Array:
    """Returns a key for each tag () or (n,), integers below 2**31 that say what the key is for.

    It differs from all keys that are split off the same key, and from those of running numbers
    below 2**31 folded into it: a tag is folded in with the highest bit set.
    """
    return fold_in(key, np.asarray(tag, np.uint32) | _TAG)


def _is_known(key: jax.Array) -> bool:
    is_key = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    partitionable = jax.config.jax_threefry_partitionable  # pyright: ignore[reportAttributeAccessIssue]
    return is_key and partitionable and str(jax.random.key_impl(key)) == "threefry2x32"


def _derived(key: jax.Array, number: jax.Array) -> jax.Array:
    """Returns a key for each number: () or (n,) uint32."""
    words = layout.pair(*_hash(key, jnp.zeros_like(number), number))
    return jax.random.wrap_key_data(materialize(words), impl="threefry2x32")


@functools.partial(jax.jit, static_argnums=1)  # traced once for each count
def _words(key: jax.Array, count: int) -> jax.Array:
    return jax.lax.platform_dependent(
        key,
        cpu=functools.partial(_hashed, count=count),
        default=lambda key: jax.random.bits(key, (count,)),
    )


def _hashed(key: jax.Array, count: int) -> jax.Array:
    number = jnp.arange(count, dtype=jnp.uint32)
    a, b = _hash(key, jnp.zeros_like(number), number)
    return materialize(a ^ b)


@jax.jit
def _hash(key: jax.Array, high: jax.Array, low: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns Threefry-2x32 with 20 rounds of counters, after Salmon et al., SC 2011."""
    first, second = jax.random.key_data(key)
    schedule = (first, second, first ^ second ^ _PARITY)
    a, b = high + first, low + second
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            a = a + b
            b = (b << rotation | b >> (32 - rotation)) ^ a
        a = a + schedule[(group + 1) % 3]
        b = b + schedule[(group + 2) % 3] + np.uint32(group + 1)
    return a, b
