"""The learners compared: PPO, V-trace and Q-learning, with the same network, worlds and steps."""

from .comparison import Comparison, Pair
from .options import COMPARISON_GAMES, ExperimentConfig
from .tasks import Entrant, TrainingTask

DEFAULT_SEEDS = 5
"""If the options ask for no number."""

OPTIONS: dict[str, dict] = {
    "ppo": {},
    "vtrace": {"learning_rate": 1e-3},
    "pqn": {"temperature": 0.05, "gae_lambda": 0.65},
}
"""Options of training in which the learners differ, beside the algorithm.

Each is the best of a small sweep over two games (docs/results/algorithms.md).
"""


def plan(cfg: ExperimentConfig) -> Comparison:
    """Returns the experiment: one training for each learner and game."""
    cfg, seeds = cfg.with_games(COMPARISON_GAMES), tuple(range(cfg.seeds or DEFAULT_SEEDS))

    def training(learner, game):
        options = cfg.training(
            game, cfg.specialist_steps, algorithm=learner, **OPTIONS[learner], eval_every=-1
        )
        return TrainingTask(f"{learner}-{game}", options, seeds)

    def entrants(game, _):
        return Entrant("random", ""), *(
            Entrant(learner, f"{learner}-{game}") for learner in OPTIONS
        )

    claim = "{game}: PPO is above {other}."
    pairs = [
        Pair(f"ppo and {other}", "ppo", other, claim.replace("{other}", other))
        for other in OPTIONS
        if other != "ppo"
    ]
    text = (
        f"Each learner takes {cfg.specialist_steps:,} living agent-steps of a game, with the same "
        "network and the same worlds."
    )
    return Comparison(
        "algorithms",
        "Learners compared",
        text,
        cfg.chosen,
        len(seeds),
        tuple(training(learner, game) for game in cfg.chosen for learner in OPTIONS),
        entrants,
        (*pairs, Pair("vtrace and pqn", "vtrace", "pqn")),
    )
