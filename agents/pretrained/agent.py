"""Pretrained agents: reading and writing of their files, and their uses."""

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import traverse_util

import metammo_jax as mm

from ..config import TrainConfig
from ..evaluation.sides import Side
from ..player import Player
from ..policy import Policy
from ..runs import training_run

FOLDER = Path(__file__).parent
SUFFIX, CARD, SEPARATOR = ".npz", "card", "/"


@dataclasses.dataclass(frozen=True)
class Agent:
    """A trained policy with its card.

    Attributes:
      name: of the file.
      card: description: games, config, steps, seed, command, rating and more; see `export`.
      cfg: options of its training.
      policy: that chooses the actions.
      params: of the policy, float32.
    """

    name: str
    card: dict[str, Any]
    cfg: TrainConfig
    policy: Policy
    params: Any

    @property
    def player(self) -> Player:
        """The agent as a `Player` of one world, for `mm.record`."""
        return Player(self.policy, self.params)

    def side(self, greedy: bool = False) -> Side:
        """Returns the agent as a side of a comparison or a tournament."""
        return Side(self.name, self.policy, self.params, greedy)

    def make(self, *games: str) -> mm.Env:
        """Returns an environment of the config that the agent was trained at.

        Args:
          *games: names; none for the games it was trained on.
        """
        return mm.make(games or self.cfg.game, config=self.cfg.config)

    def __str__(self) -> str:
        shown = {name: value for name, value in self.card.items() if name not in ("train", "world")}
        return "\n".join([self.name, *(f"  {name}: {value}" for name, value in shown.items())])


def names() -> tuple[str, ...]:
    """Returns the names of the agents that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}")))


def load(name: str | Path) -> Agent:
    """Returns an agent.

    Args:
      name: one of `names()`, or the path of a file that `export` has written.

    Raises:
      ValueError: there is no such agent, or its file is damaged or made for another version.
    """
    path = FOLDER / f"{name}{SUFFIX}" if str(name) in names() else Path(name)
    if not path.is_file():
        known = ", ".join(names()) or "none"
        raise ValueError(f"{str(name)!r} is no agent; there are {known}, and agent files")
    card, params = read_file(path)
    try:
        cfg = TrainConfig(**card["train"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is of another version of the package: {error}") from error
    env = mm.make(cfg.game, config=cfg.config)
    policy = training_run.make_policy(cfg, env.cfg)
    _check_shapes(path, params, training_run.param_shapes(policy, env))
    return Agent(path.stem, card, cfg, policy, params)


def policy_of(name: str, update: int | None = None) -> tuple[TrainConfig, Policy, Any]:
    """Returns options, policy and parameters of a run or of an agent, as a command names them.

    Args:
      name: folder of a run, name of an agent of `names()`, or path of an agent's file.
      update: of a run, see `training_run.load_policy`.

    Raises:
      ValueError: there is no such run or agent, or it is damaged.
    """
    if name not in names() and Path(name).suffix != SUFFIX:
        return training_run.load_policy(name, update=update)
    if update is not None:
        raise ValueError(f"{name}@{update}: an agent has one set of parameters, name it alone")
    agent = load(name)
    return agent.cfg, agent.policy, agent.params


def read_file(path: Path) -> tuple[dict[str, Any], Any]:
    """Returns the card and the parameters, float32, of a file.

    Raises:
      ValueError: it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            leaves = {name: file[name] for name in file.files}
        card = json.loads(leaves.pop(CARD).tobytes())
        leaves = {name: leaf.astype(np.float32) for name, leaf in leaves.items()}
        return card, traverse_util.unflatten_dict(leaves, sep=SEPARATOR)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged, or no agent: {error}") from error


def write_file(path: Path, card: dict[str, Any], params) -> None:
    """Writes a file: parameters as float16, the card as JSON."""
    leaves = traverse_util.flatten_dict(jax.device_get(params), sep=SEPARATOR)
    stored: dict[str, Any] = {
        str(name): np.asarray(leaf, np.float16) for name, leaf in leaves.items()
    }
    stored[CARD] = np.frombuffer(json.dumps(card).encode(), np.uint8)
    np.savez_compressed(path, **stored)


def _check_shapes(path, params, expected) -> None:
    found, wanted = _shapes(params), _shapes(expected)
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            raise ValueError(
                f"{path} is of another version of the network: {name} has shape "
                f"{found.get(name)}, {wanted.get(name)} is needed"
            )


def _shapes(params) -> dict[str, tuple[int, ...]]:
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return {jax.tree_util.keystr(place): leaf.shape for place, leaf in leaves}
