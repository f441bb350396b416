"""Results of training, and the paragraph that `print` shows of them."""

import dataclasses
import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..evaluation import opponents
from ..policy import Policy
from .progress import Recent

WIDTH = 88
"""Characters of a line of the paragraph."""


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """Result of a training run; `print` shows it in a paragraph.

    Attributes:
      run: folder of the run.
      complete: all steps were taken; else training was interrupted or stopped.
      updates: number of updates, with those before the run was resumed.
      steps: living agent-steps.
      curve: path of the learning curve, None if there is none.
      policy: that was trained.
      params: of the policy.
      history: a record for each update of this call, as in metrics.jsonl.
    """

    run: Path
    complete: bool
    updates: int
    steps: int
    curve: Path | None
    policy: Policy
    params: Any
    history: list[dict]

    def __str__(self) -> str:
        taken = f"{self.updates:,} updates and {self.steps:,} living agent-steps"
        return summary_of(self, (self,), taken)


@dataclasses.dataclass(frozen=True)
class GroupResult:
    """Results of runs with several seeds; `print` shows them in a paragraph.

    Attributes:
      run: folder of the runs.
      results: of each seed, in order.
      curve: path of the learning curve over all seeds, None if there is none.
    """

    run: Path
    results: tuple[TrainResult, ...]
    curve: Path | None

    @property
    def complete(self) -> bool:
        """Whether all seeds have taken all their steps."""
        return all(result.complete for result in self.results)

    def __str__(self) -> str:
        steps = sum(result.steps for result in self.results)
        taken = f"{steps:,} living agent-steps of {len(self.results)} seeds"
        return summary_of(self, self.results, taken)


def summary_of(result: TrainResult | GroupResult, runs: Sequence[TrainResult], taken: str) -> str:
    """Returns the paragraph that `print` shows of a result, and the command to resume it.

    Args:
      result: to be printed.
      runs: its runs, one for each seed.
      taken: its updates and steps, in words.
    """
    sentences = [f"Training {'is complete' if result.complete else 'stopped'} after {taken}."]
    if means := _mean_over_runs([_recent_means(run.history) for run in runs]):
        sentences.append(
            f"The last episodes had a mean return of {means['return']:.2f} "
            f"and a mean task progress of {means['progress']:.2f}."
        )
    if wins := _mean_over_runs([_last_wins(run.history) for run in runs]):
        (first, share), *others = wins.items()
        shares = [f"{share:.0%} of games against {first}"]
        shares += [f"{share:.0%} against {name}" for name, share in others]
        sentences.append(f"In the last evaluation it won {' and '.join(shares)}.")
    curve = f", with the learning curve {result.curve.name}" if result.curve else ""
    sentences.append(f"The run is in {result.run}{curve}.")
    text = textwrap.fill(" ".join(sentences), WIDTH, break_long_words=False, break_on_hyphens=False)
    if result.complete:
        return text
    return f"{text}\nmetammo-jax train --resume {shlex.quote(str(result.run))}"


def _recent_means(history: list[dict]) -> dict[str, float]:
    """Returns mean return and progress of the last episodes, empty if none has ended."""
    recent = Recent()
    for record in history:
        recent.add(sum_over_games(record))
    found = {name: recent.mean(name) for name in ("return", "progress")}
    return {name: mean for name, mean in found.items() if mean is not None}


def _last_wins(history: list[dict]) -> dict[str, float]:
    """Returns the share of episodes won against each opponent in the last evaluation."""
    evaluated = [record for record in history if "evaluation" in record]
    return opponents.mean_wins(evaluated[-1]) if evaluated else {}


def _mean_over_runs(statistics: list[dict[str, float]]) -> dict[str, float]:
    """Returns means by name, over the runs that have the statistic."""
    names = dict.fromkeys(name for one in statistics for name in one)
    values = {name: [one[name] for one in statistics if name in one] for name in names}
    return {name: sum(found) / len(found) for name, found in values.items()}


def sum_over_games(record) -> dict:
    """Returns sums over the episodes of all games."""
    games = record["games"].values()
    count = sum(game["episodes"] for game in games)
    shown = ("return", "progress")
    sums = {name: sum(game[name] * game["episodes"] for game in games) for name in shown}
    return {"episodes": count, **sums}
