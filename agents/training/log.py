"""What is kept of a run between updates: records, comparisons, checkpoints, and its result."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import curriculum
from ..evaluation import opponents
from ..parallel import processes
from ..policy import Policy
from ..runs import folder
from ..runs.training_run import TrainingRun
from . import boards, curriculum_picture, curve, replays


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a run came to.

    Attributes:
      run: its folder.
      complete: all steps were taken; else it was interrupted or stopped.
      updates: taken, with those before it was resumed.
      steps: living agent-steps taken.
      curve: path of the picture, None if there is none.
      policy: what has learned.
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
        taken = f"after {self.updates:,} updates, {self.steps:,} living agent-steps"
        return said(self, f"{taken}\nrun: {self.run}")


def said(result, taken: str) -> str:
    """Returns what is printed of a `TrainResult` or a `GroupResult`, and how to go on."""
    lines = [f"{'complete' if result.complete else 'stopped'} {taken}"]
    if result.curve:
        lines.append(f"learning curve: {result.curve}")
    if not result.complete:
        lines.append(f"go on with: metammo-jax train --resume {result.run}")
    return "\n".join(lines)


class Log:
    """What is kept of a run between updates: records, comparisons, checkpoints.

    Attributes:
      work: the run.
      history: records of this call.
      on_update: called with each record; None for nothing.
    """

    def __init__(self, work: TrainingRun, on_update: Callable[[dict], None] | None = None):
        self.on_update = on_update
        self.work, self.history, self._first = work, [], processes.is_first()
        cfg, run, updates = work.cfg, work.run, work.counts["updates"]
        self._lines = folder.MetricsLog(run, updates) if self._first else None
        self._boards = boards.open_boards(cfg, run) if self._first else []

    def begin(self) -> None:
        """Keeps what later policies are compared with."""
        if self.work.cfg.eval_every and self.work.counts["updates"] == 0:
            opponents.keep(self.work)

    def needs_state(self, before: int) -> bool:
        """Returns whether `add` is to compare or save; `before`: steps before the last update."""
        kept = self._saves() or replays.is_due(self.work)
        return opponents.is_due(self.work, before) or kept or self.work.complete

    def add(self, record: dict, before: int) -> None:
        """Compares and saves where it is time, and logs the record of an update.

        Args:
          record: as `record_of` returns it; a comparison is added to it.
          before: steps of the run before the update.
        """
        if opponents.is_due(self.work, before):
            record["evaluation"] = opponents.compare(self.work)
        if self._lines:
            self._lines.append(record)
        self.history.append(record)
        for board in self._boards:
            board.add(boards.numbers(record), record["steps"])
        if self._saves():
            self.work.save()
        if self._first and replays.is_due(self.work):
            replays.keep(self.work)
        if self.on_update:
            self.on_update(record)

    def end(self) -> TrainResult:
        """Saves and draws; returns what the run came to."""
        work = self.work
        if work.saved_at != work.counts["updates"]:
            work.save()
        for board in self._boards:
            board.close()
        picture = curve.draw(work.run) if self._first else None
        if self._first:
            curriculum_picture.draw(work.run)
        return TrainResult(
            run=work.run, complete=work.complete, updates=work.counts["updates"],
            steps=work.counts["steps"], curve=picture, policy=work.policy, params=work.params,
            history=self.history,
        )  # fmt: skip

    def _saves(self):
        every = self.work.cfg.save_every
        return bool(every) and self.work.counts["updates"] % every == 0


def record_of(work: TrainingRun, metrics: dict, seconds: float) -> dict:
    """Returns the record of an update, and counts it.

    Args:
      work: the run, whose counts advance.
      metrics: of the update, arrays of the host.
      seconds: that it took.

    Raises:
      FloatingPointError: a number of the record is not finite.
    """
    counts, rate = work.counts, work.learning_rate
    episodes, played = metrics.pop("episodes"), metrics.pop("played")
    chosen = metrics.pop("curriculum", None)
    living, slots = int(metrics.pop("living_steps")), int(metrics.pop("slot_steps"))
    counts["updates"] += 1
    counts["steps"] += living
    counts["slot_steps"] += slots
    counts["seconds"] += seconds
    record = {
        "update": counts["updates"],
        "steps": counts["steps"],
        "slot_steps": counts["slot_steps"],
        "seconds": round(counts["seconds"], 3),
        "steps_per_second": round(living / seconds, 1),
        "learning_rate": float(rate),
        **{name: float(value) for name, value in metrics.items()},
        "played": {g.name: int(n) for g, n in zip(work.batch.env.games, played, strict=True)},
        "games": _by_game(episodes, work.batch.env.games),
    }
    if chosen is not None:
        record["curriculum"] = curriculum.describe(chosen, work.batch.env.games)
    _check_finite(record, work)
    return record


def _check_finite(record, work):
    numbers = {name: value for name, value in record.items() if not isinstance(value, dict)}
    bad = [name for name, value in numbers.items() if not math.isfinite(value)]
    if bad:
        raise FloatingPointError(
            f"{bad[0]} is not finite at update {record['update']}; "
            f"the newest checkpoint of {work.run} is from update {work.saved_at}"
        )
    if record.get("replay_error", 0.0) > REPLAY_TOLERANCE:
        raise AssertionError(
            f"replaying the rollout changed log-probabilities by {record['replay_error']:.2g}, "
            f"more than {REPLAY_TOLERANCE}"
        )


REPLAY_TOLERANCE = 1e-3
"""Nats by which a replayed log-probability may differ from the collected one: rounding."""


def _by_game(sums, games) -> dict:
    """Returns means over the episodes that ended, by name of the game."""
    found = {}
    for index, game in enumerate(games):
        count = int(sums["episodes"][index])
        if count:
            means = {name: float(total[index]) / count for name, total in sums.items()}
            found[game.name] = {**means, "episodes": count}
    return found


def all_games(record) -> dict:
    """Returns sums over the episodes of all games."""
    games = record["games"].values()
    count = sum(game["episodes"] for game in games)
    shown = ("return", "progress")
    sums = {name: sum(game[name] * game["episodes"] for game in games) for name in shown}
    return {"episodes": count, **sums}
