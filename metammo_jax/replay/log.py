"""The event log of a replay, as columns: event, players, place, amount.

Events are captured where `World.tally` counts them, so both always agree (see `event_capture`).
"""

import functools
import importlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import event_capture
from metammo_jax.event_capture import CapturedEvents
from metammo_jax.lib import instance_cache
from metammo_jax.lib.narrow import narrow
from metammo_jax.replay import course as courses
from metammo_jax.replay.course import STRIDE
from metammo_jax.replay.episode import Replay
from metammo_jax.vocab import Event, Item, Skill, Style

NAMES = np.array([*(event.name.lower() for event in Event), "speak"])
"""What each event is called, by the number of `vocab.Event`; "speak" comes last."""

_ITEMS, _STYLES, _SKILLS = (
    np.array([word.name.lower() for word in kind]) for kind in (Item, Style, Skill)
)
_WORDS: dict[int, np.ndarray] = {Event.SCORE_HIT: _STYLES, Event.LEVEL_UP: _SKILLS}
"""What `CapturedEvents.what` counts in; items, where it is not said here."""

_CAUSES = (
    (event_capture.DAMAGED, "fog"),
    (event_capture.HUNGRY, "hunger"),
    (event_capture.THIRSTY, "thirst"),
)


class Events(dict[str, np.ndarray]):
    """Events in the order in which they happened, as columns of equal length.

    Columns, NumPy arrays (n,):
      tick: int32, ticks played before; the world after it is `replay.at(tick + 1)`.
      event: str, `vocab.Event` in small letters, or "speak".
      who: int32, row of the entity that did it, or to whom it happened. NPCs (rows P and up) hit
        and kill; other columns are of players alone.
      whom: int32, row of the other entity, -1 if there is none: victim, killer (of
        "agent_culled"), receiver, buyer, seller.
      what: str, the item, style or skill; of "agent_culled" the cause: "attack", "leader" (a team
        falls with its leader), or what it suffered when its health ran out, of "fog", "hunger" and
        "thirst", joined by "+"; "" for nothing.
      level: int32, of the item or of the victim, or the level reached; 0 for none.
      number: int32, points of damage, pieces, tiles from the edge ("go_farthest"), the word
        ("speak"); else 1.
      gold: int32, paid, asked, given or looted; else 0.
      row, column: int32, the tile on which `who` stood then.
      world: int32, only of batches: index of the world.

    Without "speak", and of `who < P`, there are as many rows of each player and event as
    `World.tally.count` says.
    """

    @property
    def rows(self) -> int:
        """n, the number of events."""
        return len(self["tick"])

    def of(self, *events: str) -> "Events":
        """Returns the events of some names alone.

        Raises:
          ValueError: there is no such event.
        """
        unknown = [name for name in events if name not in NAMES]
        if unknown:
            raise ValueError(f"event {unknown[0]!r} is none of {', '.join(NAMES)}")
        return self.where(np.isin(self["event"], events))

    def where(self, wanted: np.ndarray) -> "Events":
        """Returns the events of a mask (n,) bool, or of indices."""
        return Events({name: column[wanted] for name, column in self.items()})

    def to_pandas(self):
        """Returns a `pandas.DataFrame`.

        Raises:
          ImportError: pandas is not installed.
        """
        return _library("pandas", "pandas").DataFrame(dict(self))

    def to_polars(self):
        """Returns a `polars.DataFrame`.

        Raises:
          ImportError: polars is not installed.
        """
        return _library("polars", "polars").DataFrame(dict(self))

    def to_arrow(self):
        """Returns a `pyarrow.Table`.

        Raises:
          ImportError: pyarrow is not installed.
        """
        arrow = _library("pyarrow", "arrow")
        return arrow.table({name: arrow.array(column) for name, column in self.items()})


