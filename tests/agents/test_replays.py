"""Replays of trained agents: what they thought, and what the commands write; slow to compile."""

import dataclasses

import jax
import numpy as np
import pytest

import metammo_jax as mm
from agents import evaluate, load
from agents.config import TrainConfig
from agents.train import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def agent():
    return load("generalist-tiny")


def test_what_a_policy_thought_is_kept_and_changes_nothing(agent, tmp_path):
    env = agent.make("king_of_the_hill")
    key = jax.random.key(2)
    plain = mm.record(env, key, agent.player, ticks=20)
    reported = mm.record(env, key, agent.player, ticks=20, outputs=True)
    jax.tree.map(np.testing.assert_array_equal, plain.actions, reported.actions)
    again = mm.Replay.load(reported.save(tmp_path / "reported.replay"))
    jax.tree.map(np.testing.assert_array_equal, again.policy, reported.policy)
    cfg = env.cfg
    shapes = {name: values.shape[1:] for name, values in again.policy.items()}
    players = cfg.players
    assert shapes == {
        "value": (players,),
        "move": (players, 5),
        "target": (players, cfg.visible_rows + 1),
    }
    assert all(values.dtype == np.float16 for values in again.policy.values())
    alive, moves = again.alive, again.policy["move"].astype(np.float32)
    np.testing.assert_allclose(moves.sum(-1)[alive], 1, atol=2e-3)
    chosen = np.take_along_axis(moves, again.actions.move[..., None], -1)[..., 0][alive]
    assert (chosen > 0).all(), "a move was taken that had no chance"
    expected = (moves**2).sum(-1)[alive].mean()
    assert abs(chosen.mean() - expected) < 0.1, "moves are not drawn from these chances"
    obs = jax.jit(env.observe)(again.at(5))
    allowed = np.asarray(obs.masks.move)
    assert not moves[5][~allowed & alive[5][:, None]].any()


def test_evaluate_writes_an_episode(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "compare", lambda *args, **options: "compared")
    path = tmp_path / "one.replay"
    words = ["specialist-survive-tiny", "--replay", str(path), "--greedy", "--seed", "4"]
    assert evaluate.main(words) == 0
    replay = mm.Replay.load(path)
    assert replay.over and replay.policy is None
    assert replay.env.games[0] == mm.games.survive(evaluation=True)
    replay.verify()


def test_training_writes_episodes(tmp_path):
    cfg = TrainConfig(
        game="survive",
        num_worlds=2,
        rollout=16,
        sequence=16,
        minibatches=1,
        epochs=1,
        width=16,
        eval_every=0,
        progress=False,
        run_dir=str(tmp_path / "run"),
        replay_every=2,
    )
    run = train(cfg, updates=5).run
    files = sorted((run / "replays").iterdir())
    assert [file.name for file in files] == ["000002.replay", "000004.replay"]
    one, two = map(mm.Replay.load, files)
    assert one.env == two.env and one.env.games[0].name == "survive"
    assert (jax.random.key_data(one.key) != jax.random.key_data(two.key)).any()
    with pytest.raises(ValueError, match="replay_every"):
        dataclasses.replace(cfg, replay_every=-1)
