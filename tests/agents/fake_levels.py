"""A game and a universe of games, both fake, in which a curriculum has something to choose."""

import types

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from tests.agents.fake import FakeEnv, FakeGame, FakeTable, FakeWorld

AXES, OPTIONS = 3, 5


class FakeAtlas:
    """Stands for the draw of a universe, the second of two games: three choices of five."""

    spaces = (None, types.SimpleNamespace(row=None))

    def draw(self, key, game):
        """Draws choices."""
        drawn = jax.random.randint(key, (AXES,), 0, OPTIONS)
        return jnp.where(game == 1, drawn, -1)

    def mutate(self, key, choices, game=0):
        """Changes one choice."""
        axis, step = jax.random.randint(key, (2,), 0, jnp.array([AXES, OPTIONS - 1]))
        return choices.at[axis].set((choices[axis] + 1 + step) % OPTIONS)


class Game(FakeGame):
    """A game by its name."""

    def __init__(self, name):
        self.name = name


class TwoTable(FakeTable):
    """A game and a universe."""

    weights, atlas = np.full(2, 0.5), FakeAtlas()

    def first_difficulty(self):
        return jnp.zeros(2, jnp.int32)


@struct.dataclass
class LevelWorld(FakeWorld):
    """The fake world, and which level it plays."""

    game: jax.Array = None
    choices: jax.Array = None

    @property
    def params(self):
        group = jnp.broadcast_to(jnp.arange(4), self.goal.shape)
        return types.SimpleNamespace(group=group, game=self.game, choices=self.choices)


class LevelEnv(FakeEnv):
    """The fake world, cut to 4 ticks; of the universe the first choice is the goal of everybody.

    There everybody wins whose last move was the goal.
    """

    games, table = (Game("remember"), Game("universe")), TwoTable()

    def reset(self, key, game=None, difficulty=None, choices=None):
        game = jnp.int32(1) if game is None else game
        choices = self.table.atlas.draw(key, game) if choices is None else choices
        obs, world = super().reset(key)
        goal = jnp.where(game == 1, jnp.minimum(choices[0], 3), world.goal)
        world = LevelWorld(world.tick, goal, world.age, world.alive, game, choices)
        return self.observe(world), world

    def step(self, key, world, action, priority=None):
        _, after, reward, terminated, truncated, info = super().step(key, world, action)
        over = after.tick >= 4
        after = LevelWorld(
            after.tick, after.goal, after.age, after.alive, world.game, world.choices
        )
        won = after.alive & over & (action.move == world.goal)
        info = info.replace(over=over, time_up=over, winners=won, game=world.game)
        return self.observe(after), after, reward, terminated, truncated, info
