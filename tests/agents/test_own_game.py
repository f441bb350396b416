"""An agent that trains on a game of one's own; `tests.games.test_own_game` declares it."""

import pytest

import metammo_jax as mm
from agents.config import TrainConfig
from agents.train import train
from tests.games.test_own_game import OASIS


@pytest.mark.slow
def test_an_agent_trains_on_a_game_of_ones_own(tmp_path):
    cfg = TrainConfig(
        game="oasis",
        num_worlds=2,
        rollout=8,
        sequence=4,
        minibatches=2,
        total_steps=10_000,
        width=16,
        progress=False,
        run_dir=str(tmp_path / "run"),
    )
    env = mm.make(OASIS, config="tiny", horizon=12)
    result = train(cfg, env=env, updates=3)
    assert result.updates == 3
    assert 0 < result.steps <= 3 * 2 * 8 * 16
    assert any("oasis" in record["games"] for record in result.history), "24 ticks have an end"
    assert "shaping/health" in result.history[0] and "shaping/gold" not in result.history[0]
