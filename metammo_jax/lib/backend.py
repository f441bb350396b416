"""The kind of device that a program is made for, where its code differs by it.

It is asked while a program is traced. What is traced for a device that is not there, to read the
program that it would run, says so with `assumed`.
"""

import contextlib
import contextvars
from collections.abc import Iterator

import jax

_ASSUMED: contextvars.ContextVar[str | None] = contextvars.ContextVar("assumed", default=None)


def platform() -> str:
    """Returns "cpu", "gpu" or "tpu": what is assumed, or what JAX works on."""
    return _ASSUMED.get() or jax.default_backend()


@contextlib.contextmanager
def assumed(platform: str) -> Iterator[None]:
    """Has `platform` return another name; for functions that are traced anew in this context."""
    token = _ASSUMED.set(platform)
    try:
        yield
    finally:
        _ASSUMED.reset(token)
