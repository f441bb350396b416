"""Speed of training, end to end: `python -m benchmarks.train --help`.

What is timed is an update as `agents.train` runs it, one compiled function: play a rollout in all
worlds, estimate advantages, learn in epochs of minibatches; and then the metrics, brought to the
host. Everything that an update makes is an output of that function, so nothing of it can be left
out; the checksum is over parameters and metrics. Worlds go on from one update to the next, with
automatic reset. Agent steps are those of players alive when the tick began, each counted once,
however many epochs learn from it.
"""

import argparse
import dataclasses
import math
import sys
import time

import jax
import numpy as np

import metammo_jax as mm
from benchmarks import memory, report
from benchmarks.measure import Measurement, machine
from benchmarks.timing import (
    build_ahead,
    no_compilation_cache,
    peak_memory,
    temporary_bytes,
    tree_bytes,
    use_cpu_devices,
)
from benchmarks.workloads import checksum
from metammo_jax.games import MORE_GAMES, NEW_GAMES, TRADE_GAMES
from metammo_jax.lib import backend
from metammo_jax.registry import games as known_games

KEY = (*report.KEY, "network", "width", "sequence", "epochs", "minibatches")
"""Fields that say which measurements of two runs belong together."""

SIZES = ("rollout", "sequence", "epochs", "minibatches", "width", "devices")
"""Options of `TrainConfig` that are options here."""


@dataclasses.dataclass(frozen=True)
class Training(Measurement):
    """One row: a `Measurement` whose runs are updates.

    Attributes:
      network: "lean" or "paper".
      width: of the lean network's recurrent core.
      sequence: ticks through which the recurrent core is trained.
      epochs: passes over each rollout.
      minibatches: gradient steps of an epoch.
      metrics: of the last update, with its losses.
    """

    network: str
    width: int
    sequence: int
    epochs: int
    minibatches: int
    metrics: dict[str, float]


def measure(cfg, runs: int = 7, warm_up: int = 4, env=None) -> Training:
    """Measures updates.

    Args:
      cfg: `agents.config.TrainConfig`.
      runs: timed updates.
      warm_up: updates before; as the worlds go on, their episodes drift apart meanwhile.
      env: a custom environment instead of the one that `cfg` names.

    Raises:
      ValueError: an unknown game or config, a number below one, or a loss is not finite.
    """
    for name, value in {"runs": runs, "warm_up": warm_up}.items():
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    from agents.learners.state import init_state
    from agents.learners.update import make_update
    from agents.runs.training_run import assemble

    env = env or mm.make(cfg.game, config=cfg.config, weights=cfg.weights or None)
    batch, policy = assemble(cfg, env)
    state, rate = init_state(batch, policy, cfg), np.float32(cfg.learning_rate)
    update, build = build_ahead(make_update(batch, policy, cfg), state, rate)
    shapes = jax.eval_shape(batch.env.reset, jax.random.key(0))
    reduce, seconds, reported = jax.jit(checksum), [], []
    for run in range(warm_up + runs):
        begun = time.perf_counter()
        state, metrics = jax.block_until_ready(update(state, rate))
        metrics = jax.device_get(metrics)
        seconds.append(time.perf_counter() - begun)
        reported.append(metrics)
        if run == warm_up:
            first = int(reduce((state.params, metrics)))
    return _training(
        cfg, batch, shapes, update, build, seconds[warm_up:], reported[warm_up:], first
    )


def _training(cfg, batch, shapes, update, build, seconds, reported, first) -> Training:
    """Returns the `Training` of timed updates."""
    from agents.parallel import meshes

    obs, world = map(tree_bytes, shapes)
    players, devices = batch.cfg.players, meshes.make_mesh(cfg).size
    return Training(
        workload="training",
        row=f"step + learning, {cfg.network}" + (f", {devices} devices" if devices > 1 else ""),
        game="+".join(cfg.game),
        config=cfg.config,
        batch=cfg.num_worlds,
        ticks=cfg.rollout,
        seconds=[round(spent, 6) for spent in seconds],
        living=[int(metrics["living_steps"]) for metrics in reported],
        slots=int(reported[0]["slot_steps"]),
        ended=int(sum(metrics["episodes"]["episodes"].sum() for metrics in reported)),
        trace_s=round(build[0], 3),
        compile_s=round(build[1], 3),
        observation_bytes=round(obs / players, 1),
        state_bytes=round(world / players, 1),
        temporary_bytes=temporary_bytes(update),
        peak_bytes=peak_memory()[0],
        checksum=first,
        metrics=_scalars(reported[-1]),
        network=cfg.network,
        width=cfg.width,
        sequence=cfg.sequence,
        epochs=cfg.epochs,
        minibatches=cfg.minibatches,
        shards=devices,
    )


