"""Tournaments: policies in the same worlds, one for each team or player, and their ratings."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from metammo_jax.lib import checks

from .compare import make_judge, make_runner
from .ratings import Ratings, fit_ratings, paper_elo
from .sides import Side

ORDERS = 20
"""Random orders of the matches over which the paper's Elo is averaged."""


@dataclasses.dataclass(frozen=True)
class Tournament:
    """Results of a tournament.

    Axes: M matches, K entrants.

    Attributes:
      game: its name.
      names: of the entrants.
      places: (M, K) float, of each entrant in each match, the higher the better: how many of its
        players won, plus the mean progress of their tasks; not a number where it did not play.
      won: (M, K) bool, a player of the entrant is among the winners.
      progress: (M, K) float32, mean over the entrant's players.
      ratings: `Ratings`.
      elo: (K, 2) float, the paper's Elo: mean and standard deviation over random orders of the
        matches; not a number where not all play in every match.
    """

    game: str
    names: tuple[str, ...]
    places: np.ndarray
    won: np.ndarray
    progress: np.ndarray
    ratings: Ratings
    elo: np.ndarray

    @property
    def played(self) -> np.ndarray:
        """(K,) int, matches that each entrant took part in."""
        return np.isfinite(self.places).sum(axis=0)

    @property
    def top(self) -> np.ndarray:
        """(K,) float, share of its matches that each entrant won or tied for first."""
        best = np.nanmax(self.places, axis=1, keepdims=True)
        return (self.places == best).sum(axis=0) / self.played

    def as_dict(self) -> dict:
        """Returns the results without single matches, for JSON."""
        rows = {}
        for index, name in enumerate(self.names):
            played = np.isfinite(self.places[:, index])
            rows[name] = {
                "rating": float(self.ratings.mean[index]),
                "interval": [float(self.ratings.low[index]), float(self.ratings.high[index])],
                "won": float(self.won[played, index].mean()),
                "top": float(self.top[index]),
                "progress": float(self.progress[played, index].mean()),
                "matches": int(self.played[index]),
                "elo": [_or_none(number) for number in self.elo[index]],
            }
        beats = [[_or_none(share) for share in row] for row in self.ratings.beats]
        return {
            "game": self.game,
            "matches": len(self.places),
            "entrants": rows,
            "names": list(self.names),
            "beats": beats,
        }

    def __str__(self) -> str:
        width = max(8, *map(len, self.names))
        head = f"{'':{width}}{'rating':>8}{'95% interval':>18}{'won':>6}{'top':>6}{'progress':>10}"
        lines = [f"{self.game}: {len(self.places)} matches", f"{head}{'elo':>12}"]
        rows = self.as_dict()["entrants"]
        for name in sorted(rows, key=lambda name: -rows[name]["rating"]):
            row, (low, high) = rows[name], rows[name]["interval"]
            elo = "" if row["elo"][0] is None else f"{row['elo'][0]:.0f} ± {row['elo'][1]:.0f}"
            lines.append(
                f"{name:{width}}{row['rating']:>8.0f}{f'{low:.0f} to {high:.0f}':>18}"
                f"{row['won']:>6.0%}{row['top']:>6.0%}{row['progress']:>10.3f}{elo:>12}"
            )
        lines.append("won: of its matches; top: nobody was above it; elo: as in the paper, over")
        lines.append(f"{ORDERS} random orders; 77.6 points are odds of ten to one")
        return "\n".join(lines)


