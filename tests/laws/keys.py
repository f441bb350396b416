"""Notes the keys that a program makes and draws with, while it runs."""

import contextlib

import jax
import numpy as np
import pytest

from metammo_jax.lib import threefry


class Notes:
    """Keys as uint64 numbers.

    Attributes:
      made: arrays of keys, split off others or with a number folded in.
      drew: arrays of keys that random words were drawn with.
      parents: arrays of keys that others were made of.
    """

    def __init__(self):
        self.made, self.drew, self.parents = [], [], []

    def note(self, where: list, keys: jax.Array) -> jax.Array:
        """Returns the keys as they are, noted each time that the program comes here."""

        def keep(words):
            where.append(np.asarray(words).reshape(-1, 2).copy().view(np.uint64).reshape(-1))
            return words

        words = jax.random.key_data(keys)
        shape = jax.ShapeDtypeStruct(words.shape, words.dtype)
        words = jax.pure_callback(keep, shape, words, vmap_method="expand_dims")
        return jax.random.wrap_key_data(words)

    def deriving(self, derive):
        """Returns a function that makes keys, with notes of them and of what they are made of."""

        def noted(key, *args, **options):
            return self.note(self.made, derive(self.note(self.parents, key), *args, **options))

        return noted

    def drawing(self, draw):
        """Returns a function that draws words, with notes of the keys."""
        return lambda key, *args: draw(self.note(self.drew, key), *args)


@contextlib.contextmanager
def noted():
    """Yields `Notes` that programs fill which are traced, and run, inside.

    What has been traced before makes no notes: take an environment of its own.
    """
    notes = Notes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threefry, "_derived", notes.deriving(threefry._derived))
        patch.setattr(threefry, "bits", notes.drawing(threefry.bits))
        for name in ("split", "fold_in"):
            patch.setattr(jax.random, name, notes.deriving(getattr(jax.random, name)))
        yield notes


def repeated(*noted: list) -> int:
    """Returns how many keys are not the first of their kind."""
    keys = np.concatenate(sum(noted, []))
    return len(keys) - len(np.unique(keys))
