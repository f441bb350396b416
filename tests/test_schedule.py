"""Which game a world of a batch plays next, and how difficult it is."""

import dataclasses
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import games, schedule
from tests.agents.fake import FakeEnv, FakeTable

MINI = mm.preset("mini")
TABLE = games.Table([games.survive(), games.race_to_the_center()], [3, 1], MINI)
START, STEP = 40, 8
"""Of the race: it rises after each second game won at the present value, the first after one."""


def info_of(game, won, difficulty):
    """Info of worlds in which episodes ended."""
    return types.SimpleNamespace(
        game=jnp.array(game), winners=jnp.array(won)[:, None], difficulty=jnp.array(difficulty)
    )


def shared(wins, info, done, difficulty=START, axis=None):
    worlds = len(done)
    rows = jnp.broadcast_to(jnp.array([0, difficulty]), (worlds, 2))
    wins = jnp.broadcast_to(jnp.array([0, wins]), (worlds, 2))
    return schedule.shared_difficulty(TABLE, rows, wins, info, jnp.array(done), axis)


def test_shared_difficulty_takes_as_many_wins_more_as_worlds_play_the_game():
    """Of eight worlds a quarter plays the race: it takes twice the wins, wherever they happen."""
    needed = 2 * TABLE.numbers.draws["difficulty"][1].wins
    for before in range(needed):
        info = info_of([1] * 8, [True] + [False] * 7, [START] * 8)
        difficulty, wins = shared(before, info, [True] * 8)
        rises = before + 1 >= needed
        assert (difficulty[:, 1] == (START + STEP if rises else START)).all()
        assert (wins[:, 1] == (0 if rises else before + 1)).all()
    assert (difficulty[:, 0] == 0).all()


@pytest.mark.parametrize(
    ("game", "won", "difficulty", "done"),
    [
        (0, True, START, True),
        (1, False, START, True),
        (1, True, START - STEP, True),
        (1, True, START, False),
    ],
    ids=["another game", "lost", "an earlier difficulty", "goes on"],
)
def test_what_does_not_count(game, won, difficulty, done):
    info = info_of([game] * 8, [won] * 8, [difficulty] * 8)
    now, wins = shared(0, info, [done] * 8)
    assert (now[:, 1] == START).all() and (wins[:, 1] == 0).all()


def test_difficulty_that_can_fall_falls_for_all():
    table = games.Table([games.radio_raid()], None, MINI)
    per, step = table.numbers.draws["difficulty"][0].losses, 5
    rows, none = jnp.full((4, 1), 15), jnp.zeros((4, 1), jnp.int32)
    info = info_of([0] * 4, [False] * 4, [15] * 4)
    for turn in range(1, per + 1):
        rows, none = schedule.shared_difficulty(table, rows, none, info, jnp.ones(4, bool))
        assert (rows == (15 if turn < per else 15 - step)).all()


def test_sharded_batches_share_the_same_difficulty():
    rng = np.random.default_rng(0)
    game, won, done = (rng.integers(0, 2, 8) for _ in range(3))
    info = info_of(game, won > 0, [START] * 8)
    whole = shared(0, info, done > 0)

    def part(game, won, done):
        return shared(0, info_of(game, won > 0, jnp.full(4, START)), done > 0, axis="devices")

    halves = [jnp.asarray(x).reshape(2, 4) for x in (game, won, done)]
    found = jax.vmap(part, axis_name="devices")(*halves)
    for one, other in zip(whole, found, strict=True):
        assert (np.asarray(one) == np.asarray(other).reshape(8, 2)).all()


def test_what_is_owed_adds_up_to_nothing_and_the_played_game_pays():
    weights = np.array([0.75, 0.25])
    owed = schedule.update_owed(jnp.zeros((2, 2)), weights, jnp.array([0, 1]), jnp.array([8, 4]))
    assert owed.tolist() == [[-2.0, 2.0], [3.0, -3.0]]


def test_games_are_drawn_by_what_they_are_owed():
    keys = jax.random.split(jax.random.key(0), 4000)
    weights = np.array([0.5, 0.25, 0.25])

    def shares(owed):
        drawn = jax.vmap(lambda key: schedule.draw_owed_game(key, jnp.array(owed), weights))(keys)
        return np.bincount(drawn, minlength=3) / len(keys)

    assert shares([-4.0, 3.0, 1.0]) == pytest.approx([0, 0.75, 0.25], abs=0.03)
    assert shares([0.0, 0.0, 0.0]) == pytest.approx(weights, abs=0.03)
    assert shares([0.0, -1.0, 1.0]).tolist() == [0, 0, 1]


def test_a_game_that_is_owed_nothing_is_not_drawn_however_sums_round(monkeypatch):
    monkeypatch.setattr(schedule.threefry, "uniform", lambda key, shape: jnp.float32(1))
    owed = jnp.array([1.0, 2.0, -3.0])
    assert int(schedule.draw_owed_game(jax.random.key(0), owed, np.full(3, 1 / 3))) == 1


class Two(FakeTable):
    """Two games: episodes of one are eight times as long as those of the other."""

    weights = np.array([0.5, 0.5])

    def first_difficulty(self):
        return jnp.zeros(2, jnp.int32)


class Unequal(FakeEnv):
    """The fake world, cut short in one of two games."""

    games, table = FakeEnv.games * 2, Two()

    def reset(self, key, game=None, difficulty=None):
        obs, world = super().reset(key)
        game = jax.random.bernoulli(key).astype(jnp.int32) if game is None else game
        return obs, dataclasses.replace(world, goal=world.goal + 100 * game)

    def step(self, key, world, action, priority=None):
        out = super().step(key, world, action)
        obs, after, reward, terminated, truncated, info = out
        game = world.goal[0] // 100
        after = dataclasses.replace(after, goal=after.goal % 100 + 100 * game)
        over = info.over | ((game == 1) & (after.tick >= 2))
        return obs, after, reward, terminated, truncated, info.replace(game=game, over=over)


@pytest.mark.parametrize(
    ("weigh", "low", "high"), [("episodes", 0.6, 0.95), ("samples", 0.45, 0.55)]
)
def test_games_get_their_share_of_episodes_or_of_samples(weigh, low, high):
    batch = mm.vectorize(Unequal(), 8, weigh=weigh)
    obs, state = batch.reset(jax.random.key(0))

    def tick(carry, key):
        obs, state = carry
        act_key, step_key = jax.random.split(key)
        living = obs.alive.sum(-1)
        obs, state, *_, info = batch.step(step_key, state, batch.sample(act_key, obs))
        return (obs, state), (living, info.info.game)

    keys = jax.random.split(jax.random.key(1), 400)
    _, (living, game) = jax.jit(lambda carry, keys: jax.lax.scan(tick, carry, keys))(
        (obs, state), keys
    )
    share = float(living[game == 0].sum() / living.sum())
    low, high = {"episodes": (0.6, 0.95), "samples": (0.45, 0.55)}[weigh]
    assert low < share < high


def test_other_ways_to_weigh_are_refused():
    with pytest.raises(ValueError, match="weigh='ticks' must be one of episodes, samples"):
        mm.vectorize(FakeEnv(), 2, weigh="ticks")
