"""Counts the turns of loops of unknown length: `python -m benchmarks.loops --help`.

A batch turns each loop until its slowest world is through, and a GPU's host waits for the device at
every turn. This plays random valid actions on the CPU with the programs that other devices get, and
counts for each loop how many turns the slowest of the first 16, 1,024, ... worlds needs.
"""

import argparse
import contextlib
import functools
import inspect
import json
import pathlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

import metammo_jax as mm
from benchmarks import report
from benchmarks.measure import machine
from metammo_jax.lib import backend, loops

PACKAGE = pathlib.Path(mm.__file__).parent


@contextlib.contextmanager
def counted(record: Callable[[str, np.ndarray], None]) -> Iterator[None]:
    """Context in which every traced `lib.loops.while_any` reports its number of iterations.

    Args:
      record: called with the loop's name and its turns, (B,) int32 of the worlds of a batch, each
        time that it has ended. A world that is through waits for the others without turning.
    """
    original = loops.while_any

    def while_any(goes_on, body, state, *, usual=0):  # without asking `usual` times
        name = _place()

        def turn(carry):
            return carry[0] + 1, body(*carry)

        start = jnp.int32(0), jax.tree.map(jnp.asarray, state)
        turns, result = jax.lax.while_loop(lambda carry: goes_on(*carry), turn, start)

        def report(turns):
            record(name, turns)
            return np.zeros_like(turns)

        nought = jax.pure_callback(report, turns, turns, vmap_method="expand_dims")
        return jax.tree.map(lambda leaf: leaf + nought.astype(leaf.dtype), result)

    loops.while_any = while_any
    try:
        yield
    finally:
        loops.while_any = original


def _place() -> str:
    """Returns the functions of the package that call the loop, up to one that is not in `lib/`."""
    names = []
    for frame in inspect.stack()[2:]:
        path = pathlib.Path(frame.filename)
        if PACKAGE not in path.parents:
            continue
        names.append(
            f"{path.stem if path.stem != '__init__' else path.parent.name}.{frame.function}"
        )
        if path.parent.name != "lib":
            break
    return " < ".join(names)


class Turns:
    """Turns of each loop, of the slowest among the first worlds of a batch.

    Attributes:
      sizes: how many worlds, several numbers.
      by_loop: by name of a loop, a row (sizes,) of int32 each time that it ended.
    """

    def __init__(self, sizes: tuple[int, ...]):
        self.sizes = sizes
        self.by_loop: dict[str, list[np.ndarray]] = defaultdict(list)

    def record(self, name: str, turns: np.ndarray) -> None:
        """Notes the turns (B,) of a loop."""
        turns = np.asarray(turns).reshape(-1)
        if len(turns) == max(self.sizes):
            self.by_loop[name].append(np.array([turns[:size].max() for size in self.sizes]))

    def rows(self, ticks: int) -> Iterator[dict]:
        """Returns for each loop and size: turns in a tick, on average, and in one call."""
        for name, turns in sorted(self.by_loop.items()):
            for size, column in zip(self.sizes, np.array(turns).T, strict=True):
                yield {
                    "loop": name,
                    "worlds": size,
                    "calls_per_tick": round(len(column) / ticks, 2),
                    "turns_per_tick": round(float(column.sum()) / ticks, 2),
                    "turns_per_call_median": float(np.median(column)),
                    "turns_per_call_95": float(np.quantile(column, 0.95)),
                    "turns_per_call_most": int(column.max()),
                }


def count(game: list[str], config: str, sizes: tuple[int, ...], ticks: int) -> list[dict]:
    """Plays `ticks` of fresh episodes and returns the rows of `Turns.rows`.

    Raises:
      ValueError: a name is unknown, or a size is less than 1.
    """
    if not sizes or min(sizes) < 1 or ticks < 1:
        raise ValueError(f"worlds={sizes} and ticks={ticks} must be 1 or more")
    env, turns = mm.make(game, config), Turns(tuple(sorted(sizes)))
    batch = mm.vectorize(env, max(sizes))
    obs, state = jax.jit(batch.reset)(jax.random.key(0))

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def tick(obs, world, key):
        act_key, step_key = jax.random.split(key)
        action = batch.sample(act_key, obs)
        keys = jax.random.split(step_key, max(sizes))
        return jax.vmap(env.step)(keys, world, action)[:2]

    with backend.assumed("gpu"), counted(turns.record):
        world = state.world
        for key in jax.random.split(jax.random.key(1), ticks):
            obs, world = tick(obs, world, key)
        jax.block_until_ready(world)
    return list(turns.rows(ticks))


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loops", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--games", nargs="+", default=["survive"], metavar="GAME", help="mixed in the batch")
    add("--config", default="mini", help="preset of sizes (default: mini)")
    add("--worlds", nargs="+", type=int, default=[16, 1024, 8192], help="batch sizes to report")
    add("--ticks", type=int, default=64, help="of fresh episodes (default: 64)")
    add("--json", metavar="FILE", help="write one line of JSON for each loop and size")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        rows = count(options.games, options.config, tuple(options.worlds), options.ticks)
    except ValueError as error:
        print(f"benchmarks.loops: {error}", file=sys.stderr)
        return 2
    for row in rows:
        print("  ".join(f"{value:>9}" for value in list(row.values())[1:]), row["loop"])
    if options.json:
        command = report.command_line("benchmarks.loops", arguments)
        shared = machine() | {
            "command": command,
            "config": options.config,
            "games": "+".join(options.games),
            "ticks": options.ticks,
        }
        with open(options.json, "w") as file:
            file.writelines(json.dumps(row | shared) + "\n" for row in rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
