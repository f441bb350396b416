"""An environment as PettingZoo's `ParallelEnv`: dicts by agent, and who dies leaves `agents`.

env = ParallelEnv(mm.make("team_battle", config="tiny"))
observations, infos = env.reset(seed=0)
actions = {agent: env.action_space(agent).sample() for agent in env.agents}
observations, rewards, terminations, truncations, infos = env.step(actions)

Needs PettingZoo and Gymnasium: `pip install "metammo-jax[pettingzoo]"`.
"""

import functools
from typing import TYPE_CHECKING, Any, ClassVar

import jax
import numpy as np

from metammo_jax.adapters.core import Core
from metammo_jax.adapters.host import Host, nothing_chosen, split_mask
from metammo_jax.flat_columns import table_features

try:
    import gymnasium
    import pettingzoo
except ImportError as error:
    raise ImportError(
        "metammo_jax.adapters.pettingzoo needs the packages pettingzoo and gymnasium: "
        'pip install "metammo-jax[pettingzoo]"'
    ) from error

if TYPE_CHECKING:
    from pettingzoo.utils.env import ParallelEnv as _Base
else:
    _Base = pettingzoo.ParallelEnv


class ParallelEnv(_Base):
    """The players of one world as PettingZoo's agents "player_0", "player_1", ...

    Who dies is terminated and leaves `agents`; PettingZoo knows no agent that comes back, so who is
    revived by its game (race_to_the_center) stays and is not terminated then. An episode ends for
    everybody when the game is over. Agents without an action do nothing.

    Observations are `Box` (F,) float32, or with `mask_in_observation` dicts of "observation" and
    "action_mask"; the mask is in `infos[agent]["action_mask"]` too, as Gymnasium's spaces take it:
    an int8 array for "move" and "move_attack", a tuple with one for each head for "multi".

    Attributes:
      core: the world with flat views.
      possible_agents: names of all players.
      agents: names of those who act.
    """

    metadata: ClassVar[dict[str, Any]] = {"name": "metammo_jax", "render_modes": ["rgb_array"]}

    def __init__(
        self,
        env,
        actions: str = "multi",
        *,
        mask_in_observation: bool = False,
        render_mode: str | None = None,
        window: bool = True,
        entities: int = 8,
        listings: int = 8,
    ):
        """Wraps an environment.

        Args:
          env: of `mm.make`, or a wrapped one.
          actions: "multi", all heads of `FlatLayout`; "move", a direction; "move_attack", a
            direction, from 5 on with an attack on the nearest that may be attacked.
          mask_in_observation: observations are dicts that hold the mask too, as (A,) int8.
          render_mode: "rgb_array", for which `render` returns a picture; or None.
          window: observations include the map around a player.
          entities: how many others are observed.
          listings: how many listings are observed (full game).

        Raises:
          ValueError: an option is not allowed.
        """
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode={render_mode!r} must be 'rgb_array' or None")
        self.core = Core(env, actions, window, entities, listings)
        self._host, self._in_observation = Host(self.core), mask_in_observation
        self.render_mode = render_mode
        self.possible_agents = [f"player_{row}" for row in range(env.cfg.players)]
        self.agents: list[str] = []

    @functools.cached_property
    def observation_spaces(self) -> dict[str, gymnasium.Space]:
        """The space of each agent's observation."""
        return {agent: self._observation_space() for agent in self.possible_agents}

    @functools.cached_property
    def action_spaces(self) -> dict[str, gymnasium.Space]:
        """The space of each agent's action."""
        return {agent: self._action_space() for agent in self.possible_agents}

    def observation_space(self, agent: str) -> gymnasium.Space:
        """Returns the space of an agent's observations."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space:
        """Returns the space of an agent's actions."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict | None = None):
        """Begins an episode.

        Args:
          seed: 0..2**63 - 1; None goes on with the random numbers of before.
          options: not used.

        Returns:
          observations and infos, by agent.
        """
        view = np.array(self._host.reset(seed))
        self.agents = list(self.possible_agents)
        mask = np.asarray(self._state.choices.mask)
        return self._shown(view, mask), {agent: self._info(agent, mask) for agent in self.agents}

    def step(self, actions: dict[str, Any]):
        """Plays a tick.

        Args:
          actions: by agent, an integer, or (H,) integers with all heads; who has none does nothing.

        Returns:
          observations, rewards (float), terminations, truncations (bool) and infos, by agent, of
          all who acted. `infos[agent]` has "action_mask", "winner" (bool), "max_progress" (float).

        Raises:
          ValueError: an action is no integer of the right shape, or is of an agent that has left.
        """
        out = self._host.step(self._choices(actions))
        names = ("reward", "terminated", "truncated", "alive", "info")
        step_result = jax.tree.map(np.asarray, [getattr(out, name) for name in names])
        reward, terminated, truncated, alive, info = step_result
        # In a step that ends nothing for all, who was brought back goes on.
        terminated = terminated & (~alive | info.over)
        acted, view, mask = self.agents, np.array(out.view), np.asarray(out.state.choices.mask)
        observations = self._shown(view, mask)
        rows = {agent: self._row(agent) for agent in acted}
        infos = {
            agent: self._info(agent, mask)
            | {"winner": bool(info.winners[row]), "max_progress": float(info.max_progress[row])}
            for agent, row in rows.items()
        }
        self.agents = [a for a, row in rows.items() if not (terminated[row] or truncated[row])]
        return (
            observations,
            {agent: float(reward[row]) for agent, row in rows.items()},
            {agent: bool(terminated[row]) for agent, row in rows.items()},
            {agent: bool(truncated[row]) for agent, row in rows.items()},
            infos,
        )

    def state(self) -> np.ndarray:
        """Returns (E * features,) float32 within -1..1: everybody in the world, and the time."""
        obs = self.core.env.observe(self._state.world)
        return np.asarray(table_features(obs, self.core.cfg)).ravel()

    def render(self) -> np.ndarray | None:
        """Returns a picture (H, W, 3) uint8 with `render_mode="rgb_array"`, else None."""
        if self.render_mode is None:
            return None
        from metammo_jax.draw.picture import render

        return render(self._state.world)

    def close(self) -> None:
        """Does nothing: there is nothing to close."""

    @property
    def _state(self):
        if self._host.state is None:
            raise ValueError("call reset() first")
        return self._host.state

    def _choices(self, actions: dict[str, Any]) -> np.ndarray:
        nothing = nothing_chosen(self.core)
        for agent, action in actions.items():
            if agent not in self.agents:
                raise ValueError(f"actions has {agent!r}, which is not among the agents that act")
            number = np.asarray(action)
            if number.shape != nothing.shape[1:] or number.dtype.kind not in "iu":
                raise ValueError(
                    f"actions[{agent!r}]={action!r} must be integers of shape {nothing.shape[1:]}"
                )
            nothing[self._row(agent)] = number
        return nothing

    def _row(self, agent: str) -> int:
        return int(agent.removeprefix("player_"))

    def _shown(self, view: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
        rows = [(agent, self._row(agent)) for agent in self.agents]
        if not self._in_observation:
            return {agent: view[row] for agent, row in rows}
        numbers = mask.astype(np.int8)
        return {a: {"observation": view[row], "action_mask": numbers[row]} for a, row in rows}

    def _info(self, agent: str, mask: np.ndarray) -> dict[str, Any]:
        own = mask[self._row(agent)].astype(np.int8)
        return {"action_mask": own if self.core.is_discrete else split_mask(self.core, own)}

    def _observation_space(self) -> gymnasium.Space:
        box = gymnasium.spaces.Box(-1.0, 1.0, (self.core.layout.size,), np.float32)
        if not self._in_observation:
            return box
        size = sum(self.core.heads.values())
        mask = gymnasium.spaces.Box(0, 1, (size,), np.int8)
        return gymnasium.spaces.Dict({"observation": box, "action_mask": mask})

    def _action_space(self) -> gymnasium.Space:
        sizes = list(self.core.heads.values())
        if self.core.is_discrete:
            return gymnasium.spaces.Discrete(sizes[0])
        return gymnasium.spaces.MultiDiscrete(sizes)
