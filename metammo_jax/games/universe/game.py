"""`universe`: a distribution over games of which every reset draws one; `from_code` pins one."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from metammo_jax.games import garrison, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.knobs import (
    SETTINGS,
    Between,
    Chance,
    Fixed,
    Knob,
    Uniform,
    is_number_or_bool,
)
from metammo_jax.games.universe import capacity, rules, settle
from metammo_jax.games.universe import code as codes
from metammo_jax.games.universe.axes import AXES, GROUND, INDEX, Axis, option
from metammo_jax.games.universe.joined import joined_of
from metammo_jax.games.universe.pick import Pick
from metammo_jax.games.universe.space import Space
from metammo_jax.games.universe.splits import SPLITS, split_of
from metammo_jax.lib.hints import did_you_mean
from metammo_jax.rules.spawning import replace_fallen
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System
from metammo_jax.world import World

PREFIX = "universe/"
"""Names of splits and of pinned games begin so: `universe/train`, `universe/<code>`."""

_FUNCTIONS = {
    "spawn": (
        spawn.individuals_on_edge, spawn.teams_on_edge, spawn.teams_on_circle,
        spawn.teams_with_recons, spawn.individuals_and_callers,
    ),
    "referee": (
        referee.last_survivor, referee.last_team, referee.task_completed, referee.hill_holders,
    ),
    "score": (referee.one, referee.speed, referee.speed_and_survival),
    "muster": (None, replace_fallen, garrison.sandwich_muster, None),
    "refill": (
        None, replace_fallen, garrison.sandwich_refill, garrison.radio_raid_refill,
    ),
}  # fmt: skip
"""For each function of a game those that may be drawn, in the order of the options of its axis."""

_AXIS = {name: "npcs" if name in ("muster", "refill") else name for name in _FUNCTIONS}


@dataclasses.dataclass(frozen=True)
class Universe(Minigame):
    """A game that is many: every reset draws its functions, goals, teams, systems and numbers.

    Attributes:
      space: what the draw is narrowed to.
    """

    space: Space = dataclasses.field(default_factory=Space)

    def with_numbers(self, **numbers) -> "Universe":
        """Returns the universe narrowed further, by the keywords of `universe`.

        Raises:
          ValueError: an unknown axis or option.
        """
        same = {name for name, value in numbers.items() if value == self.knobs.get(name)}
        narrowed = {name: value for name, value in numbers.items() if name not in same}
        if any(isinstance(value, Knob) for value in narrowed.values()):
            raise ValueError(
                f"{self.name}: {sorted(narrowed)} must be narrowed by options or ranges, no knobs"
            )
        if self.space.row is not None and narrowed:
            raise ValueError(f"{self.name} is one game; {sorted(narrowed)} cannot be changed")
        return _made(self.name, _narrowed(self.space, narrowed)) if narrowed else self


def universe(*, split: str | None = None, name: str | None = None, **narrow) -> Universe:
    """Returns a distribution over games; every reset draws one, as data of one compiled program.

    Args:
      split: "train", "validation", "test" or "transfer": games of this split alone
        (`universe.splits`); None: of all.
      name: of the game in its environment; by default "universe", or "universe/" and the split.
      **narrow: by the name of an axis (`universe.axes.AXES`) what may be drawn: an option, a
        collection of options, or, of numbers, a range (low, high), which means the options in it.
        Numbers are those of the paper's size and scale with the config.

    Raises:
      ValueError: an unknown split, axis or option, or a range without options. That no game is left
        which a config can play is said when an environment is made.
    """
    if split is not None and split not in SPLITS:
        raise ValueError(f"split={split!r} must be one of {', '.join(SPLITS)}, or None")
    space = _narrowed(Space(split=split), narrow)
    return _made(name or ("universe" if split is None else PREFIX + split), space)


def from_code(code: str, *, name: str | None = None) -> Universe:
    """Returns the one game of a code, which plays alone as it does where it is drawn.

    Args:
      code: as `code_of` gives it.
      name: of the game in its environment; "universe/" and the code by default.

    Raises:
      ValueError: the code names no game; says the rule.
    """
    row = row_of(code)
    return _made(name or PREFIX + codes.encode(row), Space(row=tuple(row.tolist())))


def row_of(code: str) -> np.ndarray:
    """Returns the choices (X,) int32 of the game of a code.

    Raises:
      ValueError: the code names no game; says the rule.
    """
    row = codes.decode(code)
    proper = settle.canonical(settle.settled(row))
    if (proper != row).any():
        wrong = ", ".join(axis.name for axis, a, b in zip(AXES, row, proper, strict=True) if a != b)
        raise ValueError(
            f"code={code!r} names no game: {wrong} must follow from the other choices, or be the "
            "first option where it does not matter"
        )
    rule = rules.first_broken(row)
    if rule:
        raise ValueError(f"code={code!r} names no game: {rule}")
    return row


def code_of(game: World | Minigame | np.ndarray) -> str:
    """Returns the code of a drawn game.

    Args:
      game: a world, a pinned universe, or choices (X,) int32, as `World.params.choices` has them.

    Raises:
      ValueError: it is no game that was drawn, or several.
    """
    return codes.encode(choices_of(game))


def choices_of(game: World | Minigame | np.ndarray) -> np.ndarray:
    """Returns the choices (X,) int32 of a drawn game, given as for `code_of`.

    Raises:
      ValueError: it is no game that was drawn, or several.
    """
    choices: Any = game
    if isinstance(game, Universe):
        choices = () if game.space.row is None else game.space.row
    if isinstance(game, World):
        choices = () if game.params.choices is None else game.params.choices
    row = np.asarray(choices)
    if row.shape != (len(AXES),) or (row < 0).any():
        raise ValueError(
            f"choices of shape {row.shape} are not those of one drawn game, which has "
            f"{len(AXES)}, all 0 or more"
        )
    return row


def split_of_code(code: str) -> str:
    """Returns the split to which the game of a code belongs.

    Raises:
      ValueError: the code names no game; says the rule.
    """
    return SPLITS[int(split_of(row_of(code)[None])[0])]


def _made(name: str, space: Space) -> Universe:
    alone = space.options("teams") == (option("teams", "alone"),)
    joins = space.options("join")
    firsts = space.options("goal")
    seconds = space.options("second") if set(joins) - {0} else ()
    subject = Subject.SELF if alone else Subject.TEAM
    return Universe(
        name=name,
        goals=(Goal(joined_of(firsts, seconds), subject=subject),),
        space=space,
        knobs=_ranges(space),
        spawn=_pick("spawn", space),
        referee=_pick("referee", space),
        score=_pick("score", space),
        muster=_pick("muster", space),
        refill=_pick("refill", space),
    )


def _pick(field: str, space: Space) -> Pick:
    axis = _AXIS[field]
    return Pick(INDEX[axis], _FUNCTIONS[field], space.options(axis))


def _ranges(space: Space) -> dict[str, Knob]:
    """Returns the knobs that say between which ends each number lies; the draw replaces them."""
    free = settle.FREE if space.row is None else ()
    knobs: dict[str, Knob] = {}
    for axis in AXES:
        if axis.is_setting:
            knobs[axis.name] = _range(axis, {*space.options(axis.name), *[0] * (axis.name in free)})
    grounds = [GROUND[index] for index in space.options("ground")]
    for name, column in zip(
        ("water_level", "foilage_level"), zip(*grounds, strict=True), strict=False
    ):
        knobs[name] = Between(min(column), max(column))
    knobs["all_grass"] = Chance(0.5)
    return knobs


def _range(axis: Axis, options: Collection[int]) -> Knob:
    """Returns a knob of all values that an axis can take."""
    values = [axis.values[index] for index in options]
    kind = SETTINGS[axis.name].kind
    if len(set(values)) == 1:
        return Fixed(values[0], axis.unit)
    if kind is bool:
        return Chance(0.5)
    low, high = min(values), max(values)
    if kind is int:
        return Uniform(int(low), int(high), axis.unit)
    return Between(low, high, axis.unit)


def _narrowed(space: Space, narrow: Mapping[str, Any]) -> Space:
    allowed = list(space.allowed)
    for name, wanted in narrow.items():
        if name not in INDEX:
            hint = did_you_mean(name, INDEX) or f"; allowed are {', '.join(INDEX)}"
            raise ValueError(f"the universe has no axis {name!r}{hint}")
        index = INDEX[name]
        meant = _meant(AXES[index], wanted)
        allowed[index] = tuple(i for i in allowed[index] if i in meant)
        if not allowed[index]:
            raise ValueError(f"{name}={wanted!r} leaves no option of {AXES[index].options}")
    return dataclasses.replace(space, allowed=tuple(allowed))


def _meant(axis: Axis, wanted) -> set[int]:
    """Returns the numbers of the options that a caller means.

    Raises:
      ValueError: there is no such option.
    """
    options = axis.options
    numeric = axis.is_setting and not isinstance(options[0], bool)
    is_pair = isinstance(wanted, tuple) and len(wanted) == 2 and all(map(is_number_or_bool, wanted))
    if numeric and is_pair:
        low, high = wanted
        return {i for i, value in enumerate(options) if value is not None and low <= value <= high}
    each = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Collection) else wanted
    found = set()
    for value in each:
        matching = {i for i, known in enumerate(options) if _same(known, value)}
        if not matching:
            raise ValueError(f"{axis.name}={value!r} is none of {options}")
        found |= matching
    return found


def _same(known, value) -> bool:
    if isinstance(known, bool) or isinstance(value, bool):
        return isinstance(value, bool | np.bool_) and known == value
    return known == value


def needs_of(row: np.ndarray) -> frozenset[System]:
    """Returns the systems that are on in the game of choices (X,)."""
    chosen = dict(zip(INDEX, row.tolist(), strict=True))
    on = {System.TERRAIN, *capacity.CRAFTS[chosen["crafts"]]}
    for name, system in capacity.SWITCHES.items():
        on |= {system} if chosen[name] else set()
    return frozenset(on)
