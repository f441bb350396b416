"""`Environment`: what `vectorize`, wrappers and training need of an environment."""

from typing import Any, Protocol

import jax

from metammo_jax import spaces
from metammo_jax.action import Action
from metammo_jax.config import Config
from metammo_jax.games.table import Table


class Environment(Protocol):
    """One world at a time, without automatic reset: `Env`, or a `wrappers.Wrapper` around one.

    A wrapper may give other observations, rewards and infos; worlds and actions are those of
    `Env`. See there for arguments and results.

    Attributes:
      truncates: the horizon truncates those alive: the value of the world beyond counts for them.
    """

    truncates: bool

    @property
    def cfg(self) -> Config:
        """Sizes and compiled systems."""
        ...

    @property
    def games(self) -> tuple:
        """The games that a reset draws from."""
        ...

    @property
    def table(self) -> Table:
        """The games' numbers and functions."""
        ...

    @property
    def action_space(self) -> spaces.Tree:
        """Space of actions."""
        ...

    @property
    def observation_space(self) -> spaces.Tree:
        """Space of observations."""
        ...

    def reset(self, key: jax.Array, game: Any = None, difficulty: Any = None) -> tuple:
        """Begins an episode, as `Env.reset`: observation and world.

        `choices` as a fourth argument is given only where some game is a universe.
        """
        ...

    def step(self, key: jax.Array, world: Any, action: Any, priority: Any = None) -> tuple:
        """Plays a tick, as `Env.step`."""
        ...

    def observe(self, world: Any) -> Any:
        """Returns what the players see."""
        ...

    def sample(self, key: jax.Array, obs: Any) -> Action:
        """Returns an action drawn uniformly over the masks, head by head."""
        ...

    def noop(self) -> Action:
        """Returns the action with which nobody does anything."""
        ...
