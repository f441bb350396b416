"""Means and their 95% intervals."""

import math

import numpy as np

Interval = tuple[float, float]
"""Low and high."""

NORMAL = 1.959964
"""Standard deviations on each side of the mean that hold 95% of a normal distribution."""


def win_share(won) -> tuple[float, Interval]:
    """Returns the share of episodes (n,) bool that were won, and its 95% interval.

    Source: Wilson, 1927; it stays within 0 and 1, also where all or none were won.
    """
    count, mean = len(won), float(np.mean(won))
    spread = NORMAL**2 / count
    middle = (mean + spread / 2) / (1 + spread)
    half = math.sqrt(mean * (1 - mean) * spread + spread**2 / 4) / (1 + spread)
    return mean, (max(0.0, middle - half), min(1.0, middle + half))


def mean_with_interval(values) -> tuple[float, Interval]:
    """Returns the mean over episodes (n,) float, and its 95% interval, by the normal distribution.

    The interval of a single episode is not a number.
    """
    values, count = np.asarray(values, float), len(values)
    mean = float(values.mean())
    half = NORMAL * float(values.std(ddof=1)) / math.sqrt(count) if count > 1 else math.nan
    return mean, (mean - half, mean + half)


def mean_over_seeds(values) -> tuple[float, float]:
    """Returns the mean over a few seeds (n,) and half the width of its 95% interval.

    By Student's t, for values that are about normal; of a single seed it is not a number.
    """
    from scipy import stats  # imported late: it takes half a second

    values, count = np.asarray(values, float), len(values)
    if count == 1:
        return float(values[0]), math.nan
    half = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) / math.sqrt(count)
    return float(values.mean()), float(half)