def tournament(
    env,
    entrants: Sequence[Side],
    matches: int = 256,
    seed: int = 0,
    game: int = 0,
    difficulty: int | None = None,
) -> Tournament:
    """Returns the results and ratings of a tournament between policies.

    In each match every team, or every player where all play alone, is of one entrant. Seats
    rotate. Where there are more entrants than teams, as many as there are teams take part.

    Args:
      env: the worlds; a wrapper that the policies need is put around it.
      entrants: policies, of any networks, with names of their own.
      matches: how many.
      seed: of starts, seats and the bootstrap.
      game: index in `env.games`.
      difficulty: of the game, its dial; None for its lowest, or its fixed one.

    Raises:
      ValueError: a number is not allowed, or entrants share a name or are fewer than two.
    """
    names = _checked_names(entrants)
    matches = checks.whole("matches", matches, 1)
    play, numbers = make_runner(env, entrants, matches, seed, game, difficulty)
    result = play(make_lineups(numbers, matches, env.cfg.players, seed)).result
    won, progress, present = (
        np.asarray(leaf)[:, numbers] for leaf in (result.won, result.progress, result.players > 0)
    )
    is_judged = make_judge(env.games, game) is not None
    winners = 0 if is_judged else np.asarray(result.winners)[:, numbers]
    places = np.where(present, winners + progress, np.nan)
    ratings, elo = fit_ratings(places, seed=seed), _elo(places, seed)
    return Tournament(env.games[game].name, names, places, won, progress, ratings, elo)


def _checked_names(entrants: Sequence[Side]) -> tuple[str, ...]:
    """Returns the names of entrants; ValueError if they are fewer than two, or share one."""
    names = tuple(entrant.name for entrant in entrants)
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"entrants={names} must be at least two, with names of their own")
    return names


def make_lineups(numbers: Sequence[int], matches: int, groups: int, seed: int) -> np.ndarray:
    """Returns (matches, groups) int32, the entrant of each group of teammates in each match.

    Groups are dealt out one by one, in an order that is redrawn after K matches; between them
    it is rotated, so that in K matches each entrant has each seat once.

    Args:
      numbers: (K,) of the entrants.
      matches: how many.
      groups: at most.
      seed: of the draw.
    """
    draw, count = np.random.default_rng(seed), len(numbers)
    orders = np.stack([draw.permutation(numbers) for _ in range(-(-matches // count))])
    match, seat = np.arange(matches)[:, None], np.arange(groups)
    return orders[match // count, (seat + match) % count].astype(np.int32)


def draw_ratings(result: Tournament, path: str | Path) -> Path | None:
    """Draws ratings with intervals, and shares of wins between entrants, into a PNG file.

    Returns:
      its path; None where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    order = np.argsort(result.ratings.mean)
    names, count = [result.names[index] for index in order], len(order)
    figure = Figure(figsize=(9.5, 1.6 + 0.35 * count), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    mean, low, high = (getattr(result.ratings, name)[order] for name in ("mean", "low", "high"))
    left.errorbar(mean, range(count), xerr=[mean - low, high - mean], fmt="o", capsize=3)
    left.set(title=f"{result.game}: rating, 95% intervals", yticks=range(count), yticklabels=names)
    left.grid(alpha=0.3)
    best = order[::-1]
    beats = result.ratings.beats[np.ix_(best, best)]
    right.imshow(beats, vmin=0, vmax=1, cmap="RdYlBu")
    labels = [result.names[index] for index in best]
    right.set(title="the row is above the column", yticks=range(count), yticklabels=labels)
    right.set_xticks(range(count), labels, rotation=60, ha="right")
    for row, column in np.argwhere(np.isfinite(beats)):
        right.text(column, row, f"{beats[row, column]:.0%}", ha="center", va="center", fontsize=7)
    figure.savefig(path, dpi=110)
    return Path(path)


def _elo(places, seed):
    """Returns the paper's Elo (K, 2), mean and deviation over random orders."""
    if not np.isfinite(places).all():
        return np.full((places.shape[1], 2), np.nan)
    draw = np.random.default_rng(seed)
    found = [paper_elo(places[draw.permutation(len(places))]) for _ in range(ORDERS)]
    return np.stack([np.mean(found, axis=0), np.std(found, axis=0)], axis=1)


def _or_none(number):
    return float(number) if np.isfinite(number) else None
