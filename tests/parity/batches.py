"""Long batches in chunks of one size, so that a function is compiled once for all lengths."""

import jax
import numpy as np


def in_chunks(run, size: int, *trees):
    """Returns run(*trees) over a leading axis, chunk by chunk, as numpy arrays.

    Args:
      run: compiled function of the trees, batched over the leading axis.
      size: rows of a chunk; the last chunk is filled up with its last row.
      *trees: pytrees whose leaves all have the same leading axis.
    """
    total = len(jax.tree.leaves(trees)[0])
    parts = [
        jax.tree.map(np.asarray, run(*_rows(trees, start, size, total)))
        for start in range(0, total, size)
    ]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:total], *parts)


def _rows(trees, start: int, size: int, total: int):
    rows = np.minimum(np.arange(start, start + size), total - 1)
    return jax.tree.map(lambda leaf: leaf[rows], trees)
