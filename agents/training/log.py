"""Logging of a run between updates: records, evaluations, checkpoints."""

import math
from collections.abc import Callable

from .. import curriculum
from ..evaluation import opponents
from ..parallel import processes
from ..runs import folder
from ..runs.training_run import TrainingRun
from . import boards, curriculum_picture, curve, replays
from .result import TrainResult


class Log:
    """Writes records, evaluations, checkpoints and replays of a run between updates.

    Attributes:
      work: the run.
      history: records of this call.
      on_update: called with each record; None for nothing.
    """

    def __init__(self, work: TrainingRun, on_update: Callable[[dict], None] | None = None):
        self.on_update = on_update
        self.work, self.history, self._first = work, [], processes.is_first_process()
        cfg, run, updates = work.cfg, work.run, work.counts["updates"]
        self._lines = folder.MetricsLog(run, updates) if self._first else None
        self._boards = boards.open_boards(cfg, run) if self._first else []

    def begin(self) -> None:
        """Saves the initial parameters, an opponent of later evaluations."""
        if self.work.cfg.eval_every and self.work.counts["updates"] == 0:
            opponents.save_params(self.work)

    def needs_state(self, before: int) -> bool:
        """Returns whether `add` will evaluate or save; `before`: steps before the last update."""
        is_stored = self._saves() or replays.is_due(self.work)
        return opponents.is_due(self.work, before) or is_stored or self.work.is_complete

    def add(self, record: dict, before: int) -> None:
        """Evaluates and saves if it is due, and logs the record of an update.

        Args:
          record: as `record_of` returns it; an evaluation is added to it.
          before: steps of the run before the update.
        """
        if opponents.is_due(self.work, before):
            record["evaluation"] = opponents.compare_with_opponents(self.work)
        if self._lines:
            self._lines.append(record)
        self.history.append(record)
        for board in self._boards:
            board.add(boards.flatten_numbers(record), record["steps"])
        if self._saves():
            self.work.save()
        if self._first and replays.is_due(self.work):
            replays.save_episode(self.work)
        if self.on_update:
            self.on_update(record)

    def end(self) -> TrainResult:
        """Saves a checkpoint, draws the learning curve; returns the result."""
        work = self.work
        if work.saved_at != work.counts["updates"]:
            work.save()
        for board in self._boards:
            board.close()
        picture = curve.draw_curve(work.run) if self._first else None
        if self._first:
            curriculum_picture.draw(work.run)
        return TrainResult(
            run=work.run,
            complete=work.is_complete,
            updates=work.counts["updates"],
            steps=work.counts["steps"],
            curve=picture,
            policy=work.policy,
            params=work.params,
            history=self.history,
        )

    def _saves(self):
        every = self.work.cfg.save_every
        return bool(every) and self.work.counts["updates"] % every == 0


def record_of(work: TrainingRun, metrics: dict, seconds: float) -> dict:
    """Returns the record of an update, and adds it to the run's counts.

    Args:
      work: the run, whose counts advance.
      metrics: of the update, NumPy arrays.
      seconds: duration of the update.

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
        "games": _means_by_game(episodes, work.batch.env.games),
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
"""Largest difference in nats of a recomputed log-probability, from rounding."""


def _means_by_game(sums, games) -> dict:
    """Returns means over the episodes that ended, by game."""
    found = {}
    for index, game in enumerate(games):
        count = int(sums["episodes"][index])
        if count:
            means = {name: float(total[index]) / count for name, total in sums.items()}
            found[game.name] = {**means, "episodes": count}
    return found
