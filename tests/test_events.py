"""The event log holds what the tally counts, with details."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.replay import log
from metammo_jax.vocab import Event

COLUMNS = ("tick", "event", "who", "whom", "what", "level", "number", "gold", "row", "column")


@pytest.fixture(scope="module")
def replay(fought):
    return fought


@pytest.fixture(scope="module")
def events(replay):
    return mm.events(replay)


def counted(events, replay):
    """Returns (T, events, P) the rows of each tick, event and player."""
    cfg = replay.env.cfg
    counts = np.zeros((replay.ticks, len(Event), cfg.players), np.int32)
    for event in Event:
        some = events.of(event.name.lower())
        some = some.where(some["who"] < cfg.players)
        np.add.at(counts, (some["tick"], event, some["who"]), 1)
    return counts


def check_counts(events, replay, least) -> None:
    """Each tick as many rows as the tally grows by."""
    tally = replay.worlds().tally.count
    np.testing.assert_array_equal(counted(events, replay), np.diff(tally, axis=0))
    happened = {event for event in Event if tally[-1, event].any()}
    assert happened >= least, f"{least - happened} never happened: choose another seed"


def test_events_are_those_that_the_tally_counts(replay, events):
    least = {Event.EAT_FOOD, Event.SCORE_HIT, Event.AGENT_CULLED, Event.GO_FARTHEST}
    check_counts(events, replay, least)
    assert tuple(events) == COLUMNS and {len(column) for column in events.values()} == {events.rows}
    assert (np.diff(events["tick"]) >= 0).all()


def test_hits_take_what_they_say(replay, events):
    """Damage dealt, and words, by the worlds themselves."""
    worlds, players = replay.worlds(), replay.env.cfg.players
    hits = events.of("score_hit")
    dealt = np.zeros(players + replay.env.cfg.npcs, np.int64)
    np.add.at(dealt, hits["who"], hits["number"])
    np.testing.assert_array_equal(dealt[:players], worlds.body.damage_dealt[-1])
    assert set(hits["what"]) <= {"melee", "range", "mage"} and (hits["whom"] >= 0).all()
    said = events.of("speak")
    assert said.rows
    np.testing.assert_array_equal(
        worlds.body.message[said["tick"] + 1, said["who"]], said["number"]
    )
    stood = worlds.body.pos[said["tick"], said["who"]]
    moved = np.abs(stood - np.stack([said["row"], said["column"]], -1)).sum(-1)
    assert (moved <= 1).all()


def test_deaths_have_causes(replay, events):
    worlds = replay.worlds()
    deaths = events.of("agent_culled")
    kills = events.of("kill_player")
    by = {
        (t, whom): who
        for t, whom, who in zip(kills["tick"], kills["whom"], kills["who"], strict=True)
    }
    assert deaths.rows
    for tick, who, whom, what in zip(
        *(deaths[n] for n in ("tick", "who", "whom", "what")), strict=True
    ):
        body = jax.tree.map(lambda leaf, tick=tick: leaf[tick + 1], worlds.body)
        assert body.died[who] and whom == by.get((tick, who), -1)
        assert (what == "attack") == (whom >= 0)
        if what != "attack":
            starved = {"hunger": body.food[who] == 0, "thirst": body.water[who] == 0}
            suffered = {word for word, is_so in starved.items() if is_so}
            assert suffered == set(what.split("+")) - {"fog"}


@pytest.mark.slow
def test_a_rollout_is_heard_as_a_replay_is(replay, events):
    step = jax.jit(jax.vmap(log.capture_events(replay.env.step)))
    worlds = jax.tree.map(lambda *leaves: np.stack(leaves), replay.at(5), replay.at(20))
    key = jax.random.split(replay.key)[1]
    keys = jnp.stack([jax.random.split(jax.random.fold_in(key, tick))[1] for tick in (5, 20)])
    actions = jax.tree.map(lambda leaf: leaf[np.array([5, 20])], replay.actions)
    _, heard = step(keys, worlds, actions)
    batch = log.to_columns(jax.tree.map(lambda leaf: leaf[None], heard), [7])
    for world, tick in enumerate((5, 20)):
        here, there = batch.where(batch["world"] == world), events.where(events["tick"] == tick)
        assert here.rows == there.rows > 0 and (here["tick"] == 7).all()
        for name in COLUMNS[1:]:
            np.testing.assert_array_equal(here[name], there[name])
    with pytest.raises(ValueError, match="ticks"):
        log.to_columns(heard, [1, 2, 3])


def test_bad_questions_are_refused(events):
    with pytest.raises(ValueError, match="teleport"):
        events.of("teleport")
    with pytest.raises(ValueError, match="takes a Replay"):
        mm.events([])


TABLES = {"pandas": "to_pandas", "polars": "to_polars", "pyarrow": "to_arrow"}


@pytest.mark.parametrize("module", TABLES)
def test_tables_have_the_columns_and_their_values(events, module):
    pytest.importorskip(module)
    for rows in (events, events.of("buy_item")):  # of which there are none
        table = getattr(rows, TABLES[module])()
        names = table.column_names if module == "pyarrow" else list(table.columns)
        assert tuple(names) == COLUMNS and len(table) == rows.rows
        for name, column in rows.items():
            np.testing.assert_array_equal(np.asarray(table[name]).astype(column.dtype), column)
            if column.dtype == np.int32:
                assert str(table[name].type if module == "pyarrow" else table[name].dtype) in (
                    "int32",
                    "Int32",
                )
    assert events.rows and not events.of("buy_item").rows


@pytest.mark.parametrize("module", TABLES)
def test_a_missing_library_is_named(events, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"needs {module}.*metammo-jax"):
        getattr(events, TABLES[module])()


@pytest.mark.slow
def test_the_full_game_too(played_full):
    env = played_full.env
    replay = mm.record(env, jax.random.key(5), game="multi_task")
    events = mm.events(replay)
    least = {Event.HARVEST_ITEM, Event.EQUIP_ITEM, Event.LIST_ITEM, Event.LEVEL_UP}
    check_counts(events, replay, least)
    tally, players = replay.worlds().tally, env.cfg.players
    pairs = (("earned", "earn_gold"), ("spent", "buy_item"), ("looted", "loot_gold"))
    for name, event in pairs:
        some, total = events.of(event), np.zeros(players, np.int64)
        np.add.at(total, some["who"], some["gold"])
        np.testing.assert_array_equal(total, getattr(tally, name)[-1])
    by_npcs = events.of("score_hit").where(events.of("score_hit")["who"] >= players)
    assert by_npcs.rows and (by_npcs["number"] > 0).all() and (by_npcs["whom"] < players).all()
