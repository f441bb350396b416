"""Hints in error messages; needs no JAX."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Returns "; did you mean '...'?" with the known name nearest to a name, "" if none is near.

    Args:
      name: what was given.
      known: what is allowed.
      cutoff: least similarity in 0..1, as of `difflib.get_close_matches`.
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""
