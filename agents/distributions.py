"""Masked choices of several heads at once: sampling, log-probability and entropy.

The heads are not independent: a style only matters if somebody is attacked. So the style
counts toward the log-probability if the target is somebody, and toward the entropy with the
probability that it is: exactly the log-probability and entropy of what an agent does.
A head with one allowed entry has log-probability and entropy 0, so silence and games without
combat cost nothing.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax.action import Action, chosen_row
from metammo_jax.vocab import NOBODY

FORBIDDEN = -1e9
"""Logit of what a mask forbids; finite, so that a head without any allowed entry stays finite."""


@struct.dataclass
class Logits:
    """Masked logits of each head; the leading axes are any, usually (..., P).

    Attributes:
      move: (..., 5) float32, by `vocab.Direction`.
      target: (..., K + 1) float32, positions of `Observation.visible`, the last is "nobody".
      style: (..., 3) float32, by `vocab.Style`.
      token: (..., 1 + tokens) float32, 0 is silence.
    """

    move: jax.Array
    target: jax.Array
    style: jax.Array
    token: jax.Array


@struct.dataclass
class Choice:
    """An entry of each head.

    Attributes:
      move: (...) int32.
      target: (...) int32, position, K for nobody.
      style: (...) int32.
      token: (...) int32, 0 is silence.
    """

    move: jax.Array
    target: jax.Array
    style: jax.Array
    token: jax.Array


def masked(logits: Logits, legal: Logits) -> Logits:
    """Returns logits in which what `legal`, booleans of the same shapes, forbids is out."""
    return jax.tree.map(lambda value, ok: jnp.where(ok, value, FORBIDDEN), logits, legal)


def sample(key: jax.Array, logits: Logits) -> Choice:
    """Draws an entry of each head, by the Gumbel trick, with one draw for all heads."""
    heads = jax.tree.leaves(logits)
    ends = np.cumsum([head.shape[-1] for head in heads])
    noise = jax.random.gumbel(key, (*logits.move.shape[:-1], ends[-1]))
    parts = jnp.split(noise, ends[:-1], axis=-1)
    return Choice(*[
        jnp.argmax(head + part, axis=-1).astype(jnp.int32)
        for head, part in zip(heads, parts, strict=True)
    ])  # fmt: skip


def log_prob(logits: Logits, choice: Choice) -> jax.Array:
    """Returns the log-probability (...) float32 of what was chosen, as far as it matters."""
    each = jax.tree.map(_entry, logits, Logits(**vars(choice)))
    somebody = choice.target < logits.target.shape[-1] - 1
    return each.move + each.target + jnp.where(somebody, each.style, 0.0) + each.token


def entropy(logits: Logits) -> tuple[jax.Array, jax.Array]:
    """Returns the entropy of deeds (move, target, style) and of words, each (...) float32, nats."""
    each = jax.tree.map(_entropy, logits)
    attack = 1.0 - jax.nn.softmax(logits.target)[..., -1]
    return each.move + each.target + attack * each.style, each.token


def to_action(choice: Choice, visible: jax.Array) -> Action:
    """Returns the action that a choice means.

    Args:
      choice: (P,) each.
      visible: (P, K) integer, the entity rows that the choice of a target was about.
    """
    return Action(
        move=choice.move,
        style=choice.style,
        target=chosen_row(visible, choice.target),
        token=jnp.where(choice.token > 0, choice.token, NOBODY),
    )


def _entry(logits, index):
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), index[..., None], axis=-1)
    return chosen[..., 0]


def _entropy(logits):
    log_probability = jax.nn.log_softmax(logits)
    return -jnp.sum(jnp.exp(log_probability) * log_probability, axis=-1)
