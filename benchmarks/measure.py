"""Timing: compile, warm up, time some runs, and describe the machine."""

import dataclasses
import datetime
import os
import platform
import statistics
import subprocess

import jax
import numpy as np

import metammo_jax as mm
from benchmarks import prepare, workloads
from benchmarks.timing import cores, peak_memory, temporary_bytes, tree_bytes


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One row of the table, and one line of JSON.

    Attributes:
      workload: one of `workloads.WORKLOADS`.
      row: one of `workloads.ROWS`.
      game: name, or names joined by + for a mixed batch.
      config: name of the preset.
      batch: worlds.
      ticks: ticks of a timed run.
      seconds: of each timed run.
      living: agent steps of each timed run whose agent was alive when the tick began.
      slots: agent steps of a timed run, alive or not.
      ended: episodes ended in the timed runs together.
      trace_s: seconds to trace and lower the timed function.
      compile_s: seconds to compile it.
      observation_bytes: of an agent, its share of the entity table included.
      state_bytes: of a world, divided by its players.
      temporary_bytes: what the compiled function allocates beside inputs and outputs; None if
        the device does not say.
      peak_bytes: most memory in use so far, by `peak_memory`; of the whole process, so that it
        never falls from one measurement of a process to the next.
      shards: devices over which the worlds are sharded; temporary bytes are those of one device.
      checksum: over all outputs of the first timed run; equal where nothing changed.
    """

    workload: str
    row: str
    game: str
    config: str
    batch: int
    ticks: int
    seconds: list[float]
    living: list[int]
    slots: int
    ended: int
    trace_s: float
    compile_s: float
    observation_bytes: float
    state_bytes: float
    temporary_bytes: int | None
    peak_bytes: int | None
    shards: int
    checksum: int

    @property
    def rates(self) -> list[float]:
        """Living agent steps a second of each run, sorted."""
        return sorted(n / s for n, s in zip(self.living, self.seconds, strict=True))

    @property
    def alive(self) -> float:
        """Share of agent steps whose agent was alive."""
        return sum(self.living) / (self.slots * len(self.seconds))

    def summary(self) -> dict:
        """Returns what is read off the measurement; rates are medians over the runs."""
        second = statistics.median(self.seconds)
        worlds = self.batch * self.ticks
        return {
            "agent_steps_per_s": round(statistics.median(self.rates)),
            "agent_steps_per_s_min": round(self.rates[0]),
            "agent_steps_per_s_max": round(self.rates[-1]),
            "slot_steps_per_s": round(self.slots / second),
            "world_steps_per_s": round(worlds / second, 1),
            "ms_per_world_step": round(1e3 * second / worlds, 4),
            "alive": round(self.alive, 4),
        }


def measure(
    game: str,
    config: str = "mini",
    batch: int = 16,
    ticks: int = 24,
    runs: int = 7,
    workload: str = "moves",
    row: str = workloads.OBSERVATIONS,
    seed: int = 0,
    devices: int = 1,
) -> Measurement:
    """Measures one row.

    Args:
      game: name, or names joined by + for a mixed batch.
      config: name of the preset.
      batch: worlds.
      ticks: ticks of a run.
      runs: timed runs, after one that warms up.
      workload: one of `workloads.WORKLOADS`; "valid" needs observations to act.
      row: one of `workloads.ROWS`.
      seed: of all draws.
      devices: over which the worlds are sharded; must divide `batch`.

    Raises:
      ValueError: an unknown game, config, workload or row, a number below one, or more devices
        than there are.
    """
    if runs < 1:
        raise ValueError(f"runs={runs} must be at least 1")
    bench = Bench(game, config, batch, ticks, workload, row, seed, devices)
    for _ in range(runs + 1):
        bench.run()
    return bench.measurement(skip=1)


class Bench:
    """A compiled workload that can be run again and again.

    Attributes:
      seconds: of each run so far.
      totals: what each run returned.
    """

    def __init__(
        self,
        game: str,
        config: str,
        batch: int,
        ticks: int,
        workload: str,
        row: str,
        seed: int,
        devices: int = 1,
    ):
        """Compiles; the arguments and errors are those of `measure`."""
        _check(batch, ticks, devices, workload, row)
        self.env = mm.make(game.split("+"), config)
        first_key, self.key = jax.random.split(jax.random.key(seed))
        self.labels = dict(
            workload=workload,
            row=row,
            game=game,
            config=config,
            batch=batch,
            ticks=ticks,
            shards=devices,
        )
        ready = prepare.prepare(self.env, self.labels, first_key)
        self._play, self._compiled, self._build = ready
        self.seconds, self.totals = [], []

    def run(self) -> float:
        """Runs the workload once with a new key; returns living agent steps a second."""
        spent, total = self._play(jax.random.fold_in(self.key, len(self.seconds)))
        self.seconds.append(spent)
        self.totals.append({name: int(value) for name, value in total.items()})
        return self.totals[-1]["living"] / spent

    def measurement(self, skip: int) -> Measurement:
        """Returns what was measured, without the first `skip` runs, which warmed up."""
        obs, world = jax.eval_shape(self._first_sight, jax.random.key(0))
        players, totals = self.env.cfg.players, self.totals[skip:]
        return Measurement(
            **self.labels,
            seconds=[round(spent, 6) for spent in self.seconds[skip:]],
            living=[total["living"] for total in totals],
            slots=self.labels["batch"] * self.labels["ticks"] * players,
            ended=sum(total["ended"] for total in totals),
            trace_s=round(self._build[0], 3),
            compile_s=round(self._build[1], 3),
            observation_bytes=round(tree_bytes(obs) / players, 1),
            state_bytes=round(tree_bytes(world) / players, 1),
            temporary_bytes=temporary_bytes(self._compiled),
            peak_bytes=peak_memory()[0],
            checksum=totals[0]["checksum"],
        )

    def _first_sight(self, key):
        """Returns what the row shows of a new world, and the world."""
        obs, world = self.env.reset(key)
        return workloads.shown(self.labels["row"], obs, world, self.env.cfg), world


def _check(batch: int, ticks: int, devices: int, workload: str, row: str) -> None:
    for name, value in {"batch": batch, "ticks": ticks, "devices": devices}.items():
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    for name, value, known in (
        ("workload", workload, workloads.WORKLOADS),
        ("row", row, workloads.ROWS),
    ):
        if value not in known:
            raise ValueError(f"{name}={value!r} is unknown; allowed are {', '.join(known)}")
    if batch % devices:
        raise ValueError(f"devices={devices} must divide batch={batch}")
    if workload == "valid" and row == workloads.STEP:
        raise ValueError(f"row={row!r} cannot be: valid actions are drawn from observations")


def machine() -> dict:
    """Returns a description of the machine and the time of a measurement."""
    device = jax.devices()[0]
    commit = _git("rev-parse", "--short=12", "HEAD")
    measured = (":/metammo_jax", ":/benchmarks")
    changed = bool(_git("status", "--porcelain", "--untracked-files=no", "--", *measured))
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit + ("+changes" if commit and changed else ""),
        "jax": jax.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": f"{device.platform} {device.device_kind}",
        "devices": jax.device_count(),
        "cores": cores(),
        "processor": _processor(),
        "peak_of": peak_memory()[1],
    }


def _git(*args) -> str:
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        done = subprocess.run(
            ["git", "-C", here, *args], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    """Returns the processor's name, if the system has it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if "model name" in line]
        return names[0] if names else platform.processor()
    except OSError:
        return platform.processor()
