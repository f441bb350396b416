"""32-bit types, whether or not `jax_enable_x64` is set."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import jax

_P = ParamSpec("_P")
_R = TypeVar("_R")

try:
    enable_x64 = jax.enable_x64
except AttributeError:  # before JAX 0.8
    from jax.experimental import enable_x64  # pyright: ignore[reportAttributeAccessIssue]


def narrow(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Returns a function that is traced with 32-bit types, also under `jax_enable_x64`.

    In that mode a sum of int32, `jnp.arange` and many more have 64 bits, and worlds would have
    other types and other numbers. Arrays of 64 bits may be passed in; results are those without
    the mode.
    """

    @functools.wraps(function)
    def with_32_bits(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
            return function(*args, **kwargs)
        with enable_x64(False):
            return function(*args, **kwargs)

    return with_32_bits
