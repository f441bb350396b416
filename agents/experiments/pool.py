"""Training with and without past selves, drawn uniformly or by their share of wins."""

from .comparison import Comparison, Pair
from .options import COMPARISON_GAMES, ExperimentConfig
from .tasks import Entrant, TrainingTask

DEFAULT_SEEDS = 5
"""If the options ask for no number."""

SHARE = 0.25
"""Of the teams, that past selves play."""

OPTIONS: dict[str, dict] = {
    "alone": {},
    "uniform": dict(past_selves=SHARE, pool_draw="uniform"),
    "hard": dict(past_selves=SHARE, pool_draw="hard"),
}
"""Options of training by entrant."""


def plan(cfg: ExperimentConfig) -> Comparison:
    """Returns the experiment: one training for each way and game."""
    cfg, seeds = cfg.with_games(COMPARISON_GAMES), tuple(range(cfg.seeds or DEFAULT_SEEDS))
    trainings = [
        TrainingTask(
            f"pool-{way}-{game}",
            cfg.training(game, cfg.specialist_steps, **options, eval_every=-1),
            seeds,
        )
        for game in cfg.chosen
        for way, options in OPTIONS.items()
    ]

    def entrants(game, _):
        return Entrant("random", ""), *(Entrant(way, f"pool-{way}-{game}") for way in OPTIONS)

    claim = "{game}: training against past selves makes it better."
    pairs = (
        Pair("uniform and alone", "uniform", "alone", claim),
        Pair("hard and alone", "hard", "alone"),
        Pair("hard and uniform", "hard", "uniform"),
    )
    text = (
        f"Each takes {cfg.specialist_steps:,} living agent-steps of its own in a game. Past selves "
        f"play {SHARE:.0%} of the teams, or of the players where all play alone; their steps do "
        "not count."
    )
    return Comparison(
        "pool",
        "Training against past selves",
        text,
        cfg.chosen,
        len(seeds),
        tuple(trainings),
        entrants,
        pairs,
    )
