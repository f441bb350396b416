"""The command `python -m agents.train`, and its functions under that name; see `training`.

A package rather than a module: `agents` imports it, so that its name `train` is the function, and
of what is imported already `python -m` runs only packages without a warning.
"""

from ..training.command import main
from ..training.loop import TrainConfig, advance, resume, train
from ..training.result import GroupResult, TrainResult

__all__ = ["GroupResult", "TrainConfig", "TrainResult", "advance", "main", "resume", "train"]