def _library(module: str, extra: str) -> Any:
    """Returns a module; ImportError with how to install it where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"this table needs {module}: python -m pip install 'metammo-jax[{extra}]'"
        ) from error


def events(replay: Replay) -> Events:
    """Returns every event of an episode.

    Raises:
      ValueError: it is no replay.
    """
    if not isinstance(replay, Replay):
        raise ValueError(f"events takes a Replay, given a {type(replay).__name__}")
    env = replay.env
    play = instance_cache.get_or_make(
        env, "event_log", lambda: jax.jit(functools.partial(_stretch, env))
    )
    _, key = courses.keys_of(replay.key)
    parts = []
    for number in range(-(-replay.ticks // STRIDE)):
        first = number * STRIDE
        action = replay.course.span(first)
        captured = jax.device_get(play(replay.course.frame(number), key, action, np.int32(first)))
        parts.append(jax.tree.map(lambda rows: rows[: replay.ticks - first], captured))  # noqa: B023
    if not parts:
        return _empty()
    captured = jax.tree.map(lambda *rows: np.concatenate(rows), *parts)
    return to_columns(captured, np.arange(replay.ticks))


def capture_events(step: Callable) -> Callable:
    """Returns a step that also returns its events: (what `step` returns, `CapturedEvents`).

        step = log.capture_events(env.step)
        (obs, world, *rest), captured = jax.jit(step)(key, world, action)
        columns = log.to_columns(captured, ticks)

    Args:
      step: `env.step`, or anything that calls it, not jitted. The result may be jitted, vmapped and
        scanned over; `to_columns` reads the events.
    """
    return event_capture.capture(step)


def to_columns(captured: CapturedEvents, ticks) -> Events:
    """Returns the columns of captured events.

    Args:
      captured: (R,) of a tick, (T, R) of T ticks, or (T, W, R) of W worlds.
      ticks: () or (T,) integers, ticks played before each.

    Raises:
      ValueError: ticks are not as many as were captured.
    """
    captured = jax.device_get(captured)
    shape, ticks = captured.happened.shape, np.asarray(ticks)
    if ticks.shape != shape[: max(0, len(shape) - 1)][:1] or len(shape) > 3:
        raise ValueError(f"ticks has shape {ticks.shape}, captured {shape}: (T,) and (T, R) fit")
    place = np.nonzero(captured.happened)
    columns: dict[str, Any] = {
        name: np.asarray(values)[place] for name, values in vars(captured).items() if name != "pos"
    }
    columns["tick"] = (ticks[place[0]] if ticks.ndim else np.full(len(place[0]), ticks)).astype(
        np.int32
    )
    columns["world"] = place[1] if len(shape) == 3 else np.zeros(len(place[0]), np.int32)
    columns["row"], columns["column"] = np.asarray(captured.pos)[place].T
    _name_killers(columns)
    out = Events(tick=columns["tick"], event=NAMES[columns["event"]], who=columns["who"])
    out["whom"], out["what"] = columns["whom"], _words(columns)
    for name in ("level", "number", "gold", "row", "column"):
        out[name] = columns[name]
    if len(shape) == 3:
        out["world"] = columns["world"].astype(np.int32)
    return out


def _name_killers(columns: dict[str, np.ndarray]) -> None:
    """Writes into `whom` of each death who killed, by the kills of the same tick and world."""
    event = columns["event"]
    kill, death = event == Event.KILL_PLAYER, event == Event.AGENT_CULLED
    when = ("tick", "world")
    killers = dict(
        zip(
            zip(*(columns[name][kill].tolist() for name in (*when, "whom")), strict=True),
            columns["who"][kill].tolist(),
            strict=True,
        )
    )
    dead = zip(*(columns[name][death].tolist() for name in (*when, "who")), strict=True)
    columns["whom"] = columns["whom"].copy()
    columns["whom"][death] = [killers.get(each, -1) for each in dead]


def _words(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Returns (n,) str, the object of each event."""
    event, what = columns["event"], columns["what"]
    out = np.full(len(event), "", "<U17")
    for kind in (*Event, event_capture.SPEAK):
        here = (event == kind) & (what >= 0)
        if kind == Event.AGENT_CULLED:
            out[here] = [
                "attack" if killer >= 0 else _cause(bits)
                for killer, bits in zip(columns["whom"][here], what[here], strict=True)
            ]
        else:
            out[here] = _WORDS.get(kind, _ITEMS)[what[here]]
    return out


def _cause(bits: int) -> str:
    if bits & event_capture.LEADERLESS:
        return "leader"
    return "+".join(word for bit, word in _CAUSES if bits & bit)


def _empty() -> Events:
    nothing = np.zeros(0, np.int32)
    names = ("tick", "event", "who", "whom", "what", "level", "number", "gold", "row", "column")
    return Events({n: np.zeros(0, "<U17") if n in ("event", "what") else nothing for n in names})


@narrow
def _stretch(env, world, key: jax.Array, action, first: jax.Array) -> CapturedEvents:
    """Returns the captured events (n, R) of actions (n, P), which start at tick `first`."""
    step = event_capture.capture(env.step)

    def tick(world, each):
        chosen, number = each
        (_, world, *_), captured = step(courses.tick_keys(key, number)[1], world, chosen)
        return world, captured

    count = action.move.shape[0]
    return jax.lax.scan(tick, world, (action, first + jnp.arange(count, dtype=jnp.int32)))[1]
