"""Tasks of an experiment: trainings and tournaments, distributed over worker processes.

A task has a name, under which its result is stored in the experiment's folder. Complete tasks are
skipped, interrupted trainings are resumed. A worker takes the first task that is not locked by
another and whose dependencies are complete.
"""

import dataclasses
import fcntl
import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from ..config import TrainConfig
from ..evaluation import tournament as tournaments
from ..evaluation.sides import RANDOM, Side, untrained
from ..runs import folder, group, training_run
from ..training.loop import resume, train

WAIT = 2.0
"""Seconds between two searches for a task that can run."""


@dataclasses.dataclass(frozen=True)
class TrainingTask:
    """A run for each of some seeds, with the same options.

    Attributes:
      name: of the task, and of its folder under `runs/`.
      cfg: options; `run_dir` and `seed` are set by the task.
      seeds: of the runs.
      needs: names of the tasks that it depends on.
      begins_with: name of the training whose parameters its runs start from, seed by seed; empty
        for random initialization.
    """

    name: str
    cfg: TrainConfig
    seeds: tuple[int, ...]
    needs: tuple[str, ...] = ()
    begins_with: str = ""

    def folder(self, out: Path) -> Path:
        """Returns the folder of its runs."""
        return Path(out) / "runs" / self.name

    def run_of(self, out: Path, seed: int) -> Path:
        """Returns the folder of the run with a seed."""
        return self.folder(out) / f"seed{seed}"

    def is_complete(self, out: Path) -> bool:
        """Returns whether all seeds have taken all their steps."""
        return all(
            self.run_of(out, seed).is_dir()
            and _steps(self.run_of(out, seed)) >= self.cfg.total_steps
            for seed in self.seeds
        )

    def work(self, out: Path) -> None:
        """Trains all seeds, resuming what was interrupted."""
        run = self.folder(out)
        if not group.is_group(run) or not all(_is_saved(self.run_of(out, s)) for s in self.seeds):
            _delete(run)  # nothing was saved yet
            source = str(run.parent / self.begins_with) if self.begins_with else ""
            cfg = dataclasses.replace(self.cfg, run_dir=str(run), start_from=source, progress=False)
            train(cfg, seeds=self.seeds)
        else:
            resume(run)


@dataclasses.dataclass(frozen=True)
class Entrant:
    """A policy in a tournament.

    Attributes:
      name: for the tables.
      training: name of the training; "" for random actions, "untrained" for initial parameters.
      share: share of the run's steps after which the parameters are taken.
    """

    name: str
    training: str
    share: float = 1.0


@dataclasses.dataclass(frozen=True)
class FileTask:
    """A task whose result is one JSON file.

    Attributes:
      name: of the task, and of its file in `FOLDER`.
    """

    FOLDER: ClassVar[str]

    name: str

    def file(self, out: Path) -> Path:
        """Returns the file of its result."""
        return Path(out) / self.FOLDER / f"{self.name}.json"

    def is_complete(self, out: Path) -> bool:
        """Returns whether its result exists."""
        return self.file(out).is_file()

    def result(self, out: Path) -> dict:
        """Returns its result."""
        return json.loads(self.file(out).read_text())

    def store(self, out: Path, result: dict) -> None:
        """Writes its result, atomically."""
        self.file(out).parent.mkdir(parents=True, exist_ok=True)
        folder.write_atomically(self.file(out), json.dumps(result, indent=1) + "\n")


