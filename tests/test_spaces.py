"""Spaces hold what environments give and take."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.spaces import Box


def test_spaces_contain_what_the_environment_gives_and_samples(played):
    env = played.env
    obs, world = played.start("team_battle")
    assert env.observation_space.contains(obs)
    action = played.sample(jax.random.key(0), obs)
    assert env.action_space.contains(action)
    drawn = env.action_space.sample(jax.random.key(1))
    assert env.action_space.contains(drawn)
    assert played.step(jax.random.key(2), world, drawn)[1].tick == 1


def test_a_box_refuses_other_shapes_types_and_values():
    box = Box(0, 4, (3,), np.dtype(np.int32))
    assert box.contains(jnp.array([0, 4, 2]))
    assert not box.contains(jnp.array([0, 5, 2]))
    assert not box.contains(jnp.array([0, 4]))
    assert not box.contains(jnp.array([0.0, 1.0, 2.0]))


def test_a_tree_refuses_another_structure(all_games):
    action = all_games.noop()
    assert all_games.action_space.contains(action)
    assert not all_games.action_space.contains(tuple(vars(action).values()))
    assert not all_games.action_space.contains(action.replace(move=action.move - 1 - 4))
