"""The numbers of several games side by side: checked and scaled once, drawn at each reset."""

import dataclasses
import math
from enum import IntEnum
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.games.base import Minigame
from metammo_jax.games.knobs import (
    SETTINGS,
    TINY,
    Adaptive,
    Between,
    Chance,
    Fixed,
    Knob,
    OneOver,
    Same,
    Setting,
    Uniform,
    Unit,
    is_number_or_bool,
)
from metammo_jax.games.spawn import individuals_on_edge
from metammo_jax.lib import exact, threefry
from metammo_jax.lib.materialize import materialize


class Manner(IntEnum):
    """How a value comes about."""

    FIXED = 0
    UNIFORM = 1
    BETWEEN = 2
    ONE_OVER = 3
    CHANCE = 4
    ADAPTIVE = 5
    SAME = 6


@dataclasses.dataclass(frozen=True)
class Draw:
    """A knob with its numbers scaled to a config.

    Attributes:
      manner: how the value comes about.
      low: the value itself, the probability, or the least value.
      high: the largest value.
      step: distance of neighbouring values.
      factor: what one over the integer is multiplied with.
      wins: games to be won before an adaptive value rises.
      losses: games in a row that nobody wins before it falls; 0: it never falls.
      field: the other field whose value it is.
    """

    manner: Manner
    low: float = 0
    high: float = 0
    step: int = 1
    factor: float = 1.0
    wins: int = 1
    losses: int = 0
    field: str = ""


def group_sizes(game: Minigame, cfg: Config) -> np.ndarray:
    """Returns (groups,) int32, the players of each group: teams, sides, or players alone."""
    if game.sides:
        ends = np.cumsum(game.sides) * cfg.players // sum(game.sides)
        return np.diff(ends, prepend=0).astype(np.int32)
    if game.team_split:
        return np.add.reduceat(cfg.sizes_of_teams, np.arange(0, cfg.teams, game.team_split))
    return np.ones(cfg.players, np.int32)


def team_count(game: Minigame, cfg: Config) -> int:
    """Returns the number of groups of players: teams, or players in a game of individuals."""
    return cfg.teams // game.team_split if game.team_split else len(group_sizes(game, cfg))


def groups(game: Minigame, cfg: Config) -> tuple[np.ndarray, np.ndarray]:
    """Returns (P,) int32 twice: the number of each player's group, and the row of its leader.

    Groups are neighbouring rows; the first of them leads.
    """
    sizes = group_sizes(game, cfg)
    first = np.cumsum(sizes) - sizes
    group = np.repeat(np.arange(len(sizes)), sizes)
    return group.astype(np.int32), first[group].astype(np.int32)


def fitted(game: Minigame, name: str, cfg: Config) -> Draw:
    """Returns a setting of a game, scaled to the config and checked.

    Built-in numbers that scale are moved into the bounds; others must lie in them.

    Raises:
      ValueError: with the game, the name, the value and the rule.
    """
    knob, setting = game.knob(name), SETTINGS[name]
    shown = game.dial if name == "difficulty" and game.dial else name
    if isinstance(knob, Same):
        if knob.field not in SETTINGS or isinstance(game.knob(knob.field), Same):
            raise ValueError(f"{game.name}: {shown}={knob} must name a field with a number")
        return Draw(Manner.SAME, field=knob.field)
    fit = _Fit(f"{game.name}: {shown}", setting, *_bounds(game, name, cfg), cfg)
    return fit.draw(knob)


def _bounds(game: Minigame, name: str, cfg: Config) -> tuple[float, float, bool]:
    """Returns least and largest value of a setting, and whether it must be even.

    What other settings copy must fit them too.
    """
    copies = [other for other, knob in game.knobs.items() if knob == Same(name)]
    low, high, even = -math.inf, math.inf, False
    for field in [name, *copies]:
        setting = SETTINGS[field]
        top = getattr(cfg, setting.high) if isinstance(setting.high, str) else setting.high
        low, high, even = max(low, setting.low), min(high, top), even or setting.even
        if field == "center":
            low = max(low, least_center(game, cfg))
    if name == "difficulty" and game.dial_limit:
        high = min(high, game.dial_limit(cfg))
        if high < 1:
            raise ValueError(f"{game.name}: this config has no room for its {game.dial}")
    return low, high - (high % 2 if even else 0), even


