"""The original and this project on the same workload, cores and minutes: how many times faster.

    python -m benchmarks.reference --python /path/to/python/with/nmmo

For each game, two processes of the original play side by side, each on a core of its own, and then
this project plays on the same two cores, a device for each (--devices), observations and masks
consumed, in our layout or in the original's (--layout); by turns, several times, so that whatever
else the machine does meets both.
Both play at the paper's size and count steps of agents that are alive when the tick begins.

Workload "moves": the first ticks of fresh episodes under random moves; of the original only `step`
is timed. Workload "valid": random valid actions, on through episode after episode with automatic
resets, whose time counts on both sides; ours includes drawing the actions, the original's does not.

The ratio of a round is ours on two cores over the sum of the two originals. That of a game is the
median of its rounds in "moves"; in "valid", where the turns of one process of the original differ
(some hold a reset, in some most are dead), the median of ours over all turns of the originals
together. The exit code is 1 if the geometric mean over the games is below --floor.
"""

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable

from benchmarks import report
from benchmarks.measure import Bench, Measurement, machine
from benchmarks.step import QUICK
from benchmarks.timing import use_cpu_devices
from benchmarks.workloads import OBSERVATIONS, ORIGINAL_LAYOUT, WORKLOADS
from metammo_jax.games import GAMES

ORIGINAL = pathlib.Path(__file__).with_name("original.py")
SINGLE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
TURNS = 3
"""Runs of ours in a round, which last about as long as one of the original; their median counts."""

PATIENCE = 900
"""Seconds after which the original is given up."""

LAYOUTS = {"ours": OBSERVATIONS, "original": ORIGINAL_LAYOUT}
"""Row of ours that is compared, by the layout of its observations."""

COMPARED = {
    "mini": tuple(GAMES),
    "full": ("survive", "team_battle", "protect_the_king", "multi_task"),
}
"""Games of each config that are compared."""

COLUMNS = (
    ("game", "<"), ("original, core 1", ">"), ("core 2", ">"), ("alive", ">"),
    ("ours, 2 cores", ">"), ("alive", ">"), ("ratio", ">"), ("spread", ">"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class SpeedComparison:
    """One game, round by round.

    Attributes:
      game: its name.
      original: for each round, for each core: living agent steps, slots, seconds.
      ours: for each round: living agent steps a second.
      measurement: everything about ours.
      nmmo: version of the original.
    """

    game: str
    original: list[list[dict]]
    ours: list[float]
    measurement: Measurement
    nmmo: str

    @property
    def ratios(self) -> list[float]:
        """Ratios of steps of living agents, ours over the original's, of each round."""
        return [
            ours / sum(core["living"] / core["seconds"] for core in cores)
            for ours, cores in zip(self.ours, self.original, strict=True)
        ]

    @property
    def ratio(self) -> float:
        """The median of the rounds; where they are not alike, of ours over all of the original."""
        if self.measurement.workload == "valid":
            return statistics.median(self.ours) / sum(self.original_rates)
        return statistics.median(self.ratios)

    @property
    def original_rates(self) -> list[float]:
        """Living agent steps a second of the original on each core.

        The median of the rounds, or, where they are not alike, all rounds together.
        """
        cores = zip(*self.original, strict=True)
        if self.measurement.workload == "valid":
            return [_total(core, "living") / _total(core, "seconds") for core in cores]
        return [
            statistics.median(play["living"] / play["seconds"] for play in core) for core in cores
        ]

    @property
    def original_alive(self) -> float:
        """Share of agent steps of the original whose agent was alive."""
        plays = [play for cores in self.original for play in cores]
        return _total(plays, "living") / _total(plays, "slots")

    def row(self) -> list[str]:
        """Returns the cells, by `COLUMNS`."""
        return [
            self.game,
            *(f"{rate:,.0f}" for rate in self.original_rates),
            f"{self.original_alive:.1%}",
            f"{statistics.median(self.ours):,.0f}",
            f"{self.measurement.alive:.1%}",
            f"{self.ratio:.1f}",
            f"{min(self.ratios):.1f} .. {max(self.ratios):.1f}",
        ]

    def as_json(self) -> str:
        """Returns one line of JSON."""
        fields = dataclasses.asdict(self) | {"ratio": self.ratio, "ratios": self.ratios}
        return json.dumps(fields | {"summary": self.measurement.summary()} | machine())


def _total(plays: Iterable[dict], name: str) -> float:
    return sum(play[name] for play in plays)


class Original:
    """A process that plays the original, on one core, when asked; used as a context.

    Attributes:
      nmmo: version of the original.
    """

    def __init__(self, options, game: str, folder: str, core: int):
        """Starts the process.

        Raises:
          ValueError: the interpreter cannot be run.
        """
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = [
            options.python, str(ORIGINAL), "--game", game, "--ticks", str(options.ticks),
            "--folder", folder, "--maps", str(options.maps), "--core", str(core),
            "--seed", str(core + 1), "--config", options.config, "--workload", options.workload,
        ]  # fmt: skip
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env={**os.environ, **SINGLE_THREAD},
            )
        except OSError as error:
            self._errors.close()
            raise ValueError(f"--python {options.python} cannot be run: {error}") from error
        self.nmmo = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(OSError):
                file.close()

    def wait(self) -> None:
        """Waits until the environment is made."""
        self.nmmo = self.result()["nmmo"]

    def ask(self) -> None:
        """Asks for one more turn; `result` waits for it."""
        with contextlib.suppress(BrokenPipeError):  # `result` then says what happened
            self._process.stdin.write("play\n")
            self._process.stdin.flush()

    def result(self) -> dict:
        """Returns the next line of JSON of the process.

        Raises:
          ValueError: it ended, or took too long.
        """
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        try:
            for line in self._process.stdout:
                if line.startswith("{"):
                    return json.loads(line)
        finally:
            watch.cancel()
        self._process.wait()
        self._errors.seek(0)
        last = (self._errors.read().strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"the original ended (exit code {self._process.returncode}): {last}")


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reference", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--python", default=sys.executable, help="interpreter that has nmmo (default: this one)")
    add("--config", choices=COMPARED, default="mini", help="preset (default: mini)")
    add("--games", nargs="+", default=["all"], metavar="GAME", help="default: every game")
    add("--batch", type=int, default=16, help="worlds of ours (default: 16)")
    add("--workload", choices=WORKLOADS, default="moves", help="default: moves")
    add("--layout", choices=LAYOUTS, default="ours", help="of our observations (default: ours)")
    add("--ticks", type=int, help="ticks of a turn (default: 24; 128 for valid)")
    add("--devices", type=int, default=2, help="share our worlds over so many (default: 2)")
    add("--rounds", type=int, default=7, help="turns of each, after a warm-up (default: 7)")
    add("--maps", type=int, default=4, help="maps of the original, made once (default: 4)")
    add("--floor", type=float, default=10.0, help="least geometric mean (default: 10)")
    add("--json", metavar="FILE", help="write one line of JSON for each game")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    if options.ticks is None:
        options.ticks = QUICK[options.workload]
    try:
        ratios = _compare_all(options)
    except ValueError as error:
        print(f"benchmarks.reference: {error}", file=sys.stderr)
        return 2
    mean = geometric_mean(ratios)
    print(f"geometric mean of {len(ratios)} games: {mean:.1f} times the original")
    if mean < options.floor:
        print(f"that is below the floor of {options.floor:g}")
        return 1
    return 0


