"""Curricula: which game, with which numbers, is played next, decided by what was learnt.

`TrainConfig.curriculum` names one. `levels.levels_of` makes of what was learnt the levels that the
resets of the next rollout draw from (`metammo_jax.schedule.Levels`), and `learning.learn` learns
from the episodes that ended in it. All of it is part of the compiled update.

* "uniform" and "weights": the share of each game is fixed, and there is nothing to learn.
* "progress": games whose success rate changes most, up or down (`rates`). Absolute learning
  progress: Oudeyer et al. 2007; Matiisen et al. 2020.
* "learnability": games in proportion to the expected p (1 - p), p being the success rate; levels
  of a universe likewise, from a buffer that new draws refresh. Rutherford et al. 2024, No Regrets.
* "replay": levels of a universe by the rank of their score, the positive value loss of an episode
  or its absolute advantage, and by staleness. Jiang et al. 2021, Prioritized Level Replay; with
  mutations as in Parker-Holder et al. 2022, ACCEL.

An episode is a success if somebody wins it.
"""

from .buffer import Buffer
from .learning import describe, learn
from .levels import levels_of, with_levels, without_levels
from .rates import Rates
from .scores import Running
from .start import Curriculum, check, start

__all__ = [
    "Buffer",
    "Curriculum",
    "Rates",
    "Running",
    "check",
    "describe",
    "learn",
    "levels_of",
    "start",
    "with_levels",
    "without_levels",
]
