"""What recorded players own, have learned and have counted: the full game's share of a state."""

import functools

import numpy as np

from metammo_jax.config import Config
from metammo_jax.tables import ITEM_EVENTS
from metammo_jax.vocab import Event, Item, Skill, Style
from metammo_jax.world import Bag, Skills, Tally
from tests.parity import trace as recorded
from tests.parity.trace import Trace

EXP_COLUMNS = tuple(f"{skill.name.lower()}_exp" for skill in Skill)
LEVEL_COLUMNS = tuple(f"{skill.name.lower()}_level" for skill in Skill)


def item_of(type_id: np.ndarray) -> np.ndarray:
    """Returns `vocab.Item` of the original's types of items, NOTHING for its 0."""
    return np.maximum(np.asarray(type_id, np.int32) - 1, 0)


@functools.lru_cache(maxsize=4)
def records(trace: Trace) -> dict[str, np.ndarray]:
    """Returns the recorded items that somebody owns, one entry each, over all states.

    Returns:
      The original's columns, and: state, row (of the owner), slot (its place among the owner's
      items, in the original's order), listed_at (tick of the listing, 0 if it is not for sale).
    """
    names, table = trace.meta["item_columns"], trace.data["items"].astype(np.int64)
    state = trace.ticks_of("items")
    out = {name: table[:, i] for i, name in enumerate(names)}
    out |= {"state": state, "row": out["owner_id"] - 1}
    out["listed_at"] = _listing_ticks(trace, state, out["id"])
    owned = out["owner_id"] > 0
    out = {name: values[owned] for name, values in out.items()}
    owner = out["state"] * 100_000 + out["row"]
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], owner[order])
    out["slot"] = np.empty_like(owner)
    out["slot"][order] = np.arange(len(owner)) - first
    return out


def _listing_ticks(trace: Trace, state: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Returns (n,) the tick at which each item was listed, 0 if it is not."""
    listing, its_state = trace.data["listings"], trace.ticks_of("listings")
    since = {
        (s, i): tick for s, i, tick in zip(its_state, listing[:, 0], listing[:, 3], strict=True)
    }
    return np.array([since.get(key, 0) for key in zip(state, ids, strict=True)], np.int64)


def bags(trace: Trace, cfg: Config) -> Bag:
    """Returns the bags of all states; an owner's items fill its slots in the recorded order.

    That all lie where they lay when players looked is right in every state, since what players
    do is recorded as places in what they saw of it.
    """
    shape = (len(trace) + 1, cfg.players, cfg.slots)
    found = records(trace)
    place = found["state"], found["row"], found["slot"]

    def filled(values, dtype=np.int32):
        out = np.zeros(shape, dtype)
        out[place] = values
        return out

    return Bag(
        item=filled(item_of(found["type_id"])),
        level=filled(found["level"]),
        quantity=filled(found["quantity"]),
        worn=filled(found["equipped"] > 0, bool),
        price=filled(found["listed_price"]),
        listed_at=filled(found["listed_at"]),
        arrived=filled(trace.first_tick),
    )


def skills(trace: Trace, cfg: Config) -> Skills:
    """Returns what players have learned at every state."""
    seen = recorded.bodies(trace, cfg)
    exp = np.stack([seen[name] for name in EXP_COLUMNS], -1)[:, : cfg.players]
    return Skills(exp=exp[..., : cfg.skills].astype(np.int32))


@functools.lru_cache(maxsize=4)
def ledger(trace: Trace, cfg: Config) -> dict[str, np.ndarray]:
    """Returns what each transition adds to the tallies beside counts of events.

    Returns:
      hits (T, P, 3), earned, looted, spent (T, P): sums of the transition; seen (T, P, 7, items):
      the levels at which it had each of `ITEM_EVENTS`, as bits, without items in the mini game.
    """
    shape = (len(trace), cfg.players)
    out = {name: np.zeros(shape, np.int32) for name in ("earned", "looted", "spent")}
    out["hits"] = np.zeros((*shape, len(Style)), np.int32)
    rows = len(ITEM_EVENTS) if cfg.slots else 0
    out["seen"] = np.zeros((*shape, rows, len(Item)), np.int16)
    for t, row in zip(trace.ticks_of("events"), trace.data["events"], strict=True):
        _note(out, t, row)
    return out


def _note(out: dict[str, np.ndarray], t: int, row: np.ndarray) -> None:
    """Adds one row of the log to the sums of transition t."""
    _, player, _, code, kind, level, _, gold, _ = (int(value) for value in row)
    event = recorded.EVENT_OF.get(code)
    if player < 1 or event is None:
        return
    place = t, player - 1
    sums = {Event.EARN_GOLD: "earned", Event.LOOT_GOLD: "looted", Event.BUY_ITEM: "spent"}
    if event in sums:
        out[sums[event]][place] += gold
    if event == Event.SCORE_HIT:
        out["hits"][(*place, kind - 1)] += 1
    if event in ITEM_EVENTS:
        out["seen"][(*place, ITEM_EVENTS.index(event), kind - 1)] |= 1 << level - 1


def tallies(trace: Trace, cfg: Config, watch: np.ndarray | None) -> Tally:
    """Returns the counts since reset at every state; of what tasks watch see `watched`.

    Args:
      trace: the record.
      cfg: sizes.
      watch: (T + 1, P, F, 3) int32, what tasks watch (`world.Task.watch`); None for nothing.
    """
    added, states = dict(ledger(trace, cfg)), len(trace) + 1
    start = {name: np.zeros((1, *of.shape[1:]), of.dtype) for name, of in added.items()}
    for row in trace.data.get("log", ()):
        _note(start, 0, row)
    seen = np.bitwise_or.accumulate(np.concatenate([start.pop("seen"), added.pop("seen")]))
    sums = {name: _running(start[name], values) for name, values in added.items()}
    return Tally(
        count=np.swapaxes(recorded.tallies(trace, cfg), 1, 2),
        watched=None if watch is None else np.zeros(watch.shape[:3], np.int32),
        seen=tuple(np.moveaxis(seen, 1, 3).swapaxes(0, 1)),
        strongest=np.zeros((states, cfg.players), np.int32),
        **sums,
    )


def _running(start: np.ndarray, added: np.ndarray) -> np.ndarray:
    return np.concatenate([start, start + np.cumsum(added, axis=0)])
