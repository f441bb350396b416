"""Steps a second, by number of worlds.

Of each game all outputs of every tick are written to the device's memory (`benchmarks.workloads`,
not hashed). Agent steps are those of players alive when the tick began.
"""

import statistics
import time

import jax
import jax.numpy as jnp

import metammo_jax as mm
from benchmarks import workloads
from benchmarks.ceiling import cost
from benchmarks.gpu.programs import Program, Programs
from benchmarks.gpu.record import speeds
from benchmarks.gpu.tasks import MeasuringTask
from benchmarks.timing import peak_memory, temporary_bytes, timed, tree_bytes

SLOWER = 0.8
"""Doubling stops where the rate falls below this share of the best so far."""

KEY = jax.eval_shape(lambda: jax.random.key(0))


class Fresh:
    """New worlds of an environment, in any number, of one compiled reset.

    A reset makes one block of different worlds; larger numbers are copies of these, which other
    draws tell apart from the first tick on. So the reset is compiled but once.

    Attributes:
      env: the environment.
      config: name of its sizes.
      games: its games, joined by +.
      program: the reset of a block.
    """

    def __init__(self, programs: Programs, games: tuple[str, ...], config: str, block: int):
        self.env, self.config, self.games = mm.make(list(games), config), config, "+".join(games)
        self.block = block
        reset = jax.jit(mm.vectorize(self.env, block).reset)
        self.program = programs.add(f"reset of {self.label}", lambda: reset.trace(KEY))
        self._programs, self._copies = programs, {}

    @property
    def label(self) -> str:
        """Names games and config."""
        count = self.games.count("+") + 1
        return f"{self.games if count < 4 else f'mix of {count} games'}, {self.config}"

    def copies(self, worlds: int) -> Program:
        """Returns the program that makes so many worlds of a block's; put in line if it is new."""
        if worlds not in self._copies:
            times = worlds // self.block

            def copy(block):
                return jax.tree.map(lambda leaf: jnp.concatenate([leaf] * times), block)

            self._copies[worlds] = self._programs.add(
                f"{worlds} worlds of {self.label}",
                lambda: jax.jit(copy).trace(self.program.shapes()),
            )
        return self._copies[worlds]

    def shapes(self, worlds: int):
        """Returns the shapes of what `make` returns."""

        def scaled(leaf):
            return jax.ShapeDtypeStruct((worlds, *leaf.shape[1:]), leaf.dtype)

        return jax.tree.map(scaled, self.program.shapes())

    def make(self, worlds: int):
        """Returns observation and `BatchState` of new worlds, a multiple of the block's."""
        return self.copies(worlds).result()(self.program.result()(jax.random.key(0)))


class Series:
    """One row at growing numbers of worlds, and where it is best.

    Attributes:
      rates: living agent-steps a second, by number of worlds.
      stopped: larger numbers are not worth a try: memory or speed said so.
    """

    def __init__(self):
        self.rates: dict[int, float] = {}
        self.stopped = False

    @property
    def best(self) -> int | None:
        """Returns the number of worlds with the highest rate; None before there is one."""
        return max(self.rates, key=self.rates.get, default=None)

    def add(self, worlds: int, rate: float) -> None:
        """Notes a rate."""
        self.rates[worlds] = rate
        smaller = [rate for count, rate in self.rates.items() if count < worlds]
        self.stopped |= bool(smaller) and rate < SLOWER * max(smaller)


