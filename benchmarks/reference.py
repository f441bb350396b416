"""The original and this project on the same workload, cores and minutes: how many times faster.

    python -m benchmarks.reference --python /path/to/python/with/nmmo

For each game, two processes of the original run side by side, each on a core of its own; then
this project runs on the same two cores, observations and masks consumed. Both play the first
ticks of fresh episodes under random moves at the paper's size and count steps of agents that are
alive when the tick begins. The ratio is ours on two cores over the sum of the two originals.
The exit code is 1 if the geometric mean of the ratios is below --floor.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from benchmarks import report
from benchmarks.measure import Measurement, machine, measure
from metammo_jax.registry import games as known_games

ORIGINAL = pathlib.Path(__file__).with_name("original.py")
SINGLE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
PATIENCE = 1800
"""Seconds after which a run of the original is given up."""

COLUMNS = (
    ("game", "<"), ("original, core 1", ">"), ("core 2", ">"), ("alive", ">"),
    ("ours, 2 cores", ">"), ("spread", ">"), ("alive", ">"), ("ratio", ">"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Original:
    """What one process of the original did.

    Attributes:
      living: steps of living agents, of each episode.
      ticks: ticks, of each episode.
      seconds: in `step`, of each episode.
      players: of the game.
      nmmo: its version.
    """

    living: list[int]
    ticks: list[int]
    seconds: list[float]
    players: int
    nmmo: str

    @property
    def rate(self) -> float:
        """Living agent steps a second: the median over episodes."""
        return statistics.median(n / s for n, s in zip(self.living, self.seconds, strict=True))

    @property
    def alive(self) -> float:
        """Share of agent steps whose agent was alive."""
        return sum(self.living) / (self.players * sum(self.ticks))


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reference", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--python", default=sys.executable, help="interpreter that has nmmo (default: this one)")
    add("--games", nargs="+", default=["all"], metavar="GAME", help="default: every game")
    add("--batch", type=int, default=16, help="worlds of ours (default: 16)")
    add("--ticks", type=int, default=24, help="ticks of an episode (default: 24)")
    add("--runs", type=int, default=7, help="timed runs of ours (default: 7)")
    add("--episodes", type=int, default=3, help="timed episodes a process of the original")
    add("--maps", type=int, default=4, help="maps of the original, made once (default: 4)")
    add("--floor", type=float, default=10.0, help="least geometric mean (default: 10)")
    add("--json", metavar="FILE", help="write one line of JSON for each game")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        cores = take_cores()
        ratios = _compare_all(options, cores)
    except ValueError as error:
        print(f"benchmarks.reference: {error}", file=sys.stderr)
        return 2
    mean = geometric_mean(ratios)
    print(f"geometric mean of {len(ratios)} games: {mean:.1f} times the original")
    if mean < options.floor:
        print(f"that is below the floor of {options.floor:g}")
        return 1
    return 0


def take_cores() -> list[int]:
    """Binds this process to two cores, before jax counts them, and returns their numbers.

    Raises:
      ValueError: there are not two cores.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise ValueError("this system does not let a process choose its cores")
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise ValueError(f"only {len(cores)} core is available, two are needed")
    os.sched_setaffinity(0, cores)
    return cores


def geometric_mean(ratios: list[float]) -> float:
    """Returns the geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def _compare_all(options, cores: list[int]) -> list[float]:
    games = known_games() if options.games == ["all"] else options.games
    for game in games:
        if game not in known_games():
            raise ValueError(f"game={game!r} is unknown; allowed are {', '.join(known_games())}")
    lines = open(options.json, "w", encoding="utf-8") if options.json else None  # noqa: SIM115
    rows, ratios = [], []
    with tempfile.TemporaryDirectory(prefix="nmmo-") as folder:
        try:
            run_original(options, games[0], folder, cores[:1], ticks=1, episodes=0)  # the maps
            for game in games:
                theirs = run_original(options, game, folder, cores, options.ticks)
                ours = measure_ours(options, game)
                rows.append(row_of(game, theirs, ours))
                ratios.append(ratio(theirs, ours))
                print("  ".join(rows[-1]), file=sys.stderr, flush=True)
                if lines:
                    print(as_json(game, theirs, ours), file=lines, flush=True)
        finally:
            if lines:
                lines.close()
    report.show(COLUMNS, rows, "living agent steps a second, observations and masks consumed")
    return ratios


def run_original(
    options, game: str, folder: str, cores: list[int], ticks: int, episodes: int | None = None
) -> list[Original]:
    """Runs one process of the original on each core, side by side.

    Raises:
      ValueError: the interpreter cannot be run, or the original failed.
    """
    episodes = options.episodes if episodes is None else episodes
    common = [
        options.python, str(ORIGINAL), "--game", game, "--ticks", str(ticks), "--episodes",
        str(episodes), "--folder", folder, "--maps", str(options.maps),
    ]  # fmt: skip
    processes = []
    try:
        for seed, core in enumerate(cores, 1):
            command = [*common, "--core", str(core), "--seed", str(seed)]
            processes.append(_start(command))
        outputs = [_finish(process) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
    return [_parse(output) for output in outputs]


def _start(command: list[str]) -> subprocess.Popen:
    try:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **SINGLE_THREAD},
        )  # fmt: skip
    except OSError as error:
        raise ValueError(f"--python {command[0]} cannot be run: {error.strerror}") from error


def _finish(process: subprocess.Popen) -> str:
    try:
        output, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"the original took longer than {PATIENCE} seconds") from error
    if process.returncode:
        last = (errors.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"{process.args[0]} could not run the original: {last}")
    return output


def _parse(output: str) -> Original:
    fields = json.loads(output.strip().splitlines()[-1])
    names = [field.name for field in dataclasses.fields(Original)]
    return Original(**{name: fields[name] for name in names})


def measure_ours(options, game: str) -> Measurement:
    """Measures this project at the paper's size."""
    return measure(game, "mini", options.batch, options.ticks, options.runs)


def ratio(theirs: list[Original], ours: Measurement) -> float:
    """Returns how many times more steps of living agents ours makes on the same cores."""
    return statistics.median(ours.rates) / sum(original.rate for original in theirs)


def row_of(game: str, theirs: list[Original], ours: Measurement) -> list[str]:
    """Returns the cells of a game, by `COLUMNS`."""
    rates = ours.rates
    alive = statistics.mean(original.alive for original in theirs)
    return [
        game,
        *(f"{original.rate:,.0f}" for original in theirs),
        f"{alive:.1%}",
        f"{statistics.median(rates):,.0f}",
        f"{rates[0]:,.0f} .. {rates[-1]:,.0f}",
        f"{ours.alive:.1%}",
        f"{ratio(theirs, ours):.1f}",
    ]


def as_json(game: str, theirs: list[Original], ours: Measurement) -> str:
    """Returns one line of JSON."""
    return json.dumps(
        {
            "game": game,
            "ratio": round(ratio(theirs, ours), 2),
            "original": [dataclasses.asdict(original) for original in theirs],
            "ours": dataclasses.asdict(ours) | ours.summary(),
        }
        | machine()
    )


if __name__ == "__main__":
    sys.exit(main())
