"""Recording of episodes during training, into `replays/`."""

from pathlib import Path

import metammo_jax as mm
from metammo_jax.lib import checks, threefry

from ..player import Player
from ..runs.training_run import TrainingRun

EPISODE_TAG = 5
"""Tag of the keys of recorded episodes: training and evaluation use other keys."""


def is_due(work: TrainingRun) -> bool:
    """Returns whether an episode is to be recorded after the last update."""
    every = work.cfg.replay_every
    return bool(every) and work.counts["updates"] % every == 0


def save_episode(work: TrainingRun) -> Path:
    """Records an episode of the current policy; returns the path of its file.

    The game is drawn by weight, its difficulty is the lowest.
    """
    update = work.counts["updates"]
    key = threefry.fold_in(threefry.tagged(checks.key_of_seed(work.cfg.seed), EPISODE_TAG), update)
    replay = mm.record(work.batch.env, key, Player(work.policy, work.params))
    return replay.save(work.run / "replays" / f"{update:06d}.replay")
