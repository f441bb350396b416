"""Training and evaluation of agents: PPO, networks, checkpoints, evaluation, pretrained agents.

from metammo_jax.agents import TrainConfig, load, train

result = train(TrainConfig(game="king_of_the_hill", config="mini"))
agent = load("generalist-tiny")

Installed it is `metammo_jax.agents`; in a checkout the folder is `agents/`, and both names mean the
same modules. Modules of this package name each other relatively, so that they work under either.
"""

from .config import TrainConfig, preset
from .pretrained import load
from .train import GroupResult, TrainResult, resume, train

__all__ = ["GroupResult", "TrainConfig", "TrainResult", "load", "preset", "resume", "train"]
