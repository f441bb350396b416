"""Ends of episodes and their statistics. Axes: B worlds, P players."""

import jax
from flax import struct

from metammo_jax.achievements import Achievements
from metammo_jax.env import Info
from metammo_jax.lib.node import Node
from metammo_jax.world import World


@struct.dataclass
class EpisodeStats(Node):
    """Statistics of episodes that ended in this step; rows are valid where `done` is set.

    Attributes:
      game: (B,) int32.
      length: (B,) int32, ticks.
      return_: (B,) float32, mean over players of the sum of rewards.
      won: (B,) bool, there were winners.
      score: (B,) float32, what winning was worth.
      max_progress: (B,) float32, mean over players of the largest progress of their tasks.
      difficulty: (B,) int32.
      achieved: `Achievements` (B,); None in the mini game.
    """

    game: jax.Array
    length: jax.Array
    return_: jax.Array
    won: jax.Array
    score: jax.Array
    max_progress: jax.Array
    difficulty: jax.Array
    achieved: Achievements | None = None


def endings(was_alive: jax.Array, terminated: jax.Array, truncated: jax.Array, info: Info):
    """Returns terminated and truncated, exactly one of them at the end of a player's episode.

    A player's episode ends when it dies, even if the game brings it back, or when the game is over.

    Args:
      was_alive: (..., P) bool, before the step.
      terminated: (..., P) bool, as `Env.step` or a wrapper says.
      truncated: (..., P) bool, likewise.
      info: `env.Info` (...) of the step.

    Returns:
      terminated (..., P) bool, the game itself has ended for the player: it died, won or lost; and
      truncated (..., P) bool, only the horizon has ended it. Never both; both False for the dead.
    """
    terminated = was_alive & (terminated | (info.over & ~info.time_up)[..., None])
    truncated = was_alive & (truncated | info.time_up[..., None]) & ~terminated
    return terminated, truncated


def statistics(world: World, info: Info, returns: jax.Array) -> EpisodeStats:
    """Returns the statistics of episodes that end now, given sums of rewards (B, P)."""
    return EpisodeStats(
        game=info.game,
        length=world.tick,
        return_=returns.mean(-1),
        won=info.winners.any(-1),
        score=info.score,
        max_progress=info.max_progress.mean(-1),
        difficulty=info.difficulty,
    )
