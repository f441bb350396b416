"""What a policy observes of the original, what actions the original gets, and that both fit."""

import collections
import dataclasses
import io
import json
import re
import sys

import jax
import numpy as np
import pytest

from metammo_jax.action import Action
from metammo_jax.env import Env
from metammo_jax.registry import make
from metammo_jax.world import World
from tests.parity import (
    accounts,
    belongings,
    check,
    deals,
    observations,
    orders,
    playing,
    replay,
    transfer,
    twosample,
    wire,
)
from tests.parity import state as states_of
from tests.parity import trace as recorded
from tests.parity.accounts import Account
from tests.parity.episodes import Group
from tests.parity.live import Scene
from tests.parity.pilot import PilotRollout
from tests.parity.planting import DATA, loaded, unexplained
from tests.parity.rollout import STRIDE, Start

SHOWN = ["king_of_the_hill-won", "team_battle-loot"]
"""A trace of each size of which observations are compared."""

MEMORY_OF_THE_PAST = {"tally", "verdict", "died", "queue", "queued", "arrived", "losses", "gains"}
"""What nobody is shown; a state as it comes does not tell it."""


def scene_of(trace) -> Scene:
    cfg = recorded.config_of(trace)
    return Scene(trace.meta, replay.first(trace), cfg, check.environment(cfg))


def live(trace) -> tuple[World, Scene]:
    """Returns all states of a trace as they would have come, and the scene after the last."""
    scene = scene_of(trace)
    worlds = [scene.world(replay.state(trace, t)) for t in range(len(trace) + 1)]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *worlds), scene


# What is seen


@pytest.mark.parametrize(
    "name", [path.stem for path in DATA.glob("*.npz") if "multi" not in path.stem]
)
def test_a_state_that_comes_is_the_world_of_the_record(name):
    trace = loaded(name)
    cfg = recorded.config_of(trace)
    ours, _ = live(trace)
    there, compared = states_of.worlds(trace, cfg, check.environment(cfg)), 0
    leaves = jax.tree_util.tree_leaves_with_path(ours), jax.tree.leaves(there)
    for (path, one), other in zip(*leaves, strict=True):
        names = {getattr(key, "name", "") for key in path}
        if names & MEMORY_OF_THE_PAST:
            continue
        if names & {"pos", "spawn_pos"}:  # the places of the dead are known from their deaths on
            here = there.body.present[:, : one.shape[1]]
            one, other = one[here], other[here]
        np.testing.assert_array_equal(one, other, jax.tree_util.keystr(path))
        compared += 1
    assert compared > 70


@pytest.mark.parametrize("name", SHOWN)
def test_a_state_that_comes_shows_what_the_original_showed(name):
    trace = loaded(name)
    worlds, _ = live(trace)
    fields = observations.fields(trace, worlds, recorded.config_of(trace))
    assert unexplained(fields) == {}
    assert sum(len(one.ours) for one in fields) > 10_000
    moved = worlds.replace(body=worlds.body.replace(health=worlds.body.health - 1))
    assert unexplained(observations.fields(trace, moved, recorded.config_of(trace)))


def test_other_sizes_and_incomplete_states_are_refused():
    trace = loaded("king_of_the_hill-won")
    larger = dataclasses.replace(recorded.config_of(trace), visible_rows=50)
    with pytest.raises(ValueError, match="visible_rows=100, the policy.*visible_rows=50"):
        Scene(trace.meta, replay.first(trace), larger, check.environment(larger))
    state = replay.state(trace, 0)
    del state["npcs"]
    with pytest.raises(ValueError, match="lacks 'npcs'"):
        scene_of(trace).world(state)


# What is said


def recorded_action(trace, t) -> Action:
    """Returns what players of a trace did, as an action of ours."""
    cfg = recorded.config_of(trace)
    done = {**recorded.orders_of(trace, cfg), **deals.orders(trace, cfg)}
    done["move"] = done["direction"]
    names = [field.name for field in dataclasses.fields(Action) if field.name in done]
    return Action(**{name: done[name][t][: cfg.players] for name in names})


