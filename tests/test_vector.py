"""Batches: automatic reset, mixing, statistics, difficulty."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import vector
from tests.conftest import Played

WORLDS = 6
MIX = ["race_to_the_center", "team_battle", "sandwich"]


@pytest.fixture(scope="module")
def mixed():
    return mm.make(MIX, config="tiny", horizon=24, weights=[1, 2, 1])


@pytest.fixture(scope="module")
def batch(mixed):
    return mm.vectorize(mixed, WORLDS, reset_block=2)


@pytest.fixture(scope="module")
def run(batch):
    """The batch, stepped at random for 60 ticks; every step's output."""
    traced = chex.assert_max_traces(lambda key, state, action: batch.step(key, state, action), 1)
    step, sample = jax.jit(traced), jax.jit(batch.sample)
    obs, state = jax.jit(batch.reset)(jax.random.key(0))
    outs = []
    for tick in range(60):
        key = jax.random.fold_in(jax.random.key(3), tick)
        act_key, step_key = jax.random.split(key)
        action = sample(act_key, obs)
        out = step(step_key, state, action)
        outs.append((step_key, state, action, out))
        obs, state = out[:2]
    return outs


def test_games_of_one_batch_share_one_compiled_step(run):
    games = np.concatenate([np.asarray(state.world.params.game) for _, state, _, _ in run])
    assert set(games.tolist()) == {0, 1, 2}  # and assert_max_traces let it pass


@pytest.mark.slow  # `tests/laws` has it of one config
def test_a_world_alone_is_the_same_as_inside_the_batch(mixed, batch, run):
    alone = Played(mixed)
    for key, state, action, out in run[:20]:
        keys = batch.keys(key, vector.STEP)
        ended = np.asarray(out[5].done)
        for row in np.flatnonzero(~ended)[:3]:
            world, single = jax.tree.map(lambda x, row=row: x[row], (state.world, action))
            expected = alone.step(keys[row], world, single)
            got = jax.tree.map(lambda x, row=row: x[row], (out[0], out[1].world, *out[2:5]))
            chex.assert_trees_all_equal(got, expected[:5])


def test_ended_worlds_begin_anew_and_the_others_go_on(run):
    resets = 0
    for _, before, _, (obs, state, *_, info) in run:
        done = np.asarray(info.done)
        tick = np.asarray(state.world.tick)
        assert (tick[done] == 0).all()
        assert (tick[~done] == np.asarray(before.world.tick)[~done] + 1).all()
        assert (np.asarray(obs.tick) == tick).all()
        assert (np.asarray(info.final_observation.tick) == np.asarray(before.world.tick) + 1).all()
        assert (np.asarray(state.returns)[done] == 0).all()
        resets += done.sum()
    assert resets >= 2 * WORLDS


def test_whoever_lived_is_terminated_or_truncated_at_the_end(run):
    """Else advantages would leak from one episode into the next."""
    ways = {"won": 0, "time": 0}
    for _, before, _, (*_, terminated, truncated, info) in run:
        was_alive = np.asarray(before.world.body.present[:, :16])
        terminated, truncated = np.asarray(terminated), np.asarray(truncated)
        assert not (terminated & truncated).any()
        assert not (terminated | truncated)[~was_alive].any()
        for row in np.flatnonzero(info.done):
            assert ((terminated | truncated)[row] == was_alive[row]).all()
            if info.info.winners[row].any():
                ways["won"] += 1
                assert not truncated[row].any()
            elif info.episode.length[row] == 24:
                ways["time"] += 1
                lives = was_alive[row] & np.asarray(info.final_observation.alive)[row]
                assert truncated[row][lives].all()
        for row in np.flatnonzero(~np.asarray(info.done)):
            assert not truncated[row].any()
    assert min(ways.values()) > 0


def test_statistics_sum_up_the_episode(run):
    returns = np.zeros((WORLDS, 16))
    for _, before, _, (_, _, reward, _, _, info) in run:
        returns += np.asarray(reward)
        for row in np.flatnonzero(np.asarray(info.done)):
            episode = jax.tree.map(lambda x, row=row: np.asarray(x)[row], info.episode)
            assert episode.length == before.world.tick[row] + 1
            np.testing.assert_allclose(episode.return_, returns[row].mean(), rtol=1e-5)
            assert episode.won == np.asarray(info.info.winners)[row].any()
            returns[row] = 0


def test_difficulty_rises_with_games_won_and_reaches_the_next_episode():
    game = mm.games.race_to_the_center(playable_side=(10, 14), depletion=0)
    env = mm.make(game, config="tiny", horizon=40)
    batch = mm.vectorize(env, 2)
    step = jax.jit(batch.step)
    _, state = jax.jit(batch.reset)(jax.random.key(0))
    assert state.world.params.center.tolist() == [10, 10]
    seen = set()
    for tick in range(80):
        body = state.world.body
        offset = env.cfg.middle - body.pos[:, :16]
        vertical = jnp.where(offset[..., 0] > 0, 1, 0)
        horizontal = jnp.where(offset[..., 1] > 0, 2, 3)
        coin = jax.random.bernoulli(jax.random.key(tick), 0.5, vertical.shape)
        along_row = (offset[..., 1] == 0) | (coin & (offset[..., 0] != 0))
        move = jnp.where(along_row, vertical, horizontal)
        noop = jax.tree.map(lambda x: jnp.broadcast_to(x, (2, *x.shape)), env.noop())
        _, state, *_, info = step(jax.random.key(tick), state, noop.replace(move=move))
        seen |= set(np.asarray(state.world.params.center).tolist())
    assert seen == {10, 12, 14}
    assert state.difficulty.tolist() == [[14], [14]]


@pytest.mark.parametrize(
    ("worlds", "block", "message"),
    [(0, None, "num_worlds=0"), (2.0, None, "num_worlds=2.0"), (4, 5, "reset_block=5")],
)
def test_sizes_that_make_no_batch_are_refused(mixed, worlds, block, message):
    with pytest.raises(ValueError, match=message):
        mm.vectorize(mixed, worlds, reset_block=block)


def test_the_key_of_a_world_does_not_depend_on_the_size_of_the_batch(mixed):
    few = mm.vectorize(mixed, 2).keys(jax.random.key(3))
    many = mm.vectorize(mixed, 5).keys(jax.random.key(3))
    assert (jax.random.key_data(few) == jax.random.key_data(many)[:2]).all()
