"""Speed as a share of the device's limits: `python -m benchmarks.ceiling --help`.

The limits are measured, not looked up: bytes a second of a copy much larger than the caches, and
operations a second of a product of large matrices, in the precision that networks here use by
default. Beside them are the rates of programs: a step of all worlds with observations, a tick
of a rollout (with the network), and a whole update.

Bytes and operations of step and tick are XLA's estimate for the compiled program
(`cost_analysis`): every fusion's operands and results count, though some come from a cache, so
more than the copy's bytes a second are possible; and bodies of loops count once, whatever their
number of rounds. Of an update, which is made of loops, bytes are therefore not reported, and its
operations are those of its matrix products and convolutions alone, counted in the program that
was traced, with the rounds of its scans.
"""

import argparse
import dataclasses
import json
import math
import os
import statistics
import sys

import jax
import jax.numpy as jnp

import metammo_jax as mm
from benchmarks import report
from benchmarks.measure import machine
from benchmarks.timing import build_ahead, no_compilation_cache, timed

COLUMNS = (
    ("program", "<"), ("ms", ">"), ("MB", ">"), ("GB/s", ">"), ("of copy", ">"),
    ("MFLOP", ">"), ("GFLOP/s", ">"), ("of product", ">"),
)  # fmt: skip
"""Headings: of one call, median; bytes and operations as estimated, a second, and as a share of
what the device can."""

PROGRAMS = ("step", "tick", "update")
"""A step of all worlds with observations; a tick of a rollout; a whole update."""


@dataclasses.dataclass(frozen=True)
class ProgramCost:
    """Cost of one call of a program.

    Attributes:
      program: its name.
      seconds: of a call, median.
      bytes: read and written; None if it is not known.
      flops: operations on reals; None if it is not known.
    """

    program: str
    seconds: float
    bytes: float | None
    flops: float | None

    def row(self, ceilings: "Ceilings") -> list[str]:
        """Returns the cells, by `COLUMNS`."""
        cells = [self.program, f"{1e3 * self.seconds:.2f}"]
        for count, most in ((self.bytes, ceilings.bandwidth), (self.flops, ceilings.flops)):
            if count is None:
                cells += ["-"] * 3
            else:
                rate = count / self.seconds
                cells += [f"{count / 1e6:,.1f}", f"{rate / 1e9:,.2f}", f"{rate / most:.2%}"]
        return cells


@dataclasses.dataclass(frozen=True)
class Ceilings:
    """Limits of the device.

    Attributes:
      bandwidth: bytes a second, read and written, of a large copy.
      flops: operations a second of a product of large matrices of float32.
    """

    bandwidth: float
    flops: float


def measure_ceilings(megabytes: int = 256, side: int | None = None, runs: int = 5) -> Ceilings:
    """Returns the measured limits of the device, the best of some runs.

    Args:
      megabytes: of the array that is copied; larger than the caches.
      side: of the matrices; None for one that takes a while on this kind of device.
      runs: of each.
    """
    side = side or (2048 if jax.default_backend() == "cpu" else 8192)
    line = jnp.zeros(megabytes * 250_000, jnp.float32)
    matrix = jnp.full((side, side), 1 / side, jnp.float32)
    size = line.nbytes
    copied = _least_seconds(lambda x: x + 1, line, runs)
    multiplied = _least_seconds(lambda x: x @ x, matrix, runs)
    return Ceilings(2 * size / copied, 2 * side**3 / multiplied)


def _least_seconds(function, array, runs: int) -> float:
    """Returns the least seconds of a call; results replace the array, so no memory is new."""
    compiled, _ = build_ahead(jax.jit(function, donate_argnums=0), array)
    seconds = []
    for _ in range(runs + 1):
        spent, array = timed(compiled, array)
        seconds.append(spent)
    return min(seconds)


def cost(compiled) -> tuple[float | None, float | None]:
    """Returns XLA's estimate of bytes and operations of a program, None for what it lacks."""
    reported = compiled.cost_analysis() or {}
    return reported.get("bytes accessed"), reported.get("flops")


def count_products(function, *args) -> int:
    """Returns operations of all matrix products and convolutions of a function.

    Rounds of scans count; a loop whose rounds are not known beforehand counts once, and of the
    branches of a condition the dearest. A function of a share of the worlds counts for each
    device.
    """
    return products_in(jax.make_jaxpr(function)(*args).jaxpr)


def products_in(jaxpr) -> int:
    """Returns what `count_products` does, of a function that has been traced."""
    return sum(map(_product, jaxpr.eqns))


def _product(equation) -> int:
    """Returns operations of one equation, with those of the functions it calls."""
    name, params = equation.primitive.name, equation.params
    if name == "dot_general":
        shape, (contracted, _) = equation.invars[0].aval.shape, params["dimension_numbers"][0]
        depth = math.prod(shape[axis] for axis in contracted)
        return 2 * math.prod(equation.outvars[0].aval.shape) * depth
    if name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        channels = kernel[params["dimension_numbers"].rhs_spec[0]]
        return 2 * math.prod(equation.outvars[0].aval.shape) * math.prod(kernel) // channels
    inner = [products_in(jaxpr) for jaxpr in _inner(params)]
    if name == "cond":
        return max(inner)
    rounds = params["length"] if name == "scan" else 1
    devices = params["mesh"].size if name == "shard_map" else 1
    return sum(inner) * rounds * devices


