"""The event log against the original's own, tick by tick from its recorded states."""

import collections
import functools

import jax
import numpy as np
import pytest

from metammo_jax import event_capture
from metammo_jax.action import Orders
from metammo_jax.vocab import Event
from tests.parity import check, compare, deals
from tests.parity import state as states_of
from tests.parity import trace as recorded
from tests.parity.batches import in_chunks
from tests.parity.planting import loaded
from tests.parity.test_parity import MORE_TRACES

pytestmark = pytest.mark.slow

SAID = {
    Event.GO_FARTHEST: ("number",),
    Event.SCORE_HIT: ("what", "number", "whom"),
    Event.KILL_PLAYER: ("level", "whom"),
    Event.KILL_NPC: ("level", "whom"),
    Event.FIRE_AMMO: ("what", "level"),  # its number is what is left there, what was shot here
    Event.CONSUME_ITEM: ("what", "level"),
    Event.HARVEST_ITEM: ("what", "level", "number"),
    Event.EQUIP_ITEM: ("what", "level", "number"),
    Event.LOOT_ITEM: ("what", "level", "number"),
    Event.LIST_ITEM: ("what", "level", "number", "gold"),
    Event.EARN_GOLD: ("gold",),
    Event.BUY_ITEM: ("what", "level", "number", "gold"),
    Event.LOOT_GOLD: ("gold",),
    Event.LEVEL_UP: ("what", "level"),
}
"""What the original says of an event too; of the others it says who alone."""

COLUMNS = {"what": 4, "level": 5, "number": 6, "gold": 7, "whom": 8}
"""Columns of the original's log. Its numbers of items, styles and skills are one higher."""

BY_CHANCE = {Event.HARVEST_ITEM, Event.LOOT_ITEM, Event.BUY_ITEM, Event.EARN_GOLD, Event.LIST_ITEM}
"""Weapons are harvested by chance, and chance decides who of several buyers gets a record."""


@functools.cache
def listener(env):
    play = event_capture.capture(lambda key, world, orders: compare.play(key, world, orders, env))
    return jax.jit(jax.vmap(lambda key, world, orders: play(key, world, orders)[1]))


def heard_in(trace):
    """Returns for each transition the counted events of players, as tuples, as we play it."""
    cfg = recorded.config_of(trace)
    env = check.environment(cfg)
    states = states_of.worlds(trace, cfg, env)
    before = jax.tree.map(lambda leaf: leaf[:-1], states)
    orders = Orders(**recorded.orders_of(trace, cfg), **deals.orders(trace, cfg))
    keys = jax.random.split(jax.random.key(1), len(trace))
    heard = in_chunks(listener(env), compare.CHUNK, keys, before, orders)
    out = []
    for t in range(len(trace)):
        ids, rows = before.body.id[t], collections.Counter()
        for i in np.flatnonzero(heard.happened[t]):
            event, who = int(heard.event[t, i]), int(heard.who[t, i])
            if event == event_capture.SPEAK or who >= cfg.players:
                continue
            said = SAID.get(Event(event), ())
            values = {name: int(getattr(heard, name)[t, i]) for name in said}
            if "what" in values:
                values["what"] += 1
            if "whom" in values:
                values["whom"] = int(ids[values["whom"]])
            rows[(who, Event(event), *(values[name] for name in said))] += 1
        out.append(rows)
    return out


def log_of(trace):
    """Returns the same of the original's log; what it files late is in the tick of its row."""
    present = [set(trace.rows("players", t)[:, 0] - 1) for t in range(len(trace) + 1)]
    out = [collections.Counter() for _ in range(len(trace))]
    for t in range(len(trace)):
        rows = [row for row in trace.rows("events", t) if row[1] > 0]
        named = recorded.players_events(rows)
        for row, (player, event) in zip(rows, named, strict=True):
            late = event == Event.SEIZE_TILE
            late |= event == Event.AGENT_CULLED and player not in present[t]
            said = tuple(int(row[COLUMNS[name]]) for name in SAID.get(event, ()))
            if t - late >= 0:
                out[t - late][(player, event, *said)] += 1
    return out


def differences(trace):
    """Returns how many rows the original's log has, and (tick, row, ours, theirs) that differ."""
    ours, theirs = heard_in(trace), log_of(trace)
    last, differ = len(trace) - 1, []
    for t, (here, there) in enumerate(zip(ours, theirs, strict=True)):
        for row in (here - there) + (there - here):
            if t < last or row[1] not in recorded.LATE:  # of the last tick these are not known
                differ.append((t, row, here[row], there[row]))
    return sum(rows.total() for rows in theirs), differ


TRACES = (
    "king_of_the_hill-won",
    "sandwich-siege",
    "team_battle-fight",
    "team_battle-loot",
    "multi_task-first",
    "multi_task-market",
)


@pytest.mark.parametrize("name", TRACES)
def test_the_log_is_the_originals(name):
    total, differ = differences(loaded(name))
    assert total > 100
    assert {row[1] for _, row, _, _ in differ} <= BY_CHANCE, differ
    assert len(differ) < 0.02 * total, differ


@pytest.mark.parametrize("path", MORE_TRACES, ids=lambda path: path.stem)
def test_more_logs_are_the_originals(path):
    total, differ = differences(recorded.load(path))
    print(
        path.stem, total, len(differ), collections.Counter(row[1].name for _, row, _, _ in differ)
    )
    assert len(differ) < 0.02 * total, differ
