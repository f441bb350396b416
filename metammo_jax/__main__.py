"""The command `metammo-jax`, also `python -m metammo_jax`.

A sub-command's module is imported when it is called: `metammo-jax --help` imports no JAX.
"""

import importlib
import sys

from metammo_jax import __version__
from metammo_jax.lib.hints import did_you_mean

COMMANDS = {
    "train": ("agents.train", "train agents; --resume RUN resumes a run"),
    "evaluate": ("agents.evaluate", "how a run's agents do against random ones, or another run's"),
    "tournament": ("agents.tournament", "runs against each other, and their ratings"),
    "export": ("agents.pretrained.export", "a run's agent as one small file to take along"),
    "sweep": ("agents.sweep", "train with many options, games and seeds, and compare"),
    "experiments": (
        "agents.experiments.__main__",
        "experiments with many seeds, such as the Meta MMO paper's",
    ),
    "quickstart": ("agents.quickstart", "train for about a minute, compare, draw an episode"),
    "view": ("view.__main__", "a replay as one HTML file, to be opened in a browser"),
    "tasks": ("tasks.__main__", "list the tasks of the NeurIPS 2023 competition in words"),
}
"""By name: the module within this package whose `main` takes the arguments, and what it does."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status.

    Args:
      arguments: a sub-command's name and its options; None takes those of the process.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("-h", "--help"):
        print(usage(), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    name, *options = words
    if name == "--version":
        print(f"metammo-jax {__version__}")
        return 0
    if name not in COMMANDS:
        hint = did_you_mean(name, COMMANDS)
        print(f"error: {name!r} must be one of {', '.join(COMMANDS)}{hint}", file=sys.stderr)
        return 2
    return _command(name)(options)


def usage() -> str:
    """Returns the help."""
    lines = "\n".join(f"  {name:<12}{says}" for name, (_, says) in COMMANDS.items())
    return (
        "usage: metammo-jax [-h] [--version] COMMAND [OPTIONS]\n\n"
        "Many-agent minigames on Neural MMO in JAX, and agents that learn them.\n\n"
        f"commands:\n{lines}\n\n"
        "metammo-jax COMMAND --help lists the options of a command."
    )


def _command(name: str):
    """Returns the `main` of a sub-command; one that says what to install where a package lacks."""
    module = f"metammo_jax.{COMMANDS[name][0]}"
    try:
        return importlib.import_module(module).main
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("metammo_jax"):
            raise
        missing = error.name

    def refuse(options: list[str]) -> int:
        need = 'pip install "metammo-jax[train]"'
        print(f"error: metammo-jax {name} needs the package {missing}: {need}", file=sys.stderr)
        return 2

    return refuse


if __name__ == "__main__":
    sys.exit(main())
