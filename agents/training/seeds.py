"""The training loop for several seeds in one program."""

import time

import jax
import numpy as np

from ..learners.seeds import make_update
from ..runs.group import Group
from . import curve
from .interrupt import Interrupt
from .log import Log, record_of
from .progress import Progress, Recent
from .result import GroupResult, sum_over_games


def train_group(group: Group, updates: int | None, on_update=None) -> GroupResult:
    """Trains all seeds until they are complete, interrupted or stopped; returns the results.

    Args:
      group: the runs.
      updates: stop after this number of updates; None trains to the end.
      on_update: called with each record of each seed.
    """
    first, recent = group.members[0], Recent()
    update = make_update(first.batch, first.policy, first.cfg, group.mesh, first.algorithm)
    logs = [Log(member, on_update) for member in group.members]
    for index, log in enumerate(logs):
        group.sync_member(index)
        log.begin()
    total = first.cfg.total_steps * len(logs)
    shown, taken = first.cfg.progress and not group.is_complete, 0
    with Interrupt() as interrupt, Progress(total, _steps(group), shown) as bar:
        while not (group.is_complete or taken == updates or interrupt.requested):
            records = advance(group, update, logs)
            for record in records:
                recent.add(sum_over_games(record))
            speed = sum(record["steps_per_second"] for record in records) / len(records)
            bar.update(_steps(group), speed, recent)
            taken += 1
    for index in range(len(logs)):
        group.sync_member(index)
    results = tuple(log.end() for log in logs)
    return GroupResult(group.run, results, curve.draw_group(group.run, [r.run for r in results]))


def advance(group: Group, update, logs: list[Log]) -> list[dict]:
    """Runs one update of all incomplete seeds; returns their records.

    Args:
      group: the runs, whose state and counts advance.
      update: as `agents.learners.seeds.make_update` returns it.
      logs: of the members.
    """
    begun, members = time.monotonic(), group.members
    goes_on = np.array([not member.is_complete for member in members])
    rates = np.array([member.learning_rate for member in members], np.float32)
    group.state, metrics = update(group.state, rates, goes_on)
    metrics = jax.tree.map(np.asarray, jax.device_get(metrics))
    seconds, records = (time.monotonic() - begun) / goes_on.sum(), []
    for index in np.flatnonzero(goes_on).tolist():
        log, before = logs[index], members[index].counts["steps"]
        own = jax.tree.map(lambda leaf, index=index: leaf[index], metrics)
        record = record_of(members[index], own, seconds)
        if log.needs_state(before):
            group.sync_member(index)
        log.add(record, before)
        records.append(record)
    return records


def _steps(group):
    return sum(member.counts["steps"] for member in group.members)