@pytest.mark.parametrize("name", ["king_of_the_hill-won", "multi_task-market"])
def test_orders_of_recorded_actions_are_read_back(name):
    """From recorded positions to rows and slots of ours, to ids, and back to positions."""
    trace, said = loaded(name), collections.Counter()
    scene = scene_of(trace)
    for t in range(len(trace)):
        scene.world(replay.state(trace, t))
        named = scene.orders(recorded_action(trace, t))
        for player in np.flatnonzero((trace.data["actions"][t] >= 0).any(-1)):
            action = orders.action_of(named[player], lists(trace, scene.cfg, t, player))
            taken = trace.data["actions"][t, player].tolist()
            for head, value in zip(trace.meta["action_heads"], taken, strict=True):
                verb, arg = head.split(".")
                found = action.get(verb, {}).get(arg, -1)
                if arg == "Price" and value == 0:
                    value = found  # whoever sells nothing need not name a price
                assert found == value, (t, player, head)
                said[head] += value not in (-1, orders.NOOP[arg])
    assert all(said[head] > 50 for head in ("Move.Direction", "Attack.Target", "Comm.Token"))
    if scene.cfg.slots:
        assert all(said.values()), said


def lists(trace, cfg, t, player) -> dict:
    """Returns what a player of a trace chose from, in the original's order, without the rest."""
    entity = trace.rows("entities", t).astype(int)
    places = dict(zip(entity[:, 0], entity[:, 2:4], strict=True))
    seen = np.abs(entity[:, 2:4] - places[player + 1]).max(1) <= cfg.vision
    out = {"Entity": entity[seen], "ActionTargets": {}}
    for head in trace.meta["action_heads"]:
        verb, arg = head.split(".")
        if trace.data["actions"][t, player, trace.meta["action_heads"].index(head)] >= 0:
            out["ActionTargets"].setdefault(verb, {})[arg] = ()
    if cfg.slots:
        found = belongings.records(trace)
        own = (found["state"] == t) & (found["row"] == player)
        out["Inventory"] = found["id"][own][:, None]
        out["Market"] = deals.market(trace, t, cfg)["id"][:, None]
    return out


def small_observation() -> dict:
    masks = {
        "Move": ("Direction",), "Attack": ("Style", "Target"), "Comm": ("Token",),
        "Use": ("InventoryItem",), "Sell": ("InventoryItem", "Price"), "Buy": ("MarketItem",),
        "Give": ("InventoryItem", "Target"), "GiveGold": ("Price", "Target"),
    }  # fmt: skip
    return {
        "Entity": np.array([[7, 0], [-4, 0], [2, 0]]),
        "Inventory": np.array([[31, 0], [30, 0]]),
        "Market": np.array([[90, 0], [31, 0]]),
        "ActionTargets": {head: dict.fromkeys(args, ()) for head, args in masks.items()},
    }


def order(**given) -> np.ndarray:
    return np.array([given.get(name, 0) for name in orders.ORDERS])


def test_ids_become_positions_and_nothing_becomes_nothing():
    named = orders.action_of(
        order(
            move=3,
            style=2,
            target=-4,
            token=5,
            use=30,
            sell=31,
            price=9,
            buy=31,
            give=30,
            give_to=2,
            gold=4,
            gold_to=7,
        ),
        small_observation(),
    )
    assert named == {
        "Move": {"Direction": 3},
        "Attack": {"Style": 2, "Target": 1},
        "Comm": {"Token": 4},
        "Use": {"InventoryItem": 1},
        "Sell": {"InventoryItem": 0, "Price": 8},
        "Buy": {"MarketItem": 1},
        "Give": {"InventoryItem": 1, "Target": 2},
        "GiveGold": {"Price": 3, "Target": 0},
    }
    named = orders.action_of(order(move=4, target=99, use=5), small_observation())
    assert "Comm" not in named  # silence
    assert named["Attack"]["Target"] == named["Give"]["Target"] == orders.NOOP["Target"]
    assert named["Use"]["InventoryItem"] == orders.NOOP["InventoryItem"]
    assert named["Buy"]["MarketItem"] == orders.NOOP["MarketItem"]


# The pipe, and who plays through it


