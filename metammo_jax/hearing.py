"""Hearing of each event in full: who did what to whom, where, and how much.

`World.tally` counts events; here whoever traces a step may listen to what is counted. Nothing is
compiled of it where nobody listens.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node
from metammo_jax.vocab import NOBODY, Event
from metammo_jax.world import World

SPEAK = len(Event)
"""A word was said: told, but not counted. Comes after the numbers of `vocab.Event`."""

DAMAGED, HUNGRY, THIRSTY, LEADERLESS = 1, 2, 4, 8
"""Bits of `Heard.what` of a death: hurt in its last tick, without food, without water, or taken
from the world because its leader died."""


@struct.dataclass
class Heard(Node):
    """Events of one tick in R rows, most of which are empty.

    Attributes:
      happened: (R,) bool, the row is an event.
      event: (R,) int32, `vocab.Event`, or `SPEAK`.
      who: (R,) int32, row of the entity that did it, or to whom it happened; NPCs hit and kill.
      whom: (R,) int32, row of the other entity, -1 if there is none: victim, receiver, buyer,
        seller.
      what: (R,) int32, `vocab.Item`, `Style` or `Skill`, the bits of a death; -1 for nothing.
      level: (R,) int32, of the item, of the victim, or reached; 0 for none.
      number: (R,) int32, points of damage, pieces, the word; else 1.
      gold: (R,) int32, paid, asked, given or looted; else 0.
      pos: (R, 2) int32, row and column of the tile on which `who` stood then.
    """

    happened: jax.Array
    event: jax.Array
    who: jax.Array
    whom: jax.Array
    what: jax.Array
    level: jax.Array
    number: jax.Array
    gold: jax.Array
    pos: jax.Array


_told: contextvars.ContextVar[list[Heard] | None] = contextvars.ContextVar("told", default=None)


def is_on() -> bool:
    """Is somebody listening to what is traced?"""
    return _told.get() is not None


def listen(function: Callable) -> Callable:
    """Returns a function that also returns what was told while it was traced: (result, `Heard`).

    To be traced itself: it may be jitted, vmapped and scanned over, but what it calls may not have
    been jitted before.
    """

    def listening(*args, **kwargs) -> tuple[Any, Heard]:
        token = _told.set([])
        try:
            result = function(*args, **kwargs)
            told = _told.get() or []
        finally:
            _told.reset(token)
        return result, jax.tree.map(lambda *rows: jnp.concatenate(rows), *told)

    return listening


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Keeps what is traced within a loop from being told: it would mean nothing outside."""
    token = _told.set(None)
    try:
        yield
    finally:
        _told.reset(token)


def mark() -> int:
    """Returns how many have been told so far, for `keep_if`."""
    return len(_told.get() or ())


def keep_if(condition: jax.Array, since: int) -> None:
    """Keeps what was told since a mark only where the condition () holds."""
    told = _told.get()
    if told is not None:
        told[since:] = [rows.replace(happened=rows.happened & condition) for rows in told[since:]]


def tell(
    world: World,
    event: int,
    happened: jax.Array,
    who: jax.Array | None = None,
    whom: jax.Array | int = NOBODY,
    what: jax.Array | int = -1,
    level: jax.Array | int = 0,
    number: jax.Array | int = 1,
    gold: jax.Array | int = 0,
) -> None:
    """Tells of an event, if somebody listens.

    Args:
      world: as it is when the event happens; reads body.pos.
      event: `vocab.Event` or `SPEAK`.
      happened: (n,) or (m, n) bool.
      who: as many, or (n,), rows of entities; the first n if None.
      whom: likewise, as `Heard` says; also the rest.
      what: likewise.
      level: likewise.
      number: likewise.
      gold: likewise.
    """
    told = _told.get()
    if told is None:
        return
    happened = happened.astype(bool)
    who = jnp.arange(happened.shape[-1], dtype=jnp.int32) if who is None else who

    def row(value) -> jax.Array:
        value = jnp.asarray(value, jnp.int32)
        missing = (1,) * (happened.ndim - value.ndim) if value.ndim else (1,) * happened.ndim
        return jnp.broadcast_to(value.reshape(missing + value.shape), happened.shape).reshape(-1)

    told.append(Heard(
        happened=happened.reshape(-1), event=row(event), who=row(who), whom=row(whom),
        what=row(what), level=row(level), number=row(number), gold=row(gold),
        pos=world.body.pos[row(who)],
    ))  # fmt: skip
