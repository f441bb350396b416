"""Where the time of a step goes, phase by phase: `python -m benchmarks.phases --help`.

Worlds are played to an age under random valid actions; then each phase runs alone, again and
again, on the worlds and orders of that moment, and everything it changes is written out. A phase
inside the whole step is cheaper than alone, since the compiler joins it with its neighbours; the
last lines are the whole step, with and without observations.

The floor is the time in which as many bytes as it reads and changes can be copied once, at the
speed of a large copy (`benchmarks.ceiling`).
"""

import argparse
import statistics
import sys
import time

import jax

import metammo_jax as mm
from benchmarks.ceiling import measure_ceilings
from benchmarks.measure import machine
from benchmarks.report import show
from metammo_jax import tick
from metammo_jax.games import lifecycle
from metammo_jax.tasks import progress

CALLS = 10
"""Calls that are timed together."""


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.phases", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--game", default="team_battle", help="name (default: team_battle)")
    add("--config", default="mini", help="preset of sizes (default: mini)")
    add("--batch", type=int, default=16, help="worlds (default: 16)")
    add("--age", type=int, default=24, help="ticks played before (default: 24)")
    add("--runs", type=int, default=7, help="timed runs of each phase (default: 7)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        env = mm.make(options.game, config=options.config)
    except ValueError as error:
        print(f"benchmarks.phases: {error}", file=sys.stderr)
        return 2
    moment = play_to(env, options.batch, options.age)
    rows, bandwidth = [], measure_ceilings(side=64).bandwidth
    for name, function, args in parts(env, moment):
        spent, touched = timed(function, args, options.runs)
        each = [1e6 * seconds / options.batch for seconds in (spent, touched / bandwidth)]
        rows.append([name, *(f"{micros:.1f}" for micros in each)])
        print("  ".join(rows[-1]), file=sys.stderr, flush=True)
    on = machine()
    title = (
        f"{options.game} {options.config}, {options.batch} worlds at tick {options.age}; "
        f"jax {on['jax']}, {on['device']}, {on['cores']} cores, commit {on['commit']}"
    )
    show((("phase", "<"), ("us/world", ">"), ("floor", ">")), rows, title)
    return 0


def play_to(env, batch: int, age: int):
    """Returns keys, worlds before and after NPCs decided, actions and orders of a tick."""

    def choose(key, obs, world):
        keys = jax.random.split(key)
        action = env.sample(keys[0], obs)
        decided, orders = tick.give_orders(keys[1], world, action, env.cfg)
        return action, decided, orders

    def step(key, obs, world):
        _, decided, orders = choose(key, obs, world)
        world = env.play(key, decided, orders)[0]
        return env.observe(world), world

    keys = jax.random.split(jax.random.key(0), batch)
    obs, world = jax.jit(jax.vmap(env.reset))(keys)
    step = jax.jit(jax.vmap(step))
    for passed in range(age):
        keys = jax.random.split(jax.random.key(passed + 1), batch)
        obs, world = step(keys, obs, world)
    action, decided, orders = jax.jit(jax.vmap(choose))(keys, obs, world)
    return keys, world, decided, action, orders


def parts(env, moment):
    """Yields name, function and arguments of all that is timed."""
    cfg, (keys, world, decided, action, orders) = env.cfg, moment
    yield "nothing", lambda key: jax.random.key_data(key), (keys,)
    yield "decide", lambda k, w, a: tick.give_orders(k, w, a, cfg)[1], (keys, world, action)
    for phase in tick.PHASES:
        if phase.system is None or phase.system in cfg.systems:
            yield phase.name, _changed(phase.run, cfg), (keys, decided, orders)
    after = _changed(lambda k, w, o, c: lifecycle.after_tick(k, w, env.table, c), cfg)
    yield "lifecycle.after_tick", after, (keys, decided, orders)
    players = slice(0, cfg.players)
    yield (
        "tasks.progress.evaluate",
        lambda w: progress.evaluate(w, w.body.present[players], env.table, cfg)[1],
        (world,),
    )
    yield "observe", env.observe, (world,)
    yield "whole step, no observations", lambda k, w, o: env.play(k, w, o), (keys, decided, orders)
    yield "whole step", env.step, (keys, world, action)


def _changed(phase, cfg):
    """Returns the phase as a function of what it changes."""

    def run(key, world, orders):
        new = phase(key, world, orders, cfg)
        pairs = zip(jax.tree.leaves(new), jax.tree.leaves(world), strict=True)
        return [leaf for leaf, old in pairs if leaf is not old]

    return run


def timed(function, args, runs: int) -> tuple[float, int]:
    """Returns the median of the seconds that a call for the whole batch takes, and its bytes.

    These are of the arguments that it reads, and of its results.
    """
    compiled = jax.jit(jax.vmap(function)).lower(*args).compile()
    jax.block_until_ready(compiled(*args))
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(CALLS):
            out = compiled(*args)
        jax.block_until_ready(out)
        seconds.append((time.perf_counter() - start) / CALLS)
    memory = compiled.memory_analysis()
    return statistics.median(seconds), memory.argument_size_in_bytes + memory.output_size_in_bytes


if __name__ == "__main__":
    sys.exit(main())
