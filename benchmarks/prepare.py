"""Workloads, compiled and with initial worlds, ready for repeated runs.

With several devices each plays its share of the worlds and reduces what it made; only the totals
are added up. In workload "valid", and where a policy plays, the worlds are then the same as on
one device; in "moves" each device draws with a key of its own.
"""

import jax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as Spec

import metammo_jax as mm
from benchmarks import workloads
from benchmarks.timing import build_ahead, timed

AXIS = "worlds"
"""Name of the mesh axis."""


def prepare(env, labels: dict, key):
    """Prepares a measurement.

    Args:
      env: the environment.
      labels: `workload`, `row`, `game`, `config`, `batch`, `ticks` and `shards`, as in
        `measure.Measurement`.
      key: of the first worlds.

    Returns:
      run(key) -> seconds and totals; the compiled function; seconds to trace and to compile it.
    """
    if labels["row"] == workloads.POLICY:
        return _policy(env, labels, key)
    return {"moves": _moves, "valid": _valid}[labels["workload"]](env, labels, key)


def _moves(env, labels: dict, key):
    """Prepares workload "moves": every run plays fresh worlds, made before the clock starts."""
    batch, share = labels["batch"], Share(labels["shards"])
    reset = share.make(lambda key: jax.vmap(env.reset)(jax.random.split(key, batch))[1])
    play = workloads.play_moves(env, labels["ticks"], labels["row"])

    def own(key, worlds):
        if share.mesh:
            key = jax.random.fold_in(key, jax.lax.axis_index(AXIS))
        return (play(key, worlds),)

    compiled, build = build_ahead(share.play(own, 1, 0), key, reset(key))

    def run(key):
        reset_key, play_key = jax.random.split(key)
        worlds = jax.block_until_ready(reset(reset_key))
        spent, (total,) = timed(compiled, play_key, worlds)
        return spent, total

    return run, compiled, build


def _valid(env, labels: dict, key):
    """Prepares workload "valid": runs go on from one another, so that episodes drift apart."""
    share, vector = Share(labels["shards"]), mm.vectorize(env, labels["batch"])
    carry = share.make(vector.reset)(key)
    play = workloads.play_valid(share.of(vector), labels["ticks"], labels["row"])
    compiled, build = build_ahead(share.play(play, 2, 2), key, *carry)

    def run(key):
        nonlocal carry
        spent, (*carry, total) = timed(compiled, key, *share.place(carry))
        return spent, total

    return run, compiled, build


def _policy(env, labels: dict, key):
    """Prepares row "step + policy": the lean network of `agents`, as it is before it learns.

    Runs start from new worlds or continue, by the workload.
    """
    from agents.config import PRESETS, preset
    from agents.learners.rollout import begin_rollout
    from agents.runs.training_run import assemble

    config, share = labels["config"], Share(labels["shards"])
    options = dict(game=labels["game"].split("+"), config=config, num_worlds=labels["batch"])
    name = config if config in PRESETS else "tiny"
    vector, policy = assemble(preset(name, minibatches=1, **options), env)
    fresh = share.make(lambda key: begin_rollout(policy, vector, key))
    begin_key, init_key = jax.random.split(key)
    stage = fresh(begin_key)
    params = jax.jit(policy.init)(init_key, jax.tree.map(lambda leaf: leaf[:1], stage.obs))
    play = workloads.play_policy(policy, share.of(vector), labels["ticks"])
    compiled, build = build_ahead(share.play(play, 1, 1), key, stage, params)

    def run(key):
        nonlocal stage
        begin_key, play_key = jax.random.split(key)
        if labels["workload"] == "moves":
            stage = fresh(begin_key)
        spent, (stage, total) = timed(compiled, play_key, share.place(stage), params)
        return spent, total

    return run, compiled, build


class Share:
    """Sharding of worlds over devices.

    Attributes:
      mesh: of the devices; None for one device, without sharding.
    """

    def __init__(self, count: int):
        """Makes the mesh.

        Raises:
          ValueError: there are not so many devices.
        """
        found = jax.devices()
        if count > len(found):
            raise ValueError(f"devices={count} is more than the {len(found)} that jax uses")
        self.mesh = None
        if count > 1:
            kinds = (AxisType.Auto,)
            self.mesh = jax.make_mesh((count,), (AXIS,), axis_types=kinds, devices=found[:count])

    def of(self, vector: mm.VectorEnv) -> mm.VectorEnv:
        """Returns the worlds of one device."""
        return vector.shard(AXIS, self.mesh.size) if self.mesh else vector

    @property
    def where(self) -> NamedSharding | None:
        """Where worlds lie; None: where jax puts them."""
        return NamedSharding(self.mesh, Spec(AXIS)) if self.mesh else None

    def make(self, function):
        """Returns a jitted function that makes worlds, or what belongs to each of them."""
        return jax.jit(function, out_shardings=self.where)

    def place(self, tree):
        """Returns worlds where they belong, which arrays without elements may have left."""
        return jax.block_until_ready(jax.device_put(tree, self.where) if self.mesh else tree)

    def play(self, function, given: int, kept: int):
        """Returns a function of all worlds.

        Args:
          function: (key, what belongs to the worlds ..., more) -> what belongs to the worlds ...,
            totals.
          given: number of arguments that belong to the worlds.
          kept: number of results that do.
        """
        if not self.mesh:
            return function

        def own(*args):
            *made, total = function(*args)
            return *made, jax.lax.psum(total, AXIS)

        def sharded(key, *args):
            worlds, rest = (Spec(AXIS),) * given, (Spec(),) * (len(args) - given)
            outcome = (Spec(AXIS),) * kept + (Spec(),)
            return jax.shard_map(
                own,
                mesh=self.mesh,
                in_specs=(Spec(), *worlds, *rest),
                out_specs=outcome,
                check_vma=False,
            )(key, *args)

        return sharded
