"""`python -m agents.experiments NAME --help`, also `metammo-jax experiments`."""

import dataclasses
import sys
from pathlib import Path

from .. import cli
from ..parallel.workers import run_workers
from ..runs.folder import write_atomically
from . import algorithms, generalization, multi, pool, single, unseen
from .comparison import ComparisonExperiment
from .options import ExperimentConfig
from .tasks import complete_tasks, worker_command

EXPERIMENTS = {
    "single": single,
    "multi": ComparisonExperiment(multi.plan),
    "unseen": ComparisonExperiment(unseen.plan),
    "algorithms": ComparisonExperiment(algorithms.plan),
    "pool": ComparisonExperiment(pool.plan),
    "generalization": generalization,
}
"""What has `tasks` and `write`, by name."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    words = list(arguments)
    name = cli.take_first(words)
    worker = "--worker" in words
    words = [word for word in words if word != "--worker"]
    cli.start_quickly()
    try:
        note = f"The first argument is one of {', '.join(EXPERIMENTS)}."
        cfg = cli.parse(ExperimentConfig, ExperimentConfig(), words, "experiments NAME", note)
        if name not in EXPERIMENTS:
            raise ValueError(
                f"{name!r} is no experiment; it must be one of {', '.join(EXPERIMENTS)}"
            )
        out = Path(cfg.out or f"experiments/{cfg.config}")
        tasks = EXPERIMENTS[name].tasks(cfg)
        if worker or (cfg.workers == 1 and not cfg.report):
            complete_tasks(tasks, out)
        elif not cfg.report:
            run_workers([worker_command(arguments)] * cfg.workers)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not worker:
        print(report(name, cfg, out))
    return 0


def report(name: str, cfg: ExperimentConfig, out: Path) -> Path:
    """Writes the report of what is complete; returns its path."""
    plain = {f.name: f.default for f in dataclasses.fields(cfg)}
    given = [
        f"--{field} {_text(value)}"
        for field, value in vars(cfg).items()
        if value != plain[field] and field not in ("out", "report", "workers")
    ]
    command = " ".join(["python -m agents.experiments", name, *given])
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.md"
    write_atomically(path, EXPERIMENTS[name].write(cfg, out, command))
    return path


def _text(value) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    sys.exit(main())
