"""Timing: compile, warm up, time some runs, and tell what it was measured on."""

import dataclasses
import datetime
import os
import platform
import statistics
import subprocess
import time

import jax
import jax.numpy as jnp
import numpy as np

import metammo_jax as mm
from benchmarks import workloads


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
    row: str = workloads.ROWS[1],
    seed: int = 0,
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

    Raises:
      ValueError: an unknown game, config, workload or row, or a number below one.
    """
    if runs < 1:
        raise ValueError(f"runs={runs} must be at least 1")
    bench = Bench(game, config, batch, ticks, workload, row, seed)
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
        self, game: str, config: str, batch: int, ticks: int, workload: str, row: str, seed: int
    ):
        """Compiles; the arguments and errors are those of `measure`."""
        _check(batch, ticks, workload, row)
        self.env, self.key = mm.make(game.split("+"), config), jax.random.key(seed)
        self.labels = dict(
            workload=workload, row=row, game=game, config=config, batch=batch, ticks=ticks
        )
        begin = _moves if workload == "moves" else _valid
        self._play, self._compiled, self._build = begin(self.env, batch, ticks, row, self.key)
        self.seconds, self.totals = [], []

    def run(self) -> float:
        """Plays once more, with draws of its own; returns living agent steps a second."""
        spent, total = self._play(jax.random.fold_in(self.key, len(self.seconds)))
        self.seconds.append(spent)
        self.totals.append({name: int(value) for name, value in total.items()})
        return self.totals[-1]["living"] / spent

    def measurement(self, skip: int) -> Measurement:
        """Returns what was measured, without the first `skip` runs, which warmed up."""
        obs, world = jax.eval_shape(self.env.reset, jax.random.key(0))
        players, totals = self.env.cfg.players, self.totals[skip:]
        return Measurement(
            **self.labels,
            seconds=[round(spent, 6) for spent in self.seconds[skip:]],
            living=[total["living"] for total in totals],
            slots=self.labels["batch"] * self.labels["ticks"] * players,
            ended=sum(total["ended"] for total in totals),
            trace_s=round(self._build[0], 3),
            compile_s=round(self._build[1], 3),
            observation_bytes=round(_bytes(obs) / players, 1),
            state_bytes=round(_bytes(world) / players, 1),
            temporary_bytes=_temporary_bytes(self._compiled),
            checksum=totals[0]["checksum"],
        )


def _check(batch: int, ticks: int, workload: str, row: str) -> None:
    for name, value in {"batch": batch, "ticks": ticks}.items():
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    for name, value, known in (
        ("workload", workload, workloads.WORKLOADS),
        ("row", row, workloads.ROWS),
    ):
        if value not in known:
            raise ValueError(f"{name}={value!r} is unknown; allowed are {', '.join(known)}")
    if workload == "valid" and row != workloads.ROWS[1]:
        raise ValueError(f"row={row!r} cannot be: valid actions are drawn from observations")


def _moves(env, batch: int, ticks: int, row: str, key):
    """Prepares workload "moves": every run plays fresh worlds, made before the clock starts."""
    reset = jax.jit(lambda key: jax.vmap(env.reset)(jax.random.split(key, batch))[1])
    compiled, build = _build(workloads.play_moves(env, ticks, row), key, reset(key))

    def play(key):
        reset_key, play_key = jax.random.split(key)
        worlds = jax.block_until_ready(reset(reset_key))
        return _timed(compiled, play_key, worlds)

    return play, compiled, build


def _valid(env, batch: int, ticks: int, row: str, key):
    """Prepares workload "valid": runs go on from one another, so that episodes drift apart."""
    vector = mm.vectorize(env, batch)
    carry = jax.jit(vector.reset)(key)
    compiled, build = _build(workloads.play_valid(vector, ticks), key, *carry)

    def play(key):
        nonlocal carry
        spent, (*carry, total) = _timed(compiled, key, *jax.block_until_ready(carry))
        return spent, total

    return play, compiled, build


def _build(function, *args):
    """Returns the compiled function, and the seconds to trace and to compile it."""
    start = time.perf_counter()
    lowered = jax.jit(function).lower(*args)
    traced = time.perf_counter()
    compiled = lowered.compile()
    return compiled, (traced - start, time.perf_counter() - traced)


def _timed(compiled, *args):
    start = time.perf_counter()
    result = jax.block_until_ready(compiled(*args))
    return time.perf_counter() - start, result


def _bytes(shapes) -> int:
    return sum(leaf.size * jnp.dtype(leaf.dtype).itemsize for leaf in jax.tree.leaves(shapes))


def _temporary_bytes(compiled) -> int | None:
    analysis = compiled.memory_analysis()
    return None if analysis is None else int(analysis.temp_size_in_bytes)


def machine() -> dict:
    """Returns what a measurement was made on, and when."""
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
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "processor": _processor(),
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
    """Returns the processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if "model name" in line]
        return names[0] if names else platform.processor()
    except OSError:
        return platform.processor()
