"""The numbers of a game: the same in every episode, drawn at each reset, or rising with success.

A knob sets one field of `world.Params`. The numbers of built-in games are those of the paper's
size and shrink or grow with the config (`Unit`); a caller's own numbers are taken as they are.
"""

import dataclasses
import math
from enum import Enum, IntEnum
from numbers import Real
from typing import TYPE_CHECKING, TypeGuard

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.games.fitted import Fitted, Row
from metammo_jax.lib import exact
from metammo_jax.vocab import NEVER

if TYPE_CHECKING:
    from metammo_jax.games.bounds import Bounds


class Unit(Enum):
    """How a built-in number scales with the config; at the paper's size not at all.

    PLAIN: not at all. TILES: with `playable_side` / 128. SIDE: as TILES, to an even number. TICKS:
    with `horizon` / 1024. NPCS: with `npcs` / 256. TEAM_NPCS: with the NPCs per team, 16 at
    the paper's size. SPEED: tiles per tick.
    """

    PLAIN = "plain"
    TILES = "tiles"
    SIDE = "side"
    TICKS = "ticks"
    NPCS = "npcs"
    TEAM_NPCS = "team_npcs"
    SPEED = "speed"

    def scale(self, cfg: Config) -> float:
        """Returns the factor for sizes of `cfg`."""
        tiles, ticks = cfg.playable_side / 128, cfg.horizon / 1024
        return {
            Unit.PLAIN: 1.0,
            Unit.TILES: tiles,
            Unit.SIDE: tiles,
            Unit.TICKS: ticks,
            Unit.NPCS: cfg.npcs / 256,
            Unit.TEAM_NPCS: cfg.npcs / cfg.teams / 16,
            Unit.SPEED: tiles / ticks,
        }[self]

    def whole(self, value: float, cfg: Config) -> int:
        """Returns a positive number scaled and rounded, 1 at least (SIDE: 2, and even)."""
        scaled = value * self.scale(cfg)
        if self is Unit.SIDE:
            return max(2, 2 * math.floor(scaled / 2 + 0.5))
        return max(1, math.floor(scaled + 0.5))


class Place(IntEnum):
    """A tile that can be seized: the middle of the map or of a quadrant."""

    NOWHERE = 0
    CENTER = 1
    SOUTH_EAST = 2
    NORTH_EAST = 3
    NORTH_WEST = 4
    SOUTH_WEST = 5


@dataclasses.dataclass(frozen=True)
class Fixed:
    """A number that is the same in every episode.

    Attributes:
      value: the number.
      unit: how it scales with the config.
    """

    value: float
    unit: Unit = Unit.PLAIN

    def fit(self, bounds: "Bounds") -> Fitted:
        """Returns the numbers scaled to a config and checked; see `fitted.Fitted`."""
        return Fitted(Fixed, low=bounds.value(self.value, self.unit))


@dataclasses.dataclass(frozen=True)
class Uniform:
    """An integer drawn uniformly from low..high, both included (of sides only the even).

    Attributes:
      low: the least.
      high: the largest.
      unit: how both scale with the config.
    """

    low: int
    high: int
    unit: Unit = Unit.PLAIN

    def fit(self, bounds: "Bounds") -> Fitted:
        """Returns the numbers scaled to a config and checked; see `fitted.Fitted`."""
        bounds.check_kind(bounds.kind is not bool, self)
        bounds.check(_are_whole(self.low, self.high), self, "from whole numbers")
        low, high = bounds.ends(self.low, self.high, self.unit)
        return Fitted(Uniform, low, high, step=2 if bounds.even else 1)

    @staticmethod
    def sample(row: Row, point: jax.Array, difficulty: jax.Array) -> jax.Array:
        """Returns (n,) values by random numbers (n,) in [0, 1), all of them equally likely."""
        choices = (row.high - row.low).astype(jnp.int32) // row.step + 1
        number = jnp.floor(point * choices.astype(jnp.float32)).astype(jnp.int32)
        number = jnp.minimum(number, choices - 1)
        return row.low + (row.step * number).astype(row.low.dtype)


@dataclasses.dataclass(frozen=True)
class Between:
    """A real number drawn uniformly from low to high.

    Attributes:
      low: the least.
      high: the largest.
      unit: how both scale with the config.
    """

    low: float
    high: float
    unit: Unit = Unit.PLAIN

    def fit(self, bounds: "Bounds") -> Fitted:
        """Returns the numbers scaled to a config and checked; see `fitted.Fitted`."""
        bounds.check_kind(bounds.kind is float, self)
        return Fitted(Between, *bounds.ends(self.low, self.high, self.unit))

    @staticmethod
    def sample(row: Row, point: jax.Array, difficulty: jax.Array) -> jax.Array:
        """Returns (n,) values by random numbers (n,) in [0, 1)."""
        return row.low.astype(jnp.float32) + (row.high - row.low).astype(jnp.float32) * point


