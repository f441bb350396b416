"""Sizes that make sense, and those that are refused with a reason."""

import dataclasses

import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import registry
from metammo_jax.config import FULL_SYSTEMS, MINI_SYSTEMS, PRESETS, Config, preset
from metammo_jax.vocab import System


@pytest.mark.parametrize("name", ["mini", "tiny", "large", "full", "tiny_full"])
def test_presets_construct(name):
    assert preset(name).entities == preset(name).players + preset(name).npcs


def test_the_default_is_the_paper():
    cfg = Config()
    assert (cfg.players, cfg.teams, cfg.team_size, cfg.npcs) == (128, 16, 8, 256)
    assert (cfg.map_size, cfg.playable_side, cfg.window, cfg.horizon) == (160, 128, 15, 1024)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(players=-4), "players=-4 must be an integer, 1 or more"),
        (dict(players=2.5), "players=2.5 must be an integer"),
        (dict(players=True), "players=True must be an integer"),
        (dict(teams=3), "players=128 must divide into teams=3; .* give team_sizes instead"),
        (dict(team_sizes=(8, 0)), r"team_sizes\[1\]=0 must be an integer, 1 or more"),
        (dict(team_sizes=(8, 2.5)), r"team_sizes\[1\]=2.5 must be an integer"),
        (dict(team_sizes=()), r"team_sizes=\(\) must be numbers of players"),
        (dict(team_sizes=8), "team_sizes=8 must be numbers of players, one for each team"),
        (dict(team_sizes=(4, 3), players=8), r"players=8 does not fit .* which are 7 players"),
        (dict(team_sizes=(4, 3), teams=4), r"teams=4 does not fit team_sizes=\(4, 3\), .* 2 teams"),
        (dict(team_sizes=(500, 13)), "players=513 do not fit on the edge"),
        (dict(map_size=161), "map_size=161 must be even"),
        (dict(playable_side=63), "playable_side=63 must be even"),
        (dict(map_size=140), "wider than vision=7"),
        (dict(players=1024, teams=16), "players=1024 do not fit on the edge of playable_side=128"),
        (dict(horizon=0), "horizon=0 must be an integer, 1 or more"),
        (dict(horizon=40000), "horizon=40000 must be at most"),
        (dict(prices=40000), "prices=40000 must be at most"),
        (dict(npcs=-1), "npcs=-1 must be an integer, 0 or more"),
        (dict(systems={"TERRAIN"}), "systems has 'TERRAIN'"),
        (dict(systems={System.RESOURCE}), "RESOURCE, which needs TERRAIN"),
        (dict(systems={*MINI_SYSTEMS, System.PROFESSION}), "PROFESSION, which needs ITEM"),
        (dict(systems=FULL_SYSTEMS, npc_level_max=11), "npc_level_max=11 must be at most 10"),
        (dict(original_observations=1), "original_observations=1 must be True or False"),
        (dict(playrs=3), "'playrs' is no field of Config; did you mean 'players'"),
    ],
)
def test_impossible_sizes_are_refused_with_the_value_and_the_rule(changes, message):
    with pytest.raises(ValueError, match=message):
        preset("mini", **changes)


def test_sizes_of_teams_say_how_many_players_and_teams_there_are():
    for cfg in (
        Config(team_sizes=(24, 8, 8)),
        Config(team_sizes=[24, 8, 8], players=40, teams=3),
        preset("mini", team_sizes=np.array([24, 8, 8])),
        dataclasses.replace(Config(team_sizes=(24, 8, 8))),
    ):
        assert (cfg.players, cfg.teams, cfg.team_sizes) == (40, 3, (24, 8, 8))
        assert cfg.sizes_of_teams == (24, 8, 8) and cfg == Config(team_sizes=(24, 8, 8))
        with pytest.raises(ValueError, match="no one team_size"):
            assert cfg.team_size
    equal = Config(team_sizes=(8,) * 16)
    assert equal == Config() and equal.sizes_of_teams == (8,) * 16
    uneven = preset("tiny", team_sizes=(9, 4, 3))
    assert preset(uneven, horizon=9).team_sizes == (9, 4, 3)
    assert preset(uneven, teams=4) == preset("tiny")
    assert preset(uneven, team_sizes=(2, 1)).players == 3


def test_an_unknown_preset_is_refused():
    with pytest.raises(ValueError, match="config='huge' is unknown; allowed are mini, tiny"):
        mm.make("survive", config="huge")
    assert set(PRESETS) == {"mini", "tiny", "large", "full", "tiny_full"}


@pytest.mark.parametrize(
    ("games", "weights", "message"),
    [
        ("king_of_hill", None, "did you mean 'king_of_the_hill'"),
        ([], None, "non-empty sequence"),
        ([3], None, "game=3 must be a name or a Minigame"),
        (["survive", "sandwich"], [1], "one number for each of 2 games"),
        (["survive", "sandwich"], [1, -1], "finite numbers, 0 or more"),
        (["survive", "sandwich"], [0, 0], "must not all be 0"),
        (["survive", "sandwich"], ["a", 1], "finite numbers"),
    ],
)
def test_unknown_games_and_weights_that_are_none_are_refused(games, weights, message):
    with pytest.raises(ValueError, match=message):
        mm.make(games, config="tiny", weights=weights)


def test_register_teaches_make_a_name_once(monkeypatch):
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
    factory = mm.games.survive
    mm.register("outlast", factory)
    assert mm.make("outlast", config="tiny").games[0].name == "survive"
    for name, function in (("outlast", factory), ("", factory), ("other", 3)):
        with pytest.raises(ValueError, match="taken|non-empty|must be a function"):
            mm.register(name, function)
