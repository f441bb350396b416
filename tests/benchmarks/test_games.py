"""The command line of `benchmarks.games`; `tests/games/test_new_games_played.py` plays."""

import numpy as np
import pytest

import metammo_jax as mm
from benchmarks import games as measuring
from benchmarks.scripted import SCRIPTS
from metammo_jax.games import NEW_GAMES, TRADE_GAMES


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--games", "survive"], "'survive' has no script; allowed are last_stand"),
        (["--games", "duels", "--episodes", "0"], "episodes=0"),
        (["--games", "duels", "--config", "small"], "config='small' is unknown"),
    ],
)
def test_bad_options_end_cleanly(arguments, message, capsys):
    assert measuring.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_every_game_of_our_own_has_a_script():
    assert set(SCRIPTS) == set(NEW_GAMES | TRADE_GAMES)


def test_the_focus_is_a_side_a_team_or_half_of_the_players():
    cfg = mm.preset("tiny")
    found = {name: measuring.focuses(make(), cfg) for name, make in NEW_GAMES.items()}
    assert list(found["last_stand"]) == ["all"] and found["last_stand"]["all"].all()
    assert np.flatnonzero(found["five_hills"]["team 0"]).tolist() == [0, 1, 2, 3]
    assert found["escort"]["side 0"].sum() == 10 and found["escort"]["side 1"].sum() == 6
    duellists = found["duels"]["half"]
    assert (duellists ^ duellists[np.arange(16) ^ 1]).all(), "one of each pair"
    hunters = found["stag_hunt"]["half"]
    assert (hunters == hunters[np.arange(16) ^ 1]).all() and hunters.sum() == 8
