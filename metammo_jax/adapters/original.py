"""A drop-in replacement for `nmmo.Env` of the original (2.1.2).

env = OriginalEnv(mm.make("team_battle", original_observations=True))
obs, infos = env.reset(seed=1)
actions = {agent: {"Move": {"Direction": 0}} for agent in env.agents}
obs, rewards, terminations, truncations, infos = env.step(actions)

Agents are numbered from 1 as there, observations are in the layout of `adapters.nmmo`, actions are
called by the original's names. There is no `realm`: what a program wants to know of the world it
reads from `env.world`.
"""

import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import action_heads
from metammo_jax.action import Action, Lists, decode
from metammo_jax.action_heads import Entry, Head
from metammo_jax.adapters import nmmo
from metammo_jax.adapters.host import Keys
from metammo_jax.config import Config
from metammo_jax.env import Env
from metammo_jax.lib import checks, threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.observe import Observation
from metammo_jax.vocab import NOBODY
from metammo_jax.world import World
from metammo_jax.wrappers import Wrapper

COLUMNS = sorted(nmmo.ARGUMENTS.values())
"""The original's actions and their arguments, in alphabetical order."""

CLIPPED = (Entry.DIRECTION, Entry.STYLE, Entry.WORD, Entry.AMOUNT)
"""Entries of which the original takes the last for a position that is too large."""

ARGUMENTS_OF = {
    action: tuple(argument for name, argument in COLUMNS if name == action) for action, _ in COLUMNS
}
"""The names of the arguments of each of the original's actions."""


class OriginalEnv:
    """One world behind the original's interface, without automatic reset.

    Observations, rewards and the rest are of all who are in the world after the step or died in
    it, as there; those who died are shown the original's dummy.

    Attributes:
      env: the environment.
      config: its sizes.
      possible_agents: numbers of all players, from 1.
      agents: numbers of those in the world.
      world: the state of the game, None before `reset`.
      is_over: the game has ended.
      winners: numbers of those who have won.
    """

    metadata = {"name": "metammo_jax", "render_modes": ["rgb_array"]}  # noqa: RUF012

    def __init__(self, env):
        """Wraps an environment.

        Args:
          env: of `mm.make`, or a wrapped one.

        Raises:
          ValueError: it is a batch, or no environment.
        """
        if not isinstance(env, Env | Wrapper):
            raise ValueError(f"env={env!r} must be an environment of mm.make, not a batch")
        self.env, self.config = env, env.cfg
        self.possible_agents = list(range(1, env.cfg.players + 1))
        self.agents: list[int] = []
        self.world: Any = None
        self.is_over, self.winners = False, []
        self._keys, self._seen = Keys(), None
        self._reset, self._step = jax.jit(_begun(env)), jax.jit(_stepped(env))

    @property
    def num_agents(self) -> int:
        """How many players are in the world."""
        return len(self.agents)

    @property
    def max_num_agents(self) -> int:
        """P."""
        return len(self.possible_agents)

    def observation_space(self, agent: int):
        """Returns the Gymnasium space of an agent's observations; needs the package gymnasium.

        Raises:
          ValueError: there is no such agent.
        """
        self._row(agent)
        return self._spaces[0]

    def action_space(self, agent: int):
        """Returns the Gymnasium space of an agent's actions; needs the package gymnasium.

        Raises:
          ValueError: there is no such agent.
        """
        self._row(agent)
        return self._spaces[1]

    def reset(self, seed: int | None = None, options: dict | None = None):
        """Begins an episode.

        Args:
          seed: 0..2**63 - 1; None goes on with the random numbers of before.
          options: not used.

        Returns:
          observations and infos, by agent.
        """
        self._keys.restart(seed)
        self.world, self._seen, shown = self._reset(*self._keys.next())
        self.is_over, self.winners = False, []
        self.agents = self._present()
        return self._split(shown, self.agents), {agent: {} for agent in self.agents}

    def step(self, actions: dict[int, dict[str, dict[str, int]]]):
        """Plays a tick.

        Args:
          actions: by agent, by the original's name of the action, by the name of its argument: the
            position of a choice, as in the masks `ActionTargets`. What is missing is not done.
            As there, too large a Direction, Style, Price or Token means the last; all else out of
            range means nothing, and agents that have died are ignored.

        Returns:
          observations, rewards (float), terminations and truncations (bool) and infos, by agent.
          `infos[agent]["max_progress"]` is the largest progress of its task.

        Raises:
          ValueError: there was no `reset` before; an agent, an action or an argument is unknown, an
            argument is missing or no integer (the original drops such actions without a word).
        """
        before = set(self.agents)
        key = self._keys.next()
        choice = self._choice(actions)
        self.world, self._seen, shown, step_result = self._step(
            *key, self.world, self._seen, choice
        )
        reward, terminated, truncated, info = jax.tree.map(np.asarray, step_result)
        self.is_over = bool(info.over)
        self.winners = (np.flatnonzero(info.winners) + 1).tolist()
        self.agents = self._present()
        shown_to = sorted(before.union(self.agents))

        def by_agent(kind, values):
            return {agent: kind(values[agent - 1]) for agent in shown_to}

        return (
            self._split(shown, shown_to),
            by_agent(float, reward),
            by_agent(bool, terminated),
            by_agent(bool, truncated),
            {agent: {"max_progress": float(info.max_progress[agent - 1])} for agent in shown_to},
        )

    def render(self) -> np.ndarray:
        """Returns a picture (H, W, 3) uint8 of the world; needs Pillow."""
        from metammo_jax.draw.picture import render

        return render(self.world)

    def close(self) -> None:
        """Does nothing: there is nothing to close."""

    def _present(self) -> list[int]:
        return (np.flatnonzero(self.world.body.present[: self.config.players]) + 1).tolist()

    def _row(self, agent: Any) -> int:
        number = checks.as_int(agent)
        if number is None or not 1 <= number <= self.config.players:
            raise ValueError(f"agent={agent!r} must be a number in 1..{self.config.players}")
        return number - 1

    def _choice(self, actions: dict) -> np.ndarray:
        """Returns (P, 13) int32, the arguments by `COLUMNS`, -1 for nothing."""
        choice = np.full((self.config.players, len(COLUMNS)), NOBODY, np.int32)
        for agent, named in actions.items():
            row = self._row(agent)
            for action, arguments in named.items():
                _check_arguments(f"actions[{agent}]", action, arguments)
                for argument, value in arguments.items():
                    column = COLUMNS.index((action, argument))
                    choice[row, column] = min(max(operator.index(value), NOBODY), 2**31 - 1)
        return choice

    def _split(self, shown: dict, agents: list[int]) -> dict[int, dict]:
        """Returns observations by agent."""
        shown = jax.tree.map(np.asarray, shown)
        market = shown.pop("Market", None)
        found = {}
        for agent in agents:
            own = jax.tree.map(lambda leaf, row=agent - 1: leaf[row], shown)
            own |= {name: int(own[name]) for name in ("AgentId", "CurrentTick")}
            found[agent] = own if market is None else own | {"Market": market}
        return found

    @functools.cached_property
    def _spaces(self):
        import gymnasium

        spaces, cfg = gymnasium.spaces, self.config
        shown = jax.eval_shape(self._reset, jax.random.key(0), np.uint32(0))[2]

        def box(leaf, low, high):
            return spaces.Box(low, high, leaf.shape, np.dtype(leaf.dtype))

        def block(name, leaf):
            if name == "AgentId":
                return spaces.Discrete(cfg.players + 1)
            if name == "CurrentTick":
                return spaces.Discrete(cfg.horizon + 1)
            one = leaf if name == "Market" else jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype)
            if name == "Task":
                return box(one, -np.inf, np.inf)
            return box(one, np.iinfo(one.dtype).min, np.iinfo(one.dtype).max)

        targets = shown.pop("ActionTargets")
        masks = {
            action: spaces.Dict(
                {name: spaces.Box(0, 1, leaf.shape[1:], np.int8) for name, leaf in named.items()}
            )
            for action, named in targets.items()
        }
        sizes = {
            action: spaces.Dict({n: spaces.Discrete(leaf.shape[1]) for n, leaf in named.items()})
            for action, named in targets.items()
        }
        blocks = {name: block(name, leaf) for name, leaf in shown.items()}
        return spaces.Dict(blocks | {"ActionTargets": spaces.Dict(masks)}), spaces.Dict(sizes)


