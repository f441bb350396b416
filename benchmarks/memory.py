"""How much memory training takes: `python -m benchmarks.memory --help`.

The sizes of worlds and of the buffers of a rollout are read off the shapes of what
`agents.learners.rollout` collects, so nothing is allocated, however large. What the compiled update
needs beside them (copies, activations, gradients) only a compiler knows: with --compile it is asked
for three small sizes, which give the memory of the program itself, of each world, and of each
sequence of a minibatch; the size asked for is reckoned from these. It holds for the backend that
compiles: a GPU's temporaries differ from a CPU's.
"""

import argparse
import dataclasses
import json
import os
import sys

import jax
import numpy as np

import metammo_jax as mm
from benchmarks import report
from benchmarks.measure import machine
from benchmarks.timing import build_ahead, no_compilation_cache, tree_bytes

COLUMNS = (
    ("config", "<"), ("network", "<"), ("worlds", ">"), ("ticks", ">"), ("KB/world", ">"),
    ("B/agent seen", ">"), ("state GB", ">"), ("rollout GB", ">"), ("both GB", ">"),
    ("MB/world", ">"), ("MB/sequence", ">"), ("compiled GB", ">"),
)  # fmt: skip
"""Headings: bytes of a world's state; of what an agent observes; of all that an update reads; of
what a rollout keeps; of both. Then of the compiled update: bytes for each world, for each sequence
of a minibatch, and all it takes."""


@dataclasses.dataclass(frozen=True)
class Footprint:
    """Bytes that a run of training takes.

    Attributes:
      config: name of the preset of sizes.
      network: "lean" or "paper".
      batch: worlds.
      ticks: of a rollout.
      world: of one world's state.
      observation: of what one agent sees, its share of the entity table included.
      state: of all that an update reads: worlds, observations, memories, parameters, moments.
      rollout: of what is kept of all ticks: transitions, memories, finished episodes.
      sequences: of one world, in a minibatch.
      compiled: for some sizes (worlds, sequences of a minibatch, bytes) what the compiled update
        takes: arguments, outputs that do not overwrite them, temporaries.
    """

    config: str
    network: str
    batch: int
    ticks: int
    world: int
    observation: float
    state: int
    rollout: int
    sequences: int
    compiled: list[tuple[int, int, int]]

    @property
    def buffers(self) -> int:
        """Bytes of state and rollout: less than this it cannot be."""
        return self.state + self.rollout

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """Bytes of the compiled update: of itself, of a world, of a minibatch's sequence.

        A CPU learns from a few rows at a time, however many sequences a minibatch has: where it
        needs nothing for more of them, the solution may be a little below 0, and is taken as 0.
        """
        if not self.compiled:
            return None
        sizes = np.array(self.compiled, float)
        factors = np.column_stack([np.ones(len(sizes)), sizes[:, :2]])
        return tuple(np.maximum(np.linalg.solve(factors, sizes[:, 2]), 0.0).tolist())

    @property
    def reckoned(self) -> int | None:
        """Bytes of the compiled update at the size asked for; None if nothing was compiled."""
        if self.shares is None:
            return None
        own, of_world, of_sequence = self.shares
        return round(own + of_world * self.batch + of_sequence * self.sequences)

    def row(self) -> list[str]:
        """Returns the cells, by `COLUMNS`."""
        whole = self.reckoned
        shares = ["-"] * 2 if whole is None else [f"{share / 1e6:.2f}" for share in self.shares[1:]]
        return [
            self.config,
            self.network,
            f"{self.batch:,}",
            str(self.ticks),
            f"{self.world / 1e3:.1f}",
            f"{self.observation:,.0f}",
            *(f"{count / 1e9:.2f}" for count in (self.state, self.rollout, self.buffers)),
            *shares,
            "-" if whole is None else f"{whole / 1e9:.2f}",
        ]


