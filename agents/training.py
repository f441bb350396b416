"""Training from the command line and from a notebook.

    metammo-jax train --game king_of_the_hill --config mini --total-steps 100_000_000
    metammo-jax train --resume runs/NAME
    metammo-jax train --devices 4            # worlds parted over devices; default: all
    metammo-jax train --coordinator HOST:PORT --processes 2 --process 0   # and 1, elsewhere

    from metammo_jax.agents import TrainConfig, train
    result = train(TrainConfig(game="race_to_the_center"))

The host calls one jitted update after the other and between them logs, saves, evaluates and
moves a progress bar.
"""

import dataclasses
import math
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from . import cli, curve, opponents, processes, runs, session
from .config import PRESETS, TrainConfig, preset
from .policy import Policy
from .progress import Progress, Recent
from .session import Session
from .update import make_update


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


def train(cfg: TrainConfig, env=None, updates: int | None = None) -> TrainResult:
    """Begins a run and trains.

    Args:
      cfg: options.
      env: an environment of one's own, instead of `cfg.game` and `cfg.config`.
      updates: stop after so many, as if interrupted; None goes on to the end.

    Raises:
      ValueError: an option is not allowed.
    """
    if cfg.tensorboard:
        _writer()
    return _loop(session.begin(cfg, env), updates)


def resume(run: str | Path, env=None, updates: int | None = None, **changes) -> TrainResult:
    """Goes on with a run, exactly as if it had never stopped.

    Args:
      run: folder.
      env: the environment the run was begun with, if it was one's own.
      updates: stop after so many more.
      **changes: options to change, of `config.HOST_FIELDS`.

    Raises:
      ValueError: the folder is no run, its checkpoint is damaged, or options differ.
    """
    return _loop(session.resume(run, env, **changes), updates)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    try:
        together = ("--coordinator", "--processes", "--process")
        processes.join(*[cli.take(arguments, option) for option in together])
        run = cli.take(arguments, "--resume")
        name = cli.take(arguments, "--preset")
        default = runs.read_config(run) if run else preset(name or "tiny")
        note = (
            f"--preset {'|'.join(PRESETS)} sets many at once; --resume RUN goes on with a run; "
            "--coordinator HOST:PORT --processes N --process I has N processes train together "
            "(--coordinator auto where a cluster tells)."
        )
        cfg = cli.parse(TrainConfig, default, arguments, "train", note)
        changes = {f.name: getattr(cfg, f.name) for f in dataclasses.fields(cfg)}
        result = resume(run, **changes) if run else train(cfg)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if processes.is_first():
        print(_farewell(result))
    return 0


class Interrupt:
    """Turns a first Ctrl-C into a wish to stop after the update; a second one breaks off.

    Attributes:
      asked: whether there was one.
    """

    def __enter__(self):
        self.asked = False
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *error):
        if self._is_main:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number, frame):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nstopping after this update; Ctrl-C again breaks off", file=sys.stderr)


def _loop(work: Session, updates: int | None) -> TrainResult:
    """Trains until the run is complete, interrupted or stopped, then saves and draws."""
    cfg, history, recent, first = work.cfg, [], Recent(), processes.is_first()
    update = make_update(work.batch, work.policy, cfg, work.mesh)
    log = runs.MetricsLog(work.run, work.counts["updates"]) if first else None
    board = _writer()(str(work.run / "tensorboard")) if first and cfg.tensorboard else None
    shown = first and cfg.progress and not work.complete
    bar = Progress(cfg.total_steps, work.counts["steps"], shown)
    if cfg.eval_every and work.counts["updates"] == 0:
        opponents.keep(work)
    with Interrupt() as interrupt, bar:
        while not (work.complete or len(history) == updates):
            if processes.any_of(interrupt.asked):
                break
            steps = work.counts["steps"]
            record = advance(work, update)
            if opponents.is_due(work, steps):
                record["evaluation"] = opponents.compare(work)
            if log:
                log.append(record)
            history.append(record)
            recent.add(_all_games(record), opponents.mean_won(record))
            bar.update(record["steps"], record["steps_per_second"], recent)
            if board:
                _write_scalars(board, record)
            if cfg.save_every and record["update"] % cfg.save_every == 0:
                work.save()
    if work.saved_at != work.counts["updates"]:
        work.save()
    if board:
        board.close()
    return TrainResult(
        run=work.run, complete=work.complete, updates=work.counts["updates"],
        steps=work.counts["steps"], curve=curve.draw(work.run) if first else None,
        policy=work.policy,
        params=work.params, history=history,
    )  # fmt: skip


def advance(work: Session, update) -> dict:
    """Runs one update of a session; returns its record, numbers of the host only.

    Args:
      work: the session, whose state and counts move on.
      update: as `agents.update.make_update` returns it, or that compiled.

    Raises:
      FloatingPointError: a number of the record is not finite.
    """
    begun, counts, rate = time.monotonic(), work.counts, work.learning_rate
    state, metrics = update(work.state, rate)
    work.state = state
    metrics = jax.tree.map(np.asarray, jax.device_get(metrics))
    seconds = time.monotonic() - begun
    episodes, played = metrics.pop("episodes"), metrics.pop("played")
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


def _all_games(record) -> dict:
    """Returns sums over the episodes of all games."""
    games = record["games"].values()
    count = sum(game["episodes"] for game in games)
    shown = ("return", "progress")
    sums = {name: sum(game[name] * game["episodes"] for game in games) for name in shown}
    return {"episodes": count, **sums}


def _writer():
    """Returns the class that writes TensorBoard files; ValueError where it is not installed."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise ValueError("tensorboard=True needs the package tensorboardX") from error
    return SummaryWriter


def _write_scalars(board, record, prefix=""):
    for name, value in record.items():
        if isinstance(value, dict):
            _write_scalars(board, {**value, "steps": record["steps"]}, f"{prefix}{name}/")
        elif not isinstance(value, str | tuple | list):
            board.add_scalar(prefix + name, value, record["steps"])


def _farewell(result: TrainResult) -> str:
    done = "complete" if result.complete else "stopped"
    lines = [f"{done} after {result.updates:,} updates, {result.steps:,} living agent-steps"]
    lines.append(f"run: {result.run}")
    if result.curve:
        lines.append(f"learning curve: {result.curve}")
    if not result.complete:
        lines.append(f"go on with: metammo-jax train --resume {result.run}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