def _check_arguments(where: str, action: Any, arguments: Any) -> None:
    """Raises ValueError unless there is such an action and all its arguments are integers."""
    if (
        action not in ARGUMENTS_OF
        or not isinstance(arguments, dict)
        or {*arguments} != {*ARGUMENTS_OF[action]}
    ):
        known = "; ".join(f"{name}: {', '.join(needs)}" for name, needs in ARGUMENTS_OF.items())
        raise ValueError(f"{where} has {action!r} with {arguments!r}; there are {known}")
    for argument, value in arguments.items():
        if checks.as_int(value) is None:
            raise ValueError(f"{where}[{action!r}][{argument!r}]={value!r} must be an integer")


def _begun(env):
    @narrow
    def begin(key: jax.Array, number: jax.Array):
        obs, world = env.reset(threefry.fold_in(key, number))
        return world, _listed(obs), nmmo.observe(world, env.cfg)

    return begin


def _stepped(env):
    @narrow
    def step(key: jax.Array, number: jax.Array, world: World, listed, choice: jax.Array):
        action = _meant(jnp.asarray(choice), listed, env.cfg)
        out = env.step(threefry.fold_in(key, number), world, action)
        obs, world, *step_result = out
        return world, _listed(obs), nmmo.observe(world, env.cfg), tuple(step_result)

    return step


def _listed(obs: Observation) -> tuple:
    """Returns the entities in sight and the listings that the next actions refer to."""
    return obs.visible, obs.listing


def _meant(choice: jax.Array, listed: tuple, cfg: Config) -> Action:
    """Returns the `Action` of arguments (P, 13) by `COLUMNS`.

    Source: docs/rules/world.md#actions; nmmo `core/action.py::deserialize_fixed_arg`.
    """
    visible, listing = listed
    lists, fields = Lists(visible, listing, cfg.slots), {}
    for head in action_heads.of_config(cfg):
        position = choice[:, COLUMNS.index(nmmo.ARGUMENTS[head.name])]
        fields[head.name] = _decoded(head, position, lists, cfg)
    style = choice[:, COLUMNS.index(nmmo.ARGUMENTS["style"])]
    fields["target"] = jnp.where(style >= 0, fields["target"], NOBODY)
    return Action(**fields)


def _decoded(head: Head, position: jax.Array, lists: Lists, cfg: Config) -> jax.Array:
    """Returns (P,) int32, the field of an `Action` that the original's positions (P,) mean."""
    silence = int(head.entry is Entry.WORD)  # our first entry, which the original does not have
    entry = position
    if head.entry in CLIPPED:
        entry = jnp.minimum(position, head.size(cfg, 0, 0) - 1 - silence) + silence
    return jnp.where(position >= 0, decode(head, entry, lists), head.noop)
