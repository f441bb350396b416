"""The recorded ticks in tests/data, and proofs that the checker sees what is wrong.

Each planted value must be reported, where it was planted and nowhere else; `test_causes` does
the same beside every cause that explains a difference.
"""

import copy
import dataclasses
import json
import os
import pathlib

import jax
import numpy as np
import pytest

from metammo_jax.env import LIFECYCLE
from metammo_jax.vocab import Tile
from tests.parity import check, compare, frequencies, observations, opening
from tests.parity import state as states_of
from tests.parity import trace as recorded
from tests.parity.planting import (
    DATA,
    loaded,
    planted,
    played,
    survivor,
    unexplained,
    with_after,
    with_record,
)
from tests.worlds import by_player

TRACES = sorted(DATA.glob("*.npz"))
MORE_TRACES = sorted(pathlib.Path(os.environ.get("METAMMO_TRACES", DATA / "none")).glob("*.npz"))


def test_the_traces_show_all_games_and_are_small():
    assert {loaded(path.stem).game for path in TRACES} == {*check.GAMES, "multi_task"}
    assert sum(path.stat().st_size for path in TRACES) < 3 << 20


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_every_value_is_explained(path):
    report = check.check(loaded(path.stem))
    assert unexplained(report.fields) == {}
    count = check.total(check.count(one) for one in report.fields)
    assert count.compared > 5_000 * len(loaded(path.stem))
    assert count.equal > 0.98 * count.compared
    for draws in report.draws:
        assert draws.p_value() > frequencies.SUSPICIOUS, draws


@pytest.mark.slow
@pytest.mark.parametrize("path", MORE_TRACES, ids=lambda path: path.stem)
def test_every_value_of_more_traces_is_explained(path):
    report = check.check(recorded.load(path))
    assert unexplained(report.fields) == {}


def test_env_step_is_what_the_checker_plays():
    """Without NPCs, whose decisions are their own, `Env.step` gives the same world."""
    states, case = played("king_of_the_hill-won")
    env = check.environment(case.cfg)
    orders = recorded.orders_of(case.trace, case.cfg)
    players = slice(0, case.cfg.players)
    key = jax.random.split(jax.random.key(1), len(case.trace))[3]
    world = jax.tree.map(lambda leaf: jax.numpy.asarray(leaf[3]), case.before)
    world = world.replace(bag=jax.tree.map(jax.numpy.asarray, by_player(world.bag)))
    action = env.noop().replace(
        move=orders["direction"][3, players],
        style=orders["style"][3, players],
        target=orders["target"][3, players],
        token=orders["token"][3],
    )
    _, after, reward, *_ = jax.jit(env.step)(key, world, action, orders["turn"][3])
    after = after.replace(bag=by_player(after.bag))
    expected = jax.tree.map(lambda leaf: leaf[3], case.after)
    assert LIFECYCLE == 300
    same = jax.tree.map(lambda a, b: bool((np.asarray(a) == b).all()), after, expected.world)
    assert jax.tree.all(same), same
    np.testing.assert_array_equal(reward, expected.reward)


ENTITY_VALUES = [*compare.ENTITY_VALUES, *compare.PLAYER_VALUES]


@pytest.mark.parametrize("name", ENTITY_VALUES)
def test_a_wrong_value_of_a_player_is_seen(name):
    _, case = played("king_of_the_hill-won")
    tick, row = np.argwhere(case.stays[:, : case.cfg.players])[37]
    path = f"world.body.{name}"
    old = getattr(case.after.world.body, name)[tick, row]
    wrong = with_after(case, path, (tick, row), not old if old.dtype == bool else old + 1)
    assert unexplained(compare.fields(wrong)) == {name.replace("_", " "): [[tick, row]]}


NPC_VALUES = {
    "world.npc.kind": "npc: shown kind",
    "world.npc.style": "npc: style",
    "world.npc.target": "npc: remembered target",
    "world.npc.ring": "npc: home ring",
}


@pytest.mark.parametrize("path", NPC_VALUES)
def test_a_wrong_value_of_an_npc_is_seen(path):
    _, case = played("team_battle-fight")
    tick, npc = np.argwhere(case.stays[:, case.cfg.players :])[11]
    old = getattr(case.after.world.npc, path.rsplit(".")[-1])[tick, npc]
    wrong = with_after(case, path, (tick, npc), old + 1 if old < 1 else old - 1)
    assert unexplained(compare.fields(wrong)) == {NPC_VALUES[path]: [[tick, npc]]}


WHOLE_VALUES = {
    "fog": ("fog", (2, 20), 3.0),
    "seizure": ("world.terrain.seizer", (4,), 77),
    "reward": ("reward", (1, 9), 0.5),
    "terminated": ("terminated", (1, 9), True),
    "truncated": ("truncated", (1, 9), True),
    "task progress": ("world.task.progress", (5, 3), 0.77),
    "score": ("world.verdict.score", (6,), 0.123),
    "game over": ("world.verdict.over", (0,), True),
    "event: score_hit": ("world.tally.count", (3, 8, 4), 1000),
    "event: eat_food": ("world.tally.count", (3, 8, 0), 1000),
    "task memory": ("world.task.max_progress", (2, 90), 0.99),
}


@pytest.mark.parametrize("name", WHOLE_VALUES)
def test_a_wrong_outcome_is_seen(name):
    _, case = played("king_of_the_hill-won")
    path, index, value = WHOLE_VALUES[name]
    found = unexplained(compare.fields(with_after(case, path, index, value)))
    assert list(found) == [name]
    assert len(found[name]) == 1 and found[name][0][0] == index[0]


