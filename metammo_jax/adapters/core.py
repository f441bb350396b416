"""What all adapters share: flat views of one world, kinds of actions, and automatic reset.

Axes: P players, F columns, H heads, A choices of all heads.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.action import Action, noop
from metammo_jax.env import Env, Info
from metammo_jax.episodes import endings
from metammo_jax.flat import Choices, FlatLayout
from metammo_jax.lib import row_blocks, threefry
from metammo_jax.lib.materialize import materialize
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.observe import Observation
from metammo_jax.vocab import NOBODY, Direction
from metammo_jax.world import World
from metammo_jax.wrappers import Wrapper

ACTIONS = ("multi", "move", "move_attack")
"""Kinds of actions: all heads of `FlatLayout`; the step alone; the step, with or without an attack
on the nearest that may be attacked, no teammate if there is another."""

STEP, AGAIN = 520, 521
"""Ids of the keys of a step and of the reset that may follow it."""


@struct.dataclass
class State(Node):
    """A world, and the meaning of choices for it.

    Attributes:
      world: the state of the game.
      choices: which choices are allowed, and whom they are about.
    """

    world: World
    choices: Choices

    @property
    def time(self) -> jax.Array:
        """() int32, ticks since reset."""
        return self.world.tick

    @property
    def step(self) -> jax.Array:
        """() int32, the same, as JaxMARL calls it."""
        return self.world.tick

    @property
    def done(self) -> jax.Array:
        """() bool, the game has ended."""
        return self.world.verdict.over


@struct.dataclass
class Outcome(Node):
    """Result of a step.

    Attributes:
      view: (P, F) float32, the flat observation.
      state: after the step.
      reward: (P,) float32.
      terminated: (P,) bool, the game itself has ended for the player: it died, won or lost.
      truncated: (P,) bool, only the horizon has ended it.
      alive: (P,) bool, who acts next; before an automatic reset.
      info: `env.Info` of the step.
    """

    view: jax.Array
    state: State
    reward: jax.Array
    terminated: jax.Array
    truncated: jax.Array
    alive: jax.Array
    info: Info


class Core:
    """One world with flat observations and actions.

    Attributes:
      env: the environment, or a wrapped one.
      layout: of observations, and of actions of all heads.
      actions: one of `ACTIONS`.
      heads: choices of each head, by name.

    Raises:
      ValueError: at construction, an option is not allowed.
    """

    def __init__(self, env, actions: str, window: bool, entities: int, listings: int):
        if not isinstance(env, Env | Wrapper):
            raise ValueError(
                f"env={env!r} must be an environment of mm.make, not a batch: adapters have their "
                "own automatic reset"
            )
        if actions not in ACTIONS:
            raise ValueError(f"actions={actions!r} must be one of {', '.join(ACTIONS)}")
        self.env, self.cfg, self.actions = env, env.cfg, actions
        self.layout = FlatLayout(env.cfg, window, entities, listings)
        if actions == "move_attack" and not env.cfg.has_combat:
            raise ValueError("actions='move_attack' needs the COMBAT system, which is not compiled")
        self.heads = self.layout.heads
        if actions != "multi":
            self.heads = {actions: len(Direction) * (1 + (actions == "move_attack"))}

    @property
    def name(self) -> str:
        """The names of the games."""
        return "+".join(game.name for game in self.env.games)

    @property
    def is_discrete(self) -> bool:
        """Whether an action is one number, not one for each head."""
        return self.actions != "multi"

    def begin(
        self, key: jax.Array, game: Maybe = None, difficulty: Maybe = None
    ) -> tuple[jax.Array, State]:
        """Begins an episode; as `Env.reset`. Returns the view (P, F) and the state."""
        obs, world = self.env.reset(key, game, difficulty)
        return self.layout.observation(obs), State(world, self.choices(obs))

    def step(self, key: jax.Array, state: State, choice: jax.Array) -> Outcome:
        """Plays a tick, without automatic reset.

        Args:
          key: () key.
          state: before.
          choice: (P,) integer, or (P, H) with all heads.
        """
        was_alive = state.world.body.present[: self.cfg.players]
        action = self.act(choice, state.choices)
        obs, world, reward, terminated, truncated, info = self.env.step(key, state.world, action)
        terminated, truncated = endings(was_alive, terminated, truncated, info)
        return Outcome(
            view=self.layout.observation(obs),
            state=State(world, self.choices(obs)),
            reward=reward,
            terminated=terminated,
            truncated=truncated,
            alive=obs.alive,
            info=info,
        )

    def choices(self, obs: Observation) -> Choices:
        """Returns the `Choices` of an observation, with the mask of this kind of actions."""
        found = self.layout.choices(obs)
        if not self.is_discrete:
            return found
        mask = move = obs.masks.move
        if self.actions == "move_attack":
            some = self._attackable(found).any(axis=-1, keepdims=True)
            mask = jnp.concatenate([move, move & some], axis=-1)
            target, rows = self._attackable(found), found.rows
            first = jnp.take_along_axis(rows, target.argmax(axis=-1)[:, None], axis=1)
            found = found.replace(rows=jnp.where(some, first, NOBODY))
        return found.replace(mask=mask)

    def act(self, choice: jax.Array, choices: Choices) -> Action:
        """Returns the `Action` of choices (P,), or (P, H) with all heads; integers.

        Raises:
          ValueError: they have another shape or dtype.
        """
        if not self.is_discrete:
            return self.layout.action(choice, choices)
        shape, dtype = (self.cfg.players,), jnp.result_type(choice)
        if jnp.shape(choice) != shape or not jnp.issubdtype(dtype, jnp.integer):
            raise ValueError(
                f"action is {dtype}{list(jnp.shape(choice))}, it must be integers of shape {shape}"
            )
        choice, moves = jnp.asarray(choice).astype(jnp.int32), len(Direction)
        action = noop(self.cfg).replace(move=jnp.where(choice >= 0, choice % moves, NOBODY))
        if self.actions == "move":
            return action.replace(move=choice)
        attacks = (choice >= moves) & (choice < 2 * moves)
        return action.replace(target=jnp.where(attacks, choices.rows[:, 0], NOBODY))

    def _attackable(self, choices: Choices) -> jax.Array:
        """Returns (P, n) bool, who of the nearest may be attacked, from the mask of all heads."""
        part = self.layout.mask_columns["target"]
        return choices.mask[:, part.start : part.stop - 1]


def keys(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns the keys of a step and of the reset that may follow it."""
    step, again = threefry.tagged(key, [STEP, AGAIN])
    return step, again


