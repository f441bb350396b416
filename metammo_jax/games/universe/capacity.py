"""What a config has room for: layouts of teams, systems, and numbers of goals."""

import functools

import numpy as np

from metammo_jax.config import Config
from metammo_jax.games.knobs import Unit
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.games.universe.kinds import KINDS, LEVELS
from metammo_jax.vocab import System

CRAFTS: tuple[frozenset[System], ...] = (
    frozenset(),
    frozenset({System.PROGRESSION}),
    frozenset(
        {
            System.PROGRESSION,
            System.ITEM,
            System.EQUIPMENT,
            System.PROFESSION,
            System.EXCHANGE,
        }
    ),
)
"""Systems of each option of `crafts`."""

SWITCHES: dict[str, System] = {
    "resource": System.RESOURCE,
    "combat": System.COMBAT,
    "npcs": System.NPC,
    "words": System.COMMUNICATION,
}
"""Systems that are on where the axis is not at its first option."""


class Capacity:
    """What a config has room for: sizes of teams and numbers of goals, scaled.

    Attributes:
      cfg: sizes.
      groups: for each option of `teams` the sizes of the groups, or None if the config has no such.
      center: (options,) int32, playable sides.
      amounts: (K, LEVELS) int32, amounts of goals.
      kinds: (K,) bool, the kinds of goals that the systems of the config allow.
      crafts: (options,) bool, the crafts that they allow.
    """

    def __init__(self, cfg: Config):
        self.cfg = cfg
        self.groups = [_groups(layout, cfg) for layout in AXES[INDEX["teams"]].options]
        sizes = [group if group is not None else np.ones(1, np.int64) for group in self.groups]
        self.count = np.array([len(each) for each in sizes], np.int32)
        self.smallest = np.array([each.min() for each in sizes], np.int32)
        self.largest = np.array([each.max() for each in sizes], np.int32)
        self.is_there = np.array([group is not None for group in self.groups])
        self.center = np.array(
            [_center(value, cfg) for value in AXES[INDEX["center"]].options], np.int32
        )
        self.amounts = np.zeros((len(KINDS), LEVELS), np.int32)
        for row, kind in zip(self.amounts, KINDS, strict=True):
            row[:] = [kind.unit.whole(n, cfg) for n in kind.amounts] if kind.amounts else 0
        self.crafts = np.array([systems <= cfg.systems for systems in CRAFTS])
        self.kinds = np.array([kind.needs <= cfg.systems for kind in KINDS])

    def has(self, axis: str) -> np.ndarray:
        """Returns (options,) bool, the options of an axis for which the config has the systems."""
        count = len(AXES[INDEX[axis]].options)
        if axis in ("goal", "second"):
            return self.kinds
        if axis in ("teams", "crafts"):
            return self.is_there if axis == "teams" else self.crafts
        there = axis not in SWITCHES or SWITCHES[axis] in self.cfg.systems
        there &= axis != "npcs" or self.cfg.has_npcs
        return (np.arange(count) == 0) | there

    def scaled(self, name: str) -> np.ndarray:
        """Returns (options,) int32, the options of an axis of whole numbers at this config."""
        axis = AXES[INDEX[name]]
        return np.array([axis.unit.whole(v, self.cfg) if v else 0 for v in axis.values], np.int32)


@functools.cache
def capacity_of(cfg: Config) -> Capacity:
    """Returns what a config has room for."""
    return Capacity(cfg)


def least_center_of_all_games(cfg: Config) -> int:
    """Returns the fewest tiles a side on whose edge players, and teams, have room; even."""
    least = max(8, -(-cfg.players // 4), 4 * ((cfg.teams + 3) // 4) + 1)
    return least + least % 2


def _center(value: int, cfg: Config) -> int:
    return min(max(Unit.SIDE.whole(value, cfg), least_center_of_all_games(cfg)), cfg.playable_side)


def _groups(layout: str, cfg: Config) -> np.ndarray | None:
    """Returns the sizes of the groups of a layout, None if there are not enough teams for it."""
    sizes, teams = np.array(cfg.sizes_of_teams), cfg.teams
    even = teams >= 4 and teams % 2 == 0
    if layout == "alone":
        return np.ones(cfg.players, np.int64) if cfg.players > 1 else None
    if layout == "teams":
        return sizes if teams > 1 else None
    if layout == "pairs":
        return sizes.reshape(-1, 2).sum(-1) if even else None
    if layout == "halves":
        return sizes.reshape(2, -1).sum(-1) if even else None
    half = teams // 2
    return np.concatenate([sizes[:half].sum(keepdims=True), sizes[half:]]) if teams > 2 else None
