"""Masked choices of several heads at once: sampling, log-probability and entropy.

The heads are not independent: a style has no effect unless somebody is attacked (`DETAIL`). So the
log-probability includes the style only if there is a target, and the entropy weighs the style's by
the probability of a target: these are the log-probability and the entropy of the action's effect.
A head with a single allowed entry has log-probability and entropy 0.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import action_heads
from metammo_jax.action import Action, Lists, decode
from metammo_jax.action_heads import Entry, Head
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.observe import Observation
from metammo_jax.vocab import NOBODY

FORBIDDEN = -1e9
"""Logit of masked entries; finite, so that a head without any allowed entry stays finite."""


@struct.dataclass
class Logits(Node):
    """Masked logits of each head; the leading axes are any, usually (..., P).

    Attributes:
      move: (..., 5) float32, by `vocab.Direction`.
      target: (..., K + 1) float32, positions of `Observation.visible`, the last is "nobody".
      style: (..., 3) float32, by `vocab.Style`.
      token: (..., 1 + tokens) float32, 0 is silence. None where words are spelled.
      spelling: (..., bits) float32, log-odds of each bit of the word's number, the lowest first.
        None where each word has an entry.
      use: (..., I + 1) float32, slots of the bag, the last, here as below, is "nothing".
      destroy: (..., I + 1) float32, slots.
      give: (..., I + 1) float32, slots.
      give_to: (..., K + 1) float32, positions of `Observation.visible`.
      sell: (..., I + 1) float32, slots.
      price: (..., prices) float32, from 1 on.
      buy: (..., M + 1) float32, positions of `Observation.listing`.
      gold: (..., prices) float32, from 1 on.
      gold_to: (..., K + 1) float32, positions of `Observation.visible`.

    Heads from `use` to `gold_to` exist in the full game only; None in the mini game.
    """

    move: jax.Array
    target: jax.Array
    style: jax.Array
    token: Maybe = None
    spelling: Maybe = None
    use: Maybe = None
    destroy: Maybe = None
    give: Maybe = None
    give_to: Maybe = None
    sell: Maybe = None
    price: Maybe = None
    buy: Maybe = None
    gold: Maybe = None
    gold_to: Maybe = None


@struct.dataclass
class Choice(Node):
    """The chosen entry of each head, (...) int32, with the fields of `Logits`.

    A spelled word is stored as its number in `token`; numbers beyond the vocabulary mean silence.
    """

    move: jax.Array
    target: jax.Array
    style: jax.Array
    token: jax.Array
    use: Maybe = None
    destroy: Maybe = None
    give: Maybe = None
    give_to: Maybe = None
    sell: Maybe = None
    price: Maybe = None
    buy: Maybe = None
    gold: Maybe = None
    gold_to: Maybe = None


DETAIL = {head.name: head.detail_of for head in action_heads.HEADS if head.detail_of}
"""Heads that have no effect if another head chooses its last entry, "nothing"."""

CUMSUM_ENTRIES = 64
"""Entries up to which `cumsum` is used for the cumulative distribution."""

NUMBERS = ("spelling", *action_heads.names(Entry.WORD, Entry.AMOUNT))
"""Heads with very many entries, whose entropy has its own coefficient."""


def mask_logits(logits: Logits, legal: Logits) -> Logits:
    """Returns logits, `FORBIDDEN` where `legal`, booleans of the same shapes, is False.

    A masked bit of a spelled word is 0.
    """
    return jax.tree.map(lambda value, ok: jnp.where(ok, value, FORBIDDEN), logits, legal)


def sample(points: jax.Array, logits: Logits) -> Choice:
    """Returns a sampled entry of each head, by the inverse of its cumulative distribution.

    Args:
      points: (..., numbers) float32 in [0, 1), uniform and independent: one for each head, or for
        each bit of a spelled word, in the order of the fields of `Logits`.
      logits: (...), masked.
    """
    chosen, used = {}, 0
    for name, head in _present_heads(logits).items():
        if name == "spelling":
            taken = points[..., used : used + head.shape[-1]]
            chosen["token"] = _number(taken < jax.nn.sigmoid(head))
            used += head.shape[-1]
        else:
            chosen[name] = _sample_entry(head, points[..., used])
            used += 1
    return Choice(**chosen)


def argmax_choice(logits: Logits) -> Choice:
    """Returns the most likely entry of each head, the first of equal ones."""
    heads = _present_heads(logits)
    spelling = heads.pop("spelling", None)
    chosen = {name: jnp.argmax(head, axis=-1).astype(jnp.int32) for name, head in heads.items()}
    return Choice(**chosen, **({} if spelling is None else {"token": _number(spelling > 0)}))


def _number(spelled: jax.Array) -> jax.Array:
    """Returns the number (...) int32 of bits (..., n) bool, the lowest first."""
    return (spelled.astype(jnp.int32) << _bits(spelled)).sum(axis=-1, dtype=jnp.int32)


def _bits(head: jax.Array) -> jax.Array:
    """Returns the number of each bit, (1, ..., n) int32."""
    return jnp.arange(head.shape[-1]).reshape((1,) * (head.ndim - 1) + (-1,))


def _sample_entry(head: jax.Array, point: jax.Array) -> jax.Array:
    """Returns the entry (...) int32 at which the cumulative distribution exceeds a point (...)."""
    mass = jnp.exp(head - head.max(axis=-1, keepdims=True))
    if head.shape[-1] > CUMSUM_ENTRIES:
        below = jax.lax.associative_scan(jnp.add, mass, axis=-1)
    else:
        below = jnp.cumsum(mass, axis=-1)
    passed = (below <= point[..., None] * below[..., -1:]).sum(axis=-1, dtype=jnp.int32)
    entries = jnp.arange(head.shape[-1]).reshape((1,) * point.ndim + (-1,))
    allowed = mass > 0  # despite rounding: the last allowed entry up to there, or the first of all
    last = jnp.where(allowed & (entries <= passed[..., None]), entries, -1).max(axis=-1)
    return jnp.where(last < 0, jnp.argmax(allowed, axis=-1).astype(jnp.int32), last)


def log_prob(logits: Logits, choice: Choice) -> jax.Array:
    """Returns the log-probability (...) float32 of a choice, without heads that have no effect."""
    total: Any = 0.0
    heads = _present_heads(logits)
    for name, head in heads.items():
        if name == "spelling":
            total += _spelled(head, choice.token)
            continue
        entry = _entry(head, getattr(choice, name))
        if name in DETAIL:
            matters = DETAIL[name]
            entry = jnp.where(getattr(choice, matters) < heads[matters].shape[-1] - 1, entry, 0.0)
        total += entry
    return total


def regret(logits: Logits, choice: Choice) -> jax.Array:
    """Returns the gap (...) float32 between the largest and the chosen logit, summed over heads.

    Heads that have no effect are left out.
    """
    total: Any = 0.0
    heads = _present_heads(logits)
    for name, head in heads.items():
        if name == "spelling":
            is_set = (choice.token[..., None] >> _bits(head)) & 1 == 1
            total += (jax.nn.relu(head) - jnp.where(is_set, head, 0.0)).sum(axis=-1)
            continue
        lost = head.max(axis=-1) - _picked(head, getattr(choice, name))
        if name in DETAIL:
            matters = DETAIL[name]
            lost = jnp.where(getattr(choice, matters) < heads[matters].shape[-1] - 1, lost, 0.0)
        total += lost
    return total


def entropy(logits: Logits) -> tuple[jax.Array, jax.Array]:
    """Returns the entropies of all other heads and of `NUMBERS`, each (...) float32, in nats."""
    sums: dict[bool, Any] = {True: 0.0, False: 0.0}
    heads = _present_heads(logits)
    for name, head in heads.items():
        part = _entropy_of_bits(head) if name == "spelling" else _entropy(head)
        if name in DETAIL:
            part *= 1.0 - jax.nn.softmax(heads[DETAIL[name]])[..., -1]
        sums[name in NUMBERS] += part
    return sums[False], sums[True]


def _present_heads(logits: Logits) -> dict[str, jax.Array]:
    """Returns the heads that exist in this game, by name."""
    return {name: head for name, head in vars(logits).items() if head is not None}


def to_action(choice: Choice, obs: Observation, tokens: int) -> Action:
    """Returns the `Action` of a choice (P,) of the players of one world."""
    lists = Lists(obs.visible, obs.listing, 0 if obs.bag is None else obs.bag.shape[1])

    def decoded(head: Head) -> jax.Array:
        entry = getattr(choice, head.name)
        if head.entry is Entry.WORD:  # the bits may encode a number beyond the vocabulary
            return jnp.where((entry > 0) & (entry <= tokens), entry, NOBODY)
        if head.entry is Entry.SLOT:  # never negative
            return jnp.where(entry < lists.slots, entry, NOBODY)
        return decode(head, entry, lists)

    return Action(**{head.name: decoded(head) for head in action_heads.present(choice)})


def _entry(logits, index):
    """Returns the log-probability of entries (...)."""
    return _picked(jax.nn.log_softmax(logits), index)


def _picked(values, index):
    """Returns entries (...) of values (..., n) without a gather, whose gradient is a scatter."""
    entries = jnp.arange(values.shape[-1]).reshape((1,) * index.ndim + (-1,))
    return jnp.where(entries == index[..., None], values, 0.0).sum(axis=-1)


def _entropy(logits):
    log_probability = jax.nn.log_softmax(logits)
    return -jnp.sum(jnp.exp(log_probability) * log_probability, axis=-1)


def _spelled(head, number):
    """Returns the log-probability (...) of numbers (...) whose bits are independent."""
    is_set = (number[..., None] >> _bits(head)) & 1 == 1
    return -jax.nn.softplus(jnp.where(is_set, -head, head)).sum(axis=-1)


def _entropy_of_bits(head):
    return (jax.nn.softplus(head) - head * jax.nn.sigmoid(head)).sum(axis=-1)
