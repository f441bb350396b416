"""An environment as JaxMARL has them: dicts by agent, `dones["__all__"]`, automatic reset.

env = JaxMARLEnv(mm.make("race_to_the_center", config="tiny"), actions="move")
obs, state = env.reset(key)
obs, state, rewards, dones, infos = env.step(key, state, {agent: 0 for agent in env.agents})

JaxMARL's programs make their environments by name: after `register()`,
`jaxmarl.make("metammo/race_to_the_center", config="tiny", actions="move")` makes one, and so does
`jaxmarl.make("metammo/race_to_the_center:tiny")`, for programs that pass no keywords. Works
without JaxMARL; where it is installed, spaces are of its classes.
"""

import functools
import importlib
from typing import Any

import jax
import jax.numpy as jnp

from metammo_jax import registry
from metammo_jax.adapters import core, small_spaces
from metammo_jax.adapters.core import Core, State
from metammo_jax.flat_columns import table_features
from metammo_jax.lib.narrow import narrow

PREFIX = "metammo/"
"""What names of games begin with in `jaxmarl.make`."""


class JaxMARLEnv:
    """The players of one world as JaxMARL's agents "agent_0", "agent_1", ...

    The dead stay agents: their observations and rewards are 0, their `dones` True until the world
    is reset, and their only available action does nothing. Who is brought back is done in the
    step of its death.

    Attributes:
      core: the world with flat views.
      num_agents: P.
      agents: their names.
      observation_spaces: `Box` (F,) of each agent.
      action_spaces: `Discrete` of each agent, `MultiDiscrete` (H,) with all heads.
    """

    def __init__(
        self,
        env,
        actions: str = "move",
        *,
        difficulty=None,
        window: bool = True,
        entities: int = 8,
        listings: int = 8,
    ):
        """Wraps an environment.

        Args:
          env: of `mm.make`, or a wrapped one.
          actions: "move", a direction; "move_attack", a direction, from 5 on with an attack on the
            nearest that may be attacked; "multi", all heads of `FlatLayout`.
          difficulty: (G,) integers, of each game; the lowest of each if None.
          window: observations include the map around a player.
          entities: how many others are observed.
          listings: how many listings are observed (full game).

        Raises:
          ValueError: an option is not allowed.
        """
        self.core = Core(env, actions, window, entities, listings)
        self.num_agents = env.cfg.players
        self.agents = [f"agent_{row}" for row in range(self.num_agents)]
        self._difficulty = difficulty
        self.reset, self.step = jax.jit(self._reset), jax.jit(self._step)
        self.get_avail_actions = jax.jit(self._avail)

    @property
    def name(self) -> str:
        """The names of the games, with the prefix of `jaxmarl.make`."""
        return PREFIX + self.core.name

    @property
    def agent_classes(self) -> dict[str, list[str]]:
        """All agents are of one class."""
        return {"players": self.agents}

    @functools.cached_property
    def observation_spaces(self) -> dict:
        """The space of each agent's observation."""
        box = small_spaces.of("jaxmarl", "Box")(-1.0, 1.0, (self.core.layout.size,), jnp.float32)
        return dict.fromkeys(self.agents, box)

    @functools.cached_property
    def action_spaces(self) -> dict:
        """The space of each agent's action."""
        sizes = list(self.core.heads.values())
        if self.core.is_discrete:
            space = small_spaces.of("jaxmarl", "Discrete")(sizes[0])
        else:
            space = small_spaces.of("jaxmarl", "MultiDiscrete")(sizes)
        return dict.fromkeys(self.agents, space)

    def observation_space(self, agent: str = "agent_0"):
        """Returns the space of an agent's observation."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str = "agent_0"):
        """Returns the space of an agent's action."""
        return self.action_spaces[agent]

    def step_env(self, key: jax.Array, state: State, actions: dict):
        """Plays a tick without automatic reset; returns what `step` returns."""
        out = self.core.step(key, state, self._gathered(actions))
        done = out.terminated | out.truncated | ~out.alive
        dones = self._by_agent(done) | {"__all__": out.info.over}
        infos = {
            "alive": out.alive.astype(jnp.float32),
            "winner": out.info.winners.astype(jnp.float32),
            "max_progress": out.info.max_progress,
        }
        obs = self._shown(out.view, out.state)
        return obs, out.state, self._by_agent(out.reward), dones, infos

    def get_obs(self, state: State) -> dict[str, jax.Array]:
        """Returns (F,) float32 by agent, and the "world_state"."""
        view = self.core.layout.observation(self.core.env.observe(state.world))
        return self._shown(view, state)

    def world_state(self, state: State) -> jax.Array:
        """Returns (`world_state_size`,) float32 for a centralised critic, within -1..1.

        The time, and of everybody in the world, NPCs too, place, health and whatever else the table
        of entities tells; also in `obs["world_state"]`.
        """
        return table_features(self.core.env.observe(state.world), self.core.cfg).ravel()

    @functools.cached_property
    def world_state_size(self) -> int:
        """Numbers in `world_state`."""
        state = jax.eval_shape(self.reset, jax.random.key(0))[1]
        return jax.eval_shape(self.world_state, state).shape[0]

    @property
    def state_size(self) -> int:
        """The same, as JaxMARL's SMAX calls it."""
        return self.world_state_size

    @narrow
    def _reset(self, key: jax.Array) -> tuple[dict, State]:
        """Returns observations by agent, and the state."""
        view, state = self.core.begin(_typed(key), None, self._difficulties())
        return self._shown(view, state), state

    @narrow
    def _step(self, key: jax.Array, state: State, actions: dict, reset_state: State | None = None):
        """Plays a tick, and begins a new episode where the game has ended.

        Args:
          key: () key.
          state: before.
          actions: by agent, () or (1,) integer; (H,) with all heads.
          reset_state: what to go on with after the end, instead of a new episode.

        Returns:
          obs, of the new episode where one began; state; rewards () float32; dones () bool, with
          "__all__"; infos, (P,) float32 each: "alive", "winner", "max_progress".
        """
        step_key, again = core.keys(_typed(key))
        obs, state, rewards, dones, infos = self.step_env(step_key, state, actions)
        over = dones["__all__"]
        if reset_state is None:
            obs, state = core.auto_reset(self._reset, again, over, (obs, state))
        else:
            fresh = self.get_obs(reset_state), reset_state
            pick = functools.partial(jnp.where, over)
            obs, state = jax.tree.map(pick, fresh, (obs, state))
        dones = {agent: done | over for agent, done in dones.items()}
        return obs, state, rewards, dones, infos

    @narrow
    def _avail(self, state: State) -> dict[str, jax.Array]:
        """Returns the action masks by agent, (A,) bool, all heads concatenated."""
        return self._by_agent(state.choices.mask)

    def _difficulties(self):
        if self._difficulty is None:
            return None
        return jnp.asarray(self._difficulty, jnp.int32)

    def _shown(self, view: jax.Array, state: State) -> dict[str, jax.Array]:
        return self._by_agent(view) | {"world_state": self.world_state(state)}

    def _by_agent(self, values: jax.Array) -> dict[str, jax.Array]:
        return {agent: values[row] for row, agent in enumerate(self.agents)}

    def _gathered(self, actions: dict) -> jax.Array:
        """Returns choices (P,) or (P, H) of actions by agent.

        Raises:
          ValueError: an agent is missing.
        """
        missing = [agent for agent in self.agents if agent not in actions]
        if missing:
            raise ValueError(f"actions has no {missing[0]!r}; every agent needs one, also the dead")
        choice = jnp.stack([jnp.asarray(actions[agent]) for agent in self.agents])
        return choice.reshape(self.num_agents) if self.core.is_discrete else choice


