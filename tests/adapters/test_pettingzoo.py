"""PettingZoo's own tests, and what they do not look at."""

import warnings

import numpy as np
import pytest

import metammo_jax as mm

pytest.importorskip("pettingzoo")

from metammo_jax.adapters.pettingzoo import ParallelEnv  # noqa: E402


def made(game="team_battle", horizon=10, **options):
    return ParallelEnv(mm.make(game, config="tiny", horizon=horizon), **options)


@pytest.fixture(scope="module")
def env():
    return made()


def test_spaces_and_options(env):
    box = env.observation_space("player_0")
    assert box.shape == (env.core.layout.size,) and len(env.possible_agents) == 16
    assert env.action_space("player_3").nvec.tolist() == [5, 3, 9, 128]
    assert env.action_space("player_3") is not env.action_space("player_4")
    assert made(actions="move_attack").action_space("player_0").n == 10
    with pytest.raises(ValueError, match="render_mode"):
        made(render_mode="human")
    with pytest.raises(ValueError, match="reset"):
        made().step({})


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"actions": "move_attack", "mask_in_observation": True}, {"game": "race_to_the_center"}],
)
def test_it_passes_pettingzoos_tests(options):
    from pettingzoo.test import parallel_api_test, parallel_seed_test

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        parallel_api_test(made(**options), num_cycles=25)
        parallel_seed_test(lambda: made(**options), num_cycles=12)


@pytest.mark.slow
def test_masks_allow_samples_and_samples_keep_to_masks(env):
    observations, infos = env.reset(seed=4)
    assert env.observation_space("player_1").contains(observations["player_1"])
    for _ in range(3):
        actions = {}
        for agent in env.agents:
            mask = infos[agent]["action_mask"]
            actions[agent] = env.action_space(agent).sample(mask=mask)
            assert all(part[n] for part, n in zip(mask, actions[agent], strict=True))
        observations, _, _, _, infos = env.step(actions)
    assert env.state().shape == (32 * 18,)


@pytest.mark.slow
def test_who_dies_leaves_and_who_is_brought_back_stays():
    for game, comes_back in (("team_battle", False), ("race_to_the_center", True)):
        env = made(game)
        env.reset(seed=0)
        state = env._host.state
        body, params = state.world.body, state.world.params
        body = body.replace(health=body.health.at[5].set(1), food=body.food.at[5].set(0))
        params = params.replace(starvation=params.starvation * 0 + 50)
        world = state.world.replace(body=body, params=params)
        env._host.state = state.replace(world=world)
        _, rewards, terminations, truncations, _ = env.step({"player_0": np.array([4, 0, 8, 0])})
        assert set(rewards) == set(env.possible_agents) and rewards["player_5"] == -1
        assert terminations["player_5"] is not comes_back and not truncations["player_5"]
        assert ("player_5" in env.agents) == comes_back and "player_4" in env.agents
        if not comes_back:
            with pytest.raises(ValueError, match="player_5"):
                env.step({"player_5": np.array([4, 0, 8, 0])})
            assert "player_5" not in env.step({})[0]
    with pytest.raises(ValueError, match="integers of shape"):
        env.step({"player_0": 3})


@pytest.mark.slow
def test_at_the_horizon_everybody_is_truncated():
    pytest.importorskip("PIL")
    env = made("race_to_the_center", horizon=2, actions="move", render_mode="rgb_array")
    env.reset(seed=1)
    env.step({})
    assert env.render().ndim == 3
    _, _, terminations, truncations, infos = env.step({})
    assert all(truncations.values()) and not any(terminations.values()) and env.agents == []
    assert infos["player_0"]["action_mask"].shape == (5,)
