"""Steps per second of every game: `python -m benchmarks.step --help`.

Workload "moves" plays the first ticks of fresh episodes under random moves, in which nearly all
live, so that nobody wins by counting the dead. Workload "valid" plays random valid actions, episode
after episode, with automatic reset. In row "step + policy" an untrained lean network acts instead.
Agent steps are those of players alive when the tick began.
"""

import argparse
import importlib.util
import sys

import metammo_jax as mm
from benchmarks import report, workloads
from benchmarks.measure import machine, measure
from benchmarks.timing import no_compilation_cache, use_cpu_devices
from metammo_jax.registry import games as known_games

QUICK = {"moves": 24, "valid": 128}
"""Ticks of a run of each workload, by default."""


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.step", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add(
        "--games",
        nargs="+",
        default=["all"],
        metavar="GAME",
        help="names, joined by + for a mixed batch (default: every game)",
    )
    add("--config", default="mini", help="preset of sizes (default: mini)")
    add("--batch", nargs="+", type=int, default=[16], help="worlds (default: 16)")
    add("--ticks", type=int, help="ticks of a run (default: 24; 128 for valid)")
    add("--runs", type=int, default=7, help="timed runs, after a warm-up (default: 7)")
    add("--workload", choices=workloads.WORKLOADS, default="moves")
    add("--rows", nargs="+", choices=workloads.ROWS, help="what is consumed (default: each)")
    add("--devices", type=int, default=1, help="share the worlds over so many (default: 1)")
    add("--seed", type=int, default=0)
    add("--json", metavar="FILE", help="write one line of JSON for each measurement")
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
            columns, rows = report.compare(*map(report.load, options.compare))
            report.show(columns, rows, "agent steps/s, median of each run")
        else:
            use_cpu_devices(options.devices)
            with no_compilation_cache():
                _measure_all(options, arguments)
    except ValueError as error:
        print(f"benchmarks.step: {error}", file=sys.stderr)
        return 2
    return 0


def _measure_all(options, arguments) -> None:
    games = known_games(options.config) if options.games == ["all"] else options.games
    for game in games:
        mm.make(game.split("+"), options.config)  # a wrong name shows before an hour is spent
    measured = (
        measure(
            game,
            options.config,
            batch,
            options.ticks or QUICK[options.workload],
            options.runs,
            options.workload,
            row,
            options.seed,
            options.devices,
        )
        for game, batch, row in _plan(games, options)
    )
    on, command = machine(), report.command_line("benchmarks.step", arguments)
    report.write(measured, _title(options, on), options.json, on, command)


def _plan(games, options) -> list[tuple[str, int, str]]:
    """Returns what is measured: game, batch, row."""
    rows = options.rows or _possible_rows(options.workload)
    return [(game, batch, row) for game in games for batch in options.batch for row in rows]


def _possible_rows(workload: str) -> list[str]:
    """Returns the rows of a workload that can be measured with what is installed."""
    rows = list(workloads.ROWS if workload == "moves" else workloads.ROWS[1:])
    if not all(map(importlib.util.find_spec, ("optax", "orbax"))):  # what agents need
        rows.remove(workloads.POLICY)
    return rows


def _title(options, on: dict) -> str:
    ticks = options.ticks or QUICK[options.workload]
    return (
        f"workload {options.workload}, {ticks} ticks, {options.runs} runs, "
        f"{options.devices} devices; jax {on['jax']}, "
        f"{on['device']}, {on['cores']} cores, {on['processor']}, commit {on['commit']}"
    )


if __name__ == "__main__":
    sys.exit(main())