def _typed(key: jax.Array) -> jax.Array:
    """Returns a key of `jax.random.key`, also of one that `jax.random.PRNGKey` made."""
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return key
    return jax.random.wrap_key_data(key)


def register() -> None:
    """Registers the games of this package with `jaxmarl.make`, as "metammo/race_to_the_center".

    A config may follow: "metammo/race_to_the_center:tiny". Keywords are those of `JaxMARLEnv`, and
    `config` and all else that `mm.make` takes. All other names are left to JaxMARL. Calling it
    again changes nothing.

    Raises:
      ValueError: JaxMARL is not installed.
    """
    try:
        package: Any = importlib.import_module("jaxmarl")
    except ImportError as error:
        raise ValueError(f"register() needs the package jaxmarl ({error})") from error
    theirs = package.make
    if getattr(theirs, "knows_metammo", False):
        return

    @functools.wraps(theirs)
    def make(env_id: str, **options):
        if not env_id.startswith(PREFIX):
            return theirs(env_id, **options)
        names = ("actions", "difficulty", "window", "entities", "listings")
        own = {name: options.pop(name) for name in names if name in options}
        game, _, config = env_id.removeprefix(PREFIX).partition(":")
        options |= {"config": config} if config else {}
        return JaxMARLEnv(registry.make(game, **options), **own)

    known: Any = make
    known.knows_metammo = True
    package.make = known
    games = [PREFIX + name for name in registry.games()]
    package.registered_envs.extend(games)
