"""What each world of a batch plays next: which game, and how difficult it is.

Axes: B worlds, G games.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax.env import Info
from metammo_jax.lib import threefry
from metammo_jax.lib.node import Node

OWED, LEVEL, FRESH = 502, 503, 504
"""Tags of the draws of a game that is owed agent-steps, of a level, and of a new game of a
universe: `env.reset` draws from the same key."""


@struct.dataclass
class Levels(Node):
    """Levels from which automatic resets draw what is played next. Axis: N levels.

    A level is a game of the environment or, of a universe (`games.universe`), a game with its
    choices.

    Attributes:
      chance: (N,) float32, not negative, relative to each other; one is positive at least.
      game: (N,) int32, index in `Env.games`.
      choices: (N, X) int32, as `world.params.choices`; rows of -1 draw a new game of a universe,
        and mean nothing in other games. None where no game is a universe.
    """

    chance: jax.Array
    game: jax.Array
    choices: jax.Array | None = None

    def draw(self, keys: jax.Array, atlas: Any = None) -> tuple[jax.Array, jax.Array | None]:
        """Returns games (n,) int32 and choices (n, X) int32 or None, drawn by their chance.

        Args:
          keys: (n,) keys.
          atlas: `games.Table.atlas`; None where no game is a universe.

        Raises:
          ValueError: there are choices and no atlas, or an atlas and no choices.
        """
        if (self.choices is None) != (atlas is None):
            raise ValueError("levels must have choices where some game is a universe, only there")
        reach = jnp.cumsum(self.chance)
        last = jnp.where(self.chance > 0, jnp.arange(len(reach)), 0).max()  # however it rounds

        def one(key):
            point = threefry.uniform(threefry.tagged(key, LEVEL), ()) * reach[-1]
            index = jnp.minimum((point >= reach).sum(dtype=jnp.int32), last)
            game = self.game[index]
            if self.choices is None:
                return game, None
            choices = self.choices[index]
            fresh = atlas.draw(threefry.tagged(key, FRESH), game)
            return game, jnp.where(choices[0] < 0, fresh, choices)

        return jax.vmap(one)(keys)


def own_difficulty(table, difficulty, wins, info: Info, done):
    """Returns difficulty and wins after a step, of each world by itself, as in the original.

    Args:
      table: `games.Table`.
      difficulty: (B, G) int32.
      wins: (B, G) int32.
      info: of the step.
      done: (B,) bool, the episode ended.

    Returns:
      difficulty and wins (B, G) int32 for the next episodes.
    """
    won = info.winners.any(-1)
    new = jax.vmap(table.next_difficulty)(difficulty, wins, info.game, won)
    return tuple(
        jnp.where(done[:, None], after, before)
        for after, before in zip(new, (difficulty, wins), strict=True)
    )


def shared_difficulty(table, difficulty, wins, info: Info, done, axis: str | None = None):
    """Returns difficulty and wins after a step, the same in all worlds of the batch.

    The wins, and losses, that a change takes are multiplied by how many worlds play the game at a
    time, on average. So a game becomes difficult after as many ticks whether all worlds play it or
    only some do. Only episodes that were played at the present difficulty count.

    Args:
      table: `games.Table`.
      difficulty: (B, G) int32, all rows equal.
      wins: (B, G) int32, all rows equal.
      info: of the step.
      done: (B,) bool, the episode ended.
      axis: name of the mesh axis over which the batch is sharded, if it is.

    Returns:
      difficulty and wins (B, G) int32 for the next episodes, all rows equal.
    """
    now, (worlds, count) = difficulty[0], difficulty.shape
    is_now = now[info.game] == info.difficulty
    of_game = (jnp.arange(count)[None] == info.game[:, None]) & (done & is_now)[:, None]
    won = info.winners.any(-1)[:, None]
    tally = jnp.stack([of_game & won, of_game & ~won]).sum(axis=1, dtype=jnp.int32)
    if axis is not None:
        tally, worlds = jax.lax.psum(tally, axis), worlds * jax.lax.psum(1, axis)
    times = np.maximum(1, np.round(worlds * table.weights)).astype(np.int32)
    new = table.after_episodes(now, wins[0], tally[0], tally[1], times)
    return tuple(jnp.broadcast_to(row, difficulty.shape) for row in new)


def update_owed(
    owed: jax.Array, weights: np.ndarray, game: jax.Array, living: jax.Array
) -> jax.Array:
    """Returns (B, G) float32, agent-steps that each game is owed after a tick.

    Args:
      owed: (B, G) float32, before; the sum over games is 0.
      weights: (G,) share of the agent-steps that each game shall have, 1 in sum.
      game: (B,) int32, what was played.
      living: (B,) int32, agents that lived.
    """
    played = (jnp.arange(owed.shape[1])[None] == game[:, None]).astype(jnp.float32)
    return owed + living.astype(jnp.float32)[:, None] * (weights.astype(np.float32)[None] - played)


def draw_owed_game(key: jax.Array, owed: jax.Array, weights: np.ndarray) -> jax.Array:
    """Returns () int32, a game drawn in proportion to what it is owed; by weight if nothing is.

    Args:
      key: () key.
      owed: (G,) float32.
      weights: (G,) chance of each game, 1 in sum.
    """
    share = jnp.maximum(owed, 0.0)
    share = jnp.where(share.any(), share, weights.astype(np.float32))
    reach = jnp.cumsum(share)
    point = threefry.uniform(threefry.tagged(key, OWED), ()) * reach[-1]
    last = jnp.where(share > 0, jnp.arange(len(weights)), 0).max()  # however the sum rounds
    return jnp.minimum((point >= reach).sum(dtype=jnp.int32), last)
