"""What a game asks for: a predicate with its numbers, about somebody."""

import dataclasses
import difflib
import math
from collections.abc import Callable
from numbers import Real

from metammo_jax.config import Config
from metammo_jax.tasks.predicates import filled
from metammo_jax.vocab import Subject
from metammo_jax.world import Params

_ARRAYS = {"enabled", "group", "leader", "seize_target"}
SETTINGS = tuple(f.name for f in dataclasses.fields(Params) if f.name not in _ARRAYS)
"""Fields of `Params` that stand for one number."""

SIZES = (*(f.name for f in dataclasses.fields(Config) if f.type is int), "middle", "team_size")
"""Fields of `Config` that stand for one number."""


@dataclasses.dataclass(frozen=True)
class Goal:
    """A task that a game hands out.

    Attributes:
      predicate: function of `tasks.predicates`' signature, from there or the caller's own.
      args: at most 4 numbers; the name of a field of Params or of Config stands for its value.
      subject: whose state the predicate looks at, seen from the player that has the task.
      weight: chance of being drawn relative to the game's other goals.
      embedding: numbers that describe it to the agent, cut or filled with zeros to
        `Config.task_embedding`.

    Raises:
      ValueError: at construction, with the value and the rule.
    """

    predicate: Callable
    args: tuple = ()
    subject: Subject = Subject.SELF
    weight: float = 1.0
    embedding: tuple = ()

    def __post_init__(self):
        if not callable(self.predicate):
            raise ValueError(f"predicate={self.predicate!r} must be a function")
        if not isinstance(self.args, tuple):
            raise ValueError(f"args={self.args!r} must be a tuple of numbers and names")
        for arg in filled(self.predicate, self.args):
            _check_argument(arg)
        if self.subject not in list(Subject):
            raise ValueError(f"subject={self.subject!r} is none of {[s.name for s in Subject]}")
        if not _is_number(self.weight) or self.weight < 0:
            raise ValueError(f"weight={self.weight!r} must be a finite number, 0 or more")
        if not all(_is_number(value) for value in self.embedding):
            raise ValueError(f"embedding={self.embedding!r} must be finite numbers")


def _check_argument(arg) -> None:
    if isinstance(arg, str):
        known = SETTINGS + SIZES
        if arg not in known:
            near = difflib.get_close_matches(arg, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"argument {arg!r} is no field of Params or Config{hint}")
    elif not _is_number(arg):
        raise ValueError(f"argument {arg!r} must be a finite number or the name of a field")


def _is_number(value) -> bool:
    return isinstance(value, Real) and math.isfinite(value)
