"""Capture of events while a step is traced: actor, event, target, place, amount.

`World.tally` counts events. `capture` wraps a step so that it also returns each event with its
details; `emit` adds one. Where nothing captures, nothing is compiled of it.
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
"""A word was said: captured, but not counted. Comes after the numbers of `vocab.Event`."""

DAMAGED, HUNGRY, THIRSTY, LEADERLESS = 1, 2, 4, 8
"""Bits of `CapturedEvents.what` of a death: hurt in its last tick, without food, without water, or
taken from the world because its leader died."""


@struct.dataclass
class CapturedEvents(Node):
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


_captured: contextvars.ContextVar[list[CapturedEvents] | None] = contextvars.ContextVar(
    "captured", default=None
)


def is_capturing() -> bool:
    """Returns whether events of what is traced now are captured."""
    return _captured.get() is not None


def capture(function: Callable) -> Callable:
    """Returns a function that also returns the events of its trace: (result, `CapturedEvents`).

    To be traced itself: it may be jitted, vmapped and scanned over, but what it calls may not have
    been jitted before.
    """

    def capturing(*args, **kwargs) -> tuple[Any, CapturedEvents]:
        token = _captured.set([])
        try:
            result = function(*args, **kwargs)
            captured = _captured.get() or []
        finally:
            _captured.reset(token)
        return result, jax.tree.map(lambda *rows: jnp.concatenate(rows), *captured)

    return capturing


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Captures nothing in this context: events traced inside a loop cannot leave it."""
    token = _captured.set(None)
    try:
        yield
    finally:
        _captured.reset(token)


def count_captured() -> int:
    """Returns how many calls of `emit` were captured so far, for `mask_since`."""
    return len(_captured.get() or ())


def mask_since(condition: jax.Array, since: int) -> None:
    """Unsets the events captured since a count where the condition () bool is False."""
    captured = _captured.get()
    if captured is not None:
        captured[since:] = [
            rows.replace(happened=rows.happened & condition) for rows in captured[since:]
        ]


def emit(
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
    """Captures an event, if events are captured.

    Args:
      world: as it is when the event happens; reads body.pos.
      event: `vocab.Event` or `SPEAK`.
      happened: (n,) or (m, n) bool.
      who: as many, or (n,), rows of entities; the first n if None.
      whom: likewise, as `CapturedEvents` has it; also the rest.
      what: likewise.
      level: likewise.
      number: likewise.
      gold: likewise.
    """
    captured = _captured.get()
    if captured is None:
        return
    happened = happened.astype(bool)
    who = jnp.arange(happened.shape[-1], dtype=jnp.int32) if who is None else who
    values = dict(event=event, who=who, whom=whom, what=what, level=level, number=number, gold=gold)
    rows = {name: _broadcast_rows(value, happened.shape) for name, value in values.items()}
    pos = world.body.pos[rows["who"]]
    captured.append(CapturedEvents(happened=happened.reshape(-1), pos=pos, **rows))


def _broadcast_rows(value: jax.Array | int, shape: tuple[int, ...]) -> jax.Array:
    """Returns (m * n,) int32 of a value for each event, each entity, or all of a shape (m, n)."""
    value = jnp.asarray(value, jnp.int32)
    missing = (1,) * (len(shape) - value.ndim) if value.ndim else (1,) * len(shape)
    return jnp.broadcast_to(value.reshape(missing + value.shape), shape).reshape(-1)
