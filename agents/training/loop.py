"""Training, from the command line and from Python.

    metammo-jax train --game king_of_the_hill --config mini --total-steps 100_000_000
    metammo-jax train --resume runs/NAME
    metammo-jax train --devices 4            # worlds sharded over devices; default: all
    metammo-jax train --coordinator HOST:PORT --processes 2 --process 0   # and 1, elsewhere

    from metammo_jax.agents import TrainConfig, train
    result = train(TrainConfig(game="race_to_the_center"))

The host calls one jitted update after the other and between them logs, saves, evaluates and
moves a progress bar.
"""

import dataclasses
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import overload

import jax
import numpy as np

from .. import cli
from ..config import PRESETS, TrainConfig, preset
from ..evaluation import opponents
from ..learners.update import make_update
from ..parallel import processes
from ..runs import group, training_run
from ..runs.training_run import TrainingRun
from . import boards
from .interrupt import Interrupt
from .log import Log, TrainResult, record_of, sum_over_games
from .progress import Progress, Recent
from .seeds import GroupResult, train_group


@overload
def train(
    cfg: TrainConfig, env=None, updates: int | None = None, seeds: None = None, network=None,
    algorithm=None, on_update: Callable[[dict], None] | None = None,
) -> TrainResult: ...  # fmt: skip
@overload
def train(
    cfg: TrainConfig, env=None, updates: int | None = None, *, seeds: Iterable[int], network=None,
    algorithm=None, on_update: Callable[[dict], None] | None = None,
) -> GroupResult: ...  # fmt: skip
def train(cfg, env=None, updates=None, seeds=None, network=None, algorithm=None, on_update=None):
    """Trains a new run, or one for each of several seeds; returns the result.

    Args:
      cfg: options.
      env: a custom environment instead of `cfg.game` and `cfg.config`.
      updates: stop after this number of updates; None trains to the end.
      seeds: train one run with each of these instead of `cfg.seed`, in one compiled program,
        sharded over devices by seed. Each run has the same result as alone.
      network: a custom Flax module; see `agents.networks.lean` for the methods it must have.
      algorithm: a custom module or object with a loss; `agents.learners.algorithms` says
        what it must have.
      on_update: called after each update with its record, a dict as in metrics.jsonl; of several
        seeds with that of each, in turn.

    Returns:
      `TrainResult`; with seeds `GroupResult`, in which there is one for each.

    Raises:
      ValueError: an option or a seed is not allowed.
    """
    boards.check_installed(cfg)
    if seeds is not None:
        return train_group(group.begin(cfg, seeds, env, network, algorithm), updates, on_update)
    return _train_run(training_run.begin(cfg, env, network, algorithm), updates, on_update)


def resume(
    run: str | Path,
    env=None,
    updates: int | None = None,
    network=None,
    algorithm=None,
    on_update: Callable[[dict], None] | None = None,
    **changes,
) -> "TrainResult | GroupResult":
    """Resumes a run, or the runs of several seeds; the result is as if it had never stopped.

    Args:
      run: folder.
      env: the environment the run was started with, if it was a custom one.
      updates: stop after this number of further updates.
      network: the network the run was started with, if it was a custom one.
      algorithm: the algorithm the run was started with, if it was a custom one.
      on_update: as of `train`.
      **changes: options to change, of `config.HOST_FIELDS`.

    Raises:
      ValueError: the folder is no run, its checkpoint is damaged, or options differ.
    """
    if group.is_group(run):
        runs = group.resume(run, env, network, algorithm, **changes)
        return train_group(runs, updates, on_update)
    return _train_run(
        training_run.resume(run, env, network, algorithm, **changes), updates, on_update
    )


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    try:
        together = ("--coordinator", "--processes", "--process")
        processes.join(*[cli.take(arguments, option) for option in together])
        run, seeds = (cli.take(arguments, option) for option in ("--resume", "--seeds"))
        if run and seeds:
            raise ValueError("--seeds is for new runs; --resume RUN goes on with those of RUN")
        seeds = group.parse_seeds(seeds) if seeds else None
        name = cli.take(arguments, "--preset") or _default_preset(arguments)
        default = group.read_config(run) if run else preset(name)
        note = (
            f"--preset {'|'.join(PRESETS)} sets many at once (default: that of the config's name, "
            "else tiny); --resume RUN goes on with a run; "
            "--seeds 0,1,2 or 0-9 trains these together; "
            "--coordinator HOST:PORT --processes N --process I has N processes train together "
            "(--coordinator auto where a cluster tells)."
        )
        cfg = cli.parse(TrainConfig, default, arguments, "train", note)
        changes = {f.name: getattr(cfg, f.name) for f in dataclasses.fields(cfg)}
        if run:
            result = resume(run, **changes)
        else:
            result = train(cfg) if seeds is None else train(cfg, seeds=seeds)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if processes.is_first_process():
        print(result)
    return 0


def _default_preset(arguments: list[str]) -> str:
    """Returns the preset whose options suit the config of a command line: its own, or tiny's."""
    config = cli.take(list(arguments), "--config")
    return config if config in PRESETS else "tiny"


def _train_run(work: TrainingRun, updates: int | None, on_update=None) -> TrainResult:
    """Trains a run until it is complete, interrupted or stopped; returns the result."""
    cfg, log, recent = work.cfg, Log(work, on_update), Recent()
    update = make_update(work.batch, work.policy, cfg, work.mesh, work.algorithm)
    shown = processes.is_first_process() and cfg.progress and not work.complete
    log.begin()
    with Interrupt() as interrupt, Progress(cfg.total_steps, work.counts["steps"], shown) as bar:
        while not (work.complete or len(log.history) == updates):
            if processes.any_process(interrupt.requested):
                break
            before = work.counts["steps"]
            record = advance(work, update)
            log.add(record, before)
            recent.add(sum_over_games(record), opponents.mean_wins(record))
            bar.update(record["steps"], record["steps_per_second"], recent)
    return log.end()


def advance(work: TrainingRun, update) -> dict:
    """Runs one update of a run; returns its record, a dict of numbers.

    Args:
      work: the run, whose state and counts advance.
      update: as `agents.learners.update.make_update` returns it, or compiled.

    Raises:
      FloatingPointError: a number of the record is not finite.
    """
    begun = time.monotonic()
    state, metrics = update(work.state, work.learning_rate)
    work.state = state
    metrics = jax.tree.map(np.asarray, jax.device_get(metrics))
    return record_of(work, metrics, time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
