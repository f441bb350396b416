"""V-trace and Q-learning: returns by hand, and both learn to remember."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.config import TrainConfig
from agents.learners import state as states
from agents.learners import update as updating
from agents.learners import vtrace
from agents.learners.losses import gae
from agents.learners.minibatch import Minibatch
from agents.networks.distributions import Choice, Logits, regret
from agents.runs.training_run import assemble
from tests.agents.fake import FakeEnv

TICKS = 6


@pytest.fixture
def batch():
    """Six ticks of three agents; the second dies in the third tick, the last hits a time limit."""
    draw = np.random.default_rng(0)
    numbers = {
        name: jnp.asarray(draw.normal(size=(TICKS, 3)), jnp.float32)
        for name in ("log_prob", "value", "advantage", "reward", "after")
    }
    ended = np.zeros((TICKS, 3), bool)
    ended[2, 1] = ended[4, 2] = True
    bootstrap = np.zeros((TICKS, 3), np.float32)
    bootstrap[4, 2] = 0.7
    numbers["after"] = numbers["after"].at[:-1].set(numbers["value"][1:])
    return Minibatch(
        **numbers,
        ended=jnp.asarray(ended),
        bootstrap=jnp.asarray(bootstrap),
        mask=jnp.ones((TICKS, 3), bool),
    )


def test_vtrace_of_the_policy_that_played_is_gae(batch):
    """With ratios of 1 the targets are the values plus generalized advantages."""
    target, advantage = vtrace.vtrace_returns(jnp.ones((TICKS, 3)), batch.value, batch, 0.9, 0.8)
    expected = gae(
        batch.reward, batch.value, batch.after[-1], batch.ended, batch.bootstrap, 0.9, 0.8
    )
    np.testing.assert_allclose(target, batch.value + expected, rtol=1e-5, atol=1e-6)
    assert np.abs(advantage - expected).max() > 1e-3, "advantages have no lambda of their own"
    whole = vtrace.vtrace_returns(jnp.ones((TICKS, 3)), batch.value, batch, 0.9, 1.0)[1]
    expected = gae(
        batch.reward, batch.value, batch.after[-1], batch.ended, batch.bootstrap, 0.9, 1.0
    )
    np.testing.assert_allclose(whole, expected, rtol=1e-5, atol=1e-6)


def test_vtrace_as_its_sum_over_later_ticks(batch):
    """The definition: each later error counts with the product of the ratios up to it."""
    draw, gamma = np.random.default_rng(1), 0.9
    ratio = draw.uniform(0.2, 2.0, (TICKS, 3))
    target, _ = vtrace.vtrace_returns(
        jnp.asarray(ratio, jnp.float32), batch.value, batch, gamma, 1.0
    )
    clipped, value = np.minimum(ratio, 1.0), np.asarray(batch.value)
    goes_on, later = 1.0 - np.asarray(batch.ended), np.asarray(batch.after)
    error = batch.reward + gamma * (goes_on * later + batch.bootstrap) - value
    for tick in range(TICKS):
        expected, weight = value[tick].copy(), np.ones(3)
        for other in range(tick, TICKS):
            expected += weight * clipped[other] * error[other]
            weight = weight * gamma * clipped[other] * goes_on[other]
        np.testing.assert_allclose(target[tick], expected, rtol=1e-5, atol=1e-5)


def test_regret_is_what_each_head_loses():
    """A style counts only if somebody is attacked; each bit of a word for itself."""
    one = jnp.array([0.0, 3.0, 1.0])
    logits = Logits(
        move=one, target=jnp.array([2.0, -1.0]), style=one, spelling=jnp.array([1.5, -2.0, -1e9])
    )
    best = Choice(*(jnp.int32(number) for number in (1, 0, 1, 0b001)))
    assert float(regret(logits, best)) == 0.0
    worse = best.replace(move=jnp.int32(2), style=jnp.int32(0), token=jnp.int32(0b010))
    assert float(regret(logits, worse)) == pytest.approx(2.0 + 3.0 + 1.5 + 2.0)
    nobody = worse.replace(target=jnp.int32(1))
    assert float(regret(logits, nobody)) == pytest.approx(2.0 + 3.0 + 1.5 + 2.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algorithm", "updates", "options"),
    [
        ("vtrace", 200, dict(learning_rate=1e-3, entropy=0.001)),
        ("pqn", 240, dict(epochs=4, temperature=0.05, gae_lambda=0.6)),
    ],
)
def test_it_learns_to_remember(algorithm, updates, options, fake_cfg):
    """As `test_learning` has it of PPO, but slower: who remembers nothing gets 0.0625 a tick.

    Steps of the size that PPO takes make V-trace, which nothing clips, choose always the same.
    """
    cfg = dataclasses.replace(fake_cfg, algorithm=algorithm, **options)
    batch, policy = assemble(cfg, FakeEnv())
    update, state = updating.make_update(batch, policy, cfg), states.init_state(batch, policy, cfg)
    rewards = []
    for _ in range(updates):
        state, metrics = update(state, np.float32(cfg.learning_rate))
        rewards.append(float(metrics["reward"]))
    assert rewards[0] < 0.07
    assert np.mean(rewards[-10:]) > 0.11
    assert set(updating.LEARNERS[algorithm].METRICS) < set(metrics)


def test_what_is_no_algorithm_is_refused():
    with pytest.raises(ValueError, match="algorithm='sac' is unknown; allowed are ppo, vtrace"):
        TrainConfig(algorithm="sac")


def test_equal_rows_have_equal_losses_in_any_order(batch):
    """A sum over the living does not depend on who comes first."""
    order = np.array([2, 0, 1])
    one = vtrace.vtrace_returns(jnp.ones((TICKS, 3)), batch.value, batch, 0.9, 0.9)
    other = jax.tree.map(lambda leaf: leaf[:, order], batch)
    other = vtrace.vtrace_returns(jnp.ones((TICKS, 3)), other.value, other, 0.9, 0.9)
    np.testing.assert_array_equal(one[0][:, order], other[0])
