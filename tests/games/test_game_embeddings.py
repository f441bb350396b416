"""Embeddings of the goals of a game: of their meaning, or those of the original."""

import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import games
from metammo_jax.config import preset
from metammo_jax.tasks import embeddings
from metammo_jax.tasks.book import TaskBook

ORIGINAL = preset("tiny", original_embeddings=True)
ZEROS = {"survive", "protect_the_king", "king_of_the_hill", "comm_together", "radio_raid"}


def embeddings_of(game, cfg="tiny"):
    """Returns (goals, D), the embeddings in an environment of one game."""
    return mm.make(game, config=cfg).table.book._embedding


@pytest.mark.parametrize("name", games.GAMES)
def test_the_original_describes_five_of_the_eight_games_by_zeros(name):
    assert (not embeddings_of(name, ORIGINAL).any()) == (name in ZEROS)


def test_a_game_is_described_by_its_goal_referee_and_score():
    race = games.race_to_the_center()
    words = ("referee task", "score speed")
    wanted = embeddings.meaning(race.goals, 16, words)
    np.testing.assert_array_equal(embeddings_of(race), wanted)
    assert np.abs(wanted - embeddings.meaning(race.goals, 16)).max() > 0.1


def test_games_that_ask_for_different_things_are_described_differently():
    seen = {}
    for name in games.ALL_GAMES:
        game = games.ALL_GAMES[name]()
        if name.startswith("multi_task") or name == "ammo_training":
            continue  # many tasks
        asked = str([(goal.term, goal.subject) for goal in game.goals])
        key = tuple(map(tuple, embeddings_of(game, "tiny_full")))
        seen.setdefault(key, set()).add((asked, game.referee))
    assert len(seen) > 20 and all(len(asked) == 1 for asked in seen.values())


def test_the_switch_does_not_change_games_that_the_original_does_not_have():
    for name in ("last_stand", "assassins", "famine"):
        np.testing.assert_array_equal(embeddings_of(name), embeddings_of(name, ORIGINAL))


def test_an_embedding_of_ones_own_stays():
    goal = games.Goal("tick_ge", (5,), embedding=(1.0, 2.0))
    for cfg in (preset("tiny"), ORIGINAL):
        assert TaskBook(((goal,),), cfg)._embedding[0, :3].tolist() == [1.0, 2.0, 0.0]
