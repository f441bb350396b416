"""Ratio of the times of two configs: `python -m benchmarks.versus --help`.

Both play the same game in turn, run by run, so that whatever else the machine does falls on both.
The result is the median of the ratios of neighbouring runs, not the ratio of two medians.
"""

import argparse
import dataclasses
import json
import os
import statistics
import sys

from benchmarks import report, workloads
from benchmarks.measure import Bench, machine
from benchmarks.reference import geometric_mean
from benchmarks.timing import no_compilation_cache, use_cpu_devices

COLUMNS = (
    ("game", "<"),
    ("row", "<"),
    ("us/world tick", ">"),
    ("against", ">"),
    ("times", ">"),
    ("spread", ">"),
)


@dataclasses.dataclass(frozen=True)
class Versus:
    """Runs of one game with two configs, by turns.

    Attributes:
      game: its name.
      row: what was consumed, one of `workloads.ROWS`.
      config: that is compared with the other.
      against: the other.
      batch: worlds.
      ticks: ticks of a run.
      seconds: of the runs of `config`.
      against_seconds: of the runs of `against`.
    """

    game: str
    row: str
    config: str
    against: str
    batch: int
    ticks: int
    seconds: list[float]
    against_seconds: list[float]

    @property
    def ratios(self) -> list[float]:
        """Ratios of the times of neighbouring runs."""
        return [
            mine / other for mine, other in zip(self.seconds, self.against_seconds, strict=True)
        ]

    def line(self) -> list[str]:
        """Returns the row of the table, as of `COLUMNS`."""
        worlds = self.batch * self.ticks
        spent = [1e6 * statistics.median(s) / worlds for s in (self.seconds, self.against_seconds)]
        ratios = self.ratios
        return [
            self.game,
            self.row,
            *(f"{micros:.0f}" for micros in spent),
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f} .. {max(ratios):.2f}",
        ]


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.versus", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add(
        "--games",
        nargs="+",
        default=["survive", "team_battle", "protect_the_king"],
        help="names (default: those of both the mini and the full game)",
    )
    add("--config", default="full", help="preset of sizes (default: full)")
    add("--against", default="mini", help="the other preset (default: mini)")
    add("--batch", type=int, default=16, help="worlds (default: 16)")
    add("--ticks", type=int, default=24, help="ticks of a run (default: 24)")
    add("--runs", type=int, default=15, help="runs of each, after a warm-up (default: 15)")
    add("--devices", type=int, default=1, help="share the worlds over so many (default: 1)")
    add("--rows", nargs="+", choices=workloads.ROWS[:2], default=list(workloads.ROWS[:2]))
    add("--json", metavar="FILE", help="write one line of JSON for each row")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        use_cpu_devices(options.devices)
        with no_compilation_cache():
            done = [compare(options, game, row) for row in options.rows for game in options.games]
    except ValueError as error:
        print(f"benchmarks.versus: {error}", file=sys.stderr)
        return 2
    on, command = machine(), report.command_line("benchmarks.versus", arguments)
    with open(options.json or os.devnull, "w", encoding="utf-8") as file:
        for one in done:
            fields = dataclasses.asdict(one) | {"times": statistics.median(one.ratios)}
            print(json.dumps(fields | on | {"command": command}), file=file)
    title = (
        f"{options.config} against {options.against}, {options.batch} worlds, commit {on['commit']}"
    )
    report.show(COLUMNS, [one.line() for one in done], title)
    for row in options.rows:
        ratios = [statistics.median(one.ratios) for one in done if one.row == row]
        print(f"{row}: {geometric_mean(ratios):.2f} times, geometric mean of {len(ratios)} games")
    return 0


def compare(options, game: str, row: str) -> Versus:
    """Plays one game with both configs, by turns.

    Raises:
      ValueError: an unknown game or config, or a number below one.
    """
    if options.runs < 1:
        raise ValueError(f"runs={options.runs} must be at least 1")
    benches = [
        Bench(game, config, options.batch, options.ticks, "moves", row, 0, options.devices)
        for config in (options.config, options.against)
    ]
    for _ in range(options.runs + 1):
        for bench in benches:
            bench.run()
    seconds = [bench.seconds[1:] for bench in benches]
    one = Versus(game, row, options.config, options.against, options.batch, options.ticks, *seconds)
    print("  ".join(one.line()), file=sys.stderr, flush=True)
    return one


if __name__ == "__main__":
    sys.exit(main())
