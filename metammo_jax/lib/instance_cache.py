"""What is compiled for a thing is found again while the thing lives, and goes with it.

`jax.jit` finds what it has traced and compiled by the function that it is given, and forgets it
when that function is no more. A bound method is a new function whenever it is looked up, so
`jax.jit(env.step)` would be compiled anew each time; and a function that takes the environment as
a static argument would hold it for good.
"""

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

_LIVING: weakref.WeakKeyDictionary[Any, weakref.ref] = weakref.WeakKeyDictionary()


def bind_methods(thing: Any, *names: str) -> None:
    """Binds methods of a thing once, so that each is the same function whenever it is looked up."""
    for name in names:
        vars(thing)[name] = getattr(thing, name)


def intern(thing: _T) -> _T:
    """Returns the first that equals a thing and was returned, if it still lives; else the thing.

    Args:
      thing: not changed after it was made; compares and hashes by what it is.
    """
    try:
        known = _LIVING.get(thing)
    except TypeError:  # what it is made of does not hash
        return thing
    first = None if known is None else known()
    if first is None:
        _LIVING[thing] = weakref.ref(thing)
        first = thing
    return first


def get_or_make(thing: Any, name: str, make: Callable[[], _T]) -> _T:
    """Returns what `make` returned for a thing when it was first asked for by this name.

    Args:
      thing: anything with attributes of its own; keeps what was made as long as it lives.
      name: tells apart what is made for one thing.
      make: called once.
    """
    made = vars(thing).setdefault("_made", {})
    if name not in made:
        made[name] = make()
    return made[name]
