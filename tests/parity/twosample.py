"""Tests of whether a recorded episode could be one of ours.

One recorded episode stands beside some of ours that were played with its settings on its map.
If both sides play the same game, any of them could have been the recorded one: so the recorded
one is exchanged for each of the others, in every such group on its own, and a statistic of the
real choice is compared with those of random choices (a stratified permutation test, exact for
samples of any size and any distribution).
"""

import dataclasses
from collections.abc import Callable

import numpy as np

DRAWS = 99_999
"""Random choices that the real one is compared with."""

FALSE_DISCOVERIES = 0.05
"""Share of false ones that is allowed among the differences found; and the chance that any is
found where there is none at all (Benjamini and Hochberg)."""

TINY = 1e-9


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How one statistic came out.

    Attributes:
      name: what is compared.
      recorded, ours: means of both sides.
      effect: how much larger the recorded value is, in standard deviations of ours.
      p: chance of a difference as large, if there is none.
    """

    name: tuple
    recorded: float
    ours: float
    effect: float
    p: float


def compare(
    name: tuple, recorded, ours, choices: np.ndarray, scores=None, effect=None
) -> Comparison:
    """Compares recorded episodes with ours.

    Args:
      name: what is compared.
      recorded: (G,) values, of one recorded episode for each group.
      ours: (G, N) values, of ours in that group.
      choices: (draws, G) random choices, see `random_choices`.
      scores: turns values (G, 1 + N) into scores of which the sum is tested, `ranks` if None.
      effect: turns them into the size of the effect, `effect_size` if None.
    """
    values = np.concatenate([np.asarray(recorded, float)[:, None], np.asarray(ours, float)], 1)
    p = permutation_test((scores or ranks)(values), choices)
    size = (effect or effect_size)(values)
    return Comparison(name, values[:, 0].mean(), values[:, 1:].mean(), size, p)


def random_choices(groups: int, size: int, seed: int = 0) -> np.ndarray:
    """Returns (DRAWS, groups), of each group one member."""
    return np.random.default_rng(seed).integers(size, size=(DRAWS, groups))


def permutation_test(scores: np.ndarray, choices: np.ndarray) -> float:
    """Returns how likely the recorded ones have a sum of scores as far from the mean.

    Args:
      scores: (G, 1 + N) the recorded one first.
      choices: (draws, G).
    """
    centered = scores - scores.mean(1, keepdims=True)
    real = abs(centered[:, 0].sum())
    drawn = np.abs(np.take_along_axis(centered, choices.T, axis=1).sum(0))
    return (1 + (drawn >= real - TINY).sum()) / (1 + len(choices))


def ranks(values: np.ndarray) -> np.ndarray:
    """Returns ranks within each group, of equals the mean: tells whether one side lies higher.

    With these scores the test is Wilcoxon's, by strata.
    """
    below = (values[:, None] < values[..., None]).sum(-1)
    equal = (values[:, None] == values[..., None]).sum(-1)
    return below + (equal - 1) / 2


def extremeness(values: np.ndarray) -> np.ndarray:
    """Returns how far ranks are from the middle one: tells whether one side is spread wider."""
    return np.abs(ranks(values) - (values.shape[1] - 1) / 2)


def distances(samples: np.ndarray) -> np.ndarray:
    """Returns how far the distribution in each episode is from that in all others of its group.

    Args:
      samples: (G, 1 + N, n) n values of each episode.

    Returns:
      (G, 1 + N), the largest distance of distribution functions (Kolmogorov and Smirnov).
    """
    size = samples.shape[1]
    out = np.empty(samples.shape[:2])
    for group, episodes in enumerate(samples):
        points = np.unique(episodes)
        below = np.stack([np.searchsorted(np.sort(one), points, "right") for one in episodes])
        share = below / episodes.shape[1]
        others = (share.sum(0) - share) / (size - 1)
        out[group] = np.abs(share - others).max(-1)
    return out


def compare_distributions(name: tuple, samples: np.ndarray, choices: np.ndarray) -> Comparison:
    """Compares the distribution in each recorded episode with those in ours of its group.

    Args:
      name: what is compared.
      samples: (G, 1 + N, n) n values of each episode, the recorded one first.
      choices: (draws, G).
    """
    far = distances(samples)
    p = permutation_test(far, choices)
    return Comparison(name, far[:, 0].mean(), far[:, 1:].mean(), effect_size(far), p)


def effect_size(values: np.ndarray) -> float:
    """Returns the mean difference of recorded values (first) in standard deviations of ours."""
    recorded, ours = values[:, 0], values[:, 1:]
    away = (recorded - ours.mean(1)).mean()
    if abs(away) < TINY:
        return 0.0
    spread = np.sqrt(ours.var(1, ddof=1).mean()) if ours.shape[1] > 1 else 0.0
    return float(away / spread) if spread > TINY else float(np.copysign(np.inf, away))


# Few of ours beside each recorded episode: ranks and distributions over all groups at once


def aligned_ranks(values: np.ndarray) -> np.ndarray:
    """Returns ranks among all values, each less the mean of its group.

    With these scores the test is that of Hodges and Lehmann; in pairs it is Wilcoxon's signed
    ranks. Ranks within pairs would tell only which is larger.
    """
    flat = np.round(values - values.mean(1, keepdims=True), 9).reshape(1, -1)
    return ranks(flat).reshape(values.shape)


def common_extremeness(values: np.ndarray) -> np.ndarray:
    """Returns how far ranks among all values are from the middle one."""
    return extremeness(values.reshape(1, -1)).reshape(values.shape)


def cohens_d(values: np.ndarray) -> float:
    """Returns how much larger recorded values (first) are than ours, by Cohen.

    The difference of the means of both sides, in standard deviations of an episode, over all
    groups: 0.2 counts as small, 0.5 as medium, 0.8 as large.
    """
    sides = values[:, 0], values[:, 1:].ravel()
    away = sides[0].mean() - sides[1].mean()
    if abs(away) < TINY:
        return 0.0
    freedom = sum(len(side) - 1 for side in sides)
    squares = sum(((side - side.mean()) ** 2).sum() for side in sides)
    spread = np.sqrt(squares / freedom) if freedom else 0.0
    return float(away / spread) if spread > TINY else float(np.copysign(np.inf, away))


POINTS = 129
"""At which distribution functions of pooled samples are compared."""

AT_ONCE = 5_000


def compare_pooled_distributions(
    name: tuple, samples: np.ndarray, choices: np.ndarray
) -> Comparison:
    """Compares the distribution in all recorded episodes with that in all of ours.

    Args:
      name: what is compared.
      samples: (G, 1 + N, n) n values of each episode, the recorded one first.
      choices: (draws, G).

    Returns:
      The largest distance of the distribution functions; as `ours` its mean when members of the
      groups are exchanged at random, as `effect` how far it is from that in standard deviations.
    """
    points = np.unique(np.quantile(samples, np.linspace(0, 1, POINTS), method="nearest"))
    share = (samples[..., None, :] <= points[:, None]).mean(-1).astype(np.float32)
    groups, size = samples.shape[:2]
    total = share.sum((0, 1))

    def far(chosen):
        inside = sum(share[group][chosen[:, group]] for group in range(groups)) / groups
        return np.abs(inside - (total - groups * inside) / (groups * (size - 1))).max(-1)

    real = float(far(np.zeros((1, groups), int))[0])
    starts = range(0, len(choices), AT_ONCE)
    drawn = np.concatenate([far(choices[start : start + AT_ONCE]) for start in starts])
    p = (1 + (drawn >= real - 1e-6).sum()) / (1 + len(choices))
    spread = drawn.std()
    effect = (real - drawn.mean()) / spread if spread > TINY else 0.0
    return Comparison(name, real, float(drawn.mean()), float(effect), float(p))


@dataclasses.dataclass(frozen=True)
class Method:
    """How recorded episodes are compared with ours.

    Attributes:
      level: values (G, 1 + N) -> scores that tell which side lies higher.
      spread: the same, for which is spread wider.
      effect: values (G, 1 + N) -> size of the effect.
      distributions: see `compare_distributions`.
    """

    level: Callable
    spread: Callable
    effect: Callable
    distributions: Callable


BY_GROUP = Method(ranks, extremeness, effect_size, compare_distributions)
"""For several of ours beside each recorded episode."""

OVERALL = Method(aligned_ranks, common_extremeness, cohens_d, compare_pooled_distributions)
"""For as many of ours as recorded ones, or a few times as many."""


def is_constant(recorded, ours) -> bool:
    """Is there one value only, on both sides, in each group? Then nothing needs a test."""
    return bool((np.abs(np.asarray(ours) - np.asarray(recorded)[:, None]) < TINY).all())


def differing(comparisons: list[Comparison]) -> list[Comparison]:
    """Returns the comparisons that differ, by Benjamini and Hochberg's procedure.

    Hundreds of statistics of the same episodes depend on each other; under the correction by
    Holm only the coarsest differences would be found among them. This one keeps the share of
    false ones among those found under `FALSE_DISCOVERIES`, and so, where nothing differs, the
    chance to find anything.
    """
    ordered = sorted(comparisons, key=lambda one: one.p)
    found = 0
    for place, one in enumerate(ordered, 1):
        if one.p <= FALSE_DISCOVERIES * place / len(ordered):
            found = place
    return ordered[:found]
