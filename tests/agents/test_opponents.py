"""Whom a run is compared with while it trains."""

import dataclasses

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from agents.config import TrainConfig
from agents.evaluation import opponents
from agents.learners.state import init_state
from agents.networks.distributions import sample
from agents.networks.paper import Paper
from agents.policy import make_policy
from agents.runs import folder
from agents.train import resume, train
from agents.training import curve
from tests.agents.fake import CFG, FakeEnv


@pytest.fixture(scope="module")
def compared(fake_cfg, tmp_path_factory):
    """A run of six updates that is compared after every second one."""
    run = tmp_path_factory.mktemp("compared") / "run"
    cfg = dataclasses.replace(fake_cfg, run_dir=str(run), eval_every=2, eval_episodes=64)
    return train(cfg, FakeEnv(), updates=6)


def test_comparisons_are_logged_by_opponent(compared):
    records = [r["evaluation"]["remember"] for r in compared.history if "evaluation" in r]
    assert [r["update"] for r in compared.history if "evaluation" in r] == [2, 4, 6]
    assert [list(r) for r in records] == [["random", "untrained"]] + [
        ["random", "untrained", "past"]
    ] * 2
    # A player that keeps to the direction gets 1/4 in each tick, by chance a fifth of that.
    learned = [r["untrained"]["return_"] for r in records]
    assert learned[-1] > learned[0]


def test_the_past_is_the_run_at_half_of_its_updates(compared):
    kept = sorted(int(path.stem) for path in (compared.run / "past").iterdir())
    assert kept == [0, 2, 4, 6]
    work = type("Work", (), {"run": compared.run, "counts": {}})()
    for update, expected in {2: None, 4: 2, 6: 4, 8: 4, 9: 6, 99: 6}.items():
        work.counts = {"updates": update}
        assert opponents._past_update(work) == expected


def test_the_untrained_opponent_is_the_run_before_its_first_update(compared, fake_parts, fake_cfg):
    content = (compared.run / "past" / "00000000.msgpack").read_bytes()
    kept = flax.serialization.from_bytes(compared.params, content)
    first = init_state(*fake_parts[:2], fake_cfg).params
    assert jax.tree.all(jax.tree.map(np.array_equal, kept, jax.device_get(first)))


@pytest.mark.slow
def test_a_resumed_run_meets_the_same_past(compared, tmp_path, fake_cfg):
    cfg = dataclasses.replace(
        fake_cfg, run_dir=str(tmp_path / "run"), eval_every=2, eval_episodes=64
    )
    first = train(cfg, FakeEnv(), updates=3)
    resume(first.run, FakeEnv(), updates=3)
    pairs = zip(folder.read_metrics(compared.run), folder.read_metrics(first.run), strict=True)
    assert all(a.get("evaluation") == b.get("evaluation") for a, b in pairs)


def test_five_comparisons_at_equal_distances(fake_cfg):
    cfg = dataclasses.replace(fake_cfg, total_steps=1000, eval_every=-5)
    work = type("Work", (), {"cfg": cfg, "counts": {}})()

    def due(before, after):
        work.counts = {"steps": after, "updates": 1}
        return opponents.is_due(work, before)

    ends = [30 * n for n in range(1, 35)]
    found = [end for end in ends if due(end - 30, end)]
    assert found == [210, 420, 600, 810, 1020]
    work.cfg = dataclasses.replace(cfg, eval_every=0)
    assert not any(due(end - 30, end) for end in ends)


@pytest.mark.slow
def test_without_heads_a_policy_chooses_evenly_from_the_masks():
    policy = make_policy(TrainConfig(width=16), CFG)
    obs, _ = FakeEnv().reset(jax.random.key(0))
    batch = jax.tree.map(lambda leaf: leaf[None], obs)
    params = policy.init(jax.random.key(1), batch)
    params = jax.tree.map(lambda leaf: leaf + 1.0, params)
    who = jnp.arange(CFG.players)
    logits, value = policy.network.apply(opponents.uniform_params(policy, params), obs, who)
    for name, head in vars(logits).items():
        assert head is None or np.ptp(head) == 0.0, name
    trained, same = policy.network.apply(params, obs, who)
    assert np.ptp(trained.move) > 0 and (same == value).all()
    drawn = sample(jnp.full((CFG.players, policy.draws), 0.5), logits)
    assert drawn.move.tolist() == [2] * CFG.players


def test_every_head_of_the_papers_network_is_named():
    """Its parameters are those of the heads and those of layers that no choice depends on alone."""
    from tests.agents.test_networks import parameters

    policy = make_policy(TrainConfig(network="paper"), mm.preset("full"))
    assert set(Paper.HEADS) <= set(parameters(policy, mm.preset("full")))


def test_means_over_games_and_lines_of_the_curve():
    def reported(random, past=None):
        found = {"random": {"won": random}}
        return found | ({} if past is None else {"past": {"won": past}})

    first = {"steps": 10, "evaluation": {"a": reported(0.5), "b": reported(1.0)}}
    second = {"steps": 20, "evaluation": {"a": reported(1.0, 0.25), "b": reported(1.0, 0.75)}}
    assert opponents.mean_wins({"steps": 5}) == {}
    assert opponents.mean_wins(second) == {"random": 1.0, "past": 0.5}
    assert curve.curves_by_opponent([first, {"steps": 15}, second]) == {
        "random": {"steps": [10, 20], "won": [0.75, 1.0]},
        "past": {"steps": [20], "won": [0.5]},
    }
