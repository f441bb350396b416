"""Goals of drawn games as data: two predicates with their numbers, joined by `and` or `or`.

A task's row of arguments is (predicate of the first part, of the second or -1, `JOIN` option, three
numbers of the first part, three of the second); predicates are numbered by `kinds.PREDICATES`. So
all games of the universe share one compiled function, as all tasks of `multi_task` do. Every
predicate is compiled once, or twice where both parts can be of it.
"""

import dataclasses
from collections.abc import Collection

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.games.universe.grouped import Grouped
from metammo_jax.games.universe.kinds import KINDS, LEVELS, PREDICATES, Kind
from metammo_jax.tasks import embeddings
from metammo_jax.tasks.algebra import Combined, Operator
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.signature import Signature, number
from metammo_jax.tasks.subject import SingleMember, SubjectMembers
from metammo_jax.vocab import Subject
from metammo_jax.world import World

PART = 3
"""Numbers of a part."""

WIDTH = 3 + 2 * PART
"""Numbers of a task."""

FINENESS = 1 << 16
"""Embeddings are added up as multiples of 1 / 65536, so that the sums are exact."""

_NONE, _OR = -1, 2


@dataclasses.dataclass(frozen=True)
class Joined:
    """The predicate of all goals of a universe.

    Attributes:
      predicates: numbers in `kinds.PREDICATES` of those that occur.
      twice: of these, that both parts can ask for.
    """

    predicates: tuple[int, ...]
    twice: frozenset[int] = frozenset()

    @property
    def signature(self) -> Signature:
        """What goals may know of it."""
        names = ("first", "second", "join", *(f"n{i}" for i in range(2 * PART)))
        arguments = {name: number(default=0.0) for name in names}
        return Signature("drawn_goal", arguments, says="what the drawn game asks for")

    def __call__(
        self, world: World, subject: SubjectMembers | SingleMember, args: jax.Array, cfg: Config
    ) -> jax.Array:
        """Returns (P,) float32 in 0..1, the value of each player's goal.

        The subject is one's own group, or oneself: all members of a group have the same goal.
        """
        own = subject
        if isinstance(subject, SubjectMembers):
            own = Grouped(group=world.params.group, alive=subject.alive)
        numbers = args[:, 3 : 3 + PART], args[:, 3 + PART : WIDTH]
        values = [jnp.zeros(cfg.players, jnp.float32)] * 2
        for index in self.predicates:
            meant = [args[:, part] == index for part in (0, 1)]
            if index in self.twice:
                found = [self._value(index, world, own, each, cfg) for each in numbers]
            else:
                each = jnp.where(meant[0][:, None], *numbers)
                found = [self._value(index, world, own, each, cfg)] * 2
            values = [jnp.where(*pair) for pair in zip(meant, found, values, strict=True)]
        either, both = jnp.maximum(*values), jnp.minimum(*values)
        joined = jnp.where(args[:, 2] == _OR, either, both)
        return jnp.where(args[:, 1] == _NONE, values[0], joined)

    def _value(self, index: int, world, subject, args: jax.Array, cfg: Config) -> jax.Array:
        value = PREDICATES[index](world, subject, args, cfg)
        return jnp.clip(jnp.asarray(value, jnp.float32), 0.0, 1.0)


def joined_of(firsts: Collection[int], seconds: Collection[int]) -> Joined:
    """Returns the predicate for goals whose parts are of these kinds, in either order.

    Args:
      firsts: numbers of `KINDS`.
      seconds: of the second part; empty if goals are never joined.
    """
    kinds = sorted({*firsts, *seconds})
    asked = [PREDICATES.index(KINDS[kind].predicate) for kind in kinds]
    twice = {index for index in asked if asked.count(index) > 1} if seconds else ()
    return Joined(tuple(sorted(set(asked))), frozenset(twice))


def goal_of(row: np.ndarray, cfg: Config) -> Goal:
    """Returns the goal of a row (X,) of choices as the algebra of tasks has it."""
    chosen = {axis.name: int(choice) for axis, choice in zip(AXES, row, strict=True)}
    term = KINDS[chosen["goal"]].term(chosen["amount"], cfg)
    if chosen["join"]:
        second = KINDS[chosen["second"]].term(chosen["second_amount"], cfg)
        operator = Operator.OR if chosen["join"] == _OR else Operator.AND
        term = Combined(operator, (term, second))
    return Goal(term, subject=Subject.TEAM if chosen["teams"] else Subject.SELF)