def test_a_message_arrives_as_it_was_sent():
    pipe = io.BytesIO()
    wire.send(pipe, "state", {"a": [1, None]}, {"rows": np.arange(6, dtype=np.int16)[::2]})
    wire.send(pipe, "result")
    pipe.seek(0)
    word, values, arrays = wire.receive(pipe)
    assert (word, values) == ("state", {"a": [1, None]})
    assert arrays["rows"].dtype == np.int16 and arrays["rows"].tolist() == [0, 2, 4]
    assert wire.receive(pipe) == ("result", None, {})
    with pytest.raises(EOFError):
        wire.receive(pipe)
    with pytest.raises(ValueError, match="no length"):
        wire.receive(io.BytesIO(b"Traceback (most recent call last)"))


class Walker:
    """A pilot that counts the ticks of a life in memory, and walks by them or at random."""

    def __init__(self, env: Env):
        self.env, self.params, self.seen = env, None, []

    def start(self, worlds):
        players = self.env.cfg.players
        return np.zeros((worlds, players, 1), np.int32), np.ones((worlds, players), bool)

    def choose(self, seeds, ticks, world, memory, fresh):
        memory = np.where(fresh[..., None], 0, memory)
        self.seen.append((seeds.tolist(), ticks.tolist(), fresh.copy()))
        noop = jax.tree.map(np.asarray, self.env.noop())
        action = jax.tree.map(lambda leaf: np.stack([leaf] * len(seeds)), noop)
        return action.replace(move=memory[..., 0] % 4), memory + 1

    def act(self, params, keys, world, memory, fresh):
        memory = jax.numpy.where(fresh[..., None], 0, memory)
        return jax.vmap(self.env.sample)(keys, jax.vmap(self.env.observe)(world)), memory + 1


def test_episodes_are_played_side_by_side_and_memory_ends_with_a_life():
    path = DATA / "king_of_the_hill-won.npz"
    trace = loaded(path.stem)
    env = make(["king_of_the_hill"], config="mini", maps=16)
    command = [sys.executable, "-m", "tests.parity.replay", str(path)]
    asked = playing.Asked("king_of_the_hill", "mini", "", 16)
    walker = Walker(env)
    results = list(playing.play(command, asked, [4, 5, 6], walker, 2))
    assert [one["seed"] for one in results] == [4, 5, 6]
    died = trace.data["outcomes"][:, :, 2] > 0
    assert died[:-1].any()
    for one in results:
        moves = np.array(one["orders"])[..., 0]
        lived = np.zeros(env.cfg.players, int)
        for t in range(len(trace)):
            lived = np.where(died[t - 1], 0, lived) if t else lived
            np.testing.assert_array_equal(moves[t], lived % 4)
            lived += 1
    seeds, ticks, _ = zip(*walker.seen, strict=True)
    assert seeds[0] == [4, 5] and ticks[0] == [0, 0] and ticks[3] == [3, 3]
    assert len(walker.seen) == 2 * len(trace)


def test_an_original_that_breaks_down_is_named(capfd):
    env = make(["king_of_the_hill"], config="mini", maps=16)
    asked = playing.Asked("king_of_the_hill", "mini", "", 16)
    command = [sys.executable, "-m", "tests.parity.replay", str(DATA / "king_of_the_hill-won.npz")]
    with pytest.raises(ValueError, match="exit status is 3"):
        list(playing.play(command, asked, [13], Walker(env), 1))
    with pytest.raises(ValueError, match="no-such-python cannot be started"):
        list(playing.play(["no-such-python"], asked, [1], Walker(env), 1))


@pytest.mark.slow
def test_our_episodes_remember_until_a_player_dies():
    env = make(["survive"], config="tiny", maps=2)
    rollout = PilotRollout(Walker(env), original_order=True)
    start = Start(0, dict(fog_onset_tick=4.0), np.asarray(env.pool)[1])
    (account,) = rollout.play(3, [start])
    memory, _ = jax.tree.map(np.asarray, rollout._memory)
    length, died = account.whole["length"], account.lifespan
    gone = died < length
    assert gone.any() and died[gone].std() > 0
    ticks = memory[0, gone, 0] + died[gone]
    assert (ticks == ticks[0]).all() and ticks[0] % STRIDE == 0 and ticks[0] >= length


# The command


def run_of(tmp_path, config, game=("survive",)) -> str:
    from agents.config import TrainConfig
    from agents.runs import folder

    cfg = TrainConfig(config=config, game=game, run_dir=str(tmp_path / "run"))
    return str(folder.create(cfg, make(list(game), config=config).cfg))


