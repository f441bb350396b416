"""No two draws from one key: all keys that a step or an update makes are different."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from agents.learners.state import init_state
from agents.learners.update import make_update
from agents.runs import training_run
from benchmarks.workloads import checksum
from metammo_jax.lib import threefry
from tests.agents.fake import FakeEnv
from tests.agents.several import FAKE
from tests.laws.keys import noted, repeated

WORLDS = 4096


@pytest.mark.slow
def test_all_keys_of_a_step_of_many_worlds_are_different():
    """Of actions, step and automatic resets, all with the key that began the episodes."""
    env = mm.make("sandwich", config="tiny", horizon=1)
    batch, key = mm.vectorize(env, WORLDS, reset_block=WORLDS), jax.random.key(0)

    def play(key):
        obs, state = batch.reset(key)
        *_, info = made = batch.step(key, state, batch.sample(key, obs))
        return info.done, checksum(made)  # else what nobody reads is not drawn

    with noted() as notes:
        done, _ = jax.block_until_ready(jax.jit(play)(key))
    assert done.all(), "all worlds shall be reset"
    made = np.concatenate(notes.made)
    assert len(made) > 40 * WORLDS
    assert repeated(notes.made) == 0
    assert repeated(notes.drew) == 0
    assert not np.intersect1d(np.concatenate(notes.drew), np.concatenate(notes.parents)).size


def test_all_keys_of_an_update_are_different():
    cfg = dataclasses.replace(FAKE, devices=1)
    batch, policy = training_run.assemble(cfg, FakeEnv())
    with noted() as notes:
        state = init_state(batch, policy, cfg)
        jax.block_until_ready(make_update(batch, policy, cfg)(state, np.float32(1e-3)))
    assert sum(map(len, notes.made)) > cfg.rollout * cfg.num_worlds
    assert repeated(notes.made) == 0
    assert repeated(notes.drew) == 0


def test_a_key_made_twice_is_noticed():
    """The number of a world and the tag of something else give one key."""
    with noted() as notes:

        def play(key):
            worlds = threefry.fold_in(key, jnp.arange(500))
            return threefry.bits(worlds[0], (1,)), threefry.bits(threefry.fold_in(key, 400), (1,))

        jax.block_until_ready(jax.jit(play)(jax.random.key(0)))
    assert repeated(notes.made) == 1