@dataclasses.dataclass(frozen=True)
class TournamentTask(FileTask):
    """A tournament in one game, of policies of one seed; its result is `Tournament.as_dict`.

    Attributes:
      game: what is played.
      config: preset of the worlds' sizes.
      entrants: who plays.
      seed: of the runs, and of starts and seats.
      matches: how many.
      trainings: all trainings, by name, among them those of the entrants.
    """

    FOLDER = "matches"

    game: str
    config: str
    entrants: tuple[Entrant, ...]
    seed: int
    matches: int
    trainings: dict[str, TrainingTask] = dataclasses.field(compare=False, repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the trainings of its entrants."""
        return tuple({e.training for e in self.entrants if e.training in self.trainings})

    def work(self, out: Path) -> None:
        """Plays the tournament and writes its result."""
        env = training_run.make_evaluation_env(self.game, self.config)
        policies: dict[tuple, tuple] = {}
        sides = [self._side(out, env, entrant, policies) for entrant in self.entrants]
        result = tournaments.tournament(env, sides, self.matches, self.seed)
        self.store(out, result.as_dict())

    def _side(self, out, env, entrant, policies) -> Side:
        """Returns the side of an entrant; equal networks share a compiled program."""
        if not entrant.training:
            return dataclasses.replace(RANDOM, name=entrant.name)
        known = entrant.training in self.trainings
        training = self.trainings[entrant.training if known else next(iter(self.trainings))]
        cfg = training.cfg
        shaping = (cfg.network, cfg.width, cfg.corrected, cfg.spare_teammates, cfg.talk)
        if shaping not in policies:
            policy = training_run.make_policy(cfg, env.cfg)
            start = untrained(policy, env, self.seed)
            policies[shaping] = policy, start.params
        policy, start = policies[shaping]
        if not known:
            return Side(entrant.name, policy, start)
        run = training.run_of(out, self.seed)
        params = training_run.read_params(run, update_at(run, entrant.share), start)
        return Side(entrant.name, policy, params)


ExperimentTask = TrainingTask | TournamentTask


def update_at(run: Path, share: float) -> int | None:
    """Returns the saved update nearest to a share of a run's steps; None for all steps."""
    if share >= 1:
        return None
    total = folder.read_config(run).total_steps
    steps = {line["update"]: line["steps"] for line in folder.read_metrics(run)}
    kept = [int(path.stem) for path in (run / "past").glob("*.msgpack")]
    return min(kept, key=lambda update: abs(steps.get(update, 0) - share * total))


def complete_tasks(tasks: Sequence[ExperimentTask], out: Path) -> None:
    """Runs tasks that are not locked by other workers, until all are complete.

    Raises:
      ValueError: options of a task differ from those of its result.
    """
    while todo := [task for task in tasks if not task.is_complete(out)]:
        done = {task.name for task in tasks} - {task.name for task in todo}
        for task in todo:
            if not set(task.needs) <= done:
                continue
            with _claimed(out, task.name) as mine:
                if mine and not task.is_complete(out):
                    begun = time.monotonic()
                    task.work(out)
                    _say(f"{task.name}: {time.monotonic() - begun:.0f} s", tasks, out)
                    break
        else:
            time.sleep(WAIT)


def worker_command(arguments: list[str]) -> list[str]:
    """Returns the command of a worker with the same arguments."""
    return [sys.executable, "-m", __package__ or "", *arguments, "--worker"]


@contextmanager
def _claimed(out: Path, name: str) -> Iterator[bool]:
    """Context that tries to lock a task; yields whether this process holds the lock."""
    path = Path(out) / "claims" / f"{name.replace('/', '+')}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _say(text, tasks, out):
    done = sum(task.is_complete(out) for task in tasks)
    print(f"{done}/{len(tasks)} {text}", file=sys.stderr, flush=True)


def _steps(run: Path) -> int:
    lines = folder.read_metrics(run)
    return lines[-1]["steps"] if lines and _is_saved(run, lines[-1]["update"]) else 0


def _is_saved(run: Path, update: int | None = None) -> bool:
    """Returns whether the run has a checkpoint, of an update if it is given."""
    saved = sorted((run / "checkpoints").glob("*.json"))
    return bool(saved) and update in (None, int(saved[-1].stem))


def _delete(run: Path) -> None:
    shutil.rmtree(run, ignore_errors=True)
