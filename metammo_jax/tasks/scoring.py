"""Scores of the NeurIPS 2023 competition, from the largest progress of each task.

    goals = tasks.curriculum.evaluation()
    score = scoring.judge(max_progress, goal, goals)      # of one seed, over all its agents
    scoring.over_seeds([score, ...])

Source: docs/rules/tasks.md#scores-of-the-competition.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.words import spec_name

CATEGORIES = {
    "survival": 1,
    "combat": 3,
    "exploration": 2,
    "skill": 8,
    "item": 44,
    "market": 5,
}
"""Categories, and over how many tasks each spreads its sixth of 100 points.

No task of the competition's is about survival, so that 83.33 points can be had.
"""

_CATEGORY_OF = {
    "TickGE": "survival", "PLAYER_KILL": "combat", "DefeatEntity": "combat",
    "GO_FARTHEST": "exploration", "OccupyTile": "exploration", "AttainSkill": "skill",
    "HarvestItem": "item", "ConsumeItem": "item", "EquipItem": "item", "FullyArmed": "item",
    "EARN_GOLD": "market", "BUY_ITEM": "market", "EarnGold": "market", "HoardGold": "market",
    "MakeProfit": "market",
}  # fmt: skip
"""By what the original's name of a task contains; the first hit counts."""

GOOD = 0.3
"""Progress from which on a task counts as begun well."""


def category(goal: Goal) -> str | None:
    """Returns the category of a task, None if it has none."""
    try:
        name = spec_name(goal)
    except ValueError:
        return None
    return next((kind for part, kind in _CATEGORY_OF.items() if part in name), None)


def weight(goal: Goal) -> float:
    """Returns the points that a task is worth, 0 without a category."""
    kind = category(goal)
    return 0.0 if kind is None else 100.0 / len(CATEGORIES) / CATEGORIES[kind]


@dataclasses.dataclass(frozen=True)
class CompetitionScore:
    """Competition scores of agents.

    Attributes:
      task_progress: mean over tasks of the mean progress of the agents that had each.
      weighted_score: points, of at most 83.33 for the competition's tasks.
      categories: mean over the tasks of each category; categories nobody had are left out.
      completed: share of agents whose task was completed.
      good: share of agents whose progress reached 0.3.
      tasks: (goals,) float64, mean progress of each task, NaN where no agent had it.
    """

    task_progress: float
    weighted_score: float
    categories: dict[str, float]
    completed: float
    good: float
    tasks: np.ndarray


def judge(max_progress: np.ndarray, goal: np.ndarray, goals: Sequence[Goal]) -> CompetitionScore:
    """Returns the competition scores of agents of one policy and seed.

    Args:
      max_progress: (...) float, largest progress of each agent's task.
      goal: (...) int, which of `goals` each agent had (`world.task.goal`).
      goals: the tasks.

    Raises:
      ValueError: shapes differ, there is nobody, or a goal is none of these.
    """
    progress = np.asarray(max_progress, np.float64)
    goal = np.asarray(goal)
    if progress.shape != goal.shape or not progress.size:
        raise ValueError(
            f"max_progress {progress.shape} and goal {goal.shape} must have one shape, not empty"
        )
    progress, goal = progress.ravel(), goal.ravel()
    if goal.min() < 0 or goal.max() >= len(goals):
        given = f"{goal.min()}..{goal.max()}"
        raise ValueError(f"goal={given} must be within 0..{len(goals) - 1}")
    count = np.bincount(goal, minlength=len(goals))
    total = np.bincount(goal, progress, minlength=len(goals))
    means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    points = np.array([weight(one) for one in goals])
    return CompetitionScore(
        task_progress=float(np.nanmean(means)),
        weighted_score=float(np.nansum(means * points)),
        categories=_by_category([means], goals),
        completed=float((progress >= 1).mean()),
        good=float((progress >= GOOD).mean()),
        tasks=means,
    )


def over_seeds(scores: Sequence[CompetitionScore], goals: Sequence[Goal]) -> CompetitionScore:
    """Returns the mean of the scores of several seeds; categories over all (task, seed).

    Raises:
      ValueError: there are no scores.
    """
    if not scores:
        raise ValueError("scores=[] must hold one at least")
    tables = [score.tasks for score in scores]
    seen = np.isfinite(tables)
    return CompetitionScore(
        task_progress=float(np.mean([score.task_progress for score in scores])),
        weighted_score=float(np.mean([score.weighted_score for score in scores])),
        categories=_by_category(tables, goals),
        completed=float(np.mean([score.completed for score in scores])),
        good=float(np.mean([score.good for score in scores])),
        tasks=np.where(seen.any(0), np.nansum(tables, 0) / np.maximum(seen.sum(0), 1), np.nan),
    )


def _by_category(tables: Sequence[np.ndarray], goals: Sequence[Goal]) -> dict[str, float]:
    kinds = np.array([category(goal) or "" for goal in goals])
    found = {kind: np.stack(tables)[:, kinds == kind] for kind in CATEGORIES}
    return {
        kind: float(np.nanmean(values))
        for kind, values in found.items()
        if np.isfinite(values).any()
    }
