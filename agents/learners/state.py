"""The state of training, and its initialization.

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
from ..parallel.meshes import WORLD_AXIS
from ..policy import Policy
from . import pool as pools
from .rollout import RolloutState, begin_rollout

ADAM_EPSILON = 1e-5


@struct.dataclass
class TrainState(Node):
    """State of training: what an update changes, and a checkpoint stores.

    Attributes:
      params: of the policy.
      moments: state of the optimizer.
      stage: state of the worlds, their difficulty, and the agents' memory.
      key: () key.
      pool: past selves; None without them.
      curriculum: success rates of games and scores of levels, `agents.curriculum.Curriculum`; None
        where the share of each game is fixed.
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
        """All but the parameters, by name: what a checkpoint stores to resume training."""
        parts = {name: getattr(self, name) for name in ("moments", "stage", "key")}
        some = {name: getattr(self, name) for name in ("pool", "curriculum", "running")}
        return parts | {name: part for name, part in some.items() if part is not None}

    def with_params(self, params, cfg: TrainConfig) -> "TrainState":
        """Returns the state with other parameters, and a pool that holds them."""
        return self.replace(params=params, pool=pools.make_pool(cfg, params))


_SPECS: dict[str, Any] = dict(
    params=Spec(),
    moments=Spec(),
    stage=Spec(WORLD_AXIS),
    key=Spec(),
    pool=Spec(),
    curriculum=Spec(),
    running=Spec(WORLD_AXIS),
)
SPECS = TrainState(**_SPECS)
"""Partition specs of the state: worlds are sharded over devices, all else is replicated."""


def init_state(batch, policy: Policy, cfg: TrainConfig, mesh=None) -> TrainState:
    """Returns the state before the first update; arguments as of `update.make_update`."""
    fresh, seed = make_init(batch, policy, cfg, mesh)
    return fresh(seed)


def make_init(batch, policy: Policy, cfg: TrainConfig, mesh=None) -> tuple[Callable, np.ndarray]:
    """Returns the jitted function that creates the initial state, and its argument, the seed."""
    mesh = mesh or meshes.make_mesh(cfg)
    fresh = make_shard_init(batch.shard(WORLD_AXIS, mesh.size), policy, cfg)
    return jax.jit(meshes.shard_map(fresh, mesh, Spec(), SPECS)), seed_words(cfg)


def make_shard_init(part, policy: Policy, cfg: TrainConfig) -> Callable:
    """Returns a function from `seed_words` to the initial state of one device's shard of worlds."""

    @narrow
    def fresh(seed):
        key, world_key, param_key = jax.random.split(jax.random.wrap_key_data(seed), 3)
        stage = begin_rollout(policy, part, world_key, cfg.past_selves)
        params = policy.init(param_key, stage.obs)
        past = pools.make_pool(cfg, params)
        own = curricula.start(cfg, part)
        state = TrainState(params, make_optimizer(cfg).init(params), stage, key, past, *own)
        return jax.tree.map(_strongly_typed, state)

    return fresh


def seed_words(cfg: TrainConfig) -> np.ndarray:
    """Returns a run's seed as an array (2,) uint32, an argument of the compiled program."""
    with jax.ensure_compile_time_eval():
        return np.asarray(jax.random.key_data(checks.key_of_seed(cfg.seed)))


def _strongly_typed(leaf):
    """Returns the array with a strong dtype, without which the update would be compiled twice."""
    return (
        leaf if jnp.issubdtype(leaf.dtype, jax.dtypes.extended) else jnp.asarray(leaf, leaf.dtype)
    )


def make_optimizer(cfg: TrainConfig) -> optax.GradientTransformation:
    """Returns Adam after clipping of gradients by their global norm.

    Its learning rate is part of its state: `optax.tree_utils.tree_set(state, learning_rate=...)`.
    """

    @optax.inject_hyperparams
    def adam(learning_rate):
        return optax.chain(
            optax.clip_by_global_norm(cfg.max_grad_norm),
            optax.adam(learning_rate, eps=ADAM_EPSILON),
        )

    return adam(cfg.learning_rate)
