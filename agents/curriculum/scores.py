"""Scores of episodes, from the advantages of rollouts. Axes: L ticks, B worlds, P players."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node

from ..config import TrainConfig


@struct.dataclass
class Running(Node):
    """What is known of the episodes that go on.

    Attributes:
      surplus: (B,) float32, sum over living agent-steps of what is scored.
      steps: (B,) int32, how many there were.
    """

    surplus: jax.Array
    steps: jax.Array


def start_running(worlds: int) -> Running:
    """Returns the sums of `worlds` worlds at the start of an episode, (B,) each."""
    return Running(jnp.zeros(worlds, jnp.float32), jnp.zeros(worlds, jnp.int32))


def score_episodes(
    running: Running, advantage: jax.Array, alive: jax.Array, done: jax.Array, cfg: TrainConfig
) -> tuple[Running, jax.Array]:
    """Returns what is known after a rollout, and the scores of the episodes that ended in it.

    A score is the mean over all living agent-steps of the episode, those of earlier rollouts too:
    of max(advantage, 0), the positive value loss, or of abs(advantage), by
    `TrainConfig.level_score`.

    Args:
      running: before.
      advantage: (L, B, P) float32.
      alive: (L, B, P) bool, who acted and learns.
      done: (L, B) bool, the episode ended with the tick.
      cfg: options.

    Returns:
      running, and scores (L, B) float32, which mean something where `done` is set.
    """
    is_positive = cfg.level_score == "positive"
    part = jnp.maximum(advantage, 0.0) if is_positive else jnp.abs(advantage)
    surplus = jnp.where(alive, part, 0.0).sum(axis=-1)

    def tick(running, now):
        surplus, steps, done = now
        total = Running(running.surplus + surplus, running.steps + steps)
        score = total.surplus / jnp.maximum(total.steps, 1).astype(jnp.float32)
        kept = jax.tree.map(lambda leaf: jnp.where(done, 0, leaf).astype(leaf.dtype), total)
        return kept, score

    steps = alive.sum(axis=-1, dtype=jnp.int32)
    return jax.lax.scan(tick, running, (surplus, steps, done))
