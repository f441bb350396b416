"""PPO on the full game; slow, since its worlds take long to compile."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import evaluate, runs, session
from agents import update as updating
from agents.config import TrainConfig
from agents.distributions import DETAIL
from agents.rollout import collect
from agents.train import train
from metammo_jax.vocab import Event

pytestmark = pytest.mark.slow

CFG = TrainConfig(
    game="multi_task", config="tiny_full", num_worlds=2, rollout=4, sequence=2, minibatches=1,
    epochs=1, width=16, progress=False, verify=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def rollout():
    """Two worlds, two sequences of two ticks, by a policy that is no longer indifferent."""
    env = session.mm.make(CFG.game, config=CFG.config)
    batch, policy = session.assemble(CFG, env)
    state = updating.start(batch, policy, CFG)
    params = jax.tree.map(
        lambda leaf: leaf + 0.1 * np.cos(np.arange(leaf.size)).reshape(leaf.shape), state.params
    )

    def play(params, stage):
        return collect(policy, batch, params, jax.random.key(3), stage, 2, 2)

    _, steps, memory, _ = jax.jit(play)(params, state.stage)
    steps = jax.tree.map(updating._world_first, steps)
    memory = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), memory)
    return policy, params, updating.Rows(steps, memory, steps.value)


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


def test_a_run_logs_what_players_came_to_and_is_judged(tmp_path):
    cfg = dataclasses.replace(CFG, rollout=64, sequence=16, run_dir=str(tmp_path / "run"))
    result = train(cfg, updates=2)
    record = runs.read_metrics(result.run)[-1]
    assert record["replay_error"] < 1e-3
    games = [r["games"]["multi_task"] for r in result.history if r["games"]]
    assert games, "everybody starves in 64 ticks, or the horizon comes after 128"
    told = games[-1]
    assert all(math.isfinite(value) for value in told.values())
    assert told["event/agent_culled"] > 0 and told["starved"] + told["dehydrated"] > 0
    assert {f"event/{event.name.lower()}" for event in Event} <= set(told)
    options = evaluate.EvaluateConfig(game="multi_task_eval", episodes=2)
    match = evaluate.evaluate(result.run, options)[0]
    judged = match.alone[0].competition
    assert judged is not None and 0 <= judged.task_progress <= 1
    assert np.isfinite(judged.tasks).sum() <= 32, "16 players in 2 episodes had tasks"
    assert "weighted_score" in str(match)
