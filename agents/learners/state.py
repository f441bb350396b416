"""The state of a run, and how it begins.

Worlds are sharded over the devices of a mesh (`agents.parallel.meshes`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from jax.sharding import PartitionSpec as Spec

from metammo_jax.lib import checks
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Node

from .. import curriculum as curricula
from ..config import TrainConfig
from ..parallel import meshes
from ..parallel.meshes import AXIS
from ..policy import Policy
from . import pool as pools
from .rollout import RolloutState, begin

ADAM_EPSILON = 1e-5


@struct.dataclass
class TrainState(Node):
    """All that an update reads and writes; what a checkpoint holds.

    Attributes:
      params: of the policy.
      moments: of the optimizer.
      stage: worlds, their difficulty, and where the agents stand.
      key: () key.
      pool: past selves; None where none takes part.
      curriculum: what was learnt of games and levels, `agents.curriculum.Curriculum`; None where
        the share of each game is fixed.
      running: scores (B,) of the episodes that go on, `agents.curriculum.Running`; None where no
        level is scored.
    """

    params: Any
    moments: Any
    stage: RolloutState
    key: jax.Array
    pool: pools.Pool | None = None
    curriculum: curricula.Curriculum | None = None
    running: curricula.Running | None = None

    @property
    def trainer(self) -> dict[str, Any]:
        """All but the parameters, by name: what a checkpoint holds to train on."""
        parts = {name: getattr(self, name) for name in ("moments", "stage", "key")}
        some = {name: getattr(self, name) for name in ("pool", "curriculum", "running")}
        return parts | {name: part for name, part in some.items() if part is not None}

    def begun_with(self, params, cfg: TrainConfig) -> "TrainState":
        """Returns the state of a run that begins with other parameters."""
        return self.replace(params=params, pool=pools.start(cfg, params))


_SPECS: dict[str, Any] = dict(
    params=Spec(), moments=Spec(), stage=Spec(AXIS), key=Spec(), pool=Spec(),
    curriculum=Spec(), running=Spec(AXIS),
)  # fmt: skip
SPECS = TrainState(**_SPECS)
"""Partition specs of the state: worlds are sharded over devices, all else is replicated."""


def start(batch, policy: Policy, cfg: TrainConfig, mesh=None) -> TrainState:
    """Returns the state before the first update; arguments as of `update.make_update`."""
    fresh, seed = make_start(batch, policy, cfg, mesh)
    return fresh(seed)


def make_start(batch, policy: Policy, cfg: TrainConfig, mesh=None) -> tuple[Callable, np.ndarray]:
    """Returns a jitted function, and the seed for which it returns the state of `start`."""
    mesh = mesh or meshes.make(cfg)
    fresh = fresh_state(batch.shard(AXIS, mesh.size), policy, cfg)
    return jax.jit(meshes.shard_map(fresh, mesh, Spec(), SPECS)), seed_words(cfg)


def fresh_state(part, policy: Policy, cfg: TrainConfig) -> Callable:
    """Returns a function of `seed_words`: the first state, with a device's part of the worlds."""

    @narrow
    def fresh(seed):
        key, world_key, param_key = jax.random.split(jax.random.wrap_key_data(seed), 3)
        stage = begin(policy, part, world_key, cfg.past_selves)
        params = policy.init(param_key, stage.obs)
        past = pools.start(cfg, params)
        own = curricula.start(cfg, part)
        state = TrainState(params, optimizer_of(cfg).init(params), stage, key, past, *own)
        return jax.tree.map(_strong, state)

    return fresh


def seed_words(cfg: TrainConfig) -> np.ndarray:
    """Returns (2,) uint32, a run's seed as an argument: another seed runs the same program."""
    with jax.ensure_compile_time_eval():
        return np.asarray(jax.random.key_data(checks.key_of_seed(cfg.seed)))


def _strong(leaf):
    """The same array with a type of its own, which a second compilation would else give it."""
    return (
        leaf if jnp.issubdtype(leaf.dtype, jax.dtypes.extended) else jnp.asarray(leaf, leaf.dtype)
    )


def optimizer_of(cfg: TrainConfig) -> optax.GradientTransformation:
    """Returns Adam without its learning rate, of gradients that are cut to a global norm."""
    return optax.chain(
        optax.clip_by_global_norm(cfg.max_grad_norm), optax.scale_by_adam(eps=ADAM_EPSILON)
    )
