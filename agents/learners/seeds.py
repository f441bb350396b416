"""Several seeds at once: one compiled program that updates the state of each in turn.

States have a leading axis of seeds, which is sharded over devices. A device goes through its
seeds one by one (`jax.lax.map`): an update has loops as long as there are living players, and
vectorized over seeds each would take as long as the longest. Every seed learns what it would
learn alone.
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
    """Returns a jitted function, and the words for which it returns the first states.

    Args:
      batch: the worlds of a seed, `metammo_jax.VectorEnv` or alike.
      policy: what learns.
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
      policy: what learns.
      cfg: options of all.
      mesh: of `meshes.make_seed_mesh`.
      algorithm: one's own, where `cfg.algorithm` is "own"; see `algorithms.Algorithm`.

    Returns:
      update(states, learning_rates, goes_on) -> states, metrics: `TrainState` with S seeds in
      front, whose old arrays are given up; (S,) float32; (S,) bool, false for seeds whose state
      stays as it is, of which the metrics mean nothing. Metrics are those of `update.make_update`
      with S in front.
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
