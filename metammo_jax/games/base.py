"""What a minigame is: a frozen declaration of systems, numbers, spawn, goals, referee and score.

A game holds no state. Its numbers (`knobs`) are pinned or drawn at each reset into
`world.Params`; its functions are pure and of one signature each:

  spawn(key, params, cfg) -> Spawn            where players start
  muster(key, world, cfg) -> World            NPCs of the first moment, once players are placed
  refill(key, world, cfg) -> World            NPCs that join after a tick
  referee(world, cfg) -> (P,) bool            who has won
  score(world, winners, cfg) -> () float32    what winning is worth

Muster and refill may change `world.body` and `world.npc`; if they change more, it is an error
(`games.joining`). They are called where the game has NPCs; those marked `for_players` always.
Different games of one batch share one compiled step: see `games.table`.
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from metammo_jax.config import Config
from metammo_jax.games import referee as referees
from metammo_jax.games.knobs import SETTINGS, Knob, as_knob
from metammo_jax.lib import checks
from metammo_jax.lib.hints import did_you_mean
from metammo_jax.tasks.book import Embeddings, check_embeddings
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import System


def for_players(function: Callable) -> Callable:
    """Returns a muster or refill marked as one that changes players: it runs without NPCs too."""
    function.is_for_players = True
    return function


class Knobs(Mapping[str, Knob]):
    """Knobs by name, never changed: games hash and compare."""

    def __init__(self, knobs: Mapping[str, Knob]):
        self._knobs = dict(knobs)

    def __getitem__(self, name: str) -> Knob:
        return self._knobs[name]

    def __iter__(self):
        return iter(self._knobs)

    def __len__(self) -> int:
        return len(self._knobs)

    def __hash__(self) -> int:
        return hash(frozenset(self._knobs.items()))

    def __repr__(self) -> str:
        return repr(self._knobs)


_WORDS = {
    "task_completed": "task",
    "hill_holders": "hill",
    "duel_winners": "duels",
    "richest_players": "richest",
}
"""Words of referees in embeddings, where they are not the function's name."""


