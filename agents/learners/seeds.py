"""Training of several seeds in one compiled program, which updates their states in turn.

States have a leading axis of seeds, which is sharded over devices. A device updates its seeds one
after another (`jax.lax.map`): the length of loops in an update depends on the living players, and
under `vmap` each seed would take as long as the slowest. Each seed gives the same result as alone.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec as Spec

from ..config import TrainConfig
from ..parallel import meshes
from ..parallel.meshes import SEED_AXIS, WORLD_AXIS
from ..policy import Policy
from .algorithms import get_learner
from .state import make_shard_init, seed_words
from .update import make_shard_update


def make_init(
    batch, policy: Policy, options: Sequence[TrainConfig], mesh: jax.sharding.Mesh
) -> tuple[Callable, np.ndarray]:
    """Returns the jitted function that creates the initial states, and its argument.

    Args:
      batch: the worlds of one seed, a `metammo_jax.VectorEnv` or compatible.
      policy: to be trained.
      options: of each seed; they differ in the seed alone.
      mesh: of `meshes.make_seed_mesh`.
    """
    fresh = make_shard_init(batch.shard(WORLD_AXIS, 1), policy, options[0])

    def all_fresh(words):
        return jax.lax.map(fresh, words)

    words = np.stack([seed_words(cfg) for cfg in options])
    return jax.jit(meshes.shard_map(all_fresh, mesh, Spec(SEED_AXIS), Spec(SEED_AXIS))), words


def make_update(
    batch, policy: Policy, cfg: TrainConfig, mesh: jax.sharding.Mesh, algorithm=None
) -> Callable:
    """Returns the jitted update of all seeds.

    Args:
      batch: the worlds of a seed.
      policy: to be trained.
      cfg: options of all.
      mesh: of `meshes.make_seed_mesh`.
      algorithm: the custom algorithm where `cfg.algorithm` is "own"; see `algorithms.Algorithm`.

    Returns:
      update(states, learning_rates, goes_on) -> states, metrics: `TrainState` with a leading axis
      of S seeds, whose old arrays are donated; (S,) float32; (S,) bool, False for seeds that are
      not updated, whose metrics are undefined. Metrics are those of `update.make_update`
      with a leading axis S.
    """
    learner, games = get_learner(cfg, algorithm), len(batch.env.games)
    update = jax.jit(make_shard_update(batch.shard(WORLD_AXIS, 1), policy, cfg, games, learner))

    def one(arguments):
        state, rate, goes_on = arguments
        metrics = jax.eval_shape(update, state, rate)[1]

        def idle():
            return state, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), metrics)

        return jax.lax.cond(goes_on, lambda: update(state, rate), idle)

    def every(states, rates, goes_on):
        return jax.lax.map(one, (states, rates, goes_on))

    whole = meshes.shard_map(every, mesh, Spec(SEED_AXIS), Spec(SEED_AXIS))
    return jax.jit(whole, donate_argnums=0)
