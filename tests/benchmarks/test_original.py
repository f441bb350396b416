"""What of the original is timed and counted, with an environment that stands for it."""

import importlib.util
import sys
import types

import numpy as np
import pytest

from benchmarks.reference import ORIGINAL

MODULES = (
    "nmmo", "nmmo.core", "nmmo.core.config", "nmmo.core.game_api", "nmmo.minigames",
    "nmmo.systems", "nmmo.systems.item", "nmmo.systems.skill", "nmmo.task",
    "nmmo.task.base_predicates", "nmmo.task.task_spec",
)  # fmt: skip


@pytest.fixture
def original(monkeypatch):
    """The script, with a package `nmmo` in which every name is an empty class."""
    for name in MODULES:
        module = types.ModuleType(name)
        module.__getattr__ = lambda attribute: type(attribute, (), {})
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    spec = importlib.util.spec_from_file_location("original", ORIGINAL)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


class Env:
    """Begins with four players, of whom one dies each tick; the game is over when two are left.

    A step takes 1 s, a reset 10 s.
    """

    def __init__(self):
        self.now, self.seeds, self.actions = 0.0, [], []
        self.realm, self.game = types.SimpleNamespace(), types.SimpleNamespace()

    def reset(self, seed):
        self.now += 10
        self.seeds.append(seed)
        self.realm.players = {player: None for player in (1, 2, 3, 4)}
        self.game.is_over = False
        return self.seen(), {}

    def step(self, actions):
        assert not self.game.is_over
        self.now += 1
        self.actions.append(actions)
        self.realm.players.popitem()
        self.game.is_over = len(self.realm.players) == 2
        return self.seen(), {}, {}, {}, {}

    def seen(self):
        allowed = {"Direction": np.array([0, 1, 0, 1, 0], np.int8)}
        heads = {"Move": allowed, "Use": {"InventoryItem": np.zeros(3, np.int8)}}
        return {player: {"ActionTargets": heads} for player in self.realm.players}


@pytest.fixture
def env(original, monkeypatch):
    env = Env()
    monkeypatch.setattr(original.time, "perf_counter", lambda: env.now)
    return env


def test_moves_are_fresh_episodes_without_the_time_of_their_reset(original, env):
    player = original.Moves(env, seed=3)
    reported = [player.play(ticks=5), player.play(ticks=1)]
    assert reported[0] == {"living": 4 + 3, "slots": 2 * 128, "seconds": 2.0, "ended": 1}
    assert reported[1] == {"living": 4, "slots": 128, "seconds": 1.0, "ended": 0}
    assert env.seeds == [3000, 3001]
    assert all(action["Move"]["Direction"] in range(4) for action in env.actions[0].values())


def test_valid_goes_on_through_episodes_with_the_time_of_their_resets(original, env):
    player = original.Valid(env, seed=3)
    reported = [player.play(ticks=3), player.play(ticks=3)]
    # Ticks with 4, 3 | 4 and then 3 | 4, 3 players; a game ends after each second tick.
    assert reported[0] == {"living": 11, "slots": 3 * 128, "seconds": 3.0 + 10, "ended": 1}
    assert reported[1] == {"living": 10, "slots": 3 * 128, "seconds": 3.0 + 20, "ended": 2}
    assert env.seeds == [3000, 3001, 3002, 3003]


def test_valid_draws_from_every_mask_of_the_living(original, env):
    original.Valid(env, seed=0).play(ticks=40)
    assert [len(actions) for actions in env.actions[:4]] == [4, 3, 4, 3]
    drawn = [action for actions in env.actions for action in actions.values()]
    assert {action["Move"]["Direction"] for action in drawn} == {1, 3}
    assert {action["Use"]["InventoryItem"] for action in drawn} == {0}


def test_an_episode_in_which_all_died_is_over_too(original, env):
    env.game = types.SimpleNamespace()
    player = original.Valid(env, seed=0)
    step = env.step

    def last(actions):
        results = step(actions)
        env.realm.players.clear()
        return results

    env.step = last
    assert player.play(ticks=2)["ended"] == 2