def test_immortality_that_is_not_recorded_is_seen():
    _, case = played("king_of_the_hill-won")
    row = survivor(case, 2)
    wrong = with_after(case, "world.body.immortal_until", (2, row), 55)
    assert unexplained(compare.fields(wrong)) == {"immortal until": [[2, row]]}


def test_a_wrong_winner_is_seen():
    _, case = played("king_of_the_hill-won")
    last = len(case.trace) - 1
    loser = np.flatnonzero(~case.after.world.verdict.winners[last])[0]
    wrong = with_after(case, "world.verdict.winners", (last, loser), True)
    assert unexplained(compare.fields(wrong)) == {"winners": [[last, 0], [last, loser]]}


def test_a_player_that_should_be_dead_is_seen():
    _, case = played("king_of_the_hill-won")
    tick, row = np.argwhere(case.before.body.present & ~case.lives_on)[0]
    wrong = with_after(case, "world.body.present", (tick, row), True)
    assert unexplained(compare.fields(wrong)) == {"alive": [[tick, row]]}


def test_a_wrong_value_of_a_system_that_is_off_is_seen():
    _, case = played("king_of_the_hill-won")
    row = survivor(case, 2)
    wrong = with_record(case, "gold", (2, row), 7)
    assert unexplained(compare.fields(wrong)) == {"gold": [[2, row]]}


def test_a_wrong_observation_is_seen():
    states, case = played("team_battle-fight")
    name = next(n for n in case.trace.data if n.startswith("obs/") and n.endswith("/Tile"))
    data = dict(case.trace.data, **{name: case.trace.data[name].copy()})
    data[name][100, 2] += 1
    wrong = dataclasses.replace(case.trace, data=data)
    assert list(unexplained(observations.fields(wrong, states, case.cfg))) == ["seen: Tile"]


def test_a_setting_that_the_game_cannot_draw_is_seen():
    trace = loaded("survive-last")
    meta = copy.deepcopy(trace.meta)
    meta["settings"]["NPC_N"] = 63
    wrong = dataclasses.replace(trace, meta=meta)
    cfg = recorded.config_of(trace)
    env = check.environment(cfg)
    assert unexplained(states_of.setting_fields(trace, cfg, env)) == {}
    assert list(unexplained(states_of.setting_fields(wrong, cfg, env))) == ["settings"]


@pytest.mark.parametrize(
    "change, name",
    [
        ("map", "start: map"),
        ("extra", "start: extra tiles"),
        ("place", "start: places"),
        ("npcs", "start: npcs"),
    ],
)
def test_a_wrong_first_state_is_seen(change, name):
    states, case = played("survive-first")
    env, trace = check.environment(case.cfg), case.trace
    args = env, jax.random.key(3)
    assert unexplained(opening.fields(trace, states, *args)) == {}
    material = trace.data["first_materials"].copy()
    if change == "map":
        row, col = np.argwhere(material == Tile.STONE)[9]
        material[row, col] = Tile.WATER
    elif change == "extra":
        row, col = np.argwhere(material == Tile.GRASS)[3000:3030].T
        material[row, col] = Tile.WATER
    elif change == "place":
        states = planted(states, "body.pos", (0, 17, 0), 70)
    else:
        extra = case.cfg.players + np.arange(40)
        states = planted(states, "body.present", (0, extra), True)
    wrong = dataclasses.replace(trace, data=dict(trace.data, first_materials=material))
    assert name in unexplained(opening.fields(wrong, states, *args))


def test_draws_that_come_too_often_are_seen():
    fair = frequencies.Draws("", "", np.array([250, 250, 260, 240]), np.full(4, 250.0))
    unfair = frequencies.Draws("", "", np.array([250, 350, 160, 240]), np.full(4, 250.0))
    rare = frequencies.Draws("", "", np.array([10]), np.array([100.0]), 97.5)
    assert fair.p_value() > 0.5
    assert unfair.p_value() < frequencies.SUSPICIOUS
    assert rare.p_value() < frequencies.SUSPICIOUS
    both = frequencies.add_up([fair, unfair])[0]
    assert both.observed.tolist() == [500, 600, 420, 480]


def test_the_command_counts_and_tells_by_its_exit_code(tmp_path, capsys):
    good = str(DATA / "survive-last.npz")
    assert check.main([good, "--json", str(tmp_path / "out.json")]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.endswith("0 unexplained") and " compared, " in last
    assert (tmp_path / "out.json").stat().st_size > 1000
    trace = loaded("survive-last")
    data = dict(trace.data, entities=trace.data["entities"].copy())
    health = trace.meta["entity_columns"].index("health")
    data["entities"][-1, health] += 1
    bad = tmp_path / "bad.npz"
    np.savez(bad, meta=json.dumps(trace.meta), **data)
    assert check.main([str(bad)]) == 1
    out = capsys.readouterr().out
    assert "health at" in out and not out.strip().splitlines()[-1].endswith(" 0 unexplained")


def test_a_file_that_is_no_trace_is_refused(tmp_path):
    file = tmp_path / "no.npz"
    file.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no.npz is no trace"):
        recorded.load(file)
    np.savez(file, meta="{}")
    with pytest.raises(ValueError, match="lacks"):
        recorded.load(file)