def _scalars(metrics) -> dict[str, float]:
    """Returns the scalars among metrics.

    Raises:
      ValueError: one of them is not finite: what was timed was no training.
    """
    arrays = ("episodes", "played")
    scalars = {name: float(value) for name, value in metrics.items() if name not in arrays}
    for name, value in scalars.items():
        if not np.isfinite(value):
            raise ValueError(f"{name}={value} after the last update: training has failed")
    return scalars


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.train", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add(
        "--games",
        nargs="+",
        default=["mix"],
        metavar="GAME",
        help="names, joined by + for a mixed batch; mix: the paper's; all: each (default: mix)",
    )
    add("--config", default="tiny", help="preset of the worlds' sizes (default: tiny)")
    add(
        "--preset",
        help="preset of the trainer (default: that of the config's name, or tiny)",
    )
    add("--network", nargs="+", choices=("lean", "paper"), default=["lean"])
    add("--batch", nargs="+", type=int, help="worlds (default: the preset's)")
    for name in SIZES:
        add(f"--{name}", type=int, help="default: the preset's")
    add("--runs", type=int, default=7, help="timed updates (default: 7)")
    add("--warm-up", type=int, default=4, help="updates before (default: 4)")
    add("--seed", type=int, default=0)
    add("--json", metavar="FILE", help="write one line of JSON for each measurement")
    add(
        "--plan",
        type=float,
        metavar="GB",
        help="print the largest number of worlds that fits in so many GB, and measure nothing",
    )
    add(
        "--compare",
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="compare two files of --json and measure nothing",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.compare:
            files = [report.load(path, KEY) for path in options.compare]
            report.show(*report.compare(*files, KEY), "agent steps/s, median of each run")
        else:
            use_cpu_devices(options.devices or 1)
            with no_compilation_cache():
                (_measure_all if options.plan is None else _plan_all)(options, arguments)
    except ValueError as error:
        print(f"benchmarks.train: {error}", file=sys.stderr)
        return 2
    return 0


def _measure_all(options, arguments) -> None:
    plan = planned(options)
    for cfg in plan:
        mm.make(cfg.game, cfg.config)  # a wrong name shows before an hour is spent
    measured = (measure(cfg, options.runs, options.warm_up) for cfg in plan)
    on, command = machine(), report.command_line("benchmarks.train", arguments)
    title = (
        f"training, {options.runs} updates after {options.warm_up}; jax {on['jax']}, "
        f"{on['device']}, {on['cores']} cores, {on['processor']}, commit {on['commit']}"
    )
    report.write(measured, title, options.json, on, command)


def _plan_all(options, _) -> None:
    """Prints how many worlds fit, reckoned from updates of few worlds compiled as for a GPU."""
    if options.plan <= 0:
        raise ValueError(f"plan={options.plan} must be more than 0 GB")
    for cfg in planned(options):
        divisor = math.gcd(cfg.rollout // cfg.sequence, cfg.minibatches)
        with backend.assumed("gpu"):
            footprint = memory.measure(cfg, worlds=2)
        worlds = memory.most_worlds(footprint, options.plan * 1e9, cfg.minibatches // divisor)
        own, of_world, of_sequence = footprint.shares
        print(
            f"{'+'.join(cfg.game)} at {cfg.config}, {cfg.network} network, rollouts of "
            f"{cfg.rollout} ticks in {cfg.minibatches} minibatches: {worlds:,} worlds fit in "
            f"{options.plan:g} GB ({own / 1e9:.2f} GB, {of_world / 1e6:.2f} MB a world, "
            f"{of_sequence / 1e6:.2f} MB a sequence of a minibatch)"
        )


def planned(options) -> list:
    """Returns what is measured: a `TrainConfig` for each game, network and batch.

    Raises:
      ValueError: an option is not allowed.
    """
    from agents.config import PRESETS, preset

    known = known_games(options.config)
    paper = [name for name in known if name not in MORE_GAMES | NEW_GAMES | TRADE_GAMES]
    games = {"mix": ["+".join(paper)], "all": list(known)}
    names = [name for game in options.games for name in games.get(game, [game])]
    base = options.preset or (options.config if options.config in PRESETS else "tiny")
    given = {name: getattr(options, name) for name in SIZES if getattr(options, name) is not None}
    given |= {"config": options.config, "seed": options.seed}
    return [
        preset(
            base,
            game=tuple(name.split("+")),
            network=network,
            **given | ({} if batch is None else {"num_worlds": batch}),
        )
        for name in names
        for network in options.network
        for batch in options.batch or [None]
    ]


if __name__ == "__main__":
    sys.exit(main())
