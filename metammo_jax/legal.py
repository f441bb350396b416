"""What each player may do, as masks over its heads of action."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import legal_trade, query
from metammo_jax.config import Config
from metammo_jax.rules import communication
from metammo_jax.tables import NEIGHBOURS, REACH
from metammo_jax.vocab import Style, System
from metammo_jax.world import World


@struct.dataclass
class Masks:
    """What each player may do; the dead may only do nothing.

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
    use: jax.Array | None = None
    destroy: jax.Array | None = None
    give: jax.Array | None = None
    give_to: jax.Array | None = None
    sell: jax.Array | None = None
    buy: jax.Array | None = None
    gold: jax.Array | None = None
    gold_to: jax.Array | None = None


def masks(world: World, visible: jax.Array, listing: jax.Array | None, cfg: Config) -> Masks:
    """Returns the masks of all players.

    Whoever can attack somebody must: "nobody" is masked then, as in the original. The mask
    spares fresh players for a tick longer than the rules do. Tiles that somebody stands on and
    being frozen do not show in the masks.

    Args:
      world: the state.
      visible: (P, K) int32, entity rows, -1 where the list has ended.
      listing: (M,) int32, records on the market, as `Observation.listing`; None without items.
      cfg: sizes.

    Source: the original's interface, section 4.4.
    """
    trade = legal_trade.masks(world, visible, listing, cfg) if cfg.slots else {}
    alive = query.is_alive(world)[: cfg.players]
    style = jnp.broadcast_to(alive[:, None], (cfg.players, len(Style)))
    return Masks(
        move=_move(world, alive, cfg),
        style=style,
        target=_target(world, visible, cfg),
        speak=communication.can_speak(world, cfg) & query.is_on(world, System.COMMUNICATION),
        **trade,
    )


def _move(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, 5) bool, steps onto tiles one can stand on; staying always."""
    around = world.body.pos[: cfg.players, None] + jnp.asarray(NEIGHBOURS)
    free = query.can_stand(world.terrain, around) & alive[:, None]
    return jnp.concatenate([free, jnp.ones_like(free[:, :1])], axis=1)


_SIDE = 1 << 11
"""More than any row or column of a map."""


def _target(world: World, visible: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, K + 1) bool, whom one may attack, and "nobody" last.

    Place and immunity of an entity are packed into one number, so that one gather is enough.
    """
    body, players = world.body, cfg.players
    immune = (body.time_alive < world.params.immunity) & query.is_player(cfg)
    immune = immune.at[:players].set(immune[:players] | query.is_immortal(world))
    packed = (body.pos[:, 0] * _SIDE + body.pos[:, 1]) * 2 + immune
    seen = packed[jnp.maximum(visible, 0)]
    row, col = seen // (2 * _SIDE), seen // 2 % _SIDE
    near = jnp.abs(row - body.pos[:players, :1]) <= REACH
    near &= jnp.abs(col - body.pos[:players, 1:]) <= REACH
    other = visible != jnp.arange(players)[:, None]
    allowed = near & other & (visible >= 0) & (seen % 2 == 0) & query.is_on(world, System.COMBAT)
    return jnp.concatenate([allowed, ~allowed.any(1, keepdims=True)], axis=1)
