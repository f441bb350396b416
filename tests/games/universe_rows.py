"""Rows of choices of the universe of games, for its tests."""

import functools

import numpy as np

from metammo_jax.config import preset
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.games.universe.capacity import capacity_of
from metammo_jax.games.universe.kinds import KINDS
from metammo_jax.games.universe.space import Space, playable_rows


@functools.cache
def sampled(config: str = "tiny", split: str | None = None) -> np.ndarray:
    """Returns (512, X) playable rows or fewer."""
    capacity = capacity_of(preset(config))
    return playable_rows(Space(split=split).at(capacity), capacity)[0]


def named(row: np.ndarray) -> dict:
    return {axis.name: axis.options[choice] for axis, choice in zip(AXES, row, strict=True)}


def with_choices(row: np.ndarray, **choices) -> np.ndarray:
    """Returns a copy of a row with options, by their words, put in."""
    row = row.copy()
    for name, value in choices.items():
        row[INDEX[name]] = AXES[INDEX[name]].options.index(value)
    return row


def parts_of(game: dict) -> list:
    """Returns the kinds of the parts of a goal, and how much is asked of each."""
    kinds = {kind.name: kind for kind in KINDS}
    parts = [(kinds[game["goal"]], game["amount"])]
    if game["join"] != "none":
        parts.append((kinds[game["second"]], game["second_amount"]))
    return parts
