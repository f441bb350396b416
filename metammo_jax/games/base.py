"""What a minigame is: a frozen declaration of systems, numbers, spawn, tasks, referee and score.

A game holds no state. Its numbers (`knobs`) are pinned or drawn at each reset into
`world.Params`; its functions are pure and of one signature each:

  spawn(key, params, cfg) -> Spawn            where players start, and NPCs of the game's own
  refill(key, world, cfg) -> Recruits         NPCs that join after a tick
  referee(world, cfg) -> (P,) bool            who has won
  score(world, winners, cfg) -> () float32    what winning is worth

Different games of one batch share one compiled step: see `games.table`.
"""

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum

from metammo_jax.config import Config
from metammo_jax.vocab import Subject, System


class Unit(Enum):
    """How a number of a built-in game shrinks with the config (at the paper's size: not at all).

    PLAIN: not at all. TILES: with `playable` / 128, to an even number. TICKS: with
    `horizon` / 1024. NPCS: with `npcs` / 256. SPEED: tiles per tick.
    """

    PLAIN = "plain"
    TILES = "tiles"
    TICKS = "ticks"
    NPCS = "npcs"
    SPEED = "speed"

    def scale(self, cfg: Config) -> float:
        """Returns the factor for sizes of `cfg`."""
        tiles, ticks = cfg.playable / 128, cfg.horizon / 1024
        return {
            Unit.PLAIN: 1.0,
            Unit.TILES: tiles,
            Unit.TICKS: ticks,
            Unit.NPCS: cfg.npcs / 256,
            Unit.SPEED: tiles / ticks,
        }[self]


@dataclasses.dataclass(frozen=True)
class Fixed:
    """A number that is the same in every episode."""

    value: float
    unit: Unit = Unit.PLAIN


@dataclasses.dataclass(frozen=True)
class Uniform:
    """An integer drawn uniformly from low..high, both included."""

    low: int
    high: int
    unit: Unit = Unit.PLAIN


@dataclasses.dataclass(frozen=True)
class OneOver:
    """One over an integer drawn uniformly from low..high, both included."""

    low: int
    high: int
    unit: Unit = Unit.PLAIN


@dataclasses.dataclass(frozen=True)
class Chance:
    """True with a probability."""

    probability: float


@dataclasses.dataclass(frozen=True)
class Adaptive:
    """A number that rises by `step` up to `high` with the games won at it, and never falls.

    It rises at a reset when the game was won the last time it was played and has been won
    `wins` times at the present value.
    """

    low: int
    high: int
    step: int
    wins: int
    unit: Unit = Unit.PLAIN


Knob = Fixed | Uniform | OneOver | Chance | Adaptive


@dataclasses.dataclass(frozen=True)
class Goal:
    """A task a game hands out: a predicate with its arguments, about a subject.

    Attributes:
      predicate: function of `tasks.predicates`' signature, or the caller's own.
      args: at most 4 numbers; the name of a field of Params or of Config stands for its value.
      subject: whose state the predicate looks at, seen from the player that has the task.
      weight: chance of being drawn relative to the game's other goals.
      embedding: numbers that describe it to the agent, zeros if empty.
    """

    predicate: Callable
    args: tuple = ()
    subject: Subject = Subject.SELF
    weight: float = 1.0
    embedding: tuple = ()


@dataclasses.dataclass(frozen=True)
class Minigame:
    """A game.

    Attributes:
      name: the name it is made by.
      spawn: function, places players and the NPCs of the first moment.
      goals: what players are asked to do; of several, each player draws one.
      referee: function, who has won.
      score: function, what winning is worth.
      refill: function, NPCs that join after a tick; None if none do.
      systems: systems that are on; None means all that are compiled.
      team_split: players of the config's teams are merged by this many into one; 0 for a game
        in which everybody plays alone.
      knobs: name of a Params field, or `dial`, to a number.
      dial: name under which callers set the difficulty (`Params.difficulty`), if the game has one.
    """

    name: str
    spawn: Callable
    goals: tuple[Goal, ...]
    referee: Callable
    score: Callable
    refill: Callable | None = None
    systems: frozenset[System] | None = None
    team_split: int = 0
    knobs: Mapping[str, Knob] = dataclasses.field(default_factory=dict)
    dial: str | None = None
