"""Ratings from matches: Bradley-Terry by maximum likelihood, and the paper's Elo.

Axes: M matches, K entrants.
"""

import dataclasses

import numpy as np

SCALE = 77.6
"""Points by which a rating is higher where the odds of a win are ten times as high, as in the
paper: 50 points are won with 82%, 100 with 95%."""

CENTER = 1000.0
"""Mean of all ratings."""

PRIOR = 10.0
"""Standard deviation of a normal prior on the logarithm of strength: it keeps ratings finite where
somebody always wins, and hardly moves others."""


@dataclasses.dataclass(frozen=True)
class Ratings:
    """Ratings of entrants.

    Attributes:
      mean: (K,) ratings.
      low: (K,) lower ends of their 95% intervals.
      high: (K,) upper ends.
      beats: (K, K), share of matches in which the row is placed above the column, a tie half; not
        a number where the two have not met.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    beats: np.ndarray


def pairwise_outcomes(places: np.ndarray) -> np.ndarray:
    """Returns (M, K, K) float, 1 if the row is placed above the column, 0.5 for a tie.

    Args:
      places: (M, K), of each entrant, the higher the better; not a number where it did not play.
    """
    mine, theirs = places[:, :, None], places[:, None, :]
    found = (mine > theirs) + 0.5 * (mine == theirs)
    return np.where(np.eye(places.shape[1], dtype=bool), 0.0, found)


def fit_ratings(places: np.ndarray, samples: int = 1000, seed: int = 0) -> Ratings:
    """Returns Bradley-Terry ratings from all matches, which do not depend on their order.

    By the model of Bradley and Terry an entrant of strength p is above one of strength q with
    p / (p + q); a match of several is one of each pair. Intervals are of a bootstrap over
    matches, since the pairs of a match are not independent.

    Args:
      places: (M, K), as of `pairwise_outcomes`.
      samples: of the bootstrap.
      seed: of the bootstrap.

    Raises:
      ValueError: there are fewer than two entrants, or no match.
    """
    places = np.asarray(places, float)
    if places.ndim != 2 or places.shape[1] < 2 or not len(places):
        raise ValueError(f"places of shape {places.shape} must be (M, K), K at least 2")
    pairs = pairwise_outcomes(places)
    wins = pairs.sum(axis=0)
    draws = np.random.default_rng(seed).multinomial(
        len(places), np.full(len(places), 1 / len(places)), samples
    )
    drawn = np.tensordot(draws.astype(float), pairs, axes=1)
    low, high = np.quantile(_fit_strengths(drawn), (0.025, 0.975), axis=0)
    met = wins + wins.T
    with np.errstate(invalid="ignore"):
        beats = np.where(met > 0, wins / met, np.nan)
    return Ratings(_fit_strengths(wins[None])[0], low, high, beats)


def _fit_strengths(wins: np.ndarray) -> np.ndarray:
    """Returns ratings (B, K) that make wins (B, K, K) likeliest, by Newton's method."""
    count = wins.shape[1]
    met, strength = wins + np.swapaxes(wins, 1, 2), np.zeros(wins.shape[:2])
    for _ in range(50):
        gap = strength[:, :, None] - strength[:, None, :]
        share = 1 / (1 + np.exp(-gap))
        slope = (wins - met * share).sum(axis=2) - strength / PRIOR**2
        curve = met * share * (1 - share)
        hessian = np.eye(count) * (curve.sum(axis=2) + 1 / PRIOR**2)[:, :, None] - curve
        change = np.linalg.solve(hessian, slope[..., None])[..., 0]
        strength += np.clip(change, -2.0, 2.0)
        if np.abs(change).max() < 1e-9:
            break
    centered = strength - strength.mean(axis=1, keepdims=True)
    return CENTER + SCALE * centered / np.log(10)


def paper_elo(places: np.ndarray) -> np.ndarray:
    """Returns (K,) Elo ratings as the paper computes them, which depend on the order of matches.

    After each match all ratings move at once, each by the mean over the others of
    4 * (outcome - expected outcome).

    Args:
      places: (M, K), as of `pairwise_outcomes`, in order; all must have played in all.

    Source: docs/rules/training.md#ratings; PufferLib's `update_elos`.
    """
    ratings = np.full(places.shape[1], CENTER)
    others = places.shape[1] - 1
    for pair in pairwise_outcomes(places):
        expected = 1 / (1 + 10 ** ((ratings[None] - ratings[:, None]) / SCALE))
        np.fill_diagonal(expected, 0.0)
        ratings = ratings + 4 * (pair - expected).sum(axis=1) / others
    return ratings
