"""JaxMARL's interface, against the environment itself stepped beside it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.adapters import JaxMARLEnv, core
from metammo_jax.adapters import jaxmarl as module
from tests import worlds

PLAYERS = 16


@pytest.fixture(scope="module")
def base():
    return mm.make("race_to_the_center", config="tiny", horizon=5)


@pytest.fixture(scope="module")
def env(base):
    return JaxMARLEnv(base, actions="move")


@pytest.fixture(scope="module")
def episode(env):
    """Returns what seven steps of three worlds gave, everybody going north, over their end."""
    keys = jax.random.split(jax.random.key(0), 3)
    north = {agent: jnp.zeros((3, 1), jnp.int32) for agent in env.agents}

    def play(carry, key):
        step_keys = jax.random.split(key, 3)
        out = jax.vmap(env.step)(step_keys, carry, north)
        return out[1], out

    @jax.jit
    def run():
        obs, state = jax.vmap(env.reset)(keys)
        return obs, state, *jax.lax.scan(play, state, jax.random.split(jax.random.key(1), 7))

    return run()


@pytest.mark.slow
def test_a_batch_of_worlds_steps_as_the_environment_does(base, env, episode):
    obs, state, _, (after, states, rewards, dones, infos) = episode
    assert obs["agent_3"].shape == (3, env.observation_space("agent_3").shape[0])
    assert states.time.tolist() == [[1] * 3, [2] * 3, [3] * 3, [4] * 3, [0] * 3, [1] * 3, [2] * 3]
    assert np.asarray(dones["__all__"]).any(1).tolist() == [False] * 4 + [True] + [False] * 2
    assert all(np.asarray(dones[agent])[4].all() for agent in env.agents)
    assert infos["alive"].shape == (7, 3, PLAYERS)
    # The same tick, played with the environment alone.
    world = jax.tree.map(lambda leaf: leaf[1], state.world)
    key = core.keys(jax.random.split(jax.random.split(jax.random.key(1), 7)[0], 3)[1])[0]
    action = base.noop().replace(move=jnp.zeros(PLAYERS, jnp.int32))
    seen, _, reward, *_ = jax.jit(base.step)(key, world, action)
    flat = jax.jit(lambda seen: mm.flat_observation(seen, base))(seen)
    for row, agent in enumerate(env.agents):
        np.testing.assert_array_equal(after[agent][0, 1], flat[row])
        assert rewards[agent][0, 1] == reward[row]


@pytest.mark.slow
def test_automatic_resets_are_fresh_and_each_its_own(episode):
    first, states = episode[0], episode[3][1]
    after = episode[3][0]
    assert not np.array_equal(after["agent_0"][4], first["agent_0"])
    water = np.asarray(states.world.terrain.material)[4]
    assert not np.array_equal(water[0], water[1]) and not np.array_equal(water[1], water[2])


@pytest.mark.slow
def test_what_may_be_done_and_the_state_of_the_world(env, episode):
    states = episode[3][1]
    one = jax.tree.map(lambda leaf: leaf[2, 0], states)
    masks = env.get_avail_actions(one)
    np.testing.assert_array_equal(masks["agent_5"], one.choices.mask[5])
    assert masks["agent_5"].shape == (5,) and env.action_space("agent_5").n == 5
    assert episode[0]["world_state"].shape == (3, env.world_state_size)
    np.testing.assert_array_equal(env.world_state(one), episode[3][0]["world_state"][2, 0])


def test_agents_and_spaces(env):
    assert env.num_agents == PLAYERS and env.agents[:2] == ["agent_0", "agent_1"]
    assert set(env.observation_spaces) == set(env.action_spaces) == set(env.agents)
    assert env.name == "metammo/race_to_the_center"
    space = env.observation_space("agent_0")
    assert space.contains(space.sample(jax.random.key(0)))


@pytest.mark.slow
def test_a_dead_player_stays_done(base):
    env = JaxMARLEnv(mm.make("team_battle", config="tiny"), actions="move_attack")
    world = worlds.kill(worlds.blank(env.core.cfg, teams=4), 7, now=False)
    obs, near = jax.jit(lambda w: (o := env.core.env.observe(w), env.core.choices(o)))(world)
    assert near.mask[7].tolist() == [False] * 4 + [True] + [False] * 5
    assert near.mask.shape == (PLAYERS, 10)
    assert not np.asarray(env.core.layout.observation(obs))[7].any()


@pytest.mark.parametrize("actions, match", [("jump", "move_attack"), (None, "move_attack")])
def test_options_are_checked(base, actions, match):
    with pytest.raises(ValueError, match=match):
        JaxMARLEnv(base, actions=actions)
    with pytest.raises(ValueError, match="not a batch"):
        JaxMARLEnv(mm.vectorize(base, 2))


@pytest.mark.slow
def test_every_agent_needs_an_action(env, episode):
    one = jax.tree.map(lambda leaf: leaf[0], episode[1])
    with pytest.raises(ValueError, match="agent_15"):
        env.step(jax.random.key(0), one, {agent: jnp.int32(0) for agent in env.agents[:15]})


def test_names_in_jaxmarl():
    jaxmarl = pytest.importorskip("jaxmarl")
    module.register()
    module.register()
    made = jaxmarl.make("metammo/survive", config="tiny", actions="move_attack", window=False)
    assert made.action_space("agent_0").n == 10 and made.core.layout.window is False
    assert type(made.action_space("agent_0")).__module__.startswith("jaxmarl")
    assert jaxmarl.make("metammo/survive:tiny").core.env is made.core.env
    assert jaxmarl.make("MPE_simple_spread_v3").num_agents == 3
