"""The large preset: a thousand players on a map of a thousand tiles a side."""

import jax
import pytest

import metammo_jax as mm


@pytest.mark.slow
def test_the_large_world_is_made_reset_and_stepped():
    env = mm.make("team_battle", config="large")
    obs, world = jax.jit(env.reset)(jax.random.key(0))
    assert obs.alive.shape == (1024,) and obs.alive.all()
    step = jax.jit(env.step)
    for tick in range(3):
        act_key, step_key = jax.random.split(jax.random.key(1 + tick))
        obs, world = step(step_key, world, jax.jit(env.sample)(act_key, obs))[:2]
    assert world.tick == 3
    assert world.body.present[1024:].sum() > 40
