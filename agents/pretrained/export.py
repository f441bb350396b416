"""Export of a run's policy into one small file: `metammo-jax export --help`.

metammo-jax export runs/NAME --out my-agent.npz
"""

import dataclasses
import sys
from importlib import metadata
from pathlib import Path

import jax
import numpy as np

from .. import cli
from ..runs import folder, training_run
from .agent import SUFFIX, write_file

HALF = float(np.finfo(np.float16).max)
"""Largest finite float16."""


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """Options of an export.

    Attributes:
      out: file to write, ending in .npz; empty for NAME.npz, with the name of the run's folder.
      update: update whose parameters are exported; -1 for the newest checkpoint.
      rating: how good the agent is and how that was measured, in words, for the card.
      command: command that trained it, for the card; empty for one made from the run's options.
    """

    out: str = ""
    update: int = -1
    rating: str = ""
    command: str = ""


def export(run: str | Path, cfg: ExportConfig = ExportConfig()) -> Path:
    """Writes the policy of a run into a file; returns its path.

    The card holds `games`, `config`, `steps` (living agent-steps), `seed`, `rating`, `command`,
    `version` of the package, and `train`, all options.

    Raises:
      ValueError: the folder is no run, has no such update, an option is not allowed, the network
        is custom, or a parameter does not fit into half precision.
    """
    out = Path(cfg.out or f"{Path(run).resolve().name}{SUFFIX}")
    if out.suffix != SUFFIX:
        raise ValueError(f"out={cfg.out!r} must end in {SUFFIX}")
    update = None if cfg.update < 0 else cfg.update
    if folder.read_config(run).network == "own":
        raise ValueError(f"{run} has a custom network, which an agent file cannot name")
    options, _, params = training_run.load_policy(run, update=update)
    largest = max(float(abs(leaf).max()) for leaf in jax.tree.leaves(params))
    if not largest <= HALF:
        raise ValueError(f"a parameter of {run} is {largest}, half precision goes to {HALF}")
    lines = [
        line for line in folder.read_metrics(run) if update is None or line["update"] <= update
    ]
    train = dataclasses.asdict(options) | {"run_dir": "", "start_from": ""}
    card = {
        "games": list(options.game),
        "config": options.config,
        "steps": lines[-1]["steps"] if lines else 0,
        "seed": options.seed,
        "rating": cfg.rating,
        "command": cfg.command or train_command(options),
        "version": metadata.version("metammo-jax"),
        "train": train,
    }
    write_file(out, card, params)
    return out


def train_command(options) -> str:
    """Returns the command that trains with the same options."""
    plain = {field.name: field.default for field in dataclasses.fields(options)}
    words = ["metammo-jax train"]
    for name, value in dataclasses.asdict(options).items():
        if value == plain[name] or name in ("run_dir", "progress"):
            continue
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            many = isinstance(value, tuple)
            words.append(f"--{option} {' '.join(map(str, value)) if many else value}")
    return " ".join(words)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    run = cli.take_first(arguments)
    try:
        note = "The first argument is the run's folder."
        cfg = cli.parse(ExportConfig, ExportConfig(), arguments, "export RUN", note)
        if not run:
            raise ValueError("the first argument must be the folder of a run")
        out = export(run, cfg)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{out}: {out.stat().st_size / 1000:.0f} KB")
    return 0
