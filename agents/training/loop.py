"""The training loop.

    from metammo_jax.agents import TrainConfig, train
    result = train(TrainConfig(game="race_to_the_center"))

The host calls one jitted update after the other and between them logs, saves, evaluates and
moves a progress bar.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import overload

import jax
import numpy as np

from ..config import TrainConfig
from ..evaluation import opponents
from ..learners.update import make_update
from ..parallel import processes
from ..runs import group, training_run
from ..runs.training_run import TrainingRun
from . import boards
from .interrupt import Interrupt
from .log import Log, record_of
from .progress import Progress, Recent
from .result import GroupResult, TrainResult, sum_over_games
from .seeds import train_group


@overload
def train(
    cfg: TrainConfig,
    env=None,
    updates: int | None = None,
    seeds: None = None,
    network=None,
    algorithm=None,
    on_update: Callable[[dict], None] | None = None,
) -> TrainResult: ...
@overload
def train(
    cfg: TrainConfig,
    env=None,
    updates: int | None = None,
    *,
    seeds: Iterable[int],
    network=None,
    algorithm=None,
    on_update: Callable[[dict], None] | None = None,
) -> GroupResult: ...
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
      run: folder of a run, of one of its checkpoints (later ones are set aside), or of a group.
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


def _train_run(work: TrainingRun, updates: int | None, on_update=None) -> TrainResult:
    """Trains a run until it is complete, interrupted or stopped; returns the result."""
    cfg, log, recent = work.cfg, Log(work, on_update), Recent()
    update = make_update(work.batch, work.policy, cfg, work.mesh, work.algorithm)
    shown = processes.is_first_process() and cfg.progress and not work.is_complete
    log.begin()
    with Interrupt() as interrupt, Progress(cfg.total_steps, work.counts["steps"], shown) as bar:
        while not (work.is_complete or len(log.history) == updates):
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
