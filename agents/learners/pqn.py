"""Parallelized Q-learning (PQN): Q(lambda) on rollouts of many worlds, without a replay buffer.

The value of a choice is that of its state, minus the gap of each head to its largest logit:

    Q(state, choice) = V(state) + temperature * sum over heads (logit of the entry - largest logit)

So V is the value of the greedy choice, and sampling from the softmax of the logits is Boltzmann
exploration with that temperature; there is no other exploration. Targets are Q(lambda) returns.

Source: Gallici et al., 2025 (PQN); Sunehag et al., 2018 (values that add up).
"""

import jax
import jax.numpy as jnp
from flax import struct

from ..config import TrainConfig
from ..networks.distributions import regret
from .minibatch import Minibatch, Replayed

METRICS = ("value_loss", "regret", "entropy", "token_entropy")
"""What `loss` logs."""


@struct.dataclass
class Samples:
    """Samples of the loss; axes as of `minibatch.Minibatch`.

    Attributes:
      target: float32, returns.
      mask: bool, the agent was alive and acted.
    """

    target: jax.Array
    mask: jax.Array


def samples_of(batch: Minibatch, cfg: TrainConfig, axis: str | None) -> Samples:
    """Returns the samples of a minibatch."""
    return Samples(batch.advantage + batch.value, batch.mask)


def loss(new: Replayed, old: Samples, cfg: TrainConfig) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns the sum of the loss over the mask, and the sums of `METRICS`."""

    def total(values):
        return jnp.sum(jnp.where(old.mask, values, 0.0))

    lost = cfg.temperature * regret(new.logits, new.choice)
    error = 0.5 * total((new.value - lost - old.target) ** 2)
    entropy, token_entropy = (total(part) for part in new.entropy)
    metrics = {
        "value_loss": error,
        "regret": total(lost),
        "entropy": entropy,
        "token_entropy": token_entropy,
    }
    return error, metrics
