"""The user's cache folder, for maps and compiled programs; needs no JAX."""

import os
from pathlib import Path


def cache_folder() -> Path | None:
    """Returns METAMMO_JAX_CACHE, else metammo_jax in XDG_CACHE_HOME, else in ~/.cache.

    None where there is no place for a cache: a path in the home of a user that has none.
    """
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = os.environ.get("METAMMO_JAX_CACHE") or os.path.join(home, "metammo_jax")
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        return None
