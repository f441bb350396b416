"""The same types in every mode of JAX."""

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
    """Returns a function that is traced with types of 32 bits, also under `jax_enable_x64`.

    There a sum of int32, `jnp.arange` and many more would be of 64 bits, and worlds of other types
    and other numbers. What a world computes must not depend on what a program around it wants for
    itself. Arrays of 64 bits may be passed in; what comes out is what comes out without the mode.
    """

    @functools.wraps(function)
    def with_32_bits(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
            return function(*args, **kwargs)
        with enable_x64(False):
            return function(*args, **kwargs)

    return with_32_bits