@dataclasses.dataclass(frozen=True)
class Minigame:
    """A game.

    Attributes:
      name: the name it is made by.
      spawn: function, places the players.
      goals: what players are asked to do; of several, each player or team draws one.
      referee: function, who has won.
      score: function, what winning is worth.
      embeddings: what agents observe of the goals: an array (goals, D), one row for each, D
        being `Config.task_embedding`; a function `(goals, size) -> (goals, size)`, such as
        `tasks.embeddings.meaning`; None, what each goal says itself (`Goal.embedding`), and where
        it says nothing, the meaning of the goal, of the referee and of the score.
      muster: function, the NPCs of the first moment; None if there are none.
      refill: function, NPCs that join after a tick; None if none do.
      systems: systems that are on; None means all that are compiled.
      team_split: players of so many of the config's teams make one team; 0 for a game in which
        everybody plays alone.
      sides: the groups where they are not the config's teams: their shares of the players, in the
        order of rows, so that (1, 3) is a quarter against all others and (1,) everybody together.
      goals_by_group: group i has goal i, modulo the number of goals, and none is drawn.
      knobs: numbers, by the name of a field of Params; `knobs.SETTINGS` lists all and the
        defaults of those left out.
      dial: name under which callers set `difficulty`, if the game has one.
      dial_limit: function(cfg) -> int, the highest difficulty for which a config has room.
      least_players: fewer cannot play it.
      least_npcs: NPC rows that a config must have.

    Raises:
      ValueError: at construction, with the value and the rule.
    """

    name: str
    spawn: Callable
    goals: tuple[Goal, ...]
    referee: Callable
    score: Callable = referees.one
    embeddings: Embeddings = None
    muster: Callable | None = None
    refill: Callable | None = None
    systems: frozenset[System] | None = None
    team_split: int = 0
    sides: tuple[int, ...] = ()
    goals_by_group: bool = False
    knobs: Mapping[str, Knob] = dataclasses.field(default_factory=dict)
    dial: str | None = None
    dial_limit: Callable[[Config], int] | None = None
    least_players: int = 1
    least_npcs: int = 0

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name={self.name!r} must be a word")
        for field in ("spawn", "referee", "score"):
            if not callable(getattr(self, field)):
                raise ValueError(f"{self.name}: {field}={getattr(self, field)!r} is no function")
        if not self.goals or not all(isinstance(goal, Goal) for goal in self.goals):
            raise ValueError(f"{self.name}: goals={self.goals!r} must be Goals, one at least")
        for field, least in (("team_split", 0), ("least_players", 1), ("least_npcs", 0)):
            number = checks.whole(f"{self.name}: {field}", getattr(self, field), least, 1 << 16)
            object.__setattr__(self, field, number)
        object.__setattr__(self, "sides", self._checked_sides())
        object.__setattr__(self, "goals", tuple(self.goals))
        object.__setattr__(self, "embeddings", self._checked_embeddings())
        object.__setattr__(self, "knobs", self._knobs_with({}, self.knobs))

    def with_numbers(self, **numbers) -> "Minigame":
        """Returns the game with numbers pinned or ranged otherwise.

        Args:
          **numbers: by the name of a field of Params or of the game's dial; a number, taken as
            it is; (low, high), which keeps the manner of the draw; or a knob.

        Raises:
          ValueError: an unknown name, or a value that is none of these.
        """
        return dataclasses.replace(self, knobs=self._knobs_with(self.knobs, numbers))

    @property
    def needs(self) -> frozenset[System]:
        """Systems without which it cannot be played, or a goal of it never be completed."""
        return frozenset(self.systems or ()).union(*(goal.needs for goal in self.goals))

    def knob(self, name: str) -> Knob:
        """Returns the knob of a field of Params, its default if the game says nothing."""
        return self.knobs.get(name, SETTINGS[name].default)

    @property
    def words(self) -> tuple[str, ...]:
        """What `tasks.embeddings.meaning` is given beside the goals: the referee and the score."""
        names = [getattr(f, "__name__", type(f).__name__) for f in (self.referee, self.score)]
        pairs = zip(("referee", "score"), names, strict=True)
        return tuple(f"{field} {_WORDS.get(name, name)}" for field, name in pairs if name != "one")

    @property
    def is_team_game(self) -> bool:
        """The groups are teams, whose members share a task."""
        return self.team_split > 0 or bool(self.sides)

    def _checked_sides(self) -> tuple[int, ...]:
        """Returns the shares of the sides as a tuple of positive integers."""
        if not isinstance(self.sides, tuple | list):
            raise ValueError(f"{self.name}: sides={self.sides!r} must be shares, as in (1, 3)")
        if self.sides and self.team_split:
            raise ValueError(
                f"{self.name}: sides={self.sides} must be empty with team_split={self.team_split}"
            )
        return tuple(
            checks.whole(f"{self.name}: sides[{i}]", share, 1, 1 << 16)
            for i, share in enumerate(self.sides)
        )

    def _checked_embeddings(self) -> Embeddings:
        """Returns the embeddings, an array of them as rows of numbers, so that games compare."""
        given = self.embeddings
        if given is None or callable(given):
            return given
        try:
            table = np.asarray(given, np.float32)
        except (TypeError, ValueError):
            raise ValueError(f"{self.name}: embeddings must be numbers (goals, D)") from None
        try:
            check_embeddings(table, (len(self.goals), None))
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        return tuple(map(tuple, table.tolist()))

    def _knobs_with(self, knobs: Mapping[str, Knob], numbers: Mapping) -> "Knobs":
        result = dict(knobs)
        for name, value in numbers.items():
            field = "difficulty" if name == self.dial else name
            if field not in SETTINGS:
                raise ValueError(self._unknown(name))
            present = result.get(field, SETTINGS[field].default)
            result[field] = as_knob(name, value, present)
        return Knobs(result)

    def _unknown(self, name: str) -> str:
        known = [*SETTINGS, *([self.dial] if self.dial else [])]
        hint = did_you_mean(name, known, cutoff=0.5) or f"; allowed are {', '.join(known)}"
        return f"{self.name} has no number {name!r}{hint}"
