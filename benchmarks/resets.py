"""What automatic reset costs: `python -m benchmarks.resets --help`.

Worlds play random valid actions. Each tick is played twice from the same state, with the same
keys and actions: once with automatic reset, once without, where ended worlds stay as they are;
which comes first alternates. Both play the same game, so the difference is what resets cost; then
it goes on from the state with resets. The worlds began one after another, so that their episodes
end at different ticks, as they do in training. Ticks in which no game ended measure what the
machinery costs when it has nothing to do, and how large the noise is.
"""

import argparse
import dataclasses
import json
import os
import statistics
import sys

import jax
import jax.numpy as jnp

import metammo_jax as mm
from benchmarks import report
from benchmarks.measure import machine
from benchmarks.timing import build_ahead, no_compilation_cache, timed
from metammo_jax.games import opening
from metammo_jax.registry import games as known_games
from metammo_jax.vector import VectorEnv

COLUMNS = (
    ("game", "<"), ("config", "<"), ("batch", ">"), ("ms/tick", ">"), ("with resets", ">"),
    ("cost", ">"), ("spread", ">"), ("idle ticks", ">"), ("resets/world-step", ">"),
    ("ticks with one", ">"), ("ms/reset", ">"), ("block alone", ">"), ("opening", ">"),
)  # fmt: skip
"""Headings: milliseconds of a tick of all worlds without resets and with; by how much the latter is
longer, overall and in ticks without an end; milliseconds of one reset as it was paid, and of a
block of resets by itself, and of the latter's opening (the rest of it is the observation)."""


@dataclasses.dataclass(frozen=True)
class ResetCost:
    """Measured cost of resets in one game.

    Attributes:
      game: name, or names joined by + for a mixed batch.
      config: name of the preset.
      batch: worlds.
      block: worlds that are reset together.
      ticks: of a run.
      ended: for each run, for each tick: episodes that ended.
      plain: for each run, for each tick: seconds without automatic reset.
      with_resets: the same with it.
      block_s: seconds of a block of resets alone.
      opening_s: seconds of the block's opening alone, without observing.
    """

    game: str
    config: str
    batch: int
    block: int
    ticks: int
    ended: list[list[int]]
    plain: list[list[float]]
    with_resets: list[list[float]]
    block_s: float
    opening_s: float

    def summary(self) -> dict:
        """Returns what follows; costs are shares of a step without resets."""
        runs = list(zip(self.plain, self.with_resets, strict=True))
        costs = sorted(sum(slow) / sum(fast) - 1 for fast, slow in runs)
        ended, plain, slow = map(_flat, (self.ended, self.plain, self.with_resets))
        idle = [tick for tick, count in enumerate(ended) if not count]
        idle_plain, idle_slow = (sum(spent[tick] for tick in idle) for spent in (plain, slow))
        return {
            "cost": statistics.median(costs),
            "cost_min": costs[0],
            "cost_max": costs[-1],
            "idle_cost": idle_slow / idle_plain - 1 if idle else None,
            "resets_per_world_step": sum(ended) / len(ended) / self.batch,
            "ticks_with_reset": 1 - len(idle) / len(ended),
            "ms_per_tick": 1e3 * sum(plain) / len(plain),
            "ms_per_tick_with_resets": 1e3 * sum(slow) / len(slow),
            "ms_per_reset": 1e3 * (sum(slow) - sum(plain)) / sum(ended) if sum(ended) else None,
        }

    def row(self) -> list[str]:
        """Returns the cells, by `COLUMNS`."""
        reported = self.summary()
        idle, each = reported["idle_cost"], reported["ms_per_reset"]
        return [
            self.game,
            self.config,
            str(self.batch),
            f"{reported['ms_per_tick']:.2f}",
            f"{reported['ms_per_tick_with_resets']:.2f}",
            f"{reported['cost']:.1%}",
            f"{reported['cost_min']:.1%} .. {reported['cost_max']:.1%}",
            "-" if idle is None else f"{idle:.1%}",
            f"{reported['resets_per_world_step']:.4f}",
            f"{reported['ticks_with_reset']:.0%}",
            "-" if each is None else f"{each:.2f}",
            f"{1e3 * self.block_s:.2f}",
            f"{1e3 * self.opening_s:.2f}",
        ]


def _flat(runs: list[list]) -> list:
    return [value for run in runs for value in run]


class Unreset(VectorEnv):
    """The same worlds, but those whose game has ended stay as they are."""

    def _reset_done(self, start, done, obs, world, levels=None):
        return obs, world


def measure(
    game: str,
    config: str = "mini",
    batch: int = 16,
    ticks: int = 64,
    runs: int = 7,
    age: int = 128,
    seed: int = 0,
    env=None,
) -> ResetCost:
    """Measures one game.

    Args:
      game: name, or names joined by + for a mixed batch.
      config: name of the preset.
      batch: worlds.
      ticks: ticks of a run.
      runs: timed runs.
      age: ticks before them, during which the worlds begin one after another.
      seed: of all draws.
      env: a custom environment instead of the one named.

    Raises:
      ValueError: an unknown game or config, or a number below one.
    """
    for name, value in {"batch": batch, "ticks": ticks, "runs": runs, "age": age}.items():
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    env, key = env or mm.make(game.split("+"), config), jax.random.key(seed)
    pair_key, alone_key = jax.random.split(key)
    pair = Pair(env, batch, pair_key)
    pair.stagger(age)
    table = [[pair.tick() for _ in range(ticks)] for _ in range(runs)]
    columns = [[[tick[i] for tick in run] for run in table] for i in range(3)]
    block = pair.plain.reset_block
    return ResetCost(game, config, batch, block, ticks, *columns, *_alone(env, block, alone_key))


