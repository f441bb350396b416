"""Training on the real games; slow, since each setting compiles a world of its own."""

import math

import jax
import numpy as np
import pytest

import metammo_jax as mm
from agents import evaluate
from agents.config import TrainConfig
from agents.evaluate import RANDOM, Side, compare
from agents.player import Player
from agents.runs import training_run
from agents.train import train

pytestmark = pytest.mark.slow

SMALL = dict(
    num_worlds=8, rollout=16, sequence=8, minibatches=4, progress=False, verify=True, eval_every=0
)


def check(result) -> None:
    record = result.history[-1]
    assert all(math.isfinite(v) for v in record.values() if isinstance(v, float))
    assert record["replay_error"] < 1e-4 and record["token_entropy"] >= 0


def test_all_games_in_one_batch(tmp_path):
    games = tuple(mm.games.GAMES)
    result = train(TrainConfig(game=games, run_dir=str(tmp_path / "run"), **SMALL), updates=12)
    check(result)
    assert result.history[0]["token_entropy"] > 0, "some games have words"
    player = Player.load(result.run)
    env = mm.make("sandwich", config="tiny")
    assert len(mm.record(env, jax.random.key(0), player, ticks=3)) == 4


@pytest.mark.parametrize("corrected", [True, False])
def test_the_papers_network(corrected, tmp_path):
    cfg = TrainConfig(
        game=("team_battle", "king_of_the_hill"),
        network="paper",
        corrected=corrected,
        run_dir=str(tmp_path / "run"),
        **{**SMALL, "num_worlds": 2, "epochs": 1},
    )
    result = train(cfg, updates=2)
    check(result)
    _, policy, params = training_run.load_policy(result.run)
    side = Side("trained", policy, params)
    match = compare(
        training_run.make_evaluation_env("team_battle", "tiny"), side, RANDOM, episodes=2
    )
    assert match.alone[0].length > 0


def test_a_time_limit_without_the_papers_reward(tmp_path):
    cfg = TrainConfig(
        game="team_battle",
        paper_reward=False,
        run_dir=str(tmp_path / "run"),
        **{**SMALL, "rollout": 128, "sequence": 16},
    )
    check(train(cfg, updates=1))


def test_evaluating_a_run_and_two_runs(tmp_path, capsys):
    run = train(TrainConfig(run_dir=str(tmp_path / "run"), **SMALL), updates=1).run
    assert evaluate.main([str(run), "--episodes", "2"]) == 0
    assert evaluate.main([str(run), "--against", str(run), "--episodes", "2"]) == 0
    out = capsys.readouterr().out
    assert "random, together" in out and "second, together" in out
    match = evaluate.evaluate(run, evaluate.EvaluateConfig(episodes=2, difficulty=10))[0]
    assert np.isfinite(match.alone[0].progress)
