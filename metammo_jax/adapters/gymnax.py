"""An environment as gymnax has them: `reset(key, params)`, `step(key, state, action, params)`.

env = GymnaxEnv(mm.make("race_to_the_center", config="tiny"), actions="move")
params = env.default_params
obs, state = env.reset(key, params)
obs, state, reward, terminated, truncated, info = env.step(key, state, action, params)

All players of a world act together: observations, actions and rewards have a leading player axis
P. With `player=0` there is one player only, as gymnax's programs expect it, and the others are
played by a function. Works without gymnax; where it is installed, spaces are of its classes.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.adapters import core, small_spaces
from metammo_jax.adapters.core import Core, Outcome, State
from metammo_jax.env import GAME
from metammo_jax.lib import checks, threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Node

OTHERS = 522
"""Id of the key by which the others act."""


@struct.dataclass
class EnvParams(Node):
    """Parameters of an episode.

    Attributes:
      max_steps_in_episode: () int32, ticks after which an episode is truncated; at most
        `Config.horizon`.
      game: () int32, index of the game; -1: drawn by weight.
      difficulty: (G,) int32, of each game.
    """

    max_steps_in_episode: jax.Array
    game: jax.Array
    difficulty: jax.Array


class GymnaxEnv:
    """The players of one world, or one of them, behind gymnax's interface, with automatic reset.

    Attributes:
      core: the world with flat views.
      player: row of the only player, None where all act.
    """

    def __init__(
        self,
        env,
        actions: str = "multi",
        *,
        player: int | None = None,
        others: Callable | None = None,
        old_step: bool = False,
        window: bool = True,
        entities: int = 8,
        listings: int = 8,
    ):
        """Wraps an environment.

        Args:
          env: of `mm.make`, or a wrapped one.
          actions: "multi", all heads of `FlatLayout`; "move", a direction; "move_attack", a
            direction, from 5 on with an attack on the nearest that may be attacked.
          player: row of the one player; None: all players act.
          others: (key, view (P, F), mask (P, A)) -> choices (P,) or (P, H) int32, how the others
            act beside `player`; uniformly over the masks if None.
          old_step: `step` returns (obs, state, reward, done, info), as gymnax before 1.0 and
            programs of that time (PureJaxRL).
          window: observations include the map around a player.
          entities: how many others are observed.
          listings: how many listings are observed (full game).

        Raises:
          ValueError: an option is not allowed.
        """
        self.core = Core(env, actions, window, entities, listings)
        if player is not None:
            player = checks.whole("player", player, 0, env.cfg.players - 1)
        elif others is not None:
            raise ValueError("others is given, but player is None: all players act themselves")
        self.player, self._others, self._old = player, others or self._random, old_step
        self.reset, self.step = jax.jit(self._reset), jax.jit(self._step)

    @property
    def name(self) -> str:
        """The names of the games."""
        return self.core.name

    @property
    def default_params(self) -> EnvParams:
        """Every game at its lowest difficulty, to the horizon."""
        first = self.core.env.table.first_difficulty()
        return EnvParams(jnp.int32(self.core.cfg.horizon), jnp.int32(-1), first)

    @property
    def num_actions(self) -> int:
        """How many logits a player's action takes: choices of all heads."""
        return sum(self.core.heads.values())

    def observation_space(self, params: EnvParams | None = None):
        """Returns the `Box` of observations, (P, F) or (F,)."""
        shape = (self.core.layout.size,)
        shape = shape if self.player is not None else (self.core.cfg.players, *shape)
        return small_spaces.of("gymnax", "Box")(-1.0, 1.0, shape, jnp.float32)

    def action_space(self, params: EnvParams | None = None):
        """Returns `Discrete` of one player's number, else `MultiDiscrete` (P,), (H,) or (P, H)."""
        sizes = list(self.core.heads.values())
        if self.core.is_discrete:
            if self.player is not None:
                return small_spaces.of("gymnax", "Discrete")(sizes[0])
            return small_spaces.MultiDiscrete(sizes * self.core.cfg.players)
        return small_spaces.MultiDiscrete(
            sizes if self.player is not None else [sizes] * self.core.cfg.players
        )

    def reset_env(self, key: jax.Array, params: EnvParams) -> tuple[jax.Array, State]:
        """Begins an episode; returns observation and state."""
        drawn = self.core.env.table.choose(threefry.tagged(key, [GAME])[0])
        game = jnp.where(params.game < 0, drawn, params.game)
        view, state = self.core.begin(key, game, params.difficulty)
        return self._mine(view), state

    def step_env(self, key: jax.Array, state: State, action: jax.Array, params: EnvParams):
        """Plays a tick without automatic reset.

        Returns:
          observation, state, reward, terminated, info, as gymnax has them; `info["truncated"]`
          says whether the time limit was reached.
        """
        out = self._play(key, state, action)
        terminated, truncated, _ = self._endings(state, out, params)
        info = self._info(out) | {"truncated": truncated}
        return self._mine(out.view), out.state, self._mine(out.reward), terminated, info

    def is_truncated(self, state: State, params: EnvParams) -> jax.Array:
        """Returns () bool, whether the episode has reached the time limit."""
        return state.world.tick >= params.max_steps_in_episode

    @narrow
    def _reset(self, key: jax.Array, params: EnvParams | None = None) -> tuple[jax.Array, State]:
        return self.reset_env(key, self.default_params if params is None else params)

    @narrow
    def _step(self, key: jax.Array, state: State, action, params: EnvParams | None = None):
        params = self.default_params if params is None else params
        step_key, again = core.keys(key)
        out = self._play(step_key, state, action)
        terminated, truncated, done = self._endings(state, out, params)
        final = self._mine(out.view)
        obs, state = core.auto_reset(
            lambda start: self.reset_env(*start), (again, params), done, (final, out.state)
        )
        info = self._info(out) | {
            "terminated": terminated,
            "truncated": truncated,
            "final_observation": final,
            "done": done,
            "action_mask": self._mine(state.choices.mask),
        }
        reward = self._mine(out.reward)
        if self._old:
            return obs, state, reward, terminated | truncated, info
        return obs, state, reward, terminated, truncated, info

    def _play(self, key: jax.Array, state: State, action) -> Outcome:
        choice = jnp.asarray(action)
        if self.player is not None:
            view = self.core.layout.observation(self.core.env.observe(state.world))
            chosen = self._others(threefry.tagged(key, [OTHERS])[0], view, state.choices.mask)
            choice = chosen.at[self.player].set(choice.astype(chosen.dtype))
        return self.core.step(key, state, choice)

    def _endings(self, before: State, out: Outcome, params: EnvParams):
        """Returns terminated and truncated of those who act, and () bool, the episode is over."""
        late = self.is_truncated(out.state, params)
        was_alive = before.world.body.present[: self.core.cfg.players]
        over = out.info.over | late
        truncated = out.truncated | (late & was_alive & ~out.terminated)
        # The dead end once more with their world, so that memories are reset with it.
        terminated = out.terminated | (over & ~was_alive)
        if self.player is not None:
            over |= (terminated | truncated)[self.player]
        return self._mine(terminated), self._mine(truncated), over

    def _info(self, out: Outcome) -> dict[str, jax.Array]:
        """Returns the dict of further results; of the acting players where it has one for each."""
        info = out.info
        return {
            "alive": self._mine(out.alive),
            "winner": self._mine(info.winners),
            "max_progress": self._mine(info.max_progress),
            "score": info.score,
            "game": info.game,
        }

    def _mine(self, values: jax.Array) -> jax.Array:
        return values if self.player is None else values[self.player]

    def _random(self, key: jax.Array, view: jax.Array, mask: jax.Array) -> jax.Array:
        """Returns choices drawn uniformly over masks, head by head."""
        drawn = jnp.where(mask, threefry.uniform(key, mask.shape), -1.0)
        start, chosen = 0, []
        for size in self.core.heads.values():
            chosen.append(drawn[:, start : start + size].argmax(axis=-1).astype(jnp.int32))
            start += size
        return chosen[0] if self.core.is_discrete else jnp.stack(chosen, axis=-1)
