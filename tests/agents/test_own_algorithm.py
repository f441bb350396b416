"""An algorithm of one's own in the trainer."""

import dataclasses
import types
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from agents.config import TrainConfig
from agents.learners import algorithms, ppo
from agents.train import resume, train
from tests.agents.fake import FakeEnv


@struct.dataclass
class Samples:
    target: jnp.ndarray
    mask: jnp.ndarray


class Frozen:
    """Learns values only: what the policy does must stay as random as it began."""

    METRICS = ("error",)

    def samples_of(self, batch, cfg, axis):
        return Samples(batch.advantage + batch.value, batch.mask)

    def loss(self, new, old, cfg):
        error = jnp.sum(jnp.where(old.mask, (new.value - old.target) ** 2, 0.0))
        return 0.0 * jnp.sum(new.log_prob) + error, {"error": error}


class Misnamed(Frozen):
    METRICS = ("mistake",)


@pytest.fixture
def cfg(fake_cfg, tmp_path):
    return dataclasses.replace(fake_cfg, run_dir=str(tmp_path / "run"))


@pytest.mark.slow
def test_ppo_given_as_ones_own_learns_what_ppo_learns(fake_cfg, tmp_path):
    runs = [dataclasses.replace(fake_cfg, run_dir=str(tmp_path / name)) for name in ("own", "ppo")]
    seen = []
    own = train(runs[0], FakeEnv(), updates=2, algorithm=ppo, on_update=seen.append)
    assert seen == own.history and [record["update"] for record in seen] == [1, 2]
    again = train(runs[1], FakeEnv(), updates=2)
    for name in ppo.METRICS:
        assert [record[name] for record in own.history] == [r[name] for r in again.history], name
    assert own.params["params"].keys() == again.params["params"].keys()


@pytest.mark.slow
def test_its_loss_is_what_is_learned(cfg):
    result = train(cfg, FakeEnv(), updates=20, algorithm=Frozen())
    rewards = [record["reward"] for record in result.history]
    assert max(rewards) < 0.08, "nothing asks for reward: PPO gets 0.1 by then"
    assert result.history[-1]["error"] < result.history[0]["error"]
    assert "policy_loss" not in result.history[0]
    with pytest.raises(ValueError, match=r"pass it, as in train\(cfg, algorithm=...\)"):
        resume(result.run, FakeEnv())
    again = resume(result.run, FakeEnv(), updates=1, algorithm=Frozen())
    assert again.updates == 21 and np.isfinite(again.history[0]["error"])


@pytest.mark.slow
def test_several_seeds_learn_with_it(cfg):
    cfg, seen = dataclasses.replace(cfg, epochs=1, verify=False), []
    group = train(
        cfg, FakeEnv(), updates=1, seeds=(3, 4), algorithm=Frozen(), on_update=seen.append
    )
    assert [result.history[0]["error"] for result in group.results] == [r["error"] for r in seen]
    assert seen[0]["error"] != seen[1]["error"] > 0


def test_what_is_no_algorithm_is_refused(cfg):
    nothing = types.SimpleNamespace(METRICS=())
    with pytest.raises(ValueError, match="algorithm=SimpleNamespace .* lacks samples_of, loss"):
        train(cfg, FakeEnv(), algorithm=nothing)
    text = types.SimpleNamespace(METRICS="error", samples_of=len, loss=len)
    with pytest.raises(ValueError, match="METRICS='error' must be a tuple of names"):
        train(cfg, FakeEnv(), algorithm=text)
    number = types.SimpleNamespace(METRICS=("error",), samples_of=len, loss=3)
    with pytest.raises(ValueError, match="algorithm.loss=3 must be a function"):
        train(cfg, FakeEnv(), seeds=(0, 1), algorithm=number)
    with pytest.raises(ValueError, match="pass it"):
        train(dataclasses.replace(cfg, algorithm="own"), FakeEnv())
    with pytest.raises(ValueError, match="algorithm='pqn'"):
        algorithms.get_learner(TrainConfig(algorithm="pqn"), Frozen())
    with pytest.raises(ValueError, match=r"metrics \['error'\], METRICS names \['mistake'\]"):
        algorithms.check_metrics(Misnamed(), {"error": 0.0})
    assert not Path(cfg.run_dir).exists(), "nothing is left behind"
