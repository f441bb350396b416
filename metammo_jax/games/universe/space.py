"""What a universe is narrowed to, and playable games in it."""

import dataclasses

import numpy as np

from metammo_jax.games.universe import rules, settle
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.games.universe.capacity import Capacity
from metammo_jax.games.universe.splits import SPLITS, split_of

MISSES = 1e-3
"""Share of draws that may find no playable row and take a spare one."""

LEAST_TRIES, MOST_TRIES = 4, 96
"""Rows of a draw, of which the first that is playable is taken: as many as that takes."""

SPARE = 512
"""Playable rows kept for draws without one."""

_CANDIDATES, _MOST_CANDIDATES = 4096, 1 << 16
"""Rows that are tried at a time to find the spare ones, and in all."""


@dataclasses.dataclass(frozen=True)
class Space:
    """What a universe is narrowed to.

    Attributes:
      allowed: for each axis the options that may be drawn.
      split: one of `SPLITS`, or None for all.
      row: the only game there is, of a universe pinned to a code; else None.
    """

    allowed: tuple[tuple[int, ...], ...] = tuple(tuple(range(len(a.options))) for a in AXES)
    split: str | None = None
    row: tuple[int, ...] | None = None

    def at(self, capacity: Capacity) -> "Space":
        """Returns the space without what a config has no systems for.

        Raises:
          ValueError: nothing is left of an axis.
        """
        if self.row is not None:
            return self
        allowed = []
        for axis, options in zip(AXES, self.allowed, strict=True):
            left = tuple(i for i in options if capacity.has(axis.name)[i])
            if not left:
                names = [axis.options[i] for i in options]
                raise ValueError(f"this config has no systems, or teams, for {axis.name}={names}")
            allowed.append(left)
        return dataclasses.replace(self, allowed=tuple(allowed))

    def options(self, name: str) -> tuple[int, ...]:
        """Returns the options of an axis that may occur."""
        index = INDEX[name]
        return self.allowed[index] if self.row is None else (self.row[index],)


def playable_rows(space: Space, capacity: Capacity) -> tuple[np.ndarray, int]:
    """Returns (n, X) int32 playable rows of a space, and how many tries a draw needs.

    Raises:
      ValueError: none was found; says which rules forbid it most often.
    """
    if space.row is not None:
        row = np.array(space.row, np.int32)
        rule = rules.first_broken(row, capacity)
        if rule:
            raise ValueError(f"the game must be one that this config can play: {rule}")
        return row[None], LEAST_TRIES
    draws, found, why, tried = np.random.default_rng(0), [], {}, 0
    wanted = -1 if space.split is None else SPLITS.index(space.split)
    while len(found) < SPARE and tried < _MOST_CANDIDATES:
        rows = settle.canonical(settle.settled(_sample(draws, space, _CANDIDATES)))
        inside = is_inside(rows, allowed_of(space)) & ((wanted < 0) | (split_of(rows) == wanted))
        broken = rules.broken(rows, capacity)
        found.extend(rows[inside & ~np.any(list(broken.values()), axis=0)])
        tried += _CANDIDATES
        for rule, breaks in broken.items():
            why[rule] = why.get(rule, 0) + int(breaks.sum())
    if not found:
        raise ValueError(_nothing_found(why))
    misses = 1 - len(found) / tried
    tries = LEAST_TRIES if misses <= 0 else int(np.ceil(np.log(MISSES) / np.log(misses)))
    return np.unique(found[:SPARE], axis=0), max(LEAST_TRIES, min(tries, MOST_TRIES))


def reach_of(space: Space) -> np.ndarray:
    """Returns (X, most options - 1) float32, chances of the options summed up; 2 after the last."""
    most = max(len(axis.options) for axis in AXES)
    table = np.full((len(AXES), most - 1), 2.0, np.float32)
    for row, axis, allowed in zip(table, AXES, space.allowed, strict=True):
        weight = np.zeros(len(axis.options))
        weight[list(allowed)] = np.array(axis.weights or (1.0,) * len(axis.options))[list(allowed)]
        reach = np.cumsum(weight) / weight.sum()
        reach[max(allowed) :] = 2.0
        row[: len(reach) - 1] = reach[:-1]
    return table


def allowed_of(space: Space) -> np.ndarray:
    """Returns (X, most options) bool, options that may occur; the first where it may not matter."""
    table = np.zeros((len(AXES), max(len(axis.options) for axis in AXES)), bool)
    for row, axis, allowed in zip(table, AXES, space.allowed, strict=True):
        row[[*allowed, *[0] * (axis.name in settle.FREE)]] = True
    return table


def is_inside(rows, allowed):
    """Returns (...) bool: are rows (..., X) of allowed options (X, most options).

    Goals that are joined may be in either order.
    """
    inside = allowed[np.arange(len(AXES)), rows]
    first, second, join = (INDEX[name] for name in ("goal", "second", "join"))
    goals = inside[..., first] & inside[..., second]
    swapped = allowed[first, rows[..., second]] & allowed[second, rows[..., first]]
    others = np.array([i for i in range(len(AXES)) if i not in (first, second)])
    return inside[..., others].all(-1) & (goals | (swapped & (rows[..., join] > 0)))


def _sample(draws: np.random.Generator, space: Space, count: int) -> np.ndarray:
    """Returns (count, X) int32 random choices, as `Atlas.draw` takes them."""
    point = draws.random((count, len(AXES)))
    return (point[..., None] >= reach_of(space)[None]).sum(-1).astype(np.int32)


def _nothing_found(why: dict[str, int]) -> str:
    often = sorted((rule for rule in why if why[rule]), key=why.__getitem__, reverse=True)[:3]
    reasons = "; ".join(often) or "no combination of them is in this split"
    return f"no game in these ranges can be played: {reasons}"
