"""A world that can be learned in seconds: remember the direction shown at birth, and keep to it."""

import types

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax import Action, Config, Info, Observation
from metammo_jax.legal import Masks
from metammo_jax.observe import Column

CFG = Config(
    players=4, teams=2, npcs=0, map_size=24, playable_side=8, vision=2, horizon=16, maps=1,
    visible_rows=4, tokens=3,
)  # fmt: skip
DEATH = 1 / 12
"""Chance of death per player and tick."""


@struct.dataclass
class FakeWorld:
    """tick (); goal (P,) int32, a direction; age (P,) int32, ticks since birth; alive (P,)."""

    tick: jax.Array
    goal: jax.Array
    age: jax.Array
    alive: jax.Array

    @property
    def params(self):
        """Everybody plays alone."""
        group = jnp.broadcast_to(jnp.arange(4), self.goal.shape)
        return types.SimpleNamespace(group=group, choices=None)

    @property
    def task(self):
        """Everybody has goal 0."""
        return types.SimpleNamespace(goal=jnp.zeros(self.goal.shape, jnp.int32))

    @property
    def body(self):
        """Who is there."""
        return types.SimpleNamespace(present=self.alive)


class FakeGame:
    """Stands for a Minigame."""

    name, goals = "remember", ()


class FakeTable:
    """Stands for the games' table: one game without difficulty."""

    weights, atlas = np.ones(1), None

    def first_difficulty(self):
        """Returns the lowest."""
        return jnp.zeros(1, jnp.int32)

    def next_difficulty(self, difficulty, wins, game, won):
        """Returns both as they are."""
        return difficulty, wins

    def after_episodes(self, difficulty, wins, won, lost, times):
        """Returns both as they are."""
        return difficulty, wins


class FakeEnv:
    """Rewards a player whose move is the direction that was shown in the first tick of its life.

    Players 0 and 1 come back to life at once, with another direction; 2 and 3 stay dead. The
    game is over after 16 ticks, which truncates those alive.
    """

    cfg, games, table = CFG, (FakeGame(),), FakeTable()
    truncates = True

    def reset(self, key, game=None, difficulty=None):
        """Begins an episode."""
        goal = jax.random.randint(key, (4,), 0, 4)
        world = FakeWorld(jnp.int32(0), goal, jnp.zeros(4, jnp.int32), jnp.ones(4, bool))
        return self.observe(world), world

    def step(self, key, world, action, priority=None):
        """Plays a tick."""
        death_key, goal_key = jax.random.split(key)
        reward = jnp.where(world.alive, (action.move == world.goal).astype(jnp.float32) / 4, 0.0)
        died = world.alive & jax.random.bernoulli(death_key, DEATH, (4,))
        back = jnp.arange(4) < 2
        new_goal = jax.random.randint(goal_key, (4,), 0, 4)
        world = FakeWorld(
            tick=world.tick + 1,
            goal=jnp.where(died, new_goal, world.goal),
            age=jnp.where(died, 0, world.age + 1),
            alive=world.alive & (~died | back),
        )
        over = world.tick >= CFG.horizon
        info = Info(
            over=over,
            time_up=over,
            winners=world.alive & over,
            score=jnp.float32(1),
            max_progress=reward,
            game=jnp.int32(0),
            difficulty=jnp.int32(0),
        )
        return self.observe(world), world, reward, died, world.alive & ~died & over, info

    def observe(self, world):
        """Shows the direction in the task vector, and only to the newly born.

        It is a 4 there, which the lean network takes as 1 (`agents.networks.encoders.TASK_SCALE`).
        """
        entities = (
            jnp.zeros((4, len(Column)), jnp.int16)
            .at[:, Column.GROUP]
            .set(jnp.arange(4, dtype=jnp.int16))
        )
        masks = Masks(
            move=jnp.ones((4, 5), bool),
            style=jnp.ones((4, 3), bool),
            target=jnp.broadcast_to(~jnp.eye(5, dtype=bool)[:4], (4, 5)).at[:, 4].set(True),
            speak=jnp.arange(4) < 2,
        )
        shown = jnp.where((world.age == 0)[:, None], 4.0 * jax.nn.one_hot(world.goal, 27), 0.0)
        return Observation(
            tick=jnp.int32(0),
            alive=world.alive,
            entities=entities,
            visible=jnp.broadcast_to(jnp.arange(4, dtype=jnp.int16), (4, 4)),
            tiles=jnp.zeros((4, 5, 5), jnp.int8),
            fog=jnp.zeros((4, 5, 5), jnp.int8),
            seized=jnp.zeros(4, jnp.int8),
            task=shown,
            progress=jnp.zeros(4),
            masks=masks,
        )

    def sample(self, key, obs):
        """Draws a move uniformly."""
        move = jax.random.randint(key, (4,), 0, 5)
        return Action(move, jnp.zeros_like(move), jnp.full_like(move, -1), jnp.full_like(move, -1))
