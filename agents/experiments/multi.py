"""One generalist for all games, compared with a specialist for each."""

from pathlib import Path

import numpy as np

from . import report, single, statistics
from .options import ExperimentConfig
from .tasks import Entrant, Matches, Task, Training

SEEDS = single.SEEDS
"""If the options ask for no number."""

WEIGH = ("episodes", "samples")
"""How a generalist's games are weighed: as in the paper, and so that each has as many samples."""

SHARES = (0.5, 1.0)
"""Shares of their steps after which specialists and generalists are compared."""


def generalists(cfg: ExperimentConfig) -> list[Training]:
    """Returns the trainings of the generalists, those of half of the seeds in each."""
    seeds, games = range(cfg.seeds or SEEDS), cfg.chosen
    steps, half = cfg.specialist_steps * len(games), (len(seeds) + 1) // 2
    return [
        Training(
            f"generalist-{weigh}-{part}",
            cfg.training(games, steps, weigh=weigh, eval_every=-len(games), eval_episodes=8),
            tuple(own),
        )
        for weigh in WEIGH
        for part, own in (("a", seeds[:half]), ("b", seeds[half:]))
        if own
    ]


def tasks(cfg: ExperimentConfig) -> list[Task]:
    """Returns all trainings, the longest first, and a tournament for each game and seed."""
    specialists = [run for run in single.trainings(cfg) if run.cfg.config == cfg.config]
    return [*generalists(cfg), *specialists, *matches(cfg)]


def matches(cfg: ExperimentConfig) -> list[Matches]:
    """Returns a tournament for each game and seed: specialist and generalists at several shares."""
    runs = {run.name: run for run in [*single.trainings(cfg), *generalists(cfg)]}
    found = []
    for game in cfg.chosen:
        for seed in range(cfg.seeds or SEEDS):
            general = [r for r in runs.values() if r.name.startswith("gen") and seed in r.seeds]
            entrants = [Entrant("random", "")]
            entrants += [
                Entrant(f"specialist {share:.0%}", f"specialist-{game}", share) for share in SHARES
            ]
            entrants += [
                Entrant(f"generalist-{run.cfg.weigh} {share:.0%}", run.name, share)
                for run in general
                for share in sorted({1 / len(cfg.chosen), *SHARES})
            ]
            name = f"multi/{game}-{seed}"
            used = {e.training: runs[e.training] for e in entrants if e.training}
            found.append(Matches(name, game, cfg.config, tuple(entrants), seed, cfg.matches, used))
    return found


def write(cfg: ExperimentConfig, out: Path, command: str) -> str:
    """Returns the report of what is complete."""
    done = [one for one in matches(cfg) if one.is_complete(out)]
    games = [game for game in cfg.chosen if sum(one.game == game for one in done) >= 2]
    results = {game: [one.result(out) for one in done if one.game == game] for game in games}
    if not games:
        return report.page("One agent for many games", command, "Nothing is complete yet.", [])
    count = min(map(len, results.values()))
    results = {game: found[:count] for game, found in results.items()}
    parts = [_ratings(results)]
    for weigh in WEIGH:
        parts.append(_compared(cfg, results, weigh))
    parts.append("## Claims of the paper\n\n" + "\n".join(map(str, _claims(results))))
    text = (
        f"{count} seeds at `{cfg.config}`. A specialist takes {cfg.specialist_steps:,} living "
        f"agent-steps of its game, a generalist as many for each of {len(cfg.chosen)} games: at "
        "the same share of their steps, and with games weighed by samples, both have seen as much "
        "of the target game. For each game and seed they play a tournament; intervals are over "
        "seeds. 77.6 points of a rating are odds of ten to one."
    )
    return report.page("One agent for many games", command, text, parts)


def _ratings(results) -> str:
    names = results[next(iter(results))][0]["names"]
    head, rows = ["policy", *results], []
    for name in names:
        cells = []
        for found in results.values():
            values = np.array([one["entrants"][name]["rating"] for one in found])
            cells.append(report.number(statistics.paired(values), 0))
        rows.append([name, *cells])
    return "## Ratings\n\n" + report.table(head, rows)


def _beats(found, first: str, second: str) -> np.ndarray:
    """Returns by seed (N,) how often one is placed above the other."""
    names = found[0]["names"]
    row, column = names.index(first), names.index(second)
    return np.array([one["beats"][row][column] for one in found], float)


def _compared(cfg: ExperimentConfig, results, weigh: str) -> str:
    """Returns a table: how often a generalist is placed above the specialist, game by game."""
    rows, alike = [], 1 / len(cfg.chosen)
    for game, found in results.items():
        full = _beats(found, f"generalist-{weigh} 100%", "specialist 100%")
        half = _beats(found, f"generalist-{weigh} 50%", "specialist 50%")
        total = _beats(found, f"generalist-{weigh} {alike:.0%}", "specialist 100%")
        cells = [report.number(statistics.paired(values)) for values in (full, half, total)]
        rows.append([game, *cells])
    whole = np.stack(
        [_beats(found, f"generalist-{weigh} 100%", "specialist 100%") for found in results.values()]
    )
    mean = statistics.bootstrap(statistics.interquartile_mean, whole)
    rows.append(["all (interquartile mean)", report.number(mean), "", ""])
    head = ["game", "target samples equal, 100%", "50%", "samples of all games equal"]
    title = f"## How often the generalist is above the specialist; games weighed by {weigh}\n\n"
    return title + report.table(head, rows)


def _claims(results) -> list[report.Claim]:
    """Returns the paper's claims, each with its figure."""
    found = []
    for game, seeds in results.items():
        values = _beats(seeds, "generalist-episodes 100%", "specialist 100%")
        found.append(
            report.Claim(
                f"`{game}`: the generalist, at the end of training, is above the specialist.",
                "it is above in a share of matches of",
                statistics.paired(values),
                0.5,
            )
        )
    return found