def test_bad_input_is_refused_at_once(tmp_path, capsys):
    python = ["--python", sys.executable]
    assert transfer.main([str(tmp_path / "nothing"), *python]) == 2
    assert "nothing" in capsys.readouterr().err
    assert transfer.main([run_of(tmp_path, "tiny"), *python]) == 2
    assert "config='tiny'; the original plays mini and full" in capsys.readouterr().err
    unknown = run_of(tmp_path / "other", "mini", ("find_the_caller",))
    assert transfer.main([unknown, *python]) == 2
    assert "cannot play 'find_the_caller'; it plays survive" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        transfer.main([unknown, *python, "--episodes", "0"])
    assert "'0' must be a whole number" in capsys.readouterr().err


def test_settings_are_those_that_both_games_have():
    assert transfer.overrides_of(["NPC_N=64", "DEATH_FOG_ONSET=null"]) == {
        "NPC_N": 64,
        "DEATH_FOG_ONSET": None,
    }
    with pytest.raises(ValueError, match="HORIZON=9: allowed are ALLOW_MOVE"):
        transfer.overrides_of(["HORIZON=9"])
    with pytest.raises(ValueError, match="'many' is no JSON value"):
        transfer.overrides_of(["NPC_N=many"])


def asked_for(tmp_path, *more):
    given = ["runs/x", "--python", "no-such-python", "--record", str(tmp_path / "known.jsonl")]
    asked = playing.Asked("survive", "mini", "maps", 16, None, {"NPC_N": 64})
    return transfer.parser().parse_args([*given, "--episodes", "2", *more]), asked


def test_episodes_that_are_known_are_not_played_again(tmp_path):
    args, asked = asked_for(tmp_path)
    mark = {
        "run": "runs/x", "greedy": False,
        "asked": {"game": "survive", "config": "mini", "num_maps": 16, "difficulty": None,
                  "overrides": {"NPC_N": 64}},
    }  # fmt: skip
    lines = [{"seed": seed, "ticks": 9, "mark": mark} for seed in (5001, 5000, 4999)]
    file = tmp_path / "known.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    known = transfer.original_of(args, asked, Walker(make(["survive"], config="mini", maps=16)))
    assert [one["seed"] for one in known] == [5000, 5001]
    greedy, _ = asked_for(tmp_path, "--greedy")  # others than the known ones
    with pytest.raises(ValueError, match="cannot be started"):
        transfer.original_of(greedy, asked, Walker(make(["survive"], config="mini", maps=16)))
    file.write_text("[1, 2]\n")
    with pytest.raises(ValueError, match="known.jsonl is no record of episodes"):
        transfer.original_of(args, asked, None)


def account(winners: int, kills: float) -> Account:
    lives = np.full(4, 9.0)
    whole = accounts.whole(9, 0.5, winners, 0.25, lives, np.zeros(16))
    names = ["events: kill_player", "events: kill_npc", "events: score_hit"]
    ticks = np.arange(len(accounts.TICKS))
    series = dict(zip(names, [kills * ticks, 0 * ticks, 0 * ticks], strict=True))
    return Account(series, whole, lives)


def test_what_differs_between_both_games_is_found_and_shown(capsys):
    recorded, ours = [account(i % 2, 5.0 + i) for i in range(12)], []
    group = Group("survive", "mini", "trained", recorded, [[one] for one in recorded])
    comparisons, equal = transfer.compared(group)
    assert not twosample.differing(comparisons) and equal > 5
    ours = [[account(1, 1.0 + i)] for i in range(12)]
    group = dataclasses.replace(group, ours=ours)
    comparisons, _ = transfer.compared(group)
    found = {one.name[1:3] for one in twosample.differing(comparisons)}
    assert ("events: kill_player", "tick 8") in found
    assert {one.name[1] for one in comparisons} >= {"won", "winners"}
    transfer.show_headlines(transfer.headlines(group, comparisons))
    shown = capsys.readouterr().out
    assert re.search(r"episodes won +0\.500 +1\.000 +-1\.3", shown)
    assert re.search(r"hits +0\.000 +0\.000 +equal", shown)
