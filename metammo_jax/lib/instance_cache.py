"""Caches that live as long as an instance: bound methods, equal instances, compiled functions.

`jax.jit` caches by the function that it is given, and drops the entry with that function. A bound
method is a new function at each look-up, so `jax.jit(env.step)` would compile each time; a function
with the environment as a static argument would keep it alive for good.
"""

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

_LIVING: weakref.WeakKeyDictionary[Any, weakref.ref] = weakref.WeakKeyDictionary()


def bind_methods(thing: Any, *names: str) -> None:
    """Stores bound methods on an instance, so that each look-up returns the same function."""
    for name in names:
        vars(thing)[name] = getattr(thing, name)


def intern(thing: _T) -> _T:
    """Returns the first living instance that is equal to `thing`; `thing` itself if there is none.

    Args:
      thing: immutable, with `__eq__` and `__hash__` by value.
    """
    try:
        known = _LIVING.get(thing)
    except TypeError:  # not hashable
        return thing
    first = None if known is None else known()
    if first is None:
        _LIVING[thing] = weakref.ref(thing)
        first = thing
    return first


def get_or_make(thing: Any, name: str, make: Callable[[], _T]) -> _T:
    """Returns the value cached on an instance under a name, made by `make` on first use.

    Args:
      thing: an instance with a `__dict__`, which holds the value.
      name: key of the value.
      make: called once.
    """
    made = vars(thing).setdefault("_made", {})
    if name not in made:
        made[name] = make()
    return made[name]
