"""`Switch`: functions of several games, of which the one of the game that is played is called."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.games.universe.pick import Pick
from metammo_jax.world import Params


class Switch:
    """The distinct ones among the games' functions of one kind; a `Pick` has several."""

    def __init__(self, functions: list[Callable]):
        picks = [f for f in functions if isinstance(f, Pick)]
        self._axis = picks[0].axis if picks else None
        width = len(picks[0].functions) if picks else 1
        rows = [f.table if isinstance(f, Pick) else (f,) * width for f in functions]
        self._distinct = tuple(dict.fromkeys(f for row in rows for f in row))
        index = [[self._distinct.index(f) for f in row] for row in rows]
        self._index = np.array(index if picks else [row[0] for row in index], np.int32)

    def wrapped(self, wrap: Callable) -> "Switch":
        """Returns the same switch between wrapped functions."""
        new = object.__new__(Switch)
        new._distinct, new._index = tuple(map(wrap, self._distinct)), self._index
        new._axis = self._axis
        return new

    def call(self, params: Params, *args, **static):
        """Returns what the function of this game returns; `static` is not traced.

        Keys pass through the switch as words. Under vmap a switch selects what each branch is
        given, which `jax_debug_key_reuse` takes for a use of a key, by each branch again.
        """
        if len(self._distinct) == 1:
            return self._distinct[0](*args, **static)
        impls = [_impl(arg) for arg in args]
        words = [jax.random.key_data(a) if i else a for a, i in zip(args, impls, strict=True)]

        def branch(function, *given):
            given = zip(given, impls, strict=True)
            keyed = [jax.random.wrap_key_data(a, impl=i) if i else a for a, i in given]
            return function(*keyed, **static)

        branches = [functools.partial(branch, function) for function in self._distinct]
        index = jnp.asarray(self._index)[params.game]
        if self._axis is not None:
            index = index[jnp.maximum(params.choices[self._axis], 0)]
        return jax.lax.switch(index, branches, *words)


def _impl(value):
    """Returns the generator of a key; None of all else, keys of the old style too."""
    is_key = jnp.issubdtype(getattr(value, "dtype", np.int32), jax.dtypes.prng_key)
    return jax.random.key_impl(value) if is_key else None
