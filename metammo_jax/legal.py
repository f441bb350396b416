"""Action masks: which entries of each action head are allowed for each player."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import legal_trade, query
from metammo_jax.config import Config
from metammo_jax.lib import bits
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.rules import communication
from metammo_jax.tables import NEIGHBOURS, REACH
from metammo_jax.vocab import Style, System
from metammo_jax.world import World


@struct.dataclass
class Masks(Node):
    """Masks of all action heads; only the entry that does nothing is allowed to the dead.

    Attributes:
      move: (P, 5) bool, by `vocab.Direction`.
      style: (P, 3) bool, by `vocab.Style`.
      target: (P, K + 1) bool, positions of `Observation.visible`; the last is "nobody".
      speak: (P,) bool, any word may be said.
      use: (P, I + 1) bool, slots of one's own bag; the last, here as below, is "nothing".
      destroy: (P, I + 1) bool, slots.
      give: (P, I + 1) bool, slots.
      give_to: (P, K + 1) bool, positions of `Observation.visible`.
      sell: (P, I + 1) bool, slots. Any price may be asked.
      buy: (P, M + 1) bool, positions of `Observation.listing`.
      gold: (P, prices) bool, amounts from 1 on; all of them where none can be given.
      gold_to: (P, K + 1) bool, positions of `Observation.visible`.

    Those from `use` on are of the full game; None, all of them, in the mini game.
    """

    move: jax.Array
    style: jax.Array
    target: jax.Array
    speak: jax.Array
    use: Maybe = None
    destroy: Maybe = None
    give: Maybe = None
    give_to: Maybe = None
    sell: Maybe = None
    buy: Maybe = None
    gold: Maybe = None
    gold_to: Maybe = None


@struct.dataclass
class Partners(Node):
    """Whom each player might act on, if it sees them.

    Attributes:
      attack: whom it might attack: (P, words) uint32, packed sets of entities; or (P, K) bool, of
        those in `Observation.visible`.
      give: likewise whom it might give something; None without items.
    """

    attack: Any
    give: Maybe = None


def partners(world: World, far: jax.Array, cfg: Config) -> Partners:
    """Returns whom each player might act on, as packed sets (`bits.pack_columns`).

    Args:
      world: the state.
      far: (E, P) tiles between entities and players.
      cfg: sizes.
    """
    attack = bits.pack_others(far <= REACH, ~_is_immune(world, cfg))
    if not cfg.has_items:
        return Partners(attack)
    everybody = jnp.ones((cfg.players, cfg.players), bool)
    return Partners(attack, bits.pack_others(everybody, legal_trade.can_receive(world)))


def masks(world: World, seen: Partners, listing: Maybe, cfg: Config) -> Masks:
    """Returns the action masks of all players.

    Whoever can attack somebody must: "nobody" is masked then, as in the original. The mask
    spares fresh players for a tick longer than the rules do. Tiles that somebody stands on and
    being frozen do not show in the masks.

    Args:
      world: the state.
      seen: (P, K) bool each, which of those in sight each player might act on.
      listing: (M,) int32, records on the market, as `Observation.listing`; None without items.
      cfg: sizes.

    Source: docs/rules/world.md#action-masks; nmmo
    `core/observation.py::Observation._make_action_targets`.
    """
    trade = legal_trade.masks(world, seen.give, listing, cfg) if cfg.has_items else {}
    alive = query.is_alive(world)[: cfg.players]
    style = jnp.broadcast_to(alive[:, None], (cfg.players, len(Style)))
    return Masks(
        move=_move(world, alive, cfg),
        style=style,
        target=target_mask(world, seen.attack),
        speak=communication.can_speak(world, cfg) & query.is_on(world, System.COMMUNICATION),
        **trade,
    )


def _move(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, 5) bool, the mask of moves: onto passable tiles, and staying."""
    around = world.body.pos[: cfg.players, None] + jnp.asarray(NEIGHBOURS)[None]
    free = query.can_stand(world.terrain, around) & alive[:, None]
    return jnp.concatenate([free, jnp.ones_like(free[:, :1])], axis=1)


def _is_immune(world: World, cfg: Config) -> jax.Array:
    """Returns (E,) bool, who may not be attacked by players."""
    fresh = (world.body.time_alive < world.params.immunity)[: cfg.players]
    return jnp.pad(fresh | query.is_immortal(world), (0, cfg.npcs))


def target_mask(world: World, allowed: jax.Array) -> jax.Array:
    """Returns (P, K + 1) bool, the mask of targets; the last entry is nobody.

    Args:
      world: the state.
      allowed: (P, K) bool, which of those in sight each player might attack.
    """
    allowed = allowed & query.is_on(world, System.COMBAT)
    return jnp.concatenate([allowed, ~allowed.any(1, keepdims=True)], axis=1)
