"""Steps per second of every game: `python -m benchmarks.step --help`.

Workload "moves" plays the first ticks of fresh episodes under random moves, in which nearly all
live, so that nobody wins by counting the dead. Workload "valid" plays random valid actions, episode
after episode, with automatic reset. Agent steps are those of players alive when the tick began.
"""

import argparse
import contextlib
import shlex
import sys

import jax

import metammo_jax as mm
from benchmarks import report, workloads
from benchmarks.measure import machine, measure
from metammo_jax.registry import games as known_games

QUICK = {"moves": 24, "valid": 128}
"""Ticks of a run of each workload, if not told otherwise."""


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
    add("--seed", type=int, default=0)
    add("--json", metavar="FILE", help="write one line of JSON for each measurement")
    add(
        "--compare",
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="compare two files of --json and measure nothing",
    )
    return parser  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.compare:
            columns, rows = report.compare(*map(report.load, options.compare))
            report.show(columns, rows, "agent steps/s, median of each run")
        else:
            with _no_compilation_cache():
                _measure_all(options, arguments)
    except ValueError as error:
        print(f"benchmarks.step: {error}", file=sys.stderr)
        return 2
    return 0


@contextlib.contextmanager
def _no_compilation_cache():
    """Keeps compiled programs from being read from disk: the time to compile is measured."""
    before = jax.config.jax_enable_compilation_cache
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", before)


def _measure_all(options, arguments) -> None:
    games = known_games(options.config) if options.games == ["all"] else options.games
    for game in games:
        mm.make(game.split("+"), options.config)  # a wrong name shows before an hour is spent
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "benchmarks.step", *given])
    lines = open(options.json, "w", encoding="utf-8") if options.json else None  # noqa: SIM115
    on, rows = machine(), []
    try:
        for game, batch, row in _plan(games, options):
            measured = measure(
                game, options.config, batch, options.ticks or QUICK[options.workload],
                options.runs, options.workload, row, options.seed,
            )  # fmt: skip
            rows.append(report.row_of(measured))
            print("  ".join(rows[-1][:6]), file=sys.stderr, flush=True)
            if lines:
                print(report.as_json(measured, on, command), file=lines, flush=True)
    finally:
        if lines:
            lines.close()
    report.show(report.COLUMNS, rows, _title(options, on))


def _plan(games, options) -> list[tuple[str, int, str]]:
    """Returns what is measured: game, batch, row."""
    possible = workloads.ROWS if options.workload == "moves" else workloads.ROWS[1:]
    rows = options.rows or possible
    return [(game, batch, row) for game in games for batch in options.batch for row in rows]


def _title(options, on: dict) -> str:
    ticks = options.ticks or QUICK[options.workload]
    return (
        f"workload {options.workload}, {ticks} ticks, {options.runs} runs; jax {on['jax']}, "
        f"{on['device']}, {on['cores']} cores, {on['processor']}, commit {on['commit']}"
    )


if __name__ == "__main__":
    sys.exit(main())
