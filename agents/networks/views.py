"""Observations in the layout of Meta MMO's baseline, for the paper's network."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.adapters import metammo, nmmo
from metammo_jax.config import Config
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.observe import Observation
from metammo_jax.world import World
from metammo_jax.wrappers import Wrapper


@struct.dataclass
class OriginalView(Node):
    """Observations of Meta MMO's baseline, beside the environment's own.

    Attributes:
      base: the environment's own observation.
      tile: (P, V * V, 7) int16, row, column, material, fog, distance, who stands there, rally.
      entity: (P, K, 31) int16, the original's columns; row k is `base.visible[:, k]`.
      task: (P, 11 + D) float16.
      word: (P,) int32, the word that the wrapper's script sends for each player.
      inventory: (P, I, 16) int16, inventory slots; None in the mini game, as is `market`.
      market: (M, 16) int16, listings.
    """

    base: Observation
    tile: jax.Array
    entity: jax.Array
    task: jax.Array
    word: jax.Array
    inventory: Maybe = None
    market: Maybe = None

    @property
    def alive(self) -> jax.Array:
        """(P,) bool, the player is alive."""
        return self.base.alive


@narrow
def original_view(obs: Observation, world: World, cfg: Config) -> OriginalView:
    """Returns an observation with Meta MMO's layout beside it."""
    seen = metammo.augment(nmmo.observe(world, cfg), world, cfg)
    word = metammo.scripted_token(seen, world, cfg)
    return OriginalView(
        base=obs,
        tile=seen["Tile"],
        entity=seen["Entity"],
        task=seen["Task"],
        word=word.astype(jnp.int32),
        inventory=seen.get("Inventory"),
        market=seen.get("Market"),
    )


class ShowOriginal(Wrapper):
    """An environment whose observations are `OriginalView`."""

    def reset(self, key: jax.Array, game=None, difficulty=None, choices=None):
        """Begins an episode, as `Env.reset`."""
        obs, world = super().reset(key, game, difficulty, choices)
        return original_view(obs, world, self.inner.cfg), world

    def step(self, key: jax.Array, world: World, action, priority=None):
        """Plays a tick, see `Env.step`."""
        obs, world, *rest = self.inner.step(key, world, action, priority)
        return original_view(obs, world, self.inner.cfg), world, *rest

    def observe(self, world: World) -> OriginalView:
        """Returns the observations of all players."""
        return original_view(self.inner.observe(world), world, self.inner.cfg)

    def sample(self, key: jax.Array, obs: OriginalView):
        """Returns actions sampled uniformly from the masks, see `Env.sample`."""
        return self.inner.sample(key, obs.base)
