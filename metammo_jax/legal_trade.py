"""Action masks of items, the market and gold."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import inventory, query
from metammo_jax.config import Config
from metammo_jax.lib import layout
from metammo_jax.lib.materialize import materialize
from metammo_jax.rules import item as items
from metammo_jax.tables import ITEM_SKILL, LEVEL_MAX, MASK_GOLD
from metammo_jax.vocab import Item, System
from metammo_jax.world import World


def can_receive(world: World) -> jax.Array:
    """Returns (P,) bool, the players that can receive gifts."""
    return ~query.is_immortal(world)


def masks(
    world: World, partner: jax.Array, listing: jax.Array, cfg: Config
) -> dict[str, jax.Array]:
    """Returns the masks of the heads that need items, by field of `legal.Masks`.

    Whoever is in combat, or dead, may do nothing with its belongings. "Nothing" is always
    allowed, and so are all amounts where no gold can be given.

    Args:
      world: the state.
      partner: (P, K) bool, those in sight that can be given something.
      listing: (M,) int32, what is on the market: seller's row * I + slot, -1 where it has ended.
      cfg: sizes.

    Source: docs/rules/world.md#action-masks; nmmo
    `core/observation.py::Observation._make_action_targets`.
    """
    players, bag = cfg.players, world.bag
    trades = query.is_alive(world)[:players] & ~query.in_combat(world)[:players]
    has_items = trades & query.is_on(world, System.ITEM)
    has_market = trades & query.is_on(world, System.EXCHANGE)
    owned = bag.item != Item.NOTHING
    loose = owned & ~bag.worn
    free = loose & (bag.price == 0)
    slots = _slots(
        use=_usable(world, cfg) & has_items[None],
        destroy=loose & has_items[None],
        give=free & has_items[None],
        sell=free & has_market[None],
    )
    gold = world.body.gold[:players]
    gives_gold = has_market & (gold > MASK_GOLD)
    limit = jnp.where(gives_gold, jnp.minimum(gold, cfg.prices), cfg.prices)
    limit = materialize(limit.astype(jnp.int16))
    return slots | {
        "give_to": _or_nobody(partner, has_items & owned.any(0)),
        "buy": _affordable(world, listing, has_market, cfg),
        "gold": jnp.arange(1, cfg.prices + 1, dtype=jnp.int16)[None] <= limit[:, None],
        "gold_to": _or_nobody(partner, gives_gold),
    }


def _slots(**allowed: jax.Array) -> dict[str, jax.Array]:
    """Returns masks (P, I + 1) bool of slots allowed (I, P) bool; the last entry is nothing.

    All are transposed at once, as bits of one integer.
    """
    masks = [mask.astype(jnp.uint8) << bit for bit, mask in enumerate(allowed.values())]
    code = jnp.pad(functools.reduce(jnp.bitwise_or, masks), ((0, 1), (0, 0)), constant_values=255)
    code = layout.transpose(materialize(code))
    return {name: code & (1 << bit) > 0 for bit, name in enumerate(allowed)}


def _or_nobody(allowed: jax.Array, who: jax.Array) -> jax.Array:
    """Returns (P, K + 1) bool, `allowed` (P, K) for players (P,); the last entry is nobody."""
    allowed = allowed & materialize(who)[:, None]
    return jnp.concatenate([allowed, jnp.ones_like(allowed[:, :1])], axis=1)


def _usable(world: World, cfg: Config) -> jax.Array:
    """Returns (I, P) bool, the mask of slots that can be used.

    Without levels the original's mask offers what asks for a player's best skill at level 1,
    though nobody has it.
    """
    usable = items.can_use(world)
    if not cfg.original_observations:
        return usable
    bag = world.bag
    by_anybody = (jnp.asarray(ITEM_SKILL)[bag.item] < 0) & (bag.level <= 1)
    return usable | (by_anybody & (bag.item != Item.NOTHING) & (bag.price == 0))


def _affordable(world: World, listing: jax.Array, who: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, M + 1) bool, the mask of listings that can be bought; the last entry is nothing.

    Those of others, which the player can pay and has a slot for, or a stack to merge with. Nothing
    is padded to the listings before they are paired: appending it to the wide mask would be slower.
    Pairs are compared in 16 bits, twice as many at once as in 32; gold is clipped to fit.

    Args:
      world: the state.
      listing: (M,) int32, as in `masks`.
      who: (P,) bool, who may buy at all.
      cfg: sizes.
    """
    bag, row = world.bag, jnp.arange(cfg.players, dtype=jnp.int16)
    seller, _ = inventory.split_listing(listing, cfg)
    item, level, _, price = inventory.listed_records(bag, listing, cfg)
    price = jnp.where(listing >= 0, jnp.minimum(price, _MOST), _MOST + 1)
    budget = jnp.where(who, jnp.minimum(world.body.gold[: cfg.players], _MOST), -1)
    fits = jnp.pad(_stacks(item, level) | _NEW, (0, 1), constant_values=_NOTHING)
    room = jnp.where(inventory.free_slots(bag) > 0, _NEW, jnp.uint32(0))
    room = room | _stacks(bag.item, bag.level).sum(0, dtype=jnp.uint32) | _NOTHING
    # What depends on a listing or on a player alone is computed before they are paired.
    price = materialize(jnp.pad(price.astype(jnp.int16), (0, 1), constant_values=-1))
    budget = materialize(budget.astype(jnp.int16))
    seller = materialize(jnp.pad(seller.astype(jnp.int16), (0, 1), constant_values=cfg.players))
    low, high = (
        materialize((fits >> half).astype(jnp.uint16))[None]
        & materialize((room >> half).astype(jnp.uint16))[:, None]
        for half in (0, 16)
    )
    can_pay, is_other = price[None] <= budget[:, None], seller[None] != row[:, None]
    return can_pay & (low | high != 0) & is_other


_NEW, _NOTHING = np.uint32(1 << 30), np.uint32(1 << 31)
"""Bits beside those of `_stacks`: needs a free slot; needs no space, as the entry nothing."""

_MOST = (1 << 15) - 2
"""Gold is clipped to this in comparisons of 16 bits."""


def _stacks(item: jax.Array, level: jax.Array) -> jax.Array:
    """Returns (...) uint32, one bit for each item and level of ammunition, 0 for other items.

    A bag holds one stack of a sort at most, so its bits can be added up.
    """
    bit = (item - Item.WHETSTONE) * LEVEL_MAX + level - 1
    one = jnp.uint32(1) << jnp.clip(bit, 0, 31).astype(jnp.uint32)
    return jnp.where(inventory.is_ammunition(item), one, jnp.uint32(0))
