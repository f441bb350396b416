"""One generalist for all games, compared with a specialist for each."""

from . import single
from .comparison import Comparison, Pair
from .options import ExperimentConfig
from .tasks import Entrant, TrainingTask

DEFAULT_SEEDS = single.DEFAULT_SEEDS
"""If the options ask for no number."""

WEIGH = ("episodes", "samples")
"""How a generalist's games are weighed: as in the paper, and so that each has as many samples."""

SHARES = (0.5, 1.0)
"""Shares of their steps after which specialists and generalists are compared."""

CLAIM = "{game}: the generalist, at the end of training, is above the specialist."


def generalists(cfg: ExperimentConfig) -> list[TrainingTask]:
    """Returns the trainings of the generalists, those of half of the seeds in each."""
    seeds, games = range(cfg.seeds or DEFAULT_SEEDS), cfg.chosen
    steps, half = cfg.specialist_steps * len(games), (len(seeds) + 1) // 2
    return [
        TrainingTask(
            f"generalist-{weigh}-{part}",
            cfg.training(games, steps, weigh=weigh, eval_every=-len(games), eval_episodes=8),
            tuple(own),
        )
        for weigh in WEIGH
        for part, own in (("a", seeds[:half]), ("b", seeds[half:]))
        if own
    ]


def plan(cfg: ExperimentConfig) -> Comparison:
    """Returns the experiment: specialist and generalists, at several shares of their steps."""
    general = generalists(cfg)
    specialists = [run for run in single.trainings(cfg) if run.cfg.config == cfg.config]
    alike = 1 / len(cfg.chosen)

    def entrants(game, seed):
        found = [Entrant("random", "")]
        found += [
            Entrant(f"specialist {share:.0%}", f"specialist-{game}", share) for share in SHARES
        ]
        return *found, *(
            Entrant(f"generalist-{run.cfg.weigh} {share:.0%}", run.name, share)
            for run in general
            if seed in run.seeds
            for share in sorted({alike, *SHARES})
        )

    text = (
        f"A specialist takes {cfg.specialist_steps:,} living agent-steps of its game, a "
        f"generalist as many for each of {len(cfg.chosen)} games: at the same share of their "
        "steps, and with games weighed by samples, both have seen as much of the target game."
    )
    return Comparison(
        "multi",
        "One agent for many games",
        text,
        cfg.chosen,
        cfg.seeds or DEFAULT_SEEDS,
        (*general, *specialists),
        entrants,
        tuple(pair for weigh in WEIGH for pair in _pairs(weigh, alike)),
    )


def _pairs(weigh: str, alike: float) -> list[Pair]:
    """Returns the compared pairs of generalists with one way of weighing games."""
    name, best = f"generalist-{weigh}", "specialist 100%"
    return [
        Pair(
            f"{weigh}, target samples equal",
            f"{name} 100%",
            best,
            CLAIM if weigh == "episodes" else "",
            of_paper=True,
        ),
        Pair(f"{weigh}, both at half", f"{name} 50%", "specialist 50%"),
        Pair(f"{weigh}, samples of all games equal", f"{name} {alike:.0%}", best),
    ]
