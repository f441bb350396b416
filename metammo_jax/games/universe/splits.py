"""The fixed splits of the universe: train, validation, test and transfer, decided by the code.

* `transfer`: a part of the goal is of a kind that the other splits never ask for.
* `test` and `validation`: combinations of the axes of `STRUCTURE` that `train` never has, though it
  has every option by itself.
* `train`: all else.
"""

import numpy as np

from metammo_jax.games.universe.axes import STRUCTURE, columns, library
from metammo_jax.games.universe.settle import has_property

SPLITS = ("train", "validation", "test", "transfer")
_SHARES = (70, 80, 100)
"""Out of 100 combinations, up to which each of the first three goes."""

_FACTOR = np.uint32(0x9E3779B1)


def split_of(rows):
    """Returns (...) int32, the index in `SPLITS` of rows (..., X), settled and canonical."""
    chosen, lib = columns(rows), library(rows)
    mixed = lib.zeros(rows.shape[:-1], np.uint32)
    for name in STRUCTURE:
        mixed = (mixed ^ (chosen[name].astype(np.uint32) + np.uint32(1))) * _FACTOR
        mixed = mixed ^ (mixed >> np.uint32(15))
    lot = (mixed >> np.uint32(8)) % np.uint32(100)
    split = (lot >= _SHARES[0]).astype(np.int32) + (lot >= _SHARES[1]).astype(np.int32)
    return lib.where(has_property(chosen, "new"), np.int32(SPLITS.index("transfer")), split)
