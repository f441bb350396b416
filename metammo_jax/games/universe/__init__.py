"""The universe of games: a distribution from which every reset draws a game, as rows of numbers.

env = mm.make(games.universe(), config="tiny")       # or mm.make("universe/train", ...)
code = games.code_of(world)                          # the game that a world plays
mm.make(games.from_code(code))                       # that game alone
print(games.describe(code))
"""

import functools
from collections.abc import Callable

from metammo_jax.games.universe.game import (
    PREFIX,
    Universe,
    choices_of,
    code_of,
    from_code,
    split_of_code,
    universe,
)
from metammo_jax.games.universe.splits import SPLITS
from metammo_jax.games.universe.words import describe

UNIVERSES: dict[str, Callable[[], Universe]] = {
    "universe": universe,
    **{PREFIX + split: functools.partial(universe, split=split) for split in SPLITS},
}
"""Factories of the universe and of its splits, by name."""

__all__ = [
    "PREFIX",
    "SPLITS",
    "UNIVERSES",
    "Universe",
    "choices_of",
    "code_of",
    "describe",
    "from_code",
    "split_of_code",
    "universe",
]