@dataclasses.dataclass(frozen=True)
class OneOver:
    """One over an integer drawn uniformly from low..high, both included.

    Attributes:
      low: the least integer.
      high: the largest.
      unit: how the result scales with the config.
    """

    low: int
    high: int
    unit: Unit = Unit.PLAIN

    def fit(self, bounds: "Bounds") -> Fitted:
        """Returns the numbers scaled to a config and checked; see `fitted.Fitted`."""
        bounds.check_kind(bounds.kind is float, self)
        bounds.check(1 <= self.low <= self.high, self, "one over 1 or more")
        bounds.check(_are_whole(self.low, self.high), self, "from whole numbers")
        factor = self.unit.scale(bounds.cfg)
        for end in (self.low, self.high):
            bounds.inside(factor / end)
        return Fitted(OneOver, self.low, self.high, factor=factor)

    @staticmethod
    def sample(row: Row, point: jax.Array, difficulty: jax.Array) -> jax.Array:
        """Returns (n,) values by random numbers (n,) in [0, 1), all integers equally likely."""
        integer = Uniform.sample(row, point, difficulty)
        return exact.divide(row.factor, jnp.maximum(integer, 1))


@dataclasses.dataclass(frozen=True)
class Chance:
    """True with a probability.

    Attributes:
      probability: of True, 0 to 1.
    """

    probability: float

    def fit(self, bounds: "Bounds") -> Fitted:
        """Returns the numbers scaled to a config and checked; see `fitted.Fitted`."""
        bounds.check_kind(bounds.kind is bool, self)
        is_share = is_number_or_bool(self.probability) and 0 <= self.probability <= 1
        bounds.check(is_share, self, "in 0..1")
        return Fitted(Chance, low=self.probability)

    @staticmethod
    def sample(row: Row, point: jax.Array, difficulty: jax.Array) -> jax.Array:
        """Returns (n,) bool by random numbers (n,) in [0, 1)."""
        return point < row.low.astype(jnp.float32)


@dataclasses.dataclass(frozen=True)
class Adaptive:
    """A number that rises by `step` up to `high` with the games won at it.

    It rises after a game that was won, when `wins` games have been won at the present value. With
    `losses` 0 it never falls. Otherwise it falls by `step`, down to `low`, after so many games in a
    row that nobody has won, and the games won must be in a row too.
    Only `difficulty` can be adaptive.

    Attributes:
      low: the first value.
      high: the largest.
      step: by which it rises and falls.
      wins: games won at a value before it rises.
      unit: how low and high scale with the config.
      step_unit: how step does; as `unit` if None.
      losses: games in a row that nobody won before it falls; 0 if it never does.
    """

    low: int
    high: int
    step: int
    wins: int
    unit: Unit = Unit.PLAIN
    step_unit: Unit | None = None
    losses: int = 0

    def fit(self, bounds: "Bounds") -> Fitted:
        """Returns the numbers scaled to a config and checked; see `fitted.Fitted`."""
        bounds.check_kind(bounds.setting is SETTINGS["difficulty"], self)
        bounds.check(self.step >= 1 and self.wins >= 1, self, "with step and wins of 1 or more")
        bounds.check(self.losses >= 0, self, "with losses of 0 or more")
        least = 2 if bounds.even else 1
        step = bounds.scaled(self.step, self.step_unit or self.unit)
        step = max(least, step - step % least)
        low, high = bounds.ends(self.low, self.high, self.unit)
        return Fitted(Adaptive, low, high, int(step), wins=self.wins, losses=self.losses)

    @staticmethod
    def sample(row: Row, point: jax.Array, difficulty: jax.Array) -> jax.Array:
        """Returns (n,) values, the present difficulty () int32 of the game, within its range."""
        return jnp.clip(difficulty.astype(row.low.dtype), row.low, row.high)


@dataclasses.dataclass(frozen=True)
class Same:
    """The value of another field of Params.

    Attributes:
      field: its name.
    """

    field: str

    def fit(self, bounds: "Bounds") -> Fitted:
        """Returns the field; its number is that field's own, which is fitted to both bounds."""
        return Fitted(Same, field=self.field)


Knob = Fixed | Uniform | Between | OneOver | Chance | Adaptive | Same
"""Any of the ways to set one number of a game.

Each has `fit(bounds)`, and those that are drawn `sample(row, point, difficulty)`.
"""

DISTRIBUTIONS = (Fixed, Uniform, Between, OneOver, Chance, Adaptive, Same)
"""All of them; `Row.kind` counts in them."""

