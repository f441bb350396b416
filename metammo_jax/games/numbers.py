"""The numbers of several games side by side: checked and scaled once, drawn at each reset."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.games.base import Minigame
from metammo_jax.games.bounds import Bounds
from metammo_jax.games.fitted import Fitted, Row
from metammo_jax.games.knobs import DISTRIBUTIONS, SAMPLED, SETTINGS, Adaptive, Fixed, OneOver, Same
from metammo_jax.games.spawn import individuals_on_edge
from metammo_jax.lib import threefry
from metammo_jax.lib.materialize import materialize


def group_sizes(game: Minigame, cfg: Config) -> np.ndarray:
    """Returns (groups,) int32, the players of each group: teams, sides, or players alone."""
    if game.sides:
        ends = np.cumsum(game.sides) * cfg.players // sum(game.sides)
        return np.diff(ends, prepend=0).astype(np.int32)
    if game.team_split:
        return np.add.reduceat(cfg.sizes_of_teams, np.arange(0, cfg.teams, game.team_split))
    return np.ones(cfg.players, np.int32)


def count_groups(game: Minigame, cfg: Config) -> int:
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


def fitted(game: Minigame, name: str, cfg: Config) -> Fitted:
    """Returns a setting of a game, scaled to the config and checked.

    Built-in numbers that scale are moved into the bounds; others must lie in them.

    Raises:
      ValueError: with the game, the name, the value and the rule.
    """
    knob, setting = game.knob(name), SETTINGS[name]
    shown = game.dial if name == "difficulty" and game.dial else name
    if isinstance(knob, Same) and (
        knob.field not in SETTINGS or isinstance(game.knob(knob.field), Same)
    ):
        raise ValueError(f"{game.name}: {shown}={knob} must name a field with a number")
    return knob.fit(Bounds(f"{game.name}: {shown}", setting, *_bounds(game, name, cfg), cfg))


def _bounds(game: Minigame, name: str, cfg: Config) -> tuple[float, float, bool]:
    """Returns least and largest value of a setting, and whether it must be even.

    What other settings copy must fit them too.
    """
    copies = [other for other, knob in game.knobs.items() if knob == Same(name)]
    low, high, even = -math.inf, math.inf, False
    for field in [name, *copies]:
        setting = SETTINGS[field]
        top = cfg.number(setting.high)
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
    least = 4 * ((count_groups(game, cfg) + 3) // 4) + 1 if game.team_split else 8
    if not game.team_split or game.spawn is individuals_on_edge:
        least = max(8, -(-cfg.players // 4))
    return least + least % 2


class Numbers:
    """All settings of all games, ready to be drawn.

    Attributes:
      draws: for each setting, for each game, its `Fitted`.
      lowest: (G,) int32 numpy, difficulty at which each game begins.
    """

    def __init__(self, games: tuple[Minigame, ...], cfg: Config):
        self.draws = {name: [fitted(game, name, cfg) for game in games] for name in SETTINGS}
        self.lowest = self._column("difficulty", "low").astype(np.int32)
        self._drawn = [n for n in SETTINGS if any(d.kind in SAMPLED for d in self.draws[n])]

    def may_differ(self, name: str, value: float) -> bool:
        """Returns whether a setting can be anything else than `value` in some game."""
        return any(d.kind is not Fixed or d.low != value for d in self.draws[name])

    def may_be(self, name: str, value: float) -> bool:
        """Returns whether a setting can be `value` in some game."""
        return any(d.kind is not Fixed or d.low == value for d in self.draws[name])

    def ends(self, name: str) -> tuple[float, float]:
        """Returns the least and the largest value that a setting can have in any game."""
        found = []
        for index, draw in enumerate(self.draws[name]):
            if draw.kind is Same:
                draw = self.draws[draw.field][index]
            if draw.kind is Fixed:
                found += [draw.low]
            elif draw.kind is OneOver:
                found += [draw.factor / draw.high, draw.factor / draw.low]
            else:
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
                drawn = _sample(row, jnp.stack([point[name] for name in names]), difficulty)
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
        adaptive = self._column("difficulty", "kind") == DISTRIBUTIONS.index(Adaptive)
        low, high = (jnp.asarray(self._column("difficulty", e), jnp.int32) for e in ("low", "high"))
        step = jnp.asarray(self._column("difficulty", "step"), jnp.int32)
        needed = jnp.asarray(self._column("difficulty", "wins") * times, jnp.int32)
        rises = (won > 0) & adaptive & (wins >= needed) & (difficulty < high)
        falls = falls & (lost > 0) & (-wins >= losses) & (difficulty > low)
        difficulty = jnp.where(rises, jnp.minimum(difficulty + step, high), difficulty)
        difficulty = jnp.where(falls, jnp.maximum(difficulty - step, low), difficulty)
        return difficulty, jnp.where(rises | falls, 0, wins)

    def _column(self, name: str, attribute: str) -> np.ndarray:
        values = [getattr(draw, attribute) for draw in self.draws[name]]
        return np.array([DISTRIBUTIONS.index(v) if attribute == "kind" else v for v in values])

    def _still(self, name: str, game: jax.Array) -> jax.Array:
        """Returns the () number that is fixed, one that the compiler knows if there is one game."""
        dtype = jnp.int32 if SETTINGS[name].kind is int else jnp.float32
        return jnp.asarray(self._column(name, "low"), dtype)[game]

    def _side_by_side(self, names: list[str], dtype, game: jax.Array) -> Row:
        """Returns the draws of several settings in one game."""

        def column(attribute, dtype):
            table = np.stack([self._column(name, attribute) for name in names], axis=-1)
            return jnp.asarray(table, dtype)[game]

        ends = column("low", dtype), column("high", dtype)
        whole = column("kind", jnp.int32), column("step", jnp.int32)
        return Row(*ends, *whole, column("factor", jnp.float32))

    def _copied(self, name: str, game: jax.Array, values: dict) -> jax.Array:
        """Returns the value of a setting, another's where a game says so, even where it must."""
        value = values[name]
        for other in {draw.field for draw in self.draws[name]} - {""}:
            copies = jnp.asarray(self._column(name, "field") == other)[game]
            value = jnp.where(copies, values[other].astype(value.dtype), value)
        return value - value % 2 if SETTINGS[name].even else value


def _sample(row: Row, point: jax.Array, difficulty: jax.Array) -> jax.Array:
    """Returns (n,) values, of the type of `row.low`, by random numbers (n,) in [0, 1)."""
    value = row.low
    for kind in SAMPLED:
        drawn = kind.sample(row, point, difficulty).astype(value.dtype)
        value = jnp.where(row.kind == DISTRIBUTIONS.index(kind), drawn, value)
    return materialize(value)  # of which each reader takes one
