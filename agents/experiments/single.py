"""A specialist for each game: what it learns against random, untrained and past selves."""

from pathlib import Path

import numpy as np

from ..evaluation.intervals import mean_over_seeds
from ..runs import folder
from ..training import curve
from . import pictures, report
from .options import FULL, ExperimentConfig
from .tasks import Entrant, ExperimentTask, TournamentTask, TrainingTask

DEFAULT_SEEDS = 10
"""If the options ask for no number."""

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Shares of a run's steps after which its policy is rated."""

RIVALS = ("random", "untrained", "past")


def trainings(cfg: ExperimentConfig) -> list[TrainingTask]:
    """Returns a training for each game, and those of the full game where all games are played."""
    seeds, steps = tuple(range(cfg.seeds or DEFAULT_SEEDS)), cfg.specialist_steps
    found = [
        TrainingTask(f"specialist-{game}", cfg.training(game, steps), seeds) for game in cfg.chosen
    ]
    if not cfg.games:
        full = "tiny_full" if cfg.config == "tiny" else "full"
        found += [
            TrainingTask(f"specialist-{game}-{full}", cfg.training(game, steps // 2, full), seeds)
            for game in FULL
        ]
    return found


def tasks(cfg: ExperimentConfig) -> list[ExperimentTask]:
    """Returns all trainings, and for each seed a tournament of a run's policies over time."""
    runs = trainings(cfg)
    return [*runs, *(ratings(cfg, run, seed) for run in runs for seed in run.seeds)]


def ratings(cfg: ExperimentConfig, run: TrainingTask, seed: int) -> TournamentTask:
    """Returns the tournament of a run's policies over time, and random and untrained players."""
    entrants = [Entrant(f"{share:.0%}", run.name, share) for share in SHARES]
    entrants += [Entrant("random", ""), Entrant("untrained", "untrained")]
    name = f"single/{run.name}-{seed}"
    return TournamentTask(
        name, run.cfg.game[0], run.cfg.config, tuple(entrants), seed, cfg.matches, {run.name: run}
    )


def write(cfg: ExperimentConfig, out: Path, command: str) -> str:
    """Returns the report of what is complete."""
    wins, rated, learned = [], [], {}
    for run in trainings(cfg):
        if not run.is_complete(out):
            continue
        found = [_last(run.run_of(out, seed), run.cfg.game[0]) for seed in run.seeds]
        cells = [_percent([one[rival]["won"] for one in found if rival in one]) for rival in RIVALS]
        score = mean_over_seeds([one["random"]["score"] for one in found])
        label = run.name.removeprefix("specialist-")
        records = [folder.read_metrics(run.run_of(out, seed)) for seed in run.seeds]
        learned[label] = curve.mean_curves([curve.curves_by_opponent(one) for one in records])
        wins.append([label, *cells, f"{score[0]:.2f} ± {score[1]:.2f}"])
        matches = [ratings(cfg, run, seed) for seed in run.seeds]
        results = [one.result(out)["entrants"] for one in matches if one.is_complete(out)]
        if results:
            names = ("random", "untrained", *(f"{share:.0%}" for share in SHARES))
            means = [mean_over_seeds([one[name]["rating"] for one in results]) for name in names]
            rated.append([label, *(f"{mean:.0f} ± {half:.0f}" for mean, half in means)])
    head = ["game", *(f"beats {rival}" for rival in RIVALS), "score against random"]
    shares = [f"after {share:.0%}" for share in SHARES]
    parts = [
        "## Games won at the end\n\n" + report.markdown_table(head, wins),
        "## Ratings over time\n\n"
        + report.markdown_table(["game", "random", "untrained", *shares], rated),
        pictures.draw_curves(out / "single-curves.png", learned) if learned else "",
    ]
    seeds, steps = cfg.seeds or DEFAULT_SEEDS, cfg.specialist_steps
    text = (
        f"A run for each game, {seeds} seeds, {steps:,} living agent-steps (half of them in the "
        f"full game) at `{cfg.config}`. Means over seeds with 95% intervals; games are won in "
        "worlds that both share; ratings are of a tournament for each seed, 77.6 points are odds "
        "of ten to one."
    )
    return report.render_page("One agent for each game", command, text, parts)


def _last(run: Path, game: str) -> dict:
    """Returns the last comparison of a run, by opponent."""
    records = [line for line in folder.read_metrics(run) if "evaluation" in line]
    return records[-1]["evaluation"][game]


def _percent(shares) -> str:
    mean, half = mean_over_seeds(np.asarray(shares)) if shares else (np.nan, np.nan)
    return f"{mean:.0%} ± {half:.0%}" if np.isfinite(half) else f"{mean:.0%}"
