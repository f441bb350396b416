"""The state of a curriculum, how it begins, and which curricula an environment can have."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax.environment import Environment
from metammo_jax.games.table import Table
from metammo_jax.lib.node import Node

from ..config import FIXED, TrainConfig
from .buffer import Buffer, empty_buffer
from .rates import Rates, start_rates
from .scores import Running, start_running


@struct.dataclass
class Curriculum(Node):
    """What was learnt of games and levels, the same on all devices.

    Attributes:
      rates: success rates of games.
      update: () int32, updates so far.
      buffer: levels of universes; None where none are kept.
    """

    rates: Rates
    update: jax.Array
    buffer: Buffer | None = None


def start(cfg: TrainConfig, batch) -> tuple[Curriculum | None, Running | None]:
    """Returns the curriculum before the first update, and the scores of running episodes.

    Args:
      cfg: options.
      batch: the worlds of a device, `metammo_jax.VectorEnv` or alike.

    Returns:
      both None where the share of each game is fixed; the second where no level is kept.
    """
    if cfg.curriculum in FIXED:
        return None, None
    table = batch.env.table
    rates, update = start_rates(len(batch.env.games)), jnp.int32(0)
    if cfg.curriculum == "progress" or not is_universe(table).any():
        return Curriculum(rates, update), None
    width = table.atlas.draw(jax.random.key(0), jnp.int32(0)).shape[0]
    buffer = empty_buffer(cfg.level_buffer, width)
    return Curriculum(rates, update, buffer), start_running(batch.num_worlds)


def check(cfg: TrainConfig, env: Environment) -> None:
    """Raises ValueError if a curriculum has nothing to choose from in an environment."""
    games, universes = len(env.games), is_universe(env.table).any()
    names = ", ".join(game.name for game in env.games)
    if cfg.curriculum == "replay" and not universes:
        raise ValueError(
            "curriculum='replay' replays levels of a universe: one game must be a universe, such "
            f"as universe/train; the games are {names}"
        )
    if cfg.curriculum == "progress" and games < 2:
        raise ValueError(
            f"curriculum='progress' chooses between games: there must be two or more, not {names}"
        )
    if cfg.curriculum == "learnability" and games < 2 and not universes:
        raise ValueError(
            "curriculum='learnability' chooses between games, or between levels of a universe: "
            f"there must be two games or more, or a universe, not {names}"
        )


def is_universe(table: Table) -> np.ndarray:
    """Returns (G,) bool: of this game every reset draws another."""
    if table.atlas is None:
        return np.zeros(len(table.weights), bool)
    return np.array([space is not None and space.row is None for space in table.atlas.spaces])