def _inner(params: dict) -> list:
    """Returns the functions among an equation's parameters."""
    found = []
    for value in params.values():
        for each in value if isinstance(value, (tuple, list)) else (value,):
            each = getattr(each, "jaxpr", each)
            if hasattr(each, "eqns"):
                found.append(each)
    return found


def measure_programs(
    cfg, programs=PROGRAMS, runs: int = 7, age: int = 24, env=None
) -> list[ProgramCost]:
    """Returns the measured costs of programs.

    Args:
      cfg: `agents.config.TrainConfig`; its game, sizes, worlds and network.
      programs: of `PROGRAMS`.
      runs: timed calls.
      age: ticks that worlds have been played before a step or a tick is timed.
      env: a custom environment instead of the one that `cfg` names.

    Raises:
      ValueError: an unknown game or config, or a number that is not allowed.
    """
    for name, value in {"runs": runs, "age": age}.items():
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    env = env or mm.make(cfg.game, config=cfg.config)
    measured = {"step": _step, "tick": _tick, "update": _update}
    return [measured[program](cfg, env, runs, age) for program in programs]


def _step(cfg, env, runs: int, age: int) -> ProgramCost:
    vector = mm.vectorize(env, cfg.num_worlds)
    (obs, state), sample = jax.jit(vector.reset)(jax.random.key(0)), jax.jit(vector.sample)
    world = state.world

    def choose(tick):
        step_key, act_key = jax.random.split(jax.random.key(1 + tick))
        return jax.random.split(step_key, cfg.num_worlds), world, sample(act_key, obs)

    compiled, _ = build_ahead(jax.vmap(env.step), *choose(0))
    for tick in range(age):
        args = choose(tick)
        obs, world, *_ = compiled(*args)
    seconds = [timed(compiled, *args)[0] for _ in range(runs)]
    return ProgramCost("step + observations", statistics.median(seconds), *cost(compiled))


def _tick(cfg, env, runs: int, age: int) -> ProgramCost:
    from agents.learners.rollout import begin_rollout, play_tick
    from agents.runs.training_run import assemble

    vector, policy = assemble(cfg, env)
    key, begin_key, init_key = jax.random.split(jax.random.key(0), 3)
    stage = jax.jit(lambda key: begin_rollout(policy, vector, key))(begin_key)
    params = jax.jit(policy.init)(init_key, stage.obs)

    def tick(params, key, stage):
        return play_tick(policy, vector, params, key, stage)

    compiled, _ = build_ahead(tick, params, key, stage)
    for _ in range(age):
        key, tick_key = jax.random.split(key)
        before, (stage, *_) = stage, compiled(params, tick_key, stage)
    seconds = [timed(compiled, params, key, before)[0] for _ in range(runs)]
    return ProgramCost(
        f"tick of a rollout, {cfg.network}", statistics.median(seconds), *cost(compiled)
    )


def _update(cfg, env, runs: int, _) -> ProgramCost:
    from agents.learners.state import init_state
    from agents.learners.update import make_update
    from agents.runs.training_run import assemble
    from benchmarks.train import measure

    batch, policy = assemble(cfg, env)
    state = jax.eval_shape(lambda: init_state(batch, policy, cfg))
    flops = count_products(make_update(batch, policy, cfg), state, jnp.float32(0))
    seconds = statistics.median(measure(cfg, runs, warm_up=1, env=env).seconds)
    return ProgramCost(f"update, {cfg.network}", seconds, None, flops)


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ceiling", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--game", default="team_battle", help="name, or names joined by + (default: team_battle)")
    add("--config", default="mini", help="preset of sizes (default: mini)")
    add("--network", choices=("lean", "paper"), default="lean", help="default: lean")
    add("--batch", type=int, default=16, help="worlds (default: 16)")
    add("--programs", nargs="+", choices=PROGRAMS, default=PROGRAMS, help="default: each")
    add("--runs", type=int, default=7, help="timed calls (default: 7)")
    add("--age", type=int, default=24, help="ticks played before (default: 24)")
    add("--megabytes", type=int, default=256, help="size of the copied array (default: 256)")
    add("--json", metavar="FILE", help="write one line of JSON for each program")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        with no_compilation_cache():
            _measure_all(options, arguments)
    except ValueError as error:
        print(f"benchmarks.ceiling: {error}", file=sys.stderr)
        return 2
    return 0


def _measure_all(options, arguments) -> None:
    from agents.config import PRESETS, preset

    name = options.config if options.config in PRESETS else "tiny"
    cfg = preset(
        name,
        game=tuple(options.game.split("+")),
        config=options.config,
        network=options.network,
        num_worlds=options.batch,
        devices=1,
    )
    on, command = machine(), report.command_line("benchmarks.ceiling", arguments)
    most = measure_ceilings(options.megabytes)
    found = measure_programs(cfg, options.programs, options.runs, options.age)
    with open(options.json or os.devnull, "w", encoding="utf-8") as lines:
        for work in found:
            fields = dataclasses.asdict(work) | {"ceilings": dataclasses.asdict(most)}
            labels = {"game": options.game, "config": options.config, "batch": options.batch}
            print(json.dumps(fields | labels | on | {"command": command}), file=lines)
    title = (
        f"{options.game} {options.config}, {options.batch} worlds; {on['device']}: copies "
        f"{most.bandwidth / 1e9:,.1f} GB/s, products {most.flops / 1e9:,.0f} GFLOP/s"
    )
    report.show(COLUMNS, [work.row(most) for work in found], title)


if __name__ == "__main__":
    sys.exit(main())
