"""The goals of all games as a table of numbers, from which tasks are drawn."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.lib import threefry
from metammo_jax.tasks.algebra import asked_in, numbers_of, plan_of
from metammo_jax.tasks.embeddings import ORIGINAL, meaning
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.signature import FREE_NUMBERS, PARAM_NAMES, signature_of
from metammo_jax.vocab import NEVER, Subject
from metammo_jax.world import Params, Task

_VALUE = -1
"""Marks an argument that is a number, not the name of a field."""

Embeddings = Callable | Sequence | np.ndarray | None
"""Task embeddings of the goals of a game: numbers for each goal; a function
`(goals, size) -> (goals, size)` of them; None, what each goal says itself."""


class TaskBook:
    """The goals of all games in one table.

    Attributes:
      goals: all goals, game after game; `world.Task.goal` counts in them.
      predicates: distinct predicates; `world.Task.predicate` counts in them.
      subjects: for each predicate the subjects that its goals have.
      kinds: the kinds of task that occur.
    """

    def __init__(
        self,
        goals_of_games: tuple[tuple[Goal, ...], ...],
        cfg: Config,
        embeddings: Sequence[Embeddings] | None = None,
        by_group: Sequence[bool] | None = None,
        words: Sequence[Sequence[str]] | None = None,
    ):
        """Lays out the goals of each game.

        Args:
          goals_of_games: for each game its goals, at least one of which has a weight.
          cfg: sizes; names in the goals' arguments stand for its fields.
          embeddings: of the goals of each game.
          by_group: for each game whether group i has goal i, modulo their number; drawn if None.
          words: for each game what the embeddings tell beside its goals, as in `meaning`.

        Raises:
          ValueError: a game without goals, or whose weights are all zero; a number that this
            config has no room for; an embedding of another shape.
        """
        self.goals = tuple(goal for goals in goals_of_games for goal in goals)
        plans = [plan_of(goal.term) for goal in self.goals]
        self.predicates = tuple(dict.fromkeys(plans))
        place = {plan: index for index, plan in enumerate(self.predicates)}
        self._predicate = np.array([place[plan] for plan in plans], np.int32)
        self._subject = np.array([goal.subject for goal in self.goals], np.int32)
        self._kind = np.array([goal.kind for goal in self.goals], np.int32)
        self._hold = np.array([goal.hold for goal in self.goals], np.int32)
        self._number, self._name = _numbers(self.goals, cfg)
        self._watch = _watches(self.goals)
        self.kinds = frozenset(goal.kind for goal in self.goals)
        self.subjects = _subjects(self.goals, self._predicate, len(self.predicates))
        self._embedding = _embeddings_of_games(goals_of_games, embeddings, words, cfg)
        self._reach = _cumulative([[g.weight for g in goals] for goals in goals_of_games])
        lengths = [len(goals) for goals in goals_of_games]
        self._choices = max(lengths)
        self._first = np.cumsum([0, *lengths[:-1]]).astype(np.int32)
        self._length = np.array(lengths, np.int32)
        self._by_group = np.array(by_group or [False] * len(lengths))

    def assign(self, key: jax.Array, params: Params, cfg: Config) -> Task:
        """Draws a goal for each group, by weight and with replacement, and starts the tasks.

        Args:
          key: () key, spent on the choice where a game has several goals.
          params: reads game, group leaders, and the fields that arguments name.
          cfg: sizes.

        Returns:
          Task rows with no progress; teammates have the same.

        Source: docs/rules/tasks.md#who-gets-a-task.
        """
        goal = self._drawn(key, params, cfg)[params.leader]
        values = jnp.stack([jnp.asarray(getattr(params, s), jnp.float32) for s in PARAM_NAMES])
        name = jnp.asarray(self._name)[goal]
        args = jnp.where(name == _VALUE, jnp.asarray(self._number)[goal], values[name])
        nothing = jnp.zeros(cfg.players, jnp.int32)
        return Task(
            predicate=jnp.asarray(self._predicate)[goal],
            args=args,
            subject=jnp.asarray(self._subject)[goal],
            watch=None if self._watch is None else jnp.asarray(self._watch)[goal],  # pyright: ignore[reportArgumentType]
            embedding=jnp.asarray(self._embedding)[goal],
            progress=jnp.zeros(cfg.players, jnp.float32),
            max_progress=jnp.zeros(cfg.players, jnp.float32),
            completed_at=jnp.full(cfg.players, NEVER, jnp.int32),
            gains=nothing,
            losses=nothing,
            goal=goal,
            kind=jnp.asarray(self._kind)[goal],
            hold=jnp.asarray(self._hold)[goal],
            held=nothing,
        )

    def _drawn(self, key: jax.Array, params: Params, cfg: Config) -> jax.Array:
        """Returns (P,) int32, indices of goals of this game."""
        first = jnp.asarray(self._first)[params.game]
        if self._choices == 1:
            return jnp.full(cfg.players, first)
        reach = jnp.asarray(self._reach)[params.game]
        point = threefry.uniform(key, (cfg.players,))
        drawn = jnp.searchsorted(reach, point, side="right").astype(jnp.int32)
        if self._by_group.any():
            given = params.group % jnp.asarray(self._length)[params.game]
            drawn = jnp.where(jnp.asarray(self._by_group)[params.game], given, drawn)
        return first + drawn


def _subjects(
    goals: Sequence[Goal], predicate: np.ndarray, count: int
) -> tuple[frozenset[Subject], ...]:
    """Returns for each of some predicates the subjects of the goals that have it."""
    subjects = [set() for _ in range(count)]
    for goal, index in zip(goals, predicate, strict=True):
        subjects[index].add(goal.subject)
    return tuple(map(frozenset, subjects))


def _numbers(goals: tuple[Goal, ...], cfg: Config) -> tuple[np.ndarray, np.ndarray]:
    """Returns (goals, A) float32 numbers, and int32 the settings they come from or _VALUE."""
    rows = [numbers_of(goal.term) for goal in goals]
    width = max([FREE_NUMBERS, *map(len, rows)])
    number = np.zeros((len(goals), width), np.float32)
    name = np.full((len(goals), width), _VALUE, np.int32)
    for index, (goal, row) in enumerate(zip(goals, rows, strict=True)):
        _check_ranges(goal, cfg)
        for column, arg in enumerate(row):
            if isinstance(arg, str) and arg in PARAM_NAMES:
                name[index, column] = PARAM_NAMES.index(arg)
            else:
                number[index, column] = cfg.number(arg)
    return number, name


def _check_ranges(goal: Goal, cfg: Config) -> None:
    for leaf in asked_in(goal.term):
        signature = signature_of(leaf.predicate)
        for (key, argument), arg in zip(signature.arguments.items(), leaf.args, strict=True):
            if isinstance(arg, str) and arg in PARAM_NAMES:
                continue
            value = cfg.number(arg)
            try:
                argument.check_range(key, value, cfg)
            except ValueError as error:
                raise ValueError(f"{signature.name}: {error}") from None


def _watches(goals: tuple[Goal, ...]) -> np.ndarray | None:
    """Returns (goals, F, 3) int32, -1 in rows that are not used; None if F is 0."""
    rows = [goal.watches for goal in goals]
    if not any(rows):
        return None
    table = np.full((len(goals), max(map(len, rows)), 3), -1, np.int32)
    for index, watched in enumerate(rows):
        table[index, : len(watched)] = np.array(watched, np.int32).reshape(-1, 3)
    return table


def _embeddings_of_games(goals_of_games, embeddings, words, cfg: Config) -> np.ndarray:
    """Returns (goals, D) float32, task embeddings of all games; arguments as of `TaskBook`."""
    given = embeddings or [None] * len(goals_of_games)
    said = words or [()] * len(goals_of_games)
    rows = [_embeddings(*row, cfg) for row in zip(goals_of_games, given, said, strict=True)]
    return np.concatenate(rows) if rows else np.zeros((0, cfg.task_embedding))


def _embeddings(
    goals: tuple[Goal, ...], given: Embeddings, words: Sequence[str], cfg: Config
) -> np.ndarray:
    """Returns (goals, D) float32, task embeddings of the goals of a game."""
    size = cfg.task_embedding
    if given is None:
        table = np.zeros((len(goals), size), np.float32)
        for row, goal in zip(table, goals, strict=True):
            given = np.asarray(_embedding_of(goal, words, cfg), np.float32)[:size]
            row[: len(given)] = given
        return table
    table = np.asarray(given(goals, size) if callable(given) else given, np.float32)
    check_embeddings(table, (len(goals), size))
    return table


def _embedding_of(goal: Goal, words: Sequence[str], cfg: Config) -> Sequence | np.ndarray:
    """Returns the numbers that a goal gives itself, or its meaning."""
    is_replaced = goal.embedding in ORIGINAL and not cfg.original_embeddings
    if goal.embedding is None or is_replaced:
        return meaning((goal,), cfg.task_embedding, words)[0]
    return goal.embedding


def check_embeddings(table: np.ndarray, shape: tuple[int, int | None]) -> None:
    """Raises ValueError if embeddings are not finite numbers of shape (goals, D)."""
    rows, size = shape
    if table.ndim != 2 or len(table) != rows or size not in (None, table.shape[1]):
        wanted = f"({rows}, {'D' if size is None else size})"
        raise ValueError(f"embeddings of shape {table.shape} must be {wanted}: one for each goal")
    if not np.isfinite(table).all():
        raise ValueError("embeddings must be finite numbers")


def _cumulative(weights: list[list[float]]) -> np.ndarray:
    """Returns (G, most goals) float32, cumulative shares; 2 (out of reach) after the last."""
    table = np.full((len(weights), max(map(len, weights), default=0)), 2.0)
    for row, game in zip(table, weights, strict=True):
        if not game or sum(game) <= 0:
            raise ValueError(f"goals with weights {game}: one at least must have a weight above 0")
        row[: len(game)] = np.cumsum(game) / sum(game)
        last = max(i for i, weight in enumerate(game) if weight > 0)
        row[last : len(game)] = 2.0  # rounding must not leave a gap below 1
    return table.astype(np.float32)