def geometric_mean(ratios: list[float]) -> float:
    """Returns the geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


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


def _compare_all(options) -> list[float]:
    known = COMPARED[options.config]
    games = known if options.games == ["all"] else options.games
    for game in games:
        if game not in known:
            raise ValueError(f"game={game!r} is unknown; allowed are {', '.join(known)}")
    for name in ("batch", "ticks", "rounds", "maps"):
        if getattr(options, name) < 1:
            raise ValueError(f"{name}={getattr(options, name)} must be at least 1")
    cores, done = take_cores(), []
    use_cpu_devices(options.devices)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nmmo-"))
        with Original(options, games[0], folder, cores[0]) as maker:
            maker.wait()  # now the maps are there
        lines = stack.enter_context(open(options.json or os.devnull, "w", encoding="utf-8"))
        for game in games:
            done.append(compare(options, game, folder, cores))
            print("  ".join(done[-1].row()), file=sys.stderr, flush=True)
            print(done[-1].as_json(), file=lines, flush=True)
    title = (
        f"living agent steps a second, workload {options.workload}, {options.ticks} ticks, "
        f"observations and masks consumed, in the layout: {options.layout}"
    )
    report.show(COLUMNS, [comparison.row() for comparison in done], title)
    return [comparison.ratio for comparison in done]


def compare(options, game: str, folder: str, cores: list[int]) -> SpeedComparison:
    """Plays one game with the original and with ours, by turns.

    Raises:
      ValueError: the original failed.
    """
    with contextlib.ExitStack() as stack:
        originals = [stack.enter_context(Original(options, game, folder, core)) for core in cores]
        for original in originals:
            original.wait()
        bench = Bench(
            game,
            options.config,
            options.batch,
            options.ticks,
            options.workload,
            LAYOUTS[options.layout],
            seed=0,
            devices=options.devices,
        )
        theirs, ours = [], []
        for _ in range(options.rounds + 1):
            for original in originals:
                original.ask()
            theirs.append([original.result() for original in originals])
            ours.append(statistics.median(bench.run() for _ in range(TURNS)))
    return SpeedComparison(game, theirs[1:], ours[1:], bench.measurement(TURNS), originals[0].nmmo)


if __name__ == "__main__":
    sys.exit(main())
