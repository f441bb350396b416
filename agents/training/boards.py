"""Loggers of metrics beside the run's own files: TensorBoard, Weights & Biases, MLflow.

Each is imported when a run uses it. A board has `add(values, step)` with numbers by name, and
`close()`.
"""

import dataclasses
import functools
import importlib
import math
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ..config import TrainConfig

PROJECT = "metammo_jax"
"""The project of W&B and the experiment of MLflow, unless WANDB_PROJECT or MLFLOW_EXPERIMENT_NAME
names another."""

PACKAGES = {"tensorboard": "tensorboardX", "wandb": "wandb", "mlflow": "mlflow"}
"""The package that each board needs."""


class Board(Protocol):
    """Interface of a logger of metrics."""

    def add(self, values: dict[str, float], step: int) -> None:
        """Logs numbers by name at a step, the living agent-steps so far."""

    def close(self) -> None:
        """Closes the logger at the end of a call of `train`; a resumed run continues it."""


class TensorBoard:
    """Files for TensorBoard in the run's folder `tensorboard`."""

    def __init__(self, cfg: TrainConfig, run: Path):
        self._writer = _module("tensorboard").SummaryWriter(str(run / "tensorboard"))

    def add(self, values: dict[str, float], step: int) -> None:
        """Logs numbers by name at a step."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Writes buffered metrics."""
        self._writer.close()


class Wandb:
    """A run of W&B; environment variables of W&B, such as WANDB_MODE=offline, are respected."""

    def __init__(self, cfg: TrainConfig, run: Path):
        wandb = _module("wandb")
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=_name(run),
            dir=str(run),
            config=dataclasses.asdict(cfg),
            id=_read_or_make(run / "wandb_id", functools.partial(secrets.token_hex, 8)),
            resume=None if os.environ.get("WANDB_MODE") == "offline" else "allow",
            reinit="create_new",  # seeds that are trained together are separate runs
        )

    def add(self, values: dict[str, float], step: int) -> None:
        """Logs numbers by name at a step."""
        self._run.log({**values, "steps": step}, step=step)

    def close(self) -> None:
        """Waits until all metrics are written or sent."""
        self._run.finish()


class MLflow:
    """A run of MLflow, in the store that MLFLOW_TRACKING_URI names."""

    def __init__(self, cfg: TrainConfig, run: Path):
        mlflow = _module("mlflow")
        self._client, self._metric = mlflow.MlflowClient(), mlflow.entities.Metric
        begin = functools.partial(self._begin, cfg, _name(run))
        self._id = _read_or_make(run / "mlflow_id", begin)
        self._client.update_run(self._id, status="RUNNING")

    def add(self, values: dict[str, float], step: int) -> None:
        """Logs numbers by name at a step."""
        now = int(1000 * time.time())
        shown = [self._metric(name, value, now, step) for name, value in values.items()]
        for first in range(0, len(shown), MOST_AT_ONCE):
            self._client.log_batch(self._id, metrics=shown[first : first + MOST_AT_ONCE])

    def close(self) -> None:
        """Marks the run as finished."""
        self._client.set_terminated(self._id)

    def _begin(self, cfg: TrainConfig, name: str) -> str:
        """Creates a run with the options of training; returns its id."""
        project = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        experiment = self._client.get_experiment_by_name(project)
        found = experiment.experiment_id if experiment else self._client.create_experiment(project)
        run_id = self._client.create_run(found, run_name=name).info.run_id
        for option, value in dataclasses.asdict(cfg).items():
            self._client.log_param(run_id, option, value)
        return run_id


MOST_AT_ONCE = 500
"""Metrics that MLflow takes in one batch; its own limit is 1000."""

BOARDS: dict[str, Callable[[TrainConfig, Path], Board]] = {
    "tensorboard": TensorBoard,
    "wandb": Wandb,
    "mlflow": MLflow,
}
"""Boards by the names that `TrainConfig.log` takes."""


def board_names(cfg: TrainConfig) -> tuple[str, ...]:
    """Returns the names of the boards of a run, each once."""
    return tuple(dict.fromkeys((*cfg.log, *(("tensorboard",) if cfg.tensorboard else ()))))


def check_installed(cfg: TrainConfig) -> None:
    """Raises ValueError if the package of a board in the options is not installed."""
    for name in board_names(cfg):
        _module(name)


def open_boards(cfg: TrainConfig, run: Path) -> list[Board]:
    """Opens and returns the boards of a run.

    Raises:
      ValueError: one is not installed.
    """
    return [BOARDS[name](cfg, Path(run)) for name in board_names(cfg)]


def flatten_numbers(record: dict, prefix: str = "") -> dict[str, float]:
    """Returns the finite numbers of a record, with nested names joined by "/"."""
    found: dict[str, float] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            found |= flatten_numbers(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and math.isfinite(value):
            found[prefix + name] = float(value)
    return found


def _module(name: str) -> Any:
    try:
        return importlib.import_module(PACKAGES[name])
    except ImportError as error:
        raise ValueError(f"log={name!r} needs the package {PACKAGES[name]}") from error


def _name(run: Path) -> str:
    """Returns the name of a run's folder, with the group's folder for seeds of a group."""
    return f"{run.parent.name}/{run.name}" if run.name.startswith("seed") else run.name


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    """Returns the content of a file, which is created if it does not exist."""
    if not path.exists():
        path.write_text(make())
    return path.read_text().strip()
