"""How long programs take to compile, and how large they are: `python -m benchmarks.compiles`.

The instructions of the compiled program, counted after the compiler's optimizations, depend on the
version of JAX but not on the machine: where they grow, so does the time to compile.
"""

import argparse
import dataclasses
import json
import os
import re
import sys

import jax
import numpy as np

import metammo_jax as mm
from benchmarks import report
from benchmarks.measure import machine
from benchmarks.timing import build_ahead, no_compilation_cache
from metammo_jax.games import NEW_GAMES, TRADE_GAMES
from metammo_jax.registry import games as known_games

PROGRAMS = ("reset", "step", "batch reset", "batch step", "update")
"""Of one world, of a batch with automatic reset, and an update of training (lean network)."""

COLUMNS = (("config", "<"), ("program", "<"), ("trace s", ">"), ("compile s", ">"),
           ("instructions", ">"))  # fmt: skip

WORLDS = 16


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A program that was compiled.

    Attributes:
      config: name of the preset of sizes.
      program: one of `PROGRAMS`.
      trace_s: seconds to trace and lower.
      compile_s: seconds to compile.
      instructions: of the compiled program, those of its fused loops included.
    """

    config: str
    program: str
    trace_s: float
    compile_s: float
    instructions: int

    def row(self) -> list[str]:
        """Returns the cells, by `COLUMNS`."""
        seconds = f"{self.trace_s:.1f}", f"{self.compile_s:.1f}"
        return [self.config, self.program, *seconds, f"{self.instructions:,}"]


def measure(config: str, program: str) -> Compiled:
    """Compiles one program, all games of the config mixed.

    Args:
      config: name of the preset of sizes.
      program: one of `PROGRAMS`.

    Raises:
      ValueError: an unknown config or program.
    """
    if program not in PROGRAMS:
        raise ValueError(f"program={program!r} is unknown; allowed are {', '.join(PROGRAMS)}")
    function, *args = _update(config) if program == "update" else _of_world(config, program)
    compiled, (trace_s, compile_s) = build_ahead(function, *args)
    return Compiled(config, program, trace_s, compile_s, instructions(compiled))


def measured_games(config: str) -> list[str]:
    """Returns the names of the games in the measured mix."""
    return [name for name in known_games(config) if name not in NEW_GAMES | TRADE_GAMES]


def instructions(compiled) -> int:
    """Returns the number of instructions of a compiled program."""
    return len(re.findall(r"^\s+(?:ROOT )?%?[\w.\-]+ = ", compiled.as_text(), re.MULTILINE))


def _of_world(config: str, program: str):
    """Returns the function of an environment, and the shapes of its arguments."""
    env = mm.make(list(measured_games(config)), config)
    batch, key = mm.vectorize(env, WORLDS), jax.eval_shape(lambda: jax.random.key(0))
    if program.endswith("reset"):
        return (batch if program.startswith("batch") else env).reset, key
    action = jax.eval_shape(env.noop)
    if program == "step":
        return env.step, key, jax.eval_shape(env.reset, key)[1], action
    actions = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((WORLDS, *leaf.shape), leaf.dtype), action
    )
    return batch.step, key, jax.eval_shape(batch.reset, key)[1], actions


def _update(config: str):
    """Returns an update of training, and its arguments."""
    from agents.config import PRESETS, preset
    from agents.learners.state import init_state
    from agents.learners.update import make_update
    from agents.runs.training_run import assemble

    name = config if config in PRESETS else "tiny"
    cfg = preset(name, game=tuple(measured_games(config)), config=config, devices=1)
    batch, policy = assemble(cfg, mm.make(list(cfg.game), config))
    state = jax.eval_shape(lambda: init_state(batch, policy, cfg))
    return make_update(batch, policy, cfg), state, np.float32(cfg.learning_rate)


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compiles", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--configs", nargs="+", default=["tiny"], help="default: tiny")
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=PROGRAMS)
    parser.add_argument("--json", metavar="FILE", help="write one line of JSON for each row")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    on, command = machine(), report.command_line("benchmarks.compiles", arguments)
    found = []
    try:
        with no_compilation_cache(), open(options.json or os.devnull, "w") as lines:
            for config in options.configs:
                for program in options.programs:
                    found.append(measure(config, program))
                    print("  ".join(found[-1].row()), file=sys.stderr, flush=True)
                    fields = dataclasses.asdict(found[-1]) | on | {"command": command}
                    print(json.dumps(fields), file=lines, flush=True)
    except ValueError as error:
        print(f"benchmarks.compiles: {error}", file=sys.stderr)
        return 2
    title = f"compiling on {on['device']}, jax {on['jax']}, python {on['python']}"
    report.show(COLUMNS, [each.row() for each in found], title)
    return 0


if __name__ == "__main__":
    sys.exit(main())
