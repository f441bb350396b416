"""A network of one's own in the trainer."""

import dataclasses
from typing import ClassVar

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

from agents.networks.heads import Heads
from agents.networks.lean import Lean
from agents.runs import training_run
from agents.train import resume, train
from tests.agents.fake import CFG, FakeEnv


class Largest(nn.Module):
    """Remembers the largest that each feature of its task has been."""

    HEADS: ClassVar = ("heads",)
    width: int = 32

    def setup(self):
        self.seen = nn.Dense(self.width)
        self.others = nn.Dense(8)
        self.heads = Heads(CFG.tokens.bit_length(), 8, 0)
        self.value = nn.Dense(1)

    def encode(self, obs, who):
        others = self.others(obs.entities[obs.visible.astype(jnp.int32)].astype(jnp.float32))
        return nn.relu(self.seen(obs.task)), (others,)

    def project(self, inputs):
        return inputs

    def recur(self, memory, projected):
        largest = jnp.maximum(memory, projected)
        return largest, largest

    def decide(self, hidden, features):
        return self.heads(hidden, *features), self.value(hidden)[..., 0]

    def initial(self, shape):
        return jnp.zeros((*shape, self.width))

    def __call__(self, obs, who):
        inputs, features = self.encode(obs, who)
        return self.decide(inputs, features)


@pytest.fixture(scope="module")
def result(fake_cfg, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "own"
    return train(
        dataclasses.replace(fake_cfg, run_dir=str(run)), FakeEnv(), updates=30, network=Largest()
    )


@pytest.mark.slow
def test_it_learns(result):
    """Random moves get 0.2 of what can be had, 0.25 a tick."""
    assert result.history[0]["reward"] < 0.07
    assert result.history[-1]["reward"] > 0.2


@pytest.mark.slow
def test_the_run_goes_on_with_it_and_only_with_it(result):
    again = resume(result.run, FakeEnv(), updates=1, network=Largest())
    assert again.updates == 31 and again.policy.network == Largest()
    with pytest.raises(ValueError, match=r"pass it, as in train\(cfg, network=...\)"):
        resume(result.run, FakeEnv())
    with pytest.raises(ValueError, match="another config"):
        resume(result.run, FakeEnv(), network=Largest(width=16))
    _, policy, params = training_run.load_policy(result.run, FakeEnv(), network=Largest())
    assert policy.network == Largest()
    np.testing.assert_array_equal(
        params["params"]["seen"]["bias"], again.params["params"]["seen"]["bias"]
    )


def test_what_is_no_network_is_refused(fake_cfg, tmp_path):
    class Lacking(nn.Module):
        def encode(self, obs, who):
            return obs.task, ()

    cfg = dataclasses.replace(fake_cfg, run_dir=str(tmp_path / "run"))
    with pytest.raises(ValueError, match="network=Lacking must .* lacks project, recur, decide"):
        train(cfg, FakeEnv(), network=Lacking())
    with pytest.raises(ValueError, match="network=type must be .* lacks being one"):
        train(cfg, FakeEnv(), network=Lean)
    paper = dataclasses.replace(cfg, network="paper", paper_reward=True)
    with pytest.raises(ValueError, match="a custom network is given too"):
        train(paper, FakeEnv(), network=Largest())
    assert not (tmp_path / "run").exists(), "nothing is left behind"
