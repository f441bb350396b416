"""A game of one's own in 20 lines, from public names only, and an agent that trains on it."""

import jax.numpy as jnp

import metammo_jax as mm
from agents.config import TrainConfig
from agents.train import train
from metammo_jax import games


def drink_together(world, subject, args, cfg):
    """The driest living member's water, as a share of args[0] points."""
    return jnp.clip(subject.alive_min(world.body.water) / args[:, 0], 0, 1)


OASIS = games.Minigame(
    name="oasis",
    systems=frozenset({games.System.TERRAIN, games.System.RESOURCE}),
    team_split=1,
    spawn=games.spawn.teams_on_edge,
    goals=(games.Goal(drink_together, (101,), games.Subject.TEAM),),
    referee=games.referee.last_team,
    score=games.referee.speed,
    dial="drought",
    knobs=dict(
        drought=games.Adaptive(2, 20, step=2, wins=3),
        depletion=games.Same("difficulty"),
        water_level=games.Between(0.05, 0.2),
    ),
)


def test_an_agent_trains_on_a_game_of_ones_own(tmp_path):
    cfg = TrainConfig(
        game="oasis", num_worlds=2, rollout=8, sequence=4, minibatches=2, total_steps=10_000,
        width=16, progress=False, run_dir=str(tmp_path / "run"),
    )  # fmt: skip
    env = mm.make(OASIS, config="tiny", horizon=12)
    result = train(cfg, env=env, updates=3)
    assert result.updates == 3
    assert 0 < result.steps <= 3 * 2 * 8 * 16
