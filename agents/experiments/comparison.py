"""Experiments that compare policies of several trainings in tournaments, game by game.

For each game and seed the policies play a tournament. Intervals are over seeds.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import pictures, report, statistics
from .options import ExperimentConfig
from .tasks import Entrant, ExperimentTask, TournamentTask, TrainingTask


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two entrants that a report compares.

    Attributes:
      label: of the column.
      first: name of an entrant.
      second: name of another.
      claim: what the experiment asks, a sentence with {game}, true where the first is above the
        second in more than half of the matches; empty for none.
      of_paper: the paper claims it.
    """

    label: str
    first: str
    second: str
    claim: str = ""
    of_paper: bool = False


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Definition of a comparison experiment.

    Attributes:
      name: of the experiment, and of the folder of its tournaments.
      title: of the report.
      text: what was done, in the report.
      games: what is played.
      seeds: how many, from 0 on.
      trainings: in the order in which they are done, the longest first.
      entrants: who plays a game's tournament of a seed; the names are the same for all.
      pairs: what is compared.
    """

    name: str
    title: str
    text: str
    games: tuple[str, ...]
    seeds: int
    trainings: tuple[TrainingTask, ...]
    entrants: Callable[[str, int], tuple[Entrant, ...]]
    pairs: tuple[Pair, ...]


@dataclasses.dataclass(frozen=True)
class ComparisonExperiment:
    """An experiment.

    Attributes:
      plan: what it is with given options.
    """

    plan: Callable[[ExperimentConfig], Comparison]

    def tasks(self, cfg: ExperimentConfig) -> list[ExperimentTask]:
        """Returns all trainings, and a tournament for each game and seed."""
        plan = self.plan(cfg)
        return [*plan.trainings, *matches(cfg, plan)]

    def write(self, cfg: ExperimentConfig, out: Path, command: str) -> str:
        """Returns the report of what is complete."""
        plan = self.plan(cfg)
        found = complete_results(cfg, plan, out)
        if not found:
            return report.render_page(plan.title, command, "Nothing is complete yet.", [])
        seeds = len(next(iter(found.values())))
        text = (
            f"{seeds} seeds at `{cfg.config}`. {plan.text} For each game and seed they play a "
            f"tournament of {cfg.matches} matches; intervals are over seeds. 77.6 points of a "
            "rating are odds of ten to one."
        )
        compared = _compared(plan, found, out / f"{plan.name}-shares.png")
        return report.render_page(plan.title, command, text, [_ratings(found), *compared])


def matches(cfg: ExperimentConfig, plan: Comparison) -> list[TournamentTask]:
    """Returns the tournaments."""
    runs = {run.name: run for run in plan.trainings}
    found = []
    for game in plan.games:
        for seed in range(plan.seeds):
            entrants = plan.entrants(game, seed)
            used = {e.training: runs[e.training] for e in entrants if e.training in runs}
            name = f"{plan.name}/{game}-{seed}"
            found.append(TournamentTask(name, game, cfg.config, entrants, seed, cfg.matches, used))
    return found


def complete_results(cfg: ExperimentConfig, plan: Comparison, out: Path) -> dict[str, list[dict]]:
    """Returns the results of the same seeds for each game of which two or more are complete."""
    done = [one for one in matches(cfg, plan) if one.is_complete(out)]
    seeds = {game: {one.seed for one in done if one.game == game} for game in plan.games}
    seeds = {game: own for game, own in seeds.items() if len(own) >= 2}
    shared = set.intersection(*seeds.values()) if seeds else set()
    if len(shared) < 2:
        return {}
    return {
        game: [one.result(out) for one in done if one.game == game and one.seed in shared]
        for game in seeds
    }


def win_shares(found: list[dict], first: str, second: str) -> np.ndarray:
    """Returns the share of matches in which one entrant was above another, by seed (N,).

    Matches in which both won or both lost do not count; a seed with no other match has a half.
    """
    names = found[0]["names"]
    row, column = names.index(first), names.index(second)
    shares = np.array([one["beats"][row][column] for one in found], float)
    return np.where(np.isnan(shares), 0.5, shares)


def _rating(found: list[dict], name: str) -> np.ndarray:
    return np.array([one["entrants"][name]["rating"] for one in found])


def _ratings(results) -> str:
    names = results[next(iter(results))][0]["names"]
    rows = [
        [
            name,
            *(
                report.format_interval(statistics.bootstrap_mean(_rating(f, name)), 0)
                for f in results.values()
            ),
        ]
        for name in names
    ]
    return "## Ratings\n\n" + report.markdown_table(["policy", *results], rows)


def _compared(plan: Comparison, results, picture: Path) -> list[str]:
    """Returns a table of all pairs by game, with aggregates, its picture, and the verdicts."""
    shares = {
        pair: np.stack([win_shares(found, pair.first, pair.second) for found in results.values()])
        for pair in plan.pairs
    }
    own = {pair: [statistics.bootstrap_mean(game) for game in shares[pair]] for pair in plan.pairs}
    rows = [
        [game, *(report.format_interval(own[pair][index]) for pair in plan.pairs)]
        for index, game in enumerate(results)
    ]
    drawn = pictures.draw_win_shares(
        picture, list(results), {pair.label: own[pair] for pair in own}
    )
    mean = statistics.interquartile_mean
    cells = [
        report.format_interval(statistics.bootstrap(mean, shares[pair])) for pair in plan.pairs
    ]
    rows.append(["interquartile mean of all", *cells])
    better = [report.format_interval(_improvement(results, pair)) for pair in plan.pairs]
    rows.append(["probability of improvement", *better])
    legend = "\n".join(
        f"* {pair.label}: `{pair.first}` above `{pair.second}`" for pair in plan.pairs
    )
    table = report.markdown_table(["game", *(pair.label for pair in plan.pairs)], rows)
    parts = [
        f"## Share of matches in which the first is above the second\n\n{legend}\n\n{table}\n\n"
        "The probability of improvement is that of a higher rating in a random game, of the first "
        "with one seed than of the second with another.",
        drawn,
    ]
    claims = [str(claim) for pair in plan.pairs for claim in _claims(pair, shares[pair], results)]
    return parts + (["## Claims\n\n" + "\n".join(claims)] if claims else [])


def _improvement(results, pair: Pair) -> report.Triple:
    first, second = (
        np.stack([_rating(found, name) for found in results.values()])
        for name in (pair.first, pair.second)
    )
    return statistics.bootstrap(statistics.probability_of_improvement, first, second)


def _claims(pair: Pair, shares: np.ndarray, results) -> list[report.Claim]:
    if not pair.claim:
        return []
    return [
        report.Claim(
            pair.claim.format(game=f"`{game}`"),
            "it is above in a share of matches of",
            statistics.bootstrap_mean(own),
            0.5,
            pair.of_paper,
        )
        for game, own in zip(results, shares, strict=True)
    ]
