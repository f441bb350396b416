"""All goals of an environment's games as rows of numbers, from which tasks are handed out."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.tasks.goal import SETTINGS, Goal
from metammo_jax.tasks.predicates import filled
from metammo_jax.vocab import NEVER
from metammo_jax.world import Params, Task

_VALUE = -1
"""Marks an argument that is a number, not the name of a field."""


class TaskBook:
    """The goals of all games in one table.

    Attributes:
      predicates: distinct predicates; `world.Task.predicate` counts in them.
      goals: all goals, game after game.
    """

    def __init__(self, goals_of_games: tuple[tuple[Goal, ...], ...], cfg: Config):
        """Lays out the goals of each game.

        Args:
          goals_of_games: for each game its goals, at least one of which has a weight.
          cfg: sizes; names in the goals' arguments stand for its fields.

        Raises:
          ValueError: a game without goals, or whose weights are all zero.
        """
        self.goals = tuple(goal for goals in goals_of_games for goal in goals)
        self.predicates = tuple(dict.fromkeys(goal.predicate for goal in self.goals))
        rows = [_row(goal, cfg) for goal in self.goals]
        self._number = np.array([row[0] for row in rows], np.float32)
        self._name = np.array([row[1] for row in rows], np.int32)
        self._subject = np.array([goal.subject for goal in self.goals], np.int32)
        index = [self.predicates.index(goal.predicate) for goal in self.goals]
        self._predicate = np.array(index, np.int32)
        self._embedding = np.stack([_embedding(g, cfg.task_embedding) for g in self.goals])
        self._reach = _cumulative([[g.weight for g in goals] for goals in goals_of_games])
        self._choices = max(len(goals) for goals in goals_of_games)
        lengths = [len(goals) for goals in goals_of_games]
        self._first = np.cumsum([0, *lengths[:-1]]).astype(np.int32)

    def assign(self, key: jax.Array, params: Params, cfg: Config) -> Task:
        """Draws a goal for each group, by weight and with replacement, and starts the tasks.

        Args:
          key: () key, spent on the choice where a game has several goals.
          params: reads game, group leaders, and the fields that arguments name.
          cfg: sizes.

        Returns:
          Task rows with no progress; teammates have the same.

        Source: tasks 2.
        """
        goal = self._drawn(key, params, cfg)[params.leader]
        values = jnp.stack([jnp.asarray(getattr(params, s), jnp.float32) for s in SETTINGS])
        name = jnp.asarray(self._name)[goal]
        args = jnp.where(name == _VALUE, jnp.asarray(self._number)[goal], values[name])
        return Task(
            predicate=jnp.asarray(self._predicate)[goal],
            args=args,
            subject=jnp.asarray(self._subject)[goal],
            watch=jnp.full((cfg.players, 0, 3), -1, jnp.int32),
            embedding=jnp.asarray(self._embedding)[goal],
            progress=jnp.zeros(cfg.players, jnp.float32),
            max_progress=jnp.zeros(cfg.players, jnp.float32),
            completed_at=jnp.full(cfg.players, NEVER, jnp.int32),
            gains=jnp.zeros(cfg.players, jnp.int32),
            losses=jnp.zeros(cfg.players, jnp.int32),
        )

    def _drawn(self, key: jax.Array, params: Params, cfg: Config) -> jax.Array:
        """Returns (P,) int32, indices of goals of this game."""
        first = jnp.asarray(self._first)[params.game]
        if self._choices == 1:
            return jnp.full(cfg.players, first)
        reach = jnp.asarray(self._reach)[params.game]
        point = jax.random.uniform(key, (cfg.players,))
        return first + jnp.searchsorted(reach, point, side="right").astype(jnp.int32)


def _row(goal: Goal, cfg: Config) -> tuple[list, list]:
    """Returns the four numbers of a goal, and for each the index of a setting or _VALUE."""
    numbers, names = [], []
    for arg in filled(goal.predicate, goal.args):
        is_setting = isinstance(arg, str) and arg in SETTINGS
        names.append(SETTINGS.index(arg) if is_setting else _VALUE)
        numbers.append(0.0 if is_setting else getattr(cfg, arg) if isinstance(arg, str) else arg)
    return numbers, names


def _embedding(goal: Goal, size: int) -> np.ndarray:
    row = np.zeros(size, np.float32)
    given = np.asarray(goal.embedding, np.float32)[:size]
    row[: len(given)] = given
    return row


def _cumulative(weights: list[list[float]]) -> np.ndarray:
    """Returns (G, most goals) float32, shares summed up; 2 (out of reach) after the last."""
    table = np.full((len(weights), max(map(len, weights), default=0)), 2.0)
    for row, game in zip(table, weights, strict=True):
        if not game or sum(game) <= 0:
            raise ValueError(f"goals with weights {game}: one at least must have a weight above 0")
        row[: len(game)] = np.cumsum(game) / sum(game)
        last = max(i for i, weight in enumerate(game) if weight > 0)
        row[last : len(game)] = 2.0  # rounding must not leave a gap below 1
    return table.astype(np.float32)
