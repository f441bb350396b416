"""Games and environments hash and compare by what they are."""

import pytest

import metammo_jax as mm


def test_games_hash_and_compare():
    for name, factory in {**mm.games.GAMES, **mm.games.FULL_GAMES}.items():
        assert factory() == factory() and hash(factory()) == hash(factory()), name
        assert factory() != factory(depletion=1)
    games = {mm.games.survive(), mm.games.survive(), mm.games.survive(fog_onset_tick=3)}
    assert len(games) == 2


def test_equal_calls_make_equal_environments():
    made = [mm.make(["survive", "sandwich"], config="tiny", weights=[1, 3]) for _ in range(2)]
    assert made[0] == made[1] and hash(made[0]) == hash(made[1])
    for other in (
        mm.make(["survive", "sandwich"], config="tiny"),
        mm.make(["sandwich", "survive"], config="tiny", weights=[1, 3]),
        mm.make(["survive", "sandwich"], config="tiny", weights=[1, 3], horizon=9),
        mm.make([mm.games.survive(fog_onset_tick=3), "sandwich"], config="tiny", weights=[1, 3]),
    ):
        assert other != made[0]


def test_a_name_is_taken_again_on_request(monkeypatch):
    monkeypatch.setattr(mm.registry, "_FACTORIES", dict(mm.registry._FACTORIES))
    mm.register("mine", mm.games.survive)
    with pytest.raises(ValueError, match="replace=True"):
        mm.register("mine", mm.games.sandwich)
    mm.register("mine", mm.games.sandwich, replace=True)
    assert mm.make("mine", config="tiny").games[0].name == "sandwich"
