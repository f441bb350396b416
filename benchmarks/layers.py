"""What each layer of the lean network costs: `python -m benchmarks.layers --help`.

Rows, of an agent and a tick each, are as an update works on them: some blocks of players, some
ticks, lists of those in sight cut to a length. Each layer runs alone, forward, and forward and
backward to its parameters and its inputs. Numbers of operations and bytes are those that XLA
counts in the compiled program; a layer inside the whole is cheaper than alone, since what it reads
need not be written out first.
"""

import argparse
import statistics
import sys

import jax
import jax.numpy as jnp

import metammo_jax as mm
from agents.config import PRESETS, preset
from agents.networks import packing
from agents.networks.distributions import entropy, log_prob, mask_logits
from agents.networks.encoders import message_features, own_features, pair_features
from agents.networks.tiles import tile_features
from agents.policy import make_policy, noop_choice, shorten_lists
from benchmarks import timing
from benchmarks.measure import machine
from benchmarks.report import show

COLUMNS = tuple((name, ">") for name in (
    "parameters", "kFLOP", "with gradient", "bytes", "with gradient ", "us", "with gradient  ",
))  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.layers", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--game", default="team_battle", help="name (default: team_battle)")
    add("--config", default="mini", help="preset of sizes (default: mini)")
    add("--crowd", type=int, help="length of lists of those in sight (default: the shortest)")
    add("--rows", type=int, default=256, help="rows worked on at a time (default: 256)")
    add("--runs", type=int, default=50, help="timed runs of each layer (default: 50)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        env = mm.make(options.game, config=options.config)
    except ValueError as error:
        print(f"benchmarks.layers: {error}", file=sys.stderr)
        return 2
    name = options.config if options.config in PRESETS else "tiny"
    cfg = preset(name, game=options.game, config=options.config)
    crowd = options.crowd or packing.list_bounds(env.cfg.visible_rows)[0]
    rows, lines = LayerInputs(env, cfg, options.rows, crowd), []
    for label, function, trained, fixed in rows.layers():
        cells = measured(function, trained, fixed, rows.count, options.runs)
        lines.append([label, *cells])
        print("  ".join(lines[-1]), file=sys.stderr, flush=True)
    on = machine()
    title = (
        f"{options.game} {options.config}, lists of {crowd}, {rows.count} rows, for each of them; "
        f"jax {on['jax']}, {on['device']}, {on['cores']} cores, commit {on['commit']}"
    )
    show((("layer", "<"), *COLUMNS), lines, title)
    return 0


class LayerInputs:
    """Rows of living agents at the start of episodes, and the layers that work on them.

    Attributes:
      policy: of the network that the options ask for.
      params: of the network.
      obs: observations (N, ...) of blocks of players, a block and a tick each.
      who: (N, A) int32.
      ticks: S.
      count: how many rows there are.
    """

    def __init__(self, env, cfg, rows: int, crowd: int):
        self.policy, self.ticks = make_policy(cfg, env.cfg), cfg.sequence
        size = packing.block_size(env.cfg.players)
        blocks = max(1, rows // (size * self.ticks)) * self.ticks
        self.count = blocks * size
        obs, _ = jax.jit(jax.vmap(env.reset))(jax.random.split(jax.random.key(0), blocks))
        self.params = self.policy.init(jax.random.key(1), obs)
        place = packing.Blocks(
            jnp.arange(blocks),
            jnp.broadcast_to(jnp.arange(size)[None], (blocks, size)),
            jnp.ones(blocks, bool),
        )
        self.who = place.who
        self.obs = shorten_lists(packing.gather(obs, place, env.cfg.players), crowd)

    def layers(self):
        """Yields name, function of what is trained and what is not, and both arguments."""
        network, obs, who, params = self.policy.network, self.obs, self.who, self.params

        def call(layer, *given):
            each = jax.vmap(lambda *one: network.apply(params, *one, method=layer))
            return each(*given)

        def features(of):
            return lambda _, given: jax.vmap(lambda o, w: of(o, w, network.scales))(*given)

        own = jax.jit(features(own_features))((), (obs, who))
        yield "own features", features(own_features), (), (obs, who)
        yield "words heard", features(message_features), (), (obs, who)
        yield "features of those in sight", features(pair_features), (), (obs, who)
        yield "features of tiles", lambda _, o: jax.vmap(tile_features)(o), (), obs
        yield from self._trained(network, own, call)

    def _trained(self, network, own, call):
        obs, who, params = self.obs, self.who, self.params

        def apply(method):
            def run(trained, fixed):
                one = lambda *g: network.apply(trained[0], *g, method=method)  # noqa: E731
                return jax.vmap(one)(*trained[1:], *fixed)

            return run

        def entities(m, own, o, w):
            return m.entities(o, w, own, m.scales)

        def encode(m, o, w):
            return m.encode(o, w)

        yield "embeddings, attention", apply(entities), (params, own), (obs, who)
        yield "all that is encoded", apply(encode), (params,), (obs, who)
        inputs, seen = jax.jit(apply(encode))((params,), (obs, who))
        yield "core", self._core, (params, inputs), ()
        yield "heads, value", apply(lambda m, h, *s: m.decide(h, s)), (params, inputs, *seen), ()
        logits, _ = jax.jit(apply(lambda m, h, *s: m.decide(h, s)))((params, inputs, *seen), ())
        yield "choice", self._choice, (logits,), (obs, who)
        yield "all", self._all, (params,), (obs, who)

    def _core(self, trained, _):
        params, inputs = trained
        network = self.policy.network
        project = network.apply(params, inputs, method="project")
        ticks = project.reshape(self.ticks, -1, *project.shape[1:])

        def tick(memory, now):
            return network.apply(params, memory, now, method="recur")

        return jax.lax.scan(tick, network.initial(ticks.shape[1:-1]), ticks)[1]

    def _choice(self, trained, fixed):
        logits = mask_logits(trained[0], jax.vmap(self.policy.legal)(*fixed))
        return log_prob(logits, noop_choice(fixed[0])), entropy(logits)

    def _all(self, trained, fixed):
        def ticks(leaf):
            return leaf.reshape(self.ticks, -1, *leaf.shape[1:])

        obs, who = jax.tree.map(ticks, fixed)
        fresh = jnp.zeros(who.shape, bool)
        memory = self.policy.initial(*who.shape[1:])
        logits, value, _ = self.policy.unroll(trained[0], obs, who[0], memory, fresh)
        return log_prob(logits, noop_choice(obs)), entropy(logits), value


def measured(function, trained, fixed, rows: int, runs: int) -> list[str]:
    """Returns the cells of a line, of each row: see `COLUMNS`."""

    def loss(trained, fixed):
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(function(trained, fixed)))

    programs = [jax.jit(function), jax.jit(jax.value_and_grad(loss))]
    reported = [timed(program, trained, fixed, runs) for program in programs[: 2 if trained else 1]]
    reported += [reported[0]] * (2 - len(reported))
    used = _used(loss, trained, fixed)
    (flop, touched, spent), (flop_back, touched_back, spent_back) = reported
    return [
        f"{used:,}",
        f"{flop / rows / 1e3:.1f}",
        f"{flop_back / rows / 1e3:.1f}",
        f"{touched / rows:,.0f}",
        f"{touched_back / rows:,.0f}",
        f"{1e6 * spent / rows:.2f}",
        f"{1e6 * spent_back / rows:.2f}",
    ]


def _used(loss, trained, fixed) -> int:
    """Returns how many parameters the function depends on."""
    if not (trained and isinstance(trained[0], dict)):
        return 0
    slope = jax.jit(jax.grad(loss))(trained, fixed)[0]
    leaves = jax.tree.leaves(slope)
    return sum(leaf.size for leaf in leaves if bool(jnp.any(leaf != 0)))


def timed(program, trained, fixed, runs: int) -> tuple[float, float, float]:
    """Returns operations and bytes of a program, and the first quartile of its seconds."""
    compiled, _ = timing.build_ahead(program, trained, fixed)
    timing.timed(compiled, trained, fixed)
    seconds = [timing.timed(compiled, trained, fixed)[0] for _ in range(runs)]
    costs = compiled.cost_analysis()
    return costs["flops"], costs["bytes accessed"], statistics.quantiles(seconds, n=4)[0]


if __name__ == "__main__":
    sys.exit(main())
