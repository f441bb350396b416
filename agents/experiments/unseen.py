"""Generalists on a game they were not trained on: zero-shot, and after a little fine-tuning."""

from .comparison import Comparison, Pair
from .options import ExperimentConfig
from .tasks import Entrant, TrainingTask

DEFAULT_SEEDS = 5
"""If the options ask for no number."""

TENTH = 10
"""One in how many of a specialist's steps is taken of the game that was not seen."""

CLAIM = "{game}: after a tenth of the samples, who knows the other games is above who knows none."


def trainings(cfg: ExperimentConfig) -> list[TrainingTask]:
    """Returns the trainings by game: a generalist of the others, fine-tuning, and scratch."""
    seeds, games, steps = tuple(range(cfg.seeds or DEFAULT_SEEDS)), cfg.chosen, cfg.specialist_steps
    if len(games) < 2:
        raise ValueError(f"games={games} must be two or more: one of them is left out")
    found = []
    for game in games:
        others = tuple(other for other in games if other != game)
        general = cfg.training(others, steps * len(others), eval_every=-1, eval_episodes=8)
        found.append(TrainingTask(f"without-{game}", general, seeds))
    for game in games:
        little = cfg.training(game, max(1, steps // TENTH), eval_every=-1)
        source = f"without-{game}"
        found.append(TrainingTask(f"then-{game}", little, seeds, (source,), begins_with=source))
        found.append(TrainingTask(f"scratch-{game}", little, seeds))
    return found


def plan(cfg: ExperimentConfig) -> Comparison:
    """Returns the experiment."""

    def entrants(game, _):
        return (
            Entrant("random", ""),
            Entrant("untrained", "untrained"),
            Entrant("at once", f"without-{game}"),
            Entrant("after a tenth", f"then-{game}"),
            Entrant("scratch", f"scratch-{game}"),
        )

    few = cfg.specialist_steps // TENTH
    text = (
        f"For each game a generalist takes {cfg.specialist_steps:,} living agent-steps for each "
        f"of the other {len(cfg.chosen) - 1} games. It plays the game that it has not seen at "
        f'once, and after {few:,} steps of it ("after a tenth"), against an agent that has taken '
        'these alone ("scratch").'
    )
    pairs = (
        Pair("at once", "at once", "untrained"),
        Pair("at once, against a tenth from scratch", "at once", "scratch"),
        Pair("a tenth more, against a tenth from scratch", "after a tenth", "scratch", CLAIM),
    )
    return Comparison(
        "unseen",
        "A game that the generalist has not seen",
        text,
        cfg.chosen,
        cfg.seeds or DEFAULT_SEEDS,
        tuple(trainings(cfg)),
        entrants,
        pairs,
    )
