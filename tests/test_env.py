"""The contract of `Env`, for every game."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.vocab import NOBODY, Direction, Tile
from tests import worlds

GAMES = list(mm.games.GAMES)
OUT_OF_RANGE = [-7, 5, 99, 2**31 - 1, -(2**31)]


def equal(a, b):
    return jax.tree.all(jax.tree.map(lambda x, y: bool((x == y).all()), a, b))


@pytest.mark.parametrize("name", GAMES)
def test_every_game_is_played_to_its_end(played, name):
    env, cfg = played.env, played.env.cfg
    obs, world = played.start(name)
    assert obs.alive.all()
    for out in played.random_steps(obs, world, cfg.horizon):
        obs, world, reward, terminated, truncated, info = out
        assert np.isfinite(reward).all() and np.isfinite(world.task.progress).all()
        is_last = world.tick == cfg.horizon
        assert (np.asarray(truncated) == (np.asarray(obs.alive) & is_last)).all()
        assert (np.asarray(reward)[np.asarray(terminated)] == -1).all()
        if info.over:
            break
    assert info.over
    assert world.tick <= cfg.horizon
    assert env.games[int(info.game)].name == name


@pytest.mark.parametrize("name", GAMES)
def test_state_stays_in_bounds_and_the_dead_are_inert(played, name):
    cfg = played.env.cfg
    obs, world = played.start(name, seed=3)
    for out in played.random_steps(obs, world, 25, seed=4):
        obs, world = out[:2]
        body = jax.tree.map(np.asarray, world.body)
        for points in (body.health, body.food, body.water):
            assert points.min() >= 0 and points.max() <= 100
        assert (body.present == (body.health > 0)).all()
        alive = body.present[: cfg.players]
        assert (np.asarray(obs.alive) == alive).all()
        dead = ~alive
        assert (np.asarray(obs.visible)[dead] == NOBODY).all()
        assert not np.asarray(obs.masks.move)[dead, :4].any()
        assert not np.asarray(obs.masks.target)[dead, :-1].any()
        assert not np.asarray(obs.tiles)[dead].any()
        assert np.asarray(obs.masks.target).any(1).all()
        listed = np.asarray(obs.visible)
        assert body.present[listed[listed >= 0]].all()


def test_worlds_keep_shapes_and_types_and_nothing_is_weakly_typed(all_games):
    obs, world = jax.eval_shape(all_games.reset, jax.random.key(0))
    action = jax.eval_shape(all_games.sample, jax.random.key(0), obs)
    out = jax.eval_shape(all_games.step, jax.random.key(0), world, action)

    def signature(tree):
        leaves = jax.tree_util.tree_leaves_with_path(tree)
        return [(jax.tree_util.keystr(p), x.shape, x.dtype, x.weak_type) for p, x in leaves]

    assert signature(out[1]) == signature(world)
    assert signature(out[0]) == signature(obs)
    assert not any(weak for *_, weak in signature((obs, world, action, out)))


def test_the_same_key_gives_the_same_world_and_another_does_not(played):
    one = played.start("survive", seed=5)
    assert equal(one, played.start("survive", seed=5))
    assert not equal(one, played.start("survive", seed=6))


@pytest.mark.parametrize("value", OUT_OF_RANGE)
def test_actions_out_of_range_are_no_ops(played, value):
    env = played.env
    obs, world = played.start("team_battle")
    for out in played.random_steps(obs, world, 22):
        obs, world = out[:2]
    wrong = jax.tree.map(lambda a: jnp.full_like(a, value), env.noop())
    nothing = env.noop().replace(move=wrong.move, token=jnp.full_like(wrong.token, NOBODY))
    if 1 <= value <= env.cfg.tokens:
        nothing = nothing.replace(token=wrong.token)
    key = jax.random.key(0)
    assert equal(played.step(key, world, wrong)[1], played.step(key, world, nothing)[1])
    stays = env.noop().replace(token=nothing.token)
    assert equal(played.step(key, world, wrong)[1], played.step(key, world, stays)[1])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("move", jnp.zeros(3, jnp.int32), "action.move has shape"),
        ("target", jnp.zeros(16), "action.target has dtype float32"),
        ("token", jnp.zeros((16, 1), jnp.int32), "action.token has shape"),
        ("style", jnp.zeros(16, bool), "action.style has dtype bool"),
    ],
)
def test_actions_of_a_wrong_shape_or_type_are_refused(all_games, field, value, message):
    _, world = jax.eval_shape(all_games.reset, jax.random.key(0))
    action = all_games.noop().replace(**{field: value})
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(all_games.step, jax.random.key(0), world, action)


def test_sampling_is_uniform_over_the_masks(played):
    obs, world = played.start("team_battle", seed=2)
    for out in played.random_steps(obs, world, 24):
        obs, world = out[:2]
    keys = jax.random.split(jax.random.key(9), 2000)
    actions = jax.vmap(played.sample, in_axes=(0, None))(keys, obs)
    for mask, drawn in ((obs.masks.move, actions.move), (obs.masks.style, actions.style)):
        for player in np.flatnonzero(np.asarray(obs.alive)):
            share = np.bincount(np.asarray(drawn)[:, player], minlength=mask.shape[1]) / 2000
            expected = np.asarray(mask)[player] / np.asarray(mask)[player].sum()
            np.testing.assert_allclose(share, expected, atol=0.06)
    rows, listed = np.asarray(actions.target), np.asarray(obs.visible)
    for player in np.flatnonzero(np.asarray(obs.alive)):
        allowed = listed[player][np.asarray(obs.masks.target)[player, :-1]]
        assert set(rows[:, player]) == set(allowed.tolist() or [NOBODY])


def test_a_given_priority_decides_and_a_random_one_varies(played):
    env = played.env
    _, world = played.start("race_to_the_center")  # where tiles cannot be shared
    middle = env.cfg.middle
    world = worlds.paint(world, (slice(middle - 3, middle + 4),) * 2, Tile.GRASS)
    prize = (middle, middle)
    world = worlds.place(world, {0: (middle, middle - 1), 1: (middle, middle + 1)})
    move = env.noop().move.at[0].set(Direction.EAST).at[1].set(Direction.WEST)
    action = env.noop().replace(move=move)

    def winner(out):
        stands = (out[1].body.pos[:2] == jnp.array([prize])).all(-1)
        assert stands.sum() == 1
        return int(stands[1])

    key, rows = jax.random.key(0), jnp.arange(env.cfg.entities)
    step = jax.jit(env.step)
    assert winner(step(key, world, action, rows)) == 0
    assert winner(step(key, world, action, rows[::-1])) == 1
    drawn = {winner(played.step(jax.random.key(seed), world, action)) for seed in range(12)}
    assert drawn == {0, 1}
