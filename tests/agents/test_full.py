"""PPO on the full game; slow, since its worlds take long to compile."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import evaluate
from agents.config import TrainConfig
from agents.learners import state as states
from agents.learners import update as updating
from agents.learners.rollout import collect
from agents.networks.distributions import DETAIL
from agents.runs import folder, training_run
from agents.train import train
from agents.training import loop
from metammo_jax.vocab import Event

pytestmark = pytest.mark.slow

CFG = TrainConfig(
    game="multi_task", config="tiny_full", num_worlds=2, rollout=4, sequence=2, minibatches=1,
    epochs=1, width=16, progress=False, verify=True,
)  # fmt: skip


SHAPING = ("health", "experience", "gold", "defense")


@pytest.fixture(scope="module")
def rollout():
    """Two worlds, two sequences of two ticks, by a policy that is no longer indifferent."""
    env = training_run.mm.make(CFG.game, config=CFG.config)
    batch, policy = training_run.assemble(CFG, env)
    state = states.init_state(batch, policy, CFG)
    params = jax.tree.map(
        lambda leaf: leaf + 0.1 * np.cos(np.arange(leaf.size)).reshape(leaf.shape), state.params
    )

    def play(params, stage):
        return collect(policy, batch, params, jax.random.key(3), stage, 2, 2)

    _, steps, memory, _ = jax.jit(play)(params, state.stage)
    steps = jax.tree.map(updating._split_worlds, steps)
    memory = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), memory)
    return policy, params, updating.make_rows(steps, memory, steps.value, steps.value)


def test_replaying_gives_the_log_probs_of_thirteen_heads_back(rollout):
    policy, params, rows = rollout
    assert len(jax.tree.leaves(rows.step.choice)) == 13
    error = jax.jit(lambda rows: updating.replay_error(policy, params, rows))
    assert float(error(rows)) < 1e-4
    forgotten = rows.replace(memory=jax.tree.map(jnp.zeros_like, rows.memory))
    assert float(error(forgotten)) > 1e-4
    other = rows.step.choice.replace(use=(rows.step.choice.use == 0).astype(jnp.int32))
    assert float(error(rows.replace(step=rows.step.replace(choice=other)))) > 1e-3


def test_what_was_drawn_is_allowed(rollout):
    _, _, rows = rollout
    step, masks = rows.step, rows.step.obs.masks
    for name in ("use", "destroy", "give", "give_to", "sell", "buy", "gold_to"):
        chosen = getattr(step.choice, name)[..., None]
        allowed = jnp.take_along_axis(getattr(masks, name), chosen, axis=-1)[..., 0]
        assert bool(jnp.where(step.alive, allowed, True).all()), name
    assert set(DETAIL) <= set(vars(step.choice))


def test_the_papers_network_trains(tmp_path):
    """Two updates: all is finite, and every layer moves but those of what nobody can do yet."""
    run = str(tmp_path / "run")
    begun = training_run.begin(dataclasses.replace(CFG, network="paper", verify=False, run_dir=run))
    before = jax.tree.map(np.array, begun.params)
    result = loop._train_run(begun, updates=2)
    for record in result.history:
        for name in ("policy_loss", "value_loss", "entropy", "token_entropy", "approx_kl"):
            assert math.isfinite(record[name]), name
        assert record["gradient_norm"] > 0
    assert result.history[1]["value_loss"] != result.history[0]["value_loss"]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result.params))
    moved = jax.tree.map(lambda old, new: not np.array_equal(old, new), before, result.params)
    leaves = jax.tree_util.tree_leaves_with_path(moved)
    still = {place[-2].key for place, has_moved in leaves if not has_moved}
    buy, gold, gold_to = "Dense_0", "Dense_7", "Dense_8"
    assert still <= {buy, gold, gold_to}, "nothing is for sale in 8 ticks, and nobody has gold"


def test_a_run_logs_results_of_players_and_is_evaluated(tmp_path):
    cfg = dataclasses.replace(CFG, rollout=64, sequence=16, run_dir=str(tmp_path / "run"))
    result = train(cfg, updates=2)
    record = folder.read_metrics(result.run)[-1]
    assert record["replay_error"] < 1e-3
    terms = {name: [r[f"shaping/{name}"] for r in result.history] for name in SHAPING}
    assert min(terms["health"]) < 0 < max(terms["experience"]), "hunger, and harvests"
    assert all(value >= 0 for name in ("gold", "defense") for value in terms[name])
    games = [r["games"]["multi_task"] for r in result.history if r["games"]]
    assert games, "everybody starves in 64 ticks, or the horizon comes after 128"
    reported = games[-1]
    assert all(math.isfinite(value) for value in reported.values())
    assert reported["event/agent_culled"] > 0 and reported["starved"] + reported["dehydrated"] > 0
    assert {f"event/{event.name.lower()}" for event in Event} <= set(reported)
    options = evaluate.EvaluateConfig(game="multi_task_eval", episodes=2)
    match = evaluate.evaluate(result.run, options)[0]
    judged = match.alone[0].competition
    assert judged is not None and 0 <= judged.task_progress <= 1
    assert np.isfinite(judged.tasks).sum() <= 32, "16 players in 2 episodes had tasks"
    assert "weighted_score" in str(match)
