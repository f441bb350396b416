"""What callers pass in is checked at once, and the message says what to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.lib import checks

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def env():
    return mm.make(["survive", "team_battle"], config="tiny")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (jax.random.split(KEY, 2), r"takes one key, given keys of shape \(2,\); .*jax.vmap"),
        (jax.random.split(KEY, 3), r"takes one key, given keys of shape \(3,\)"),
        (jax.random.split(jax.random.PRNGKey(0), 2), r"keys of shape \(2,\)"),
        (0, "given 0; make one with jax.random.key"),
        (jnp.int32(0), "given an array of int32"),
        (None, "given None"),
    ],
)
def test_what_is_no_single_key_is_refused(env, key, message):
    obs, world = jax.eval_shape(env.reset, KEY)
    for call, several in (
        (lambda: env.reset(key), message),
        (lambda: env.sample(key, obs), message),
        (lambda: env.step(key, world, env.noop()), message),
        (lambda: mm.vectorize(env, 2).reset(key), message.partition("; .*jax")[0]),
        (lambda: mm.record(env, key), message.partition("; .*jax")[0]),
    ):
        with pytest.raises(ValueError, match=several):
            call()


def test_keys_of_both_styles_are_taken_alone_and_in_a_batch(env):
    new, old = (jax.eval_shape(env.reset, key) for key in (KEY, jax.random.PRNGKey(0)))
    assert jax.tree.all(jax.tree.map(lambda a, b: a.shape == b.shape, new, old))
    worlds = jax.eval_shape(jax.vmap(env.reset), jax.random.split(KEY, 3))[1]
    assert worlds.tick.shape == (3,)


@pytest.mark.parametrize(
    "game", [2, -1, 1.0, True, jnp.bool_(True), np.int64(2), jnp.int32(5), "survive"]
)
def test_an_index_that_is_none_is_refused(env, game):
    with pytest.raises(ValueError, match=r"must be an integer in 0\.\.1"):
        env.reset(KEY, game=game)


@pytest.mark.parametrize("game", [1, np.int64(1), jnp.int32(1), jnp.uint8(1)])
def test_whatever_is_an_integer_is_an_index(env, game):
    assert jax.eval_shape(lambda: env.reset(KEY, game))[1].params.game.dtype == jnp.int32
    jax.eval_shape(env.reset, KEY, jnp.int32(7))  # what is traced is not known
    with pytest.raises(ValueError, match="must be an integer of shape"):
        jax.eval_shape(env.reset, KEY, jnp.float32(1))


def test_numpy_integers_are_integers():
    sixteen = np.int64(16)
    cfg = mm.Config(players=sixteen, teams=np.uint8(4), npcs=sixteen)
    assert cfg == mm.Config(players=16, teams=4, npcs=16) and type(cfg.players) is int
    assert hash(cfg) == hash(mm.Config(players=16, teams=4, npcs=16))
    env = mm.make(
        mm.games.team_battle(fog_onset_tick=sixteen, immunity=(np.int32(1), 2)), config=cfg
    )
    assert mm.vectorize(env, np.int64(2)).num_worlds == 2
    for value in (True, np.bool_(True), 16.0, "16"):
        with pytest.raises(ValueError, match="players=.* must be an integer"):
            mm.Config(players=value)
        with pytest.raises(ValueError, match="num_worlds=.* must be an integer"):
            mm.vectorize(env, value)


def test_a_world_of_another_config_is_refused_when_a_step_is_traced(env):
    other = jax.eval_shape(mm.make("survive", config="tiny", npcs=8).reset, KEY)[1]
    with pytest.raises(ValueError, match=r"world\.body\.id is int32\[24\], here it is int32\[32\]"):
        jax.eval_shape(env.step, KEY, other, env.noop())
    full = jax.eval_shape(mm.make("survive", config="tiny_full").reset, KEY)[1]
    with pytest.raises(ValueError, match="world is of another environment: world"):
        jax.eval_shape(env.step, KEY, full, env.noop())
    with pytest.raises(ValueError, match="world is a Observation"):
        jax.eval_shape(env.step, KEY, jax.eval_shape(env.reset, KEY)[0], env.noop())


def test_two_games_of_one_name_are_refused():
    with pytest.raises(ValueError, match="games has 'survive' twice"):
        mm.make(["survive", mm.games.survive(fog_onset_tick=1)], config="tiny")


def test_a_batch_is_not_recorded(env):
    with pytest.raises(ValueError, match="pass batch.env"):
        mm.record(mm.vectorize(env, 2), KEY)


def test_seeds_are_all_different():
    seeds = [0, 1, 2**31, 2**32, 2**32 + 1, 2**33, 2**63 - 1]
    data = {tuple(jax.random.key_data(checks.key_of_seed(seed)).tolist()) for seed in seeds}
    assert len(data) == len(seeds)
    for seed in (0, 7, 2**31, 2**32 - 1):
        assert checks.key_of_seed(seed) == jax.random.key(seed)
    for seed in (-1, 2**63, 1.0, True, "1"):
        with pytest.raises(ValueError, match=r"seed=.* must be an integer in 0\.\.9223"):
            checks.key_of_seed(seed)
