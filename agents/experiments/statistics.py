"""Aggregates over games and seeds, with intervals by bootstrap.

Axes: G games, N seeds.

Source: Agarwal et al., 2021 (rliable).
"""

import numpy as np
from scipy import stats

SAMPLES = 2000
"""Of a bootstrap."""


def interquartile_mean(values: np.ndarray) -> float:
    """Returns the mean of the middle half of all values (G, N)."""
    return float(stats.trim_mean(np.ravel(values), 0.25))


def probability_of_improvement(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the probability that a value of the first is above one of the second, ties half.

    Args:
      first: (G, N) of one method.
      second: (G, M) of another; only values of the same game are compared.
    """
    above = (first[:, :, None] > second[:, None]) + 0.5 * (first[:, :, None] == second[:, None])
    return float(above.mean())


def bootstrap(statistic, *arrays: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Returns a statistic of arrays (G, N), and its 95% interval.

    Seeds are resampled separately for each game (a stratified bootstrap).

    Args:
      statistic: of as many arrays.
      *arrays: (G, N) each; of each its own seeds are drawn.
      seed: of the draws.
    """
    draw = np.random.default_rng(seed)

    def drawn(array):
        index = draw.integers(0, array.shape[1], array.shape)
        return np.take_along_axis(array, index, axis=1)

    found = [statistic(*map(drawn, arrays)) for _ in range(SAMPLES)]
    low, high = np.quantile(found, (0.025, 0.975))
    return float(statistic(*arrays)), float(low), float(high)


def bootstrap_mean(values: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Returns the mean of values (N,) of seeds, and its 95% interval by bootstrap."""
    mean, low, high = bootstrap(lambda rows: float(rows.mean()), values[None], seed=seed)
    return mean, low, high