class Pair:
    """Worlds that can be stepped with and without automatic reset from the same state.

    Attributes:
      plain: the batch without automatic reset.
      passed: ticks so far.
    """

    def __init__(self, env, batch: int, key):
        """Compiles both steps and begins episodes."""
        vector, self.plain = mm.vectorize(env, batch), Unreset(env, batch)
        key, self.key, self.fresh_key = jax.random.split(key, 3)
        self.passed, self.batch = 0, batch
        self.reset = jax.jit(vector.reset)
        self.obs, self.state = self.reset(key)
        self.sample = jax.jit(vector.sample)
        args = key, self.state, self.sample(key, self.obs)
        self.steps = [build_ahead(_step(each), *args)[0] for each in (self.plain, vector)]

    def tick(self) -> tuple[int, float, float]:
        """Plays a tick both ways; returns episodes ended, seconds without and with resets.

        Raises:
          RuntimeError: the two did not do what they are compared for.
        """
        self.passed += 1
        keys = jax.random.split(jax.random.fold_in(self.key, self.passed))
        action = jax.block_until_ready(self.sample(keys[0], self.obs))
        spent, results = [0.0, 0.0], [None, None]
        for way in (0, 1) if self.passed % 2 else (1, 0):
            spent[way], results[way] = timed(self.steps[way], keys[1], self.state, action)
        (_, kept, _, plain_done), (self.obs, self.state, _, done) = results
        ended = int(done.sum())
        if int(plain_done.sum()) != ended or _count_new(kept) or _count_new(self.state) != ended:
            raise RuntimeError(f"{ended} games ended in tick {self.passed}, not so many were reset")
        return ended, *spent

    def stagger(self, age: int) -> None:
        """Plays some ticks in which each world is reset once, evenly spread."""

        @jax.jit
        def replace(mask, new, old):
            def pick(new, old):
                return jnp.where(mask.reshape(-1, *[1] * (old.ndim - 1)), new, old)

            return jax.tree.map(pick, new, old)

        begins = jnp.arange(self.batch) * age // self.batch
        fresh = self.reset(self.fresh_key)
        for tick in range(age):
            self.obs, self.state = replace(begins == tick, fresh, (self.obs, self.state))
            self.tick()


def _count_new(state) -> int:
    """Returns how many worlds are at the start of an episode."""
    return int((state.world.tick == 0).sum())


def _step(vector):
    """Returns a step of all worlds and what it makes, but for what only resets keep apart."""

    def step(key, state, action):
        obs, state, *outcome, info = vector.step(key, state, action)
        return obs, state, (outcome, info.episode), info.done

    return step


def _alone(env, block: int, key, calls: int = 10) -> tuple[float, float]:
    """Returns median seconds of a block of resets, and of its opening without observations."""
    keys, difficulty = jax.random.split(key, block), env.table.first_difficulty()
    games = jnp.arange(block) % len(env.games)

    def begin(key, game):
        return opening.begin(key, game, difficulty, env.pool, table=env.table, cfg=env.cfg)

    found = []
    for function in (lambda key, game: env.reset(key, game, difficulty), begin):
        compiled, _ = build_ahead(jax.vmap(function), keys, games)
        timed(compiled, keys, games)
        found.append(statistics.median(timed(compiled, keys, games)[0] for _ in range(calls)))
    return tuple(found)


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.resets", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--games", nargs="+", default=["all"], metavar="GAME", help="default: every game")
    add("--config", default="mini", help="preset of sizes (default: mini)")
    add("--batch", type=int, default=16, help="worlds (default: 16)")
    add("--ticks", type=int, default=64, help="ticks of a run (default: 64)")
    add("--runs", type=int, default=7, help="timed runs (default: 7)")
    add("--age", type=int, default=128, help="ticks before, which spread the ends (default: 128)")
    add("--seed", type=int, default=0)
    add("--most", type=float, default=0.1, help="largest mean cost (default: 0.1)")
    add("--json", metavar="FILE", help="write one line of JSON for each game")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        games = known_games(options.config) if options.games == ["all"] else options.games
        for game in games:
            mm.make(game.split("+"), options.config)
        with no_compilation_cache():
            costs = _measure_all(games, options, arguments)
    except ValueError as error:
        print(f"benchmarks.resets: {error}", file=sys.stderr)
        return 2
    mean = statistics.mean(costs)
    print(f"automatic reset adds {mean:.1%} to a step, mean of {len(costs)} games")
    if mean > options.most:
        print(f"that is above {options.most:.0%}")
        return 1
    return 0


def _measure_all(games, options, arguments) -> list[float]:
    on, command = machine(), report.command_line("benchmarks.resets", arguments)
    costs = []
    with open(options.json or os.devnull, "w", encoding="utf-8") as lines:
        for game in games:
            cost = measure(
                game,
                options.config,
                options.batch,
                options.ticks,
                options.runs,
                options.age,
                options.seed,
            )
            costs.append(cost)
            fields = dataclasses.asdict(cost) | cost.summary() | on | {"command": command}
            print(json.dumps(fields), file=lines, flush=True)
            print("  ".join(cost.row()), file=sys.stderr, flush=True)
    title = (
        f"cost of automatic reset, {options.runs} runs of {options.ticks} ticks; "
        f"{on['device']}, {on['cores']} cores, commit {on['commit']}"
    )
    report.show(COLUMNS, [cost.row() for cost in costs], title)
    return [cost.summary()["cost"] for cost in costs]


if __name__ == "__main__":
    sys.exit(main())