def measure(cfg, worlds: int | None = None, env=None) -> Footprint:
    """Measures a run of training.

    Args:
      cfg: `agents.config.TrainConfig`.
      worlds: number for which, and for twice as many, the update is compiled; None: for none.
      env: a custom environment instead of the one that `cfg` names.

    Raises:
      ValueError: an unknown game or config, or a number that is not allowed.
    """
    from agents.learners.rollout import collect
    from agents.learners.state import init_state
    from agents.runs.training_run import assemble

    env = env or mm.make(cfg.game, config=cfg.config)
    batch, policy = assemble(cfg, env)
    state = jax.eval_shape(lambda: init_state(batch, policy, cfg))
    ticks = cfg.rollout // cfg.sequence, cfg.sequence
    _, *kept = jax.eval_shape(
        lambda key, state: collect(policy, batch, state.params, key, state.stage, *ticks),
        jax.random.key(0),
        state,
    )
    sizes = [(worlds, 1), (2 * worlds, 1), (2 * worlds, 2)] if worlds else []
    return Footprint(
        config=cfg.config,
        network=cfg.network,
        batch=cfg.num_worlds,
        ticks=cfg.rollout,
        world=tree_bytes(state.stage.state.world) // cfg.num_worlds,
        observation=round(tree_bytes(state.stage.obs) / cfg.num_worlds / env.cfg.players, 1),
        state=tree_bytes(state),
        rollout=tree_bytes(kept),
        sequences=cfg.segments // cfg.minibatches,
        compiled=[(*size, _compiled(cfg, *size, env)) for size in sizes],
    )


def most_worlds(footprint: Footprint, limit: float, step: int = 1) -> int:
    """Returns the largest number of worlds with which the compiled update fits.

    The number of minibatches stays as it is, so that a minibatch grows with the worlds.

    Args:
      footprint: measured with compiled updates.
      limit: bytes.
      step: the number is a multiple of it.
    """
    own, of_world, of_sequence = footprint.shares or (0.0, float(footprint.buffers), 0.0)
    each = of_world + of_sequence * footprint.sequences / footprint.batch
    return max(0, int((limit - own) / each) // step * step)


def _compiled(cfg, worlds: int, sequences: int, env) -> int:
    """Returns bytes of the update compiled for some worlds and sequences of a minibatch."""
    from agents.learners.state import init_state
    from agents.learners.update import make_update
    from agents.runs.training_run import assemble

    minibatches = worlds * (cfg.rollout // cfg.sequence) // sequences
    changes = {"num_worlds": worlds, "minibatches": minibatches, "devices": 1}
    cfg = dataclasses.replace(cfg, **changes)
    batch, policy = assemble(cfg, env)
    state, rate = init_state(batch, policy, cfg), np.float32(cfg.learning_rate)
    compiled, _ = build_ahead(make_update(batch, policy, cfg), state, rate)
    reported = compiled.memory_analysis()
    fresh = reported.output_size_in_bytes - reported.alias_size_in_bytes
    return reported.argument_size_in_bytes + fresh + reported.temp_size_in_bytes


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--configs", nargs="+", default=["mini", "full"], help="default: mini full")
    add("--networks", nargs="+", choices=("lean", "paper"), default=["lean"], help="default: lean")
    add("--batch", type=int, default=8192, help="worlds (default: 8192)")
    add("--rollout", type=int, default=32, help="ticks of a rollout (default: 32)")
    add("--minibatches", type=int, default=128, help="gradient steps of an epoch (default: 128)")
    add(
        "--compile",
        type=int,
        metavar="WORLDS",
        help="compile the update for so many worlds and for twice as many (2 is enough)",
    )
    add("--limit", type=float, help="GB; the exit code is 1 if a row needs more")
    add("--json", metavar="FILE", help="write one line of JSON for each row")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        with no_compilation_cache():
            found = _measure_all(options, arguments)
    except ValueError as error:
        print(f"benchmarks.memory: {error}", file=sys.stderr)
        return 2
    most = max(each.reckoned or each.buffers for each in found)
    if options.limit is not None and most > 1e9 * options.limit:
        print(f"{most / 1e9:.2f} GB is more than {options.limit:g} GB")
        return 1
    return 0


def _measure_all(options, arguments) -> list[Footprint]:
    from agents.config import PRESETS, preset

    on, command = machine(), report.command_line("benchmarks.memory", arguments)
    plan = [
        preset(
            config if config in PRESETS else "tiny",
            config=config,
            network=network,
            num_worlds=options.batch,
            rollout=options.rollout,
            minibatches=options.minibatches,
        )
        for config in options.configs
        for network in options.networks
    ]
    for cfg in plan:
        mm.make(cfg.game, cfg.config)
    found = []
    with open(options.json or os.devnull, "w", encoding="utf-8") as lines:
        for cfg in plan:
            found.append(measure(cfg, options.compile))
            more = {"buffers": found[-1].buffers, "reckoned": found[-1].reckoned}
            fields = dataclasses.asdict(found[-1]) | more | on | {"command": command}
            print(json.dumps(fields), file=lines, flush=True)
            print("  ".join(found[-1].row()), file=sys.stderr, flush=True)
    title = f"memory of training, {options.minibatches} minibatches; {on['device']}"
    report.show(COLUMNS, [each.row() for each in found], title)
    return found


if __name__ == "__main__":
    sys.exit(main())
