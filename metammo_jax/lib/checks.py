"""Checks of arguments: keys, seeds, integers, numbers and indices."""

import math
import operator
from numbers import Real
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.lib.narrow import enable_x64

SEEDS = 2**63
"""Number of seeds."""


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Returns an integer in a range as an int: anything with `__index__` that is no bool.

    Args:
      name: what the caller calls it.
      value: the number.
      least: that is allowed.
      most: that is allowed; None for no limit.

    Raises:
      ValueError: it is no integer, or out of range; says the rule.
    """
    if most is None:
        rule = f"an integer, {least} or more"
    else:
        rule = f"an integer in {least}..{most}"
    number = as_int(value)
    if number is None or number < least or (most is not None and number > most):
        raise ValueError(f"{name}={value!r} must be {rule}")
    return number


def as_int(value: Any) -> int | None:
    """Returns anything with `__index__` that is no bool as an int; None for all else."""
    if isinstance(value, bool):  # of numpy and JAX they have no `__index__`
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def is_finite_number(value: Any) -> TypeGuard[float]:
    """Returns whether a value is a finite real number and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def key_of_seed(seed: int) -> jax.Array:
    """Returns the () key of a seed, different for all seeds 0..2**63 - 1.

    `jax.random.key` alone reads 32 bits of a seed, unless `jax_enable_x64` is on.

    Raises:
      ValueError: `seed` is no such integer.
    """
    number = np.int64(whole("seed", seed, 0, SEEDS - 1))
    with enable_x64(True):
        return jax.random.key(number)


def check_one_key(key: Any, call: str, several: str) -> None:
    """Raises ValueError unless it is one key, of `jax.random.key` or of `jax.random.PRNGKey`.

    Args:
      key: what was given.
      call: the function, for the message.
      several: what to do with several keys, for the message.
    """
    shape, dtype = getattr(key, "shape", None), getattr(key, "dtype", None)
    if shape is None or dtype is None:
        raise ValueError(f"{call} takes a key, given {key!r}; make one with jax.random.key(seed)")
    if jnp.issubdtype(dtype, jax.dtypes.prng_key):
        words: tuple[int, ...] = ()
    else:
        words = jax.eval_shape(jax.random.PRNGKey, 0).shape
        if dtype != jnp.uint32 or shape[-1:] != words:
            raise ValueError(
                f"{call} takes a key, given an array of {dtype} and shape {tuple(shape)}; make one "
                "with jax.random.key(seed)"
            )
    if shape != words:
        keys = tuple(shape[: len(shape) - len(words)])
        raise ValueError(f"{call} takes one key, given keys of shape {keys}; {several}")


def check_game_index(game: Any, count: int) -> None:
    """Raises ValueError unless it is an integer () that counts the games, as far as is known.

    What is traced is only known to be an integer.
    """
    if isinstance(game, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
        if jnp.issubdtype(game.dtype, jnp.integer) and game.shape == ():
            return
        raise ValueError(f"game={game} must be an integer of shape (), an index into env.games")
    whole("game", game, 0, count - 1)