def least_center(game: Minigame, cfg: Config) -> int:
    """Returns the fewest tiles a side on whose edge the players, or their teams, have room."""
    least = 4 * ((team_count(game, cfg) + 3) // 4) + 1 if game.team_split else 8
    if not game.team_split or game.spawn is individuals_on_edge:
        least = max(8, -(-cfg.players // 4))
    return least + least % 2


@dataclasses.dataclass(frozen=True)
class _Fit:
    """Scales and checks one knob."""

    label: str
    setting: Setting
    least: float
    most: float
    even: bool
    cfg: Config

    def draw(self, knob: Knob) -> Draw:
        """Returns the knob's numbers, scaled and checked."""
        kind, step = self.setting.kind, 2 if self.even else 1
        match knob:
            case Fixed(value, unit):
                return Draw(Manner.FIXED, low=self._value(value, unit))
            case Chance(probability) if kind is bool:
                self._check(
                    is_number_or_bool(probability) and 0 <= probability <= 1, knob, "in 0..1"
                )
                return Draw(Manner.CHANCE, low=probability)
            case Uniform(low, high, unit) if kind is not bool:
                self._check(low == int(low) and high == int(high), knob, "from whole numbers")
                ends = self._ends(low, high, unit)
                return Draw(Manner.UNIFORM, *ends, step=step)
            case Between(low, high, unit) if kind is float:
                return Draw(Manner.BETWEEN, *self._ends(low, high, unit))
            case OneOver(low, high, unit) if kind is float:
                self._check(1 <= low <= high, knob, "one over 1 or more")
                self._check(low == int(low) and high == int(high), knob, "from whole numbers")
                factor = unit.scale(self.cfg)
                for end in (low, high):
                    self._inside(factor / end)
                return Draw(Manner.ONE_OVER, low, high, factor=factor)
            case Adaptive() if self.setting is SETTINGS["difficulty"]:
                return self._adaptive(knob, step)
        raise ValueError(f"{self.label}={knob} does not choose a number of type {kind.__name__}")

    def _adaptive(self, knob: Adaptive, least_step: int) -> Draw:
        self._check(knob.step >= 1 and knob.wins >= 1, knob, "with step and wins of 1 or more")
        self._check(knob.losses >= 0, knob, "with losses of 0 or more")
        step = self._scaled(knob.step, knob.step_unit or knob.unit)
        step = max(least_step, step - step % least_step)
        low, high = self._ends(knob.low, knob.high, knob.unit)
        return Draw(Manner.ADAPTIVE, low, high, int(step), wins=knob.wins, losses=knob.losses)

    def _ends(self, low: float, high: float, unit: Unit) -> tuple[float, float]:
        if not low <= high:
            raise ValueError(f"{self.label}={(low, high)} must be a range with low <= high")
        return self._value(low, unit), self._value(high, unit)

    def _value(self, value: float, unit: Unit) -> float:
        if not is_number_or_bool(value):
            raise ValueError(f"{self.label}={value!r} must be a finite number")
        if self.setting.kind is bool:
            self._check(value in (0, 1), value, "True or False")
            return value
        if unit is Unit.PLAIN:
            return self._inside(value)
        return min(max(self._scaled(value, unit), self.least), self.most)

    def _scaled(self, value: float, unit: Unit) -> float:
        if self.setting.kind is float or value == 0:
            return value * unit.scale(self.cfg)
        return int(value) if unit.scale(self.cfg) == 1 else unit.whole(value, self.cfg)

    def _inside(self, value: float) -> float:
        if self.setting.kind is int:
            is_whole = not isinstance(value, bool) and value == int(value)
            self._check(is_whole, value, "a whole number")
        least = "above 0" if self.least == TINY else f"at least {self.least:g}"
        self._check(value >= self.least, value, least)
        self._check(value <= self.most, value, f"at most {self.most:g}")
        self._check(not (self.even and value % 2), value, "even")
        return value

    def _check(self, holds: bool, value, rule: str) -> None:
        if not holds:
            raise ValueError(f"{self.label}={value} must be {rule}")


class Numbers:
    """All settings of all games, ready to be drawn.

    Attributes:
      draws: for each setting, for each game, its `Draw`.
      lowest: (G,) int32 numpy, difficulty at which each game begins.
    """

    def __init__(self, games: tuple[Minigame, ...], cfg: Config):
        self.draws = {name: [fitted(game, name, cfg) for game in games] for name in SETTINGS}
        self.lowest = self._column("difficulty", "low").astype(np.int32)
        still = (Manner.FIXED, Manner.SAME)
        self._drawn = [n for n in SETTINGS if any(d.manner not in still for d in self.draws[n])]

    def may_differ(self, name: str, value: float) -> bool:
        """Returns whether a setting can be anything else than `value` in some game."""
        return any(d.manner != Manner.FIXED or d.low != value for d in self.draws[name])

    def may_be(self, name: str, value: float) -> bool:
        """Returns whether a setting can be `value` in some game."""
        return any(d.manner != Manner.FIXED or d.low == value for d in self.draws[name])

    def ends(self, name: str) -> tuple[float, float]:
        """Returns the least and the largest value that a setting can have in any game."""
        found = []
        for index, draw in enumerate(self.draws[name]):
            if draw.manner == Manner.SAME:
                draw = self.draws[draw.field][index]
            match draw.manner:
                case Manner.FIXED:
                    found += [draw.low]
                case Manner.ONE_OVER:
                    found += [draw.factor / draw.high, draw.factor / draw.low]
                case _:
                    found += [draw.low, draw.high]
        return min(found), max(found)

    def draw(self, key: jax.Array, game: jax.Array, difficulty: jax.Array) -> dict:
        """Returns a value for each setting, () arrays by name.

        Args:
          key: () key.
          game: () int32, index of the game.
          difficulty: () int32, its difficulty where that is adaptive.
        """
        values = {name: self._still(name, game) for name in SETTINGS}
        point = dict(zip(SETTINGS, threefry.uniform(key, (len(SETTINGS),)), strict=True))
        for is_whole, dtype in ((True, jnp.int32), (False, jnp.float32)):
            names = [n for n in self._drawn if (SETTINGS[n].kind is int) == is_whole]
            if names:
                row = self._side_by_side(names, dtype, game)
                drawn = row.values(jnp.stack([point[name] for name in names]), difficulty)
                values |= dict(zip(names, drawn, strict=True))
        values = {name: v > 0 if SETTINGS[name].kind is bool else v for name, v in values.items()}
        return {name: self._copied(name, game, values) for name in SETTINGS}

    def next_difficulty(
        self, difficulty: jax.Array, wins: jax.Array, game: jax.Array, won: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Returns difficulty and wins at it, (G,) int32 each, after `game` ended.

        Where difficulty can fall, which is our own, wins are those in a row, or minus the games
        lost in a row.

        Source: docs/rules/minigames.md#adaptive-difficulty.
        """
        played = jnp.arange(difficulty.shape[0]) == game
        wins_now, losses_now = ((played & ended).astype(jnp.int32) for ended in (won, ~won))
        plain = np.ones(len(played), np.int32)
        return self.after_episodes(difficulty, wins, wins_now, losses_now, plain)

    def after_episodes(
        self,
        difficulty: jax.Array,
        wins: jax.Array,
        won: jax.Array,
        lost: jax.Array,
        times: np.ndarray,
    ) -> tuple[jax.Array, jax.Array]:
        """Returns difficulty and wins, (G,) int32 each, after several episodes.

        Args:
          difficulty: (G,) int32.
          wins: (G,) int32, as `next_difficulty` counts them.
          won: (G,) int32, episodes of each game that ended with winners.
          lost: (G,) int32, that ended without.
          times: (G,) int32, how many times as many wins, or losses, a change takes.
        """
        losses = jnp.asarray(self._column("difficulty", "losses") * times, jnp.int32)
        falls = losses > 0
        wins = jnp.where(falls & (won > 0), jnp.maximum(wins, 0), wins)
        wins = jnp.where(falls & (lost > 0), jnp.minimum(wins, 0), wins)
        wins = wins + won - jnp.where(falls, lost, 0)
        adaptive = self._column("difficulty", "manner") == Manner.ADAPTIVE
        low, high = (jnp.asarray(self._column("difficulty", e), jnp.int32) for e in ("low", "high"))
        step = jnp.asarray(self._column("difficulty", "step"), jnp.int32)
        needed = jnp.asarray(self._column("difficulty", "wins") * times, jnp.int32)
        rises = (won > 0) & adaptive & (wins >= needed) & (difficulty < high)
        falls = falls & (lost > 0) & (-wins >= losses) & (difficulty > low)
        difficulty = jnp.where(rises, jnp.minimum(difficulty + step, high), difficulty)
        difficulty = jnp.where(falls, jnp.maximum(difficulty - step, low), difficulty)
        return difficulty, jnp.where(rises | falls, 0, wins)

    def _column(self, name: str, attribute: str) -> np.ndarray:
        return np.array([getattr(draw, attribute) for draw in self.draws[name]])

    def _still(self, name: str, game: jax.Array) -> jax.Array:
        """Returns the () number that is fixed, one that the compiler knows if there is one game."""
        dtype = jnp.int32 if SETTINGS[name].kind is int else jnp.float32
        return jnp.asarray(self._column(name, "low"), dtype)[game]

    def _side_by_side(self, names: list[str], dtype, game: jax.Array) -> "_Row":
        """Returns the draws of several settings in one game."""

        def column(attribute, dtype):
            table = np.stack([self._column(name, attribute) for name in names], axis=-1)
            return jnp.asarray(table, dtype)[game]

        ends = column("low", dtype), column("high", dtype)
        whole = column("manner", jnp.int32), column("step", jnp.int32)
        return _Row(*ends, *whole, column("factor", jnp.float32))

    def _copied(self, name: str, game: jax.Array, values: dict) -> jax.Array:
        """Returns the value of a setting, another's where a game says so, even where it must."""
        value = values[name]
        for other in {draw.field for draw in self.draws[name]} - {""}:
            copies = jnp.asarray(self._column(name, "field") == other)[game]
            value = jnp.where(copies, values[other].astype(value.dtype), value)
        return value - value % 2 if SETTINGS[name].even else value


class _Row(NamedTuple):
    """The draws of n settings of one type, in one game: the numbers of each, (n,)."""

    low: jax.Array
    high: jax.Array
    manner: jax.Array
    step: jax.Array
    factor: jax.Array

    def values(self, point: jax.Array, difficulty: jax.Array) -> jax.Array:
        """Returns (n,) values, of the type of `low`, by random numbers (n,) in [0, 1)."""
        low, high, real = self.low, self.high, self.low.dtype
        choices = (high - low).astype(jnp.int32) // self.step + 1
        number = jnp.floor(point * choices.astype(jnp.float32)).astype(jnp.int32)
        number = jnp.minimum(number, choices - 1)
        uniform = low + (self.step * number).astype(real)
        low_ = low.astype(jnp.float32)
        ways = {
            Manner.UNIFORM: uniform,
            Manner.BETWEEN: low_ + (high - low).astype(jnp.float32) * point,
            Manner.ONE_OVER: exact.divide(self.factor, jnp.maximum(uniform, 1)),
            Manner.CHANCE: point < low_,
            Manner.ADAPTIVE: jnp.clip(difficulty.astype(real), low, high),
        }
        value = low
        for manner, drawn in ways.items():
            value = jnp.where(self.manner == manner, drawn.astype(real), value)
        return materialize(value)  # of which each reader takes one
