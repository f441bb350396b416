"""gymnax's interface, against the environment itself stepped beside it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.adapters import GymnaxEnv, core
from tests import worlds


@pytest.fixture(scope="module")
def base():
    return mm.make(["race_to_the_center", "team_battle"], config="tiny", horizon=5)


@pytest.fixture(scope="module")
def env(base):
    return GymnaxEnv(base, "move_attack")


@pytest.mark.slow
def test_a_game_and_a_time_limit_can_be_chosen(base, env):
    params = env.default_params
    assert int(params.max_steps_in_episode) == 5 and int(params.game) == -1
    obs, state = env.reset(jax.random.key(3), params)
    world = jax.jit(base.reset)(jax.random.key(3))[1]
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), world, state.world))
    params = params.replace(game=jnp.int32(1), max_steps_in_episode=jnp.int32(2))
    obs, state = env.reset(jax.random.key(3), params)
    assert int(state.world.params.game) == 1 and obs.shape == env.observation_space(params).shape
    stay = jnp.full(16, 4, jnp.int32)
    for tick in range(2):
        key = jax.random.key(10 + tick)
        before, (obs, state, reward, ended, late, info) = state, env.step(key, state, stay, params)
    assert late.all() and not ended.any() and int(state.time) == 0 and bool(info["done"])
    assert int(state.world.params.game) == 1
    action = base.noop().replace(move=stay)
    seen, _, expected, *_ = jax.jit(base.step)(core.keys(key)[0], before.world, action)
    np.testing.assert_array_equal(reward, expected)
    flat = jax.jit(lambda seen: mm.flat_observation(seen, base))(seen)
    np.testing.assert_array_equal(info["final_observation"], flat)
    assert not np.array_equal(obs, flat) and info["action_mask"].shape == (16, env.num_actions)


@pytest.mark.slow
def test_one_player_alone(base):
    def north(key, view, mask):
        return jnp.zeros(16, jnp.int32)

    env = GymnaxEnv(base, "move", player=2, others=north, old_step=True)
    params = env.default_params
    assert env.observation_space(params).shape == env.reset(jax.random.key(0))[0].shape
    assert env.action_space(params).n == env.num_actions == 5
    world = worlds.place(worlds.blank(base.cfg), {i: (30, 10 + i) for i in range(16)})
    state = core.State(world, env.core.choices(base.observe(world)))
    obs, after, reward, done, info = env.step(jax.random.key(1), state, 1, params)
    moved = np.asarray(after.world.body.pos - world.body.pos)[:16]
    assert moved[2].tolist() == [1, 0] and (np.delete(moved, 2, 0) == [-1, 0]).all()
    assert reward.shape == done.shape == () and not done
    dead = world.replace(body=world.body.replace(health=world.body.health.at[2].set(1)))
    params_of = dead.params.replace(starvation=jnp.int32(50), dehydration=jnp.int32(50))
    body = dead.body.replace(food=dead.body.food * 0, water=dead.body.water * 0)
    state = state.replace(world=dead.replace(params=params_of, body=body))
    done, info = env.step(jax.random.key(1), state, 4, params)[3:]
    assert bool(done) and bool(info["terminated"]) and not info["alive"]


def test_all_heads(base):
    env = GymnaxEnv(base)
    space = env.action_space(env.default_params)
    assert space.shape == (16, 4) and space.contains(space.sample(jax.random.key(0)))
    assert env.num_actions == 5 + 3 + 9 + 128


def test_options_are_checked(base):
    with pytest.raises(ValueError, match="player=16"):
        GymnaxEnv(base, player=16)
    with pytest.raises(ValueError, match="player is None"):
        GymnaxEnv(base, others=lambda *_: None)
