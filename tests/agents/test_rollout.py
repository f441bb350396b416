import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.learners import update as updating
from agents.learners.rollout import collect
from tests.agents.fake import CFG


@pytest.fixture(scope="module")
def rollout(fake_cfg, fake_parts):
    """4 sequences of 12 ticks: deaths, revivals, and three ends of the game in each world."""
    batch, policy, _, state = fake_parts
    loud = jax.tree.map(
        lambda leaf: leaf + 0.1 * np.cos(np.arange(leaf.size)).reshape(leaf.shape), state.params
    )
    state = state.replace(params=loud)

    def play(state):
        return collect(policy, batch, state.params, jax.random.key(3), state.stage, 4, 12)

    stage, steps, memory, finished = jax.jit(play)(state)
    flat = jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, *leaf.shape[2:]), steps)
    return state, stage, steps, memory, flat, finished


def test_episodes_end_by_death_and_by_the_end_of_the_game(rollout):
    *_, steps, finished = rollout
    done = np.asarray(finished.done).reshape(48, -1)
    assert done[15].all() and done[31].all() and done.sum() == 3 * done.shape[1]
    assert (steps.ended | ~done[..., None]).all(), "the end of the game ends all"
    assert (steps.ended | steps.alive).all(), "the dead have no episode"
    died = steps.alive[:-1] & steps.ended[:-1] & ~done[:-1, :, None]
    assert died[..., :2].any() and died[..., 2:].any()
    assert steps.alive[1:][..., :2].all(), "0 and 1 come back at once"
    assert not (died & steps.alive[1:])[..., 2:].any(), "2 and 3 stay dead"


def test_memory_is_emptied_where_an_episode_begins(rollout):
    *_, steps, _ = rollout
    assert steps.fresh[0].all()
    assert (steps.fresh[1:] == steps.ended[:-1]).all()
    shown = steps.obs.task.any(-1)  # what the world shows to the newly born
    assert (steps.fresh == shown)[steps.alive].all()


def test_only_a_time_limit_has_a_value_beyond(rollout):
    *_, steps, finished = rollout
    done = np.asarray(finished.done).reshape(48, -1, 1)
    assert (steps.bootstrap[~np.broadcast_to(done, steps.ended.shape)] == 0).all()
    assert (steps.bootstrap[~steps.alive] == 0).all()
    limit = steps.alive & done
    beyond = steps.bootstrap[limit] != 0
    assert 0.8 < beyond.mean() < 1.0, "who dies in the last tick has none"


def test_replaying_gives_the_log_probs_back(rollout, fake_parts):
    """With deaths, revivals and resets inside and between the sequences."""
    _, policy, _, _ = fake_parts
    state, _, steps, memory, _, _ = rollout
    steps, memory = (
        jax.tree.map(updating._split_worlds, steps),
        jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), memory),
    )
    rows = updating.make_rows(steps, memory, steps.value, steps.value)
    error = jax.jit(lambda rows: updating.replay_error(policy, state.params, rows))
    assert float(error(rows)) < 1e-5
    forgotten = rows.replace(memory=jax.tree.map(jnp.zeros_like, memory))
    assert float(error(forgotten)) > 1e-4
    kept = rows.replace(step=steps.replace(fresh=jnp.zeros_like(steps.fresh)))
    assert float(error(kept)) > 1e-4


def test_unrolling_is_the_same_as_acting_tick_by_tick(rollout, fake_parts):
    _, policy, _, _ = fake_parts
    state, _, steps, memory, _, _ = rollout
    first = jax.tree.map(lambda leaf: leaf[0], (steps.obs, steps.fresh, steps.value))
    start = jax.tree.map(lambda leaf: leaf[0], memory)
    obs, fresh, expected = first
    who = jnp.broadcast_to(jnp.arange(CFG.players), fresh.shape[1:])
    _, values, after = jax.jit(policy.unroll)(state.params, obs, who, start, fresh)
    alive = np.asarray(obs.alive)
    assert np.asarray(values)[alive] == pytest.approx(np.asarray(expected)[alive], abs=1e-5)
    assert not np.asarray(expected)[~alive].any(), "nothing is worked out for the dead"
    last = alive[-1] & ~np.asarray(steps.fresh[1, 0])
    found = np.asarray(after)[last]
    assert found == pytest.approx(np.asarray(memory[1])[last], abs=1e-5) and last.any()