class WorkloadTiming:
    """A workload with a number of worlds, compiled ahead.

    Attributes:
      fresh: the worlds.
      worlds: how many.
      workload: one of `workloads.WORKLOADS`.
      row: one of `workloads.ROWS`.
      ticks: of a run.
      program: that plays it.
      needs: that and the programs that make its worlds.
    """

    def __init__(
        self, programs: Programs, fresh: Fresh, worlds: int, workload: str, row: str, ticks: int
    ):
        self.fresh, self.worlds, self.workload, self.row = fresh, worlds, workload, row
        self.ticks = ticks
        self.needs = (fresh.program, fresh.copies(worlds))
        self.program: Program = programs.add(f"{self.label}, {worlds} worlds", self._trace)
        self.needs += (self.program,)

    @property
    def label(self) -> str:
        """Names the row, without the number of worlds."""
        return f"{self.fresh.label}, {self.workload}, {self.row}"

    def _trace(self):
        obs, state = self.fresh.shapes(self.worlds)
        if self.workload == "moves":
            play = workloads.play_moves(self.fresh.env, self.ticks, self.row, hashed=False)
            return jax.jit(play).trace(KEY, state.world)
        vector = mm.vectorize(self.fresh.env, self.worlds)
        play = workloads.play_valid(vector, self.ticks, self.row, hashed=False)
        return jax.jit(play).trace(KEY, obs, state)

    def time(self, runs: int, seconds: float) -> tuple[list[float], list[dict]]:
        """Plays once to warm up, then up to `runs` times; returns seconds and totals of each."""
        carry, play = self.fresh.make(self.worlds), self.program.result()
        spent, totals, begun = [], [], None
        for key in jax.random.split(jax.random.key(1), runs + 1):
            if self.workload == "moves":
                second, total = timed(play, key, carry[1].world)
            else:
                second, (*carry, total) = timed(play, key, *carry)
            spent.append(second)
            totals.append({name: int(value) for name, value in total.items()})
            begun = begun or time.monotonic()
            if len(spent) > 2 and time.monotonic() - begun > seconds:
                break
        return spent[1:], totals[1:]

    def measure(self, runs: int, seconds: float) -> dict:
        """Returns the figures of this row."""
        spent, totals = self.time(runs, seconds)
        players, compiled = self.fresh.env.cfg.players, self.program.result()
        living = [total["living"] for total in totals]
        slots = self.worlds * self.ticks * players
        obs, state = self.fresh.shapes(self.worlds)
        moved, flops = cost(compiled)
        return {
            "config": self.fresh.config,
            "games": self.fresh.games,
            "workload": self.workload,
            "row": self.row,
            "worlds": self.worlds,
            "ticks": self.ticks,
            **speeds(spent, living, slots),
            "ms_per_tick": round(1e3 * statistics.median(spent) / self.ticks, 4),
            "ended": sum(total["ended"] for total in totals),
            "world_bytes": tree_bytes(state.world) // self.worlds,
            "observation_bytes": tree_bytes(obs) // self.worlds,
            "temporary_bytes": temporary_bytes(compiled),
            "peak_bytes": peak_memory()[0],
            "bytes_per_tick": moved,
            "flops_per_tick": flops,
            "trace_s": round(self.program.trace_s, 2),
            "compile_s": round(self.program.compile_s, 2),
            "checksum": totals[0]["checksum"],
        }


def middle(plan, config: str, programs: Programs) -> WorkloadTiming:
    """Returns the one row of a config that is profiled."""
    alone = Fresh(programs, ("survive",), config, plan.block)
    return WorkloadTiming(
        programs, alone, plan.middle(config), "moves", workloads.OBSERVATIONS, plan.ticks
    )


def tasks(
    plan, config: str, programs: Programs, record
) -> tuple[list[MeasuringTask], list[WorkloadTiming]]:
    """Returns the tasks that time steps at a config, and the rows of growing numbers of worlds."""
    numbers = plan.worlds[plan.at(config)]
    alone, series = Fresh(programs, ("survive",), config, plan.block), Series()
    rows = [
        WorkloadTiming(programs, alone, worlds, "moves", workloads.OBSERVATIONS, plan.ticks)
        for worlds in numbers
    ]
    made = [_task(plan, record, row, series) for row in rows]
    others = _others(plan, programs, alone, config, plan.middle(config))
    return made + [_task(plan, record, row, None) for row in others], rows


def _others(plan, programs, alone, config, worlds) -> list[WorkloadTiming]:
    """Returns the rows that are timed at one number of worlds."""
    variants, fresh = plan.variants[plan.at(config)], {"alone": alone}
    if any(games == "mix" for games, *_ in variants):
        fresh["mix"] = Fresh(programs, plan.mixes[plan.at(config)], config, plan.block)
    ticks = {"moves": plan.ticks, "valid": plan.valid_ticks}
    return [
        WorkloadTiming(programs, fresh[games], worlds, workload, row, ticks[workload])
        for games, workload, row in variants
    ]


def _task(plan, record, row: WorkloadTiming, series: Series | None) -> MeasuringTask:
    def run():
        if series and series.stopped:
            return
        try:
            figures = row.measure(plan.runs, plan.seconds)
        except Exception:
            if series:
                series.stopped = True  # out of memory, most likely: more would be too
            raise
        if series:
            series.add(row.worlds, figures["agent_steps_per_s"])
        record.add("step", **figures)

    return MeasuringTask("steps", f"{row.label}, {row.worlds} worlds", row.needs, run)


def again(plan, rows: list[WorkloadTiming], record) -> MeasuringTask:
    """Returns the task that times the best row once more, while nothing is being compiled."""

    def run():
        timed_rows = [f for f in record.figures if f["part"] == "step" and f["workload"] == "moves"]
        rates = {
            figure["worlds"]: figure["agent_steps_per_s"]
            for figure in timed_rows
            if (figure["config"], figure["games"], figure["row"])
            == (rows[0].fresh.config, rows[0].fresh.games, rows[0].row)
        }
        timed = [row for row in rows if row.worlds in rates]
        if not timed:
            raise TimeoutError(f"no row of {rows[0].label} was timed before")
        best = max(timed, key=lambda row: rates[row.worlds])
        record.add("quiet step", **best.measure(plan.runs, plan.seconds))

    return MeasuringTask("steps", f"{rows[0].label}, once more in quiet", (), run, quiet=True)