SAMPLED = (Uniform, Between, OneOver, Chance, Adaptive)
"""Those whose value may differ between episodes."""

RANGES = (Uniform, Between, OneOver, Adaptive)


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a knob can set: a field of Params, its default and its bounds.

    Attributes:
      kind: int, float or bool.
      default: knob of a game that says nothing.
      low: least value.
      high: largest value; the name of a field of Config stands for its value.
      even: only even numbers make sense.
    """

    kind: type
    default: Knob
    low: float = 0
    high: float | str = math.inf
    even: bool = False


TINY = 1e-6
"""The slowest fog, in tiles a tick: it must move."""

SETTINGS: dict[str, Setting] = {
    "center": Setting(int, Fixed(128, Unit.SIDE), 8, "playable_side", even=True),
    "water_level": Setting(float, Fixed(0.30), 0, 1),
    "foilage_level": Setting(float, Fixed(0.85), 0, 1),
    "all_grass": Setting(bool, Fixed(False)),
    "scatter": Setting(bool, Fixed(True)),
    "mark_center": Setting(bool, Fixed(False)),
    "fog_onset_tick": Setting(int, Fixed(NEVER), 0, NEVER),
    "fog_speed": Setting(float, Fixed(1.0, Unit.SPEED), TINY, "map_size"),
    "fog_final_size": Setting(int, Fixed(8, Unit.TILES), 0, "map_size"),
    "depletion": Setting(int, Fixed(5), 0, 100),
    "starvation": Setting(int, Fixed(10), 0, 100),
    "dehydration": Setting(int, Fixed(10), 0, 100),
    "resilient_fraction": Setting(float, Fixed(0.0), 0, 1),
    "resilience": Setting(float, Fixed(0.5), 0, 1),
    "regrowth": Setting(float, Fixed(0.025), 0, 1),
    "health_increment": Setting(int, Fixed(0), 0, 100),
    "immunity": Setting(int, Fixed(20, Unit.TICKS), 0, NEVER),
    "share_tiles": Setting(bool, Fixed(True)),
    "npc_population": Setting(int, Fixed(128, Unit.NPCS), 0, "npcs"),
    "neutral_danger": Setting(float, Fixed(0.5)),
    "aggressive_danger": Setting(float, Fixed(0.8)),
    "revival": Setting(int, Fixed(0), 0, 2),
    "revival_freeze": Setting(int, Fixed(0), 0, NEVER),
    "leader_bound": Setting(bool, Fixed(False)),
    "min_alive": Setting(int, Fixed(0), 0, "players"),
    "earliest_win": Setting(int, Fixed(0), 0, NEVER),
    "difficulty": Setting(int, Fixed(0), 0, NEVER),
    "seize_target": Setting(int, Fixed(Place.NOWHERE), 0, len(Place) - 1),
}
"""All that knobs can set. Source: docs/rules/minigames.md#knobs."""


def as_knob(name: str, value, present: Knob) -> Knob:
    """Returns the knob that a caller means.

    Args:
      name: the caller's name of the number, for error messages.
      value: a number, taken as it is; (low, high), which keeps the manner of `present`; a Knob;
        or None, which is "never" for `fog_onset_tick`.
      present: the knob that is replaced.

    Raises:
      ValueError: none of these.
    """
    if isinstance(value, Knob):
        return value
    if value is None and name == "fog_onset_tick":
        return Fixed(NEVER)
    if is_number_or_bool(value):
        return Fixed(value)
    if isinstance(value, tuple) and len(value) == 2 and all(map(is_number_or_bool, value)):
        return _ranged(name, value, present)
    raise ValueError(f"{name}={value!r} must be a number, a range (low, high) or a knob")


def _ranged(name: str, span: tuple, present: Knob) -> Knob:
    low, high = span
    if low > high:
        raise ValueError(f"{name}={span} must be (low, high) with low <= high")
    if isinstance(present, Adaptive):
        step_unit = present.step_unit or present.unit
        return dataclasses.replace(
            present, low=low, high=high, unit=Unit.PLAIN, step_unit=step_unit
        )
    if isinstance(present, RANGES):
        return dataclasses.replace(present, low=low, high=high, unit=Unit.PLAIN)
    is_whole = all(float(end).is_integer() for end in span)
    kind = SETTINGS[name].kind if name in SETTINGS else int
    return Uniform(low, high) if kind is int and is_whole else Between(low, high)


def _are_whole(*numbers: float) -> bool:
    """Returns whether numbers are integers, of any type."""
    return all(number == int(number) for number in numbers)


def is_number_or_bool(value) -> TypeGuard[float]:
    """Returns whether a value is a finite real number, or True or False."""
    return isinstance(value, Real) and math.isfinite(value)