def auto_reset(begin: Callable, start, done: jax.Array, ended):
    """Returns state and view after an automatic reset of ended worlds.

    In a batch only the worlds that have ended are reset, a few at a time. The usual
    `where(done, new, old)` of adapters would make a new world in every world and tick.

    Args:
      begin: start -> fresh, of the structure of `ended`.
      start: pytree, such as a key.
      done: () bool.
      ended: pytree of what was.

    Returns:
      `ended` where done is False, else `begin(start)`.
    """

    @jax.custom_batching.custom_vmap
    def maybe(start, done, ended):
        return jax.lax.cond(done, lambda: begin(start), lambda: ended)

    @maybe.def_vmap
    def _batched(size: int, is_batched, start, done, ended):
        wide = functools.partial(_wide, size)
        start, done, ended = jax.tree.map(wide, tuple(is_batched), (start, done, ended))

        def some(state, rows, real):
            fresh = jax.vmap(begin)(jax.tree.map(lambda leaf: leaf[rows], start))
            rows = materialize(jnp.where(real, rows, size))
            return jax.tree.map(lambda old, new: old.at[rows].set(new, mode="drop"), state, fresh)

        out = row_blocks.apply_in_blocks(some, ended, done, max(1, size // 64))
        return out, jax.tree.map(lambda _: True, out)

    return maybe(start, done, ended)


def _wide(size: int, is_batched: bool, leaf: Any) -> jax.Array:
    return leaf if is_batched else jnp.broadcast_to(leaf, (size, *jnp.shape(leaf)))
