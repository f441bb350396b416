"""Gymnasium's interface, against the batch itself, and in a loop in the style of CleanRL."""

import numpy as np
import pytest

import metammo_jax as mm

pytest.importorskip("gymnasium")

from metammo_jax.adapters.gymnasium import VectorEnv  # noqa: E402

WORLDS, PLAYERS, HORIZON = 2, 16, 4


def made(game="team_battle", **options):
    return VectorEnv(mm.make(game, config="tiny", horizon=HORIZON), WORLDS, **options)


@pytest.fixture(scope="module")
def envs():
    return made()


def test_spaces(envs):
    size = envs.core.layout.size
    assert envs.num_envs == WORLDS * PLAYERS
    assert envs.single_observation_space.shape == (size,)
    assert envs.observation_space.shape == (envs.num_envs, size)
    assert envs.action_space.shape == (envs.num_envs, 4)
    assert made(actions="move").single_action_space.n == 5
    with pytest.raises(ValueError, match="reset"):
        made().step(envs.action_space.sample())


@pytest.mark.slow
def test_seeds_and_spaces_hold(envs):
    from gymnasium.utils.env_checker import data_equivalence

    def play():
        found = [envs.reset(seed=7)]
        envs.action_space.seed(3)
        for _ in range(HORIZON + 2):
            found.append(envs.step(envs.action_space.sample()))
            assert envs.observation_space.contains(found[-1][0])
        return found

    one, other = play(), play()
    assert data_equivalence(one, other, exact=True)
    assert not data_equivalence(one[0], envs.reset(seed=8))


@pytest.mark.slow
def test_an_episode_and_its_end(envs):
    obs, infos = envs.reset(seed=0)
    stay = np.tile([4, 0, 8, 0], (envs.num_envs, 1))
    total = np.zeros(envs.num_envs)
    dead = 3  # of the first world; kept from playing on
    state = envs._batch._state
    body = state.world.body
    body = body.replace(health=body.health.at[0, dead].set(1), food=body.food.at[0, dead].set(0))
    params = state.world.params
    params = params.replace(starvation=params.starvation * 0 + 50)
    envs._batch._state = state.replace(world=state.world.replace(body=body, params=params))
    for tick in range(HORIZON):
        obs, reward, terminated, truncated, infos = envs.step(stay)
        total += reward
        if tick == 0:
            assert terminated[dead] and not infos["alive"][dead] and not obs[dead].any()
            assert infos["_episode_return"].sum() == 1 and infos["episode_length"][dead] == 1
            assert infos["episode_return"][dead] == reward[dead] == -1
        elif tick < HORIZON - 1:
            assert not terminated[dead] and reward[dead] == 0 and not infos["alive"][dead]
    assert terminated[dead] and not truncated[dead] and truncated[dead + 1]
    assert infos["alive"].all() and infos["_final_obs"].all() and obs[dead].any()
    assert not infos["final_obs"][dead].any() and infos["final_obs"][dead + 1].any()
    assert not np.array_equal(infos["final_obs"][dead + 1], obs[dead + 1])
    others = np.arange(envs.num_envs) != dead
    assert infos["_episode_return"].tolist() == others.tolist()
    assert (infos["episode_length"][others] == HORIZON).all()
    np.testing.assert_allclose(infos["episode_return"][others], total[others], atol=1e-6)


@pytest.mark.slow
def test_a_loop_in_the_style_of_cleanrl_with_gymnasiums_wrappers():
    from gymnasium.wrappers.vector import ClipReward, RecordEpisodeStatistics

    envs = RecordEpisodeStatistics(ClipReward(made("race_to_the_center", actions="move"), -1, 1))
    obs, infos = envs.reset(seed=0)
    generator, finished = np.random.default_rng(0), 0
    for _ in range(2 * HORIZON):
        mask = infos["action_mask"]
        actions = (generator.random(mask.shape) * mask).argmax(1)
        obs, reward, terminated, truncated, infos = envs.step(actions)
        assert np.isfinite(obs).all() and reward.shape == (WORLDS * PLAYERS,)
        if "episode" in infos:
            finished += int(infos["_episode"].sum())
    assert finished >= 2 * WORLDS * PLAYERS
