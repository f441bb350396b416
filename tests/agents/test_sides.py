"""Who plays in a comparison, and how its results are printed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.evaluate import compare
from agents.evaluation import sides
from agents.evaluation.intervals import mean_with_interval, win_share
from agents.evaluation.sides import RANDOM, Side, untrained
from agents.networks import distributions
from metammo_jax.observe import Column
from tests.agents.fake import FakeEnv


def test_random_choices_spare_teammates():
    """Of four players 0 and 1 are one team; 2 sees foes alone, 3 has no target left."""
    obs, _ = FakeEnv().reset(jax.random.key(0))
    group = obs.entities.at[1, Column.GROUP].set(0)
    target = obs.masks.target.at[3].set(jnp.array([False, False, False, True, False]))
    obs = obs.replace(entities=group, masks=obs.masks.replace(target=target))
    assert sides._without_teammates(obs).masks.target.tolist() == [
        [False, False, True, True, True],
        [False, False, True, True, True],
        [True, True, False, True, True],
        [False, False, False, False, True],
    ]


def test_an_untrained_policy_is_that_of_its_seed(fake_parts):
    _, policy, _, state = fake_parts
    first, again, other = (untrained(policy, FakeEnv(), seed) for seed in (0, 0, 1))
    assert first.name == "untrained" and first.policy is policy
    leaves = [jax.tree.leaves(params) for params in (first.params, again.params, other.params)]
    assert all((a == b).all() for a, b in zip(leaves[0], leaves[1], strict=True))
    assert any((a != b).any() for a, b in zip(leaves[0], leaves[2], strict=True))
    assert jax.tree.structure(first.params) == jax.tree.structure(state.params)


def test_greedy_choices_do_not_depend_on_the_key(fake_parts):
    _, policy, _, state = fake_parts
    obs, _ = FakeEnv().reset(jax.random.key(0))
    obs = jax.tree.map(lambda leaf: leaf[None], obs)
    fresh, memory = jnp.ones((1, 4), bool), policy.initial(1, 4)

    def move(seed, greedy):
        keys = jax.random.split(jax.random.key(seed), 1)
        return policy.act(keys, state.params, obs, memory, fresh, None, greedy)[0].move.tolist()

    assert len({str(move(seed, True)) for seed in range(8)}) == 1
    assert len({str(move(seed, False)) for seed in range(8)}) > 1


def test_the_likeliest_is_allowed():
    one, ok = jnp.zeros((2, 3)), jnp.array([[True, False, True], [False, True, True]])
    logits = distributions.Logits(
        move=jnp.array([[0.0, 5.0, 1.0]] * 2), target=one, style=one, token=one
    )
    legal = distributions.Logits(move=ok, target=ok, style=ok, token=ok)
    choice = distributions.argmax_choice(distributions.mask_logits(logits, legal))
    assert choice.move.tolist() == [2, 1] and choice.target.tolist() == [0, 1]


def test_greedy_policies_repeat_an_episode(fake_parts):
    """Returns tell apart what is drawn from what is not: worlds begin alike."""
    _, policy, _, state = fake_parts
    drawn, greedy = (Side("trained", policy, state.params, greedy) for greedy in (False, True))
    scores = [compare(FakeEnv(), side, RANDOM, episodes=8).alone[0] for side in (drawn, greedy)]
    assert scores[0].return_ != scores[1].return_
    assert scores[0].score == 1.0 and scores[0].difficulty == 0.0


def test_intervals_of_shares_are_wilsons():
    mean, (low, high) = win_share(np.arange(10) < 8)
    assert (mean, low, high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)
    assert win_share(np.ones(20, bool)) == (1.0, (pytest.approx(0.8389, abs=1e-4), 1.0))
    assert win_share(np.zeros(20, bool))[1][0] == 0.0


def test_intervals_of_means_are_of_the_normal_distribution():
    mean, (low, high) = mean_with_interval([1.0, 2.0, 3.0, 4.0])
    assert (mean, low, high) == pytest.approx((2.5, 2.5 - 1.2651, 2.5 + 1.2651), abs=1e-3)
    assert np.isnan(mean_with_interval([1.0])[1]).all()
