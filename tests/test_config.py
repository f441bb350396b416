"""Sizes that make sense, and those that are refused with a reason."""

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
    assert (cfg.map_size, cfg.playable, cfg.window, cfg.horizon) == (160, 128, 15, 1024)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(players=-4), "players=-4 must be an integer, 1 or more"),
        (dict(players=2.5), "players=2.5 must be an integer"),
        (dict(players=True), "players=True must be an integer"),
        (dict(teams=3), "players=128 must divide into teams=3"),
        (dict(map_size=161), "map_size=161 must be even"),
        (dict(playable=63), "playable=63 must be even"),
        (dict(map_size=140), "wider than vision=7"),
        (dict(players=1024, teams=16), "players=1024 do not fit on the edge of playable=128"),
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
