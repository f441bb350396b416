"""The platform that a program is traced for, where the code differs by platform.

To trace a program for a platform that is not there, for instance to read it, use `assumed`.
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
    """Context in which `platform` returns this name; functions must be traced anew in it."""
    token = _ASSUMED.set(platform)
    try:
        yield
    finally:
        _ASSUMED.reset(token)
