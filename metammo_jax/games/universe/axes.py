"""The axes of the universe of games: what is drawn of each game, and the options of each axis.

A drawn game is a row of choices (X,) int32, for each of the X axes the number of an option. Numbers
are those of the paper's size and scale with the config, as those of the built-in games do (`Unit`).

`STRUCTURE` are the axes of which a combination decides the split (`splits`). The order of axes
and options is part of every code (`code`): append, and raise `code.VERSION`.
"""

import dataclasses
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.games.knobs import Unit
from metammo_jax.games.universe.kinds import KINDS
from metammo_jax.vocab import NEVER, Revival


@dataclasses.dataclass(frozen=True)
class Axis:
    """One thing that is drawn.

    Attributes:
      name: keyword under which callers narrow it; of a number, the field of Params that it sets.
      options: words or numbers; None stands for "never".
      weights: chance of each option relative to the others.
      unit: how numbers scale with the config.
      is_setting: it sets a field of Params.
    """

    name: str
    options: tuple
    weights: tuple[float, ...] = ()
    unit: Unit = Unit.PLAIN
    is_setting: bool = False

    @property
    def values(self) -> tuple[float, ...]:
        """Options as numbers; words are numbered."""
        if not self.is_setting:
            return tuple(range(len(self.options)))
        return tuple(NEVER if value is None else value for value in self.options)


def _setting(name: str, *options, unit: Unit = Unit.PLAIN) -> Axis:
    return Axis(name, options, (), unit, is_setting=True)


_NAMES = tuple(kind.name for kind in KINDS)
_CHANCES = tuple(kind.chance for kind in KINDS)

AXES: tuple[Axis, ...] = (
    Axis("teams", ("alone", "teams", "pairs", "halves", "giant"), (4, 4, 2, 2, 2)),
    Axis("spawn", ("alone_on_edge", "teams_on_edge", "circle", "recons", "callers")),
    Axis("goal", _NAMES, _CHANCES),
    Axis("amount", (0, 1, 2, 3)),
    Axis("join", ("none", "and", "or")),
    Axis("second", _NAMES, _CHANCES),
    Axis("second_amount", (0, 1, 2, 3)),
    Axis("referee", ("last_survivor", "last_team", "task", "hill")),
    Axis("score", ("one", "speed", "speed_and_survival")),
    Axis("npcs", ("none", "natives", "soldiers", "waves")),
    Axis("resource", ("off", "on")),
    Axis("combat", ("off", "on")),
    Axis("words", ("off", "on")),
    Axis("crafts", ("off", "skills", "all")),
    Axis("ground", ("wild", "open", "wide", "grass")),
    _setting("scatter", False, True),
    _setting("mark_center", False, True),
    _setting("center", 48, 64, 80, 96, 128, unit=Unit.SIDE),
    _setting("fog_onset_tick", None, 1, 32, 64, 128, 256, unit=Unit.TICKS),
    _setting("fog_speed", 1 / 16, 1 / 12, 1 / 8, 1 / 6, unit=Unit.SPEED),
    _setting("fog_final_size", 4, 8, 16, unit=Unit.TILES),
    _setting("depletion", 3, 5, 8),
    _setting("starvation", 5, 10),
    _setting("dehydration", 5, 10),
    _setting("resilient_fraction", 0.0, 0.5, 1.0),
    _setting("resilience", 0.5, 0.25),
    _setting("regrowth", 0.025, 0.01, 0.1),
    _setting("health_increment", 0, 1, 5, 10),
    _setting("immunity", 20, 0, 128, unit=Unit.TICKS),
    _setting("share_tiles", False, True),
    _setting("npc_population", 64, 128, 192, 255, unit=Unit.NPCS),
    _setting("neutral_danger", 0.5, 0.3),
    _setting("aggressive_danger", 0.8, 0.6),
    _setting("revival", Revival.NONE, Revival.EDGE, Revival.ANYWHERE),
    _setting("revival_freeze", 0, 10, 30, unit=Unit.TICKS),
    _setting("leader_bound", False, True),
    _setting("min_alive", 0, 1),
    _setting("earliest_win", 0, 64, unit=Unit.TICKS),
    _setting("difficulty", 0, 2, 4, 8, unit=Unit.TEAM_NPCS),
)
"""All axes. Of the numbers, `difficulty` is how many soldiers each team meets."""

INDEX: dict[str, int] = {axis.name: index for index, axis in enumerate(AXES)}
STRUCTURE = (
    "teams", "spawn", "goal", "join", "second", "referee", "npcs", "resource", "combat", "words",
    "crafts",
)  # fmt: skip

GROUND = ((0.30, 0.85, False), (0.10, 0.90, False), (0.05, 0.95, False), (0.30, 0.85, True))
"""Water level, foilage level and all grass, of each option of `ground`."""


def option(axis: str, name) -> int:
    """Returns the number of an option."""
    return AXES[INDEX[axis]].options.index(name)


def columns(rows) -> dict:
    """Returns the choices of rows (..., X) by the name of the axis, (...) each."""
    return {axis.name: rows[..., index] for index, axis in enumerate(AXES)}


def rows_of(by_name: dict):
    """Returns rows (..., X) int32 of choices by the name of the axis."""
    first = next(iter(by_name.values()))
    return library(first).stack([by_name[axis.name] for axis in AXES], axis=-1)


def library(array) -> ModuleType:
    """Returns numpy for numpy's arrays, else `jax.numpy`: rules are read by both."""
    return np if isinstance(array, np.ndarray | np.generic) else jnp


def look_up(table, index, *more):
    """Returns the entries of a numpy table at index arrays, traced ones too."""
    if isinstance(index, jax.Array):
        return jnp.asarray(table)[(index, *more)]
    return np.asarray(table)[(index, *more)]
