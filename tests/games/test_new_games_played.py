"""Our own games played to their end at `tiny`: by scripts, at random, by traitors, or by nobody."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from benchmarks import games as measuring
from metammo_jax.games import NEW_GAMES, TRADE_GAMES

EPISODES = 12
DUELS = 64
"""Episodes of duels, whose margin is smaller: 0.51 against 0.31 in 96 episodes."""

EARLIEST = 5
"""Ticks within which random players must not have won."""


@pytest.fixture(scope="module")
def measured():
    """Every row of `benchmarks.games`, by game and focus."""
    envs = [
        mm.make(list(NEW_GAMES), config="tiny"),
        mm.make(list(TRADE_GAMES), config="tiny_full"),
    ]
    rows = [row for env in envs for row in measuring.measure(env, EPISODES, seed=1)]
    rows += measuring.measure(mm.make(["duels"], config="tiny"), DUELS, seed=1)
    return {(row.game, row.focus): row for row in rows}


FOCUSES = [
    (name, focus)
    for name, make in (NEW_GAMES | TRADE_GAMES).items()
    for focus in measuring.focuses(make(), mm.preset("tiny"))
]


@pytest.mark.slow
@pytest.mark.parametrize("game, focus", FOCUSES)
def test_scripts_win_more_than_random_players_and_who_does_nothing_wins_nothing(
    measured, game, focus
):
    row = measured[game, focus]
    assert row.first_win is None or row.first_win > EARLIEST
    line_up = "all scripted" if game == "keep_the_fire" else "scripted"
    random, scripted = row.wins["random"][0], row.wins[line_up][0]
    assert scripted > random or (focus, scripted) == ("side 1", 1.0)
    if focus in ("half", "team 0") and game != "keep_the_fire":  # where riding free pays
        assert scripted > 1.5 * row.wins["scripted"][1]
    if focus != "side 1":  # which may wait, where the other side does not come
        assert row.wins["still"][0] <= 0.1
        assert row.wins["traitors"][0] <= max(0.25, random)


@pytest.mark.slow
@pytest.mark.parametrize("game", ["escort", "hide_and_seek", "hunters_and_prey"])
def test_either_side_can_win_against_scripts(measured, game):
    for side in ("side 0", "side 1"):
        own, other = measured[game, side].wins["all scripted"]
        assert own > 0 and other > 0, (game, side)


@pytest.mark.slow
def test_who_knows_must_talk_and_who_shares_gets_more(measured):
    for game in ("commons", "keep_the_fire", "stag_hunt"):
        wins = measured[game, "half"].wins
        assert np.mean(wins["all scripted"]) > 2 * np.mean(wins["all selfish"]), game
    mute, talking = measured["treasure_hunt", "team 0"].wins["selfish, scripted"]
    assert talking > 1.5 * mute


@pytest.mark.slow
def test_in_a_batch_everybody_is_terminated_or_truncated_once():
    env = mm.make(list(NEW_GAMES), config="tiny", horizon=24)
    batch = mm.vectorize(env, 34)
    reset, step, sample = jax.jit(batch.reset), jax.jit(batch.step), jax.jit(batch.sample)
    obs, state = reset(jax.random.key(0))
    ended = np.zeros(len(env.games), int)
    for tick in range(80):
        keys = jax.random.split(jax.random.key(tick))
        before = jax.device_get(state.world)
        obs, state, reward, terminated, truncated, info = step(keys[0], state, sample(keys[1], obs))
        alive = before.body.present[:, : env.cfg.players]
        done, marked = np.asarray(info.done), np.asarray(terminated ^ truncated)
        np.testing.assert_array_equal(marked[done], alive[done])
        np.add.at(ended, before.params.game[done], 1)
        health = np.asarray(state.world.body.health)
        np.testing.assert_array_equal(state.world.body.present, health > 0)
        assert jnp.isfinite(reward).all()
    assert ended.min() > 0, ended
