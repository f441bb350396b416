"""Options of an experiment, and the sizes that it has at each config."""

import dataclasses
from typing import Literal

from metammo_jax.games import ALL_GAMES, GAMES
from metammo_jax.lib import checks

from ..config import PRESETS, TrainConfig, preset

GAMES_OF_MINI = tuple(GAMES)
"""Games that a generalist learns together."""

FULL = ("survive", "team_battle", "multi_task")
"""What is played in the full game, as in the paper."""

COMPARISON_GAMES = ("race_to_the_center", "king_of_the_hill", "team_battle", "sandwich")
"""Games of the experiments that compare ways to learn."""

STEPS = {"tiny": 1_000_000, "mini": 50_000_000}
"""Living agent-steps of a specialist, by config. A generalist takes them for each of its games."""


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """Options of an experiment.

    Attributes:
      config: size of the world: "tiny" or "mini".
      seeds: number of seeds, 0 .. N - 1; 0 for the experiment's default.
      out: folder of runs, matches and reports; empty for experiments/CONFIG. Experiments in the
        same folder share the trainings that they have in common.
      steps: living agent-steps of a specialist, an agent of one game; 0 for the config's default.
      matches: matches of each tournament.
      games: games of the experiment; empty for its default.
      workers: processes that share the trainings and tournaments, each on one core.
      report: write the report of the results that exist, without training.

    Raises:
      ValueError: at construction, with the name, the value and the rule.
    """

    config: Literal["tiny", "mini"] = "tiny"
    seeds: int = 0
    out: str = ""
    steps: int = 0
    matches: int = 128
    games: tuple[str, ...] = ()
    workers: int = 2
    report: bool = False

    def __post_init__(self):
        for name, least in (("seeds", 0), ("steps", 0), ("matches", 1), ("workers", 1)):
            checks.whole(name, getattr(self, name), least)
        if self.config not in STEPS:
            raise ValueError(f"config={self.config!r} must be one of {', '.join(STEPS)}")
        for name in self.games:
            if name not in ALL_GAMES:
                known = ", ".join(ALL_GAMES)
                raise ValueError(f"games={name!r} is unknown; allowed are {known}")

    @property
    def chosen(self) -> tuple[str, ...]:
        """Games of the mini configuration that the experiment is made of."""
        return self.games or GAMES_OF_MINI

    def with_games(self, games: tuple[str, ...]) -> "ExperimentConfig":
        """Returns the same with these games, unless others are asked for."""
        return dataclasses.replace(self, games=self.games or games)

    @property
    def specialist_steps(self) -> int:
        """Living agent-steps of a specialist."""
        return self.steps or STEPS[self.config]

    def training(self, game, steps: int, config: str = "", **changes) -> TrainConfig:
        """Returns options of a run: those of the preset of the config, but for the changes."""
        base = config or self.config
        named = base if base in PRESETS else "tiny"
        given = {"eval_every": -4, "eval_episodes": 16, "keep": 1, "progress": False} | changes
        return preset(named, game=game, config=base, total_steps=steps, **given)
