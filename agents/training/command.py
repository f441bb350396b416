"""The command `metammo-jax train`.

metammo-jax train --game king_of_the_hill --config mini --total-steps 100_000_000
metammo-jax train --resume runs/NAME
metammo-jax train --resume runs/NAME/checkpoints/00000300   # go back to an earlier checkpoint
metammo-jax train --devices 4            # worlds sharded over devices; default: all
metammo-jax train --coordinator HOST:PORT --processes 2 --process 0   # and 1, elsewhere
"""

import dataclasses
import sys

from .. import cli
from ..config import PRESETS, TrainConfig, preset
from ..parallel import processes
from ..runs import group
from .loop import resume, train


@dataclasses.dataclass(frozen=True)
class LaunchOptions:
    """Options of the command beside those of `TrainConfig`.

    Attributes:
      resume: folder of a run, of one of its checkpoints, or of a group of seeds, to resume; options
        that change no array may differ from the run's.
      preset: default values of all options: "tiny", "mini", "full" or "paper"; empty for the preset
        named like the config, or "tiny" if there is none.
      seeds: train a run with each of these seeds, such as 0,1,2 or 0-9, in one program.
      coordinator: HOST:PORT of the first process when several processes train together; "auto" for
        a cluster that `jax.distributed` detects, such as Slurm.
      processes: number of processes that train together.
      process: index of this process, from 0.
    """

    resume: str = ""
    preset: str = ""
    seeds: str = ""
    coordinator: str = ""
    processes: str = ""
    process: str = ""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    try:
        launch, cfg = parse(arguments)
        names = launch.coordinator, launch.processes, launch.process
        processes.join(*[name or None for name in names])
        if launch.resume:
            changes = {field.name: getattr(cfg, field.name) for field in dataclasses.fields(cfg)}
            result = resume(launch.resume, **changes)
        elif launch.seeds:
            result = train(cfg, seeds=group.parse_seeds(launch.seeds))
        else:
            result = train(cfg)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if processes.is_first_process():
        print(result)
    return 0


def parse(arguments: list[str]) -> tuple[LaunchOptions, TrainConfig]:
    """Returns the options of a command line.

    A preset that was made for another config is reported on the standard error.

    Raises:
      SystemExit: after --help, or for an unknown option (2).
      ValueError: a value is not allowed, or options exclude each other.
    """
    given = cli.peek(arguments, "resume", "seeds", "preset", "config")
    if given["resume"] and given["seeds"]:
        raise ValueError("--seeds is for new runs; --resume RUN resumes those of RUN")
    if given["resume"] and given["preset"]:
        raise ValueError("--preset is for new runs; --resume RUN has the options of RUN")
    name = given["preset"] or (given["config"] if given["config"] in PRESETS else "tiny")
    default = group.read_config(given["resume"]) if given["resume"] else preset(name)
    groups = {"launch": LaunchOptions(), "training": default}
    launch, cfg = cli.parse_groups(groups, arguments, "train", "Trains agents.")
    if not launch.resume:
        _warn_about_preset(name, cfg.config)
    return launch, cfg


def _warn_about_preset(name: str, config: str) -> None:
    """Prints a note on the standard error if a preset was made for another config."""
    fitting = preset(name).config
    if config != fitting:
        print(
            f"note: the options of preset {name!r} were chosen for config {fitting!r}; "
            f"this run has config {config!r}",
            file=sys.stderr,
        )