class Meaning:
    """What agents observe of drawn games, and the numbers of their tasks, at a config.

    Attributes:
      predicate: (K,) int32, number of each kind's predicate.
      numbers: (K, LEVELS, PART) float32, of each kind and amount.
    """

    def __init__(self, cfg: Config):
        self.predicate = np.array([PREDICATES.index(kind.predicate) for kind in KINDS], np.int32)
        self.numbers = np.zeros((len(KINDS), LEVELS, PART), np.float32)
        for rows, kind in zip(self.numbers, KINDS, strict=True):
            for level, row in enumerate(rows):
                given = kind.numbers(level, cfg)
                row[: len(given)] = given
        self._single, self._half, self._others = _steps(cfg)

    def args(self, choices: jax.Array) -> jax.Array:
        """Returns (WIDTH,) float32, the numbers of the task of a row (X,) of choices."""
        goal, amount, join, second, second_amount = _goal_choices(choices)
        predicate, numbers = jnp.asarray(self.predicate), jnp.asarray(self.numbers)
        other = jnp.where(join > 0, predicate[second], _NONE)
        head = jnp.stack([predicate[goal], other, join]).astype(jnp.float32)
        rest = jnp.where(join > 0, numbers[second, second_amount], 0.0)
        return jnp.concatenate([head, numbers[goal, amount], rest])

    def embedding(self, choices: jax.Array) -> jax.Array:
        """Returns (D,) float32, what agents observe of the game of a row (X,) of choices.

        What `tasks.embeddings.meaning` says of its goal, and directions for referee and score, and
        for which amount is of which part: the sum alone does not tell 4 hits and 8 sales from 8
        hits and 4 sales.
        """
        goal, amount, join, second, second_amount = _goal_choices(choices)
        half = jnp.asarray(self._half)
        both = half[goal, amount] + half[second, second_amount]
        total = jnp.where(join > 0, both, jnp.asarray(self._single)[goal, amount])
        for name, table in self._others.items():
            total += jnp.asarray(table)[choices[INDEX[name]]]
        return total.astype(jnp.float32) * np.float32(1 / FINENESS)


def _goal_choices(choices: jax.Array) -> list[jax.Array]:
    return [choices[INDEX[n]] for n in ("goal", "amount", "join", "second", "second_amount")]


def _steps(cfg: Config) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Returns int32 steps of which embeddings are sums.

    Of goals alone and of one of two (K, LEVELS, D) each, and by axis of the options (options, D).
    """
    size = cfg.task_embedding
    mean, deviation = embeddings.scale(size)
    terms = [[embeddings.of_term(k.term(n, cfg), size) for n in range(LEVELS)] for k in KINDS]
    single = np.array(terms)
    own = np.array([[_own_amount(kind, n, cfg) for n in range(LEVELS)] for kind in KINDS])
    directions = {
        "join": [
            np.zeros(size),
            *(embeddings.of_operator(o, size) for o in (Operator.AND, Operator.OR)),
        ],
        "teams": [np.zeros(size)] + 4 * [embeddings.of_subject(Subject.TEAM, size)],
    }
    for name in ("referee", "score"):
        options = AXES[INDEX[name]].options
        directions[name] = [embeddings.of_word(f"{name} {option}", size) for option in options]
    directions["score"][0] = np.zeros(size)
    others = {name: np.array(rows) for name, rows in directions.items()}
    others["join"] = others["join"] - mean

    def steps(rows: np.ndarray) -> np.ndarray:
        return np.round(rows / deviation * FINENESS).astype(np.int32)

    return (
        steps(single),
        steps((single + own) / np.sqrt(2.0)),
        {n: steps(r) for n, r in others.items()},
    )


def _own_amount(kind: Kind, level: int, cfg: Config) -> np.ndarray:
    """Returns (D,) float64, the amount of a part along a direction of its kind."""
    amount = kind.unit.whole(kind.amounts[level], cfg) if kind.amounts else 1
    return embeddings.of_amount(f"amount of {kind.name}", amount, cfg.task_embedding)
