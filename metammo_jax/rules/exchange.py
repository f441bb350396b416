"""The market: sell, buy and expire listings. Listed items stay in their sellers' bags."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, inventory, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib import turn_order
from metammo_jax.lib.materialize import materialize
from metammo_jax.tables import LISTING_TICKS
from metammo_jax.vocab import Event, System
from metammo_jax.world import Bag, World


def sell(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with items of players listed on the market; not those they wear.

    Source: docs/rules/world.md#selling; nmmo `core/action.py::Sell.call`.
    """
    bag, price = world.bag, orders.price
    wants = query.can_trade(world, cfg) & (price >= 1) & (price <= cfg.prices)
    loose = inventory.known_record(bag, orders.sell, world.tick) & ~bag.worn & (bag.price == 0)
    listed = loose & wants[None]
    item, level, quantity = (
        inventory.value_where(leaf, listed) for leaf in (bag.item, bag.level, bag.quantity)
    )
    bag = bag.replace(
        price=jnp.where(listed, price, bag.price),
        listed_at=jnp.where(listed, world.tick, bag.listed_at),
    )
    return effects.record_event(
        world.replace(bag=bag),
        Event.LIST_ITEM,
        listed.any(0),
        item,
        level,
        quantity,
        details=lambda: dict(gold=price),
    )


def buy(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after purchases, by players that can pay and have a slot for the item.

    Order: by `orders.buy_turn`, exactly: what one sale brings pays for another purchase.

    Source: docs/rules/world.md#buying; nmmo `core/action.py::Buy.call`.
    A seller that starved to death in this tick still sells.
    """
    bag, players = world.bag, cfg.players
    row, listing = jnp.arange(players), orders.buy
    known = (listing >= 0) & (listing < players * cfg.slots)
    seller, slot = jnp.divmod(jnp.where(known, listing, 0), cfg.slots)
    place = materialize((slot * players + seller).astype(jnp.uint32))
    record = jnp.where(bag.arrived <= world.tick, inventory.packed_records(bag), 0)
    *what, price = inventory.unpacked(materialize(record.reshape(-1)[place]))
    wants = known & query.can_trade(world, cfg) & (seller != row) & (price > 0)
    wants &= query.is_on(world, System.EXCHANGE)
    income = bag.price.sum(0)  # the most that sales of this tick can bring
    wants &= world.body.gold[:players] + income >= price

    def act(state, ready):
        bag, gold, bought = inventory.widen(state[0]), *state[1:]
        quantity = jnp.where(bag.price > 0, bag.quantity, 0).reshape(-1)[place]
        here = quantity > 0  # nothing else is for sale
        pays = ready & here & (gold >= price)
        bag, kept = inventory.receive(bag, *what, quantity=quantity, wanted=pays, tick=world.tick)
        bag = inventory.clear_slots(bag, _sold(bag, seller, slot, kept))
        paid = jnp.where(kept, price, 0)
        gold = gold.at[seller].add(paid) - paid
        return (inventory.narrow(bag), gold, jnp.where(kept, quantity, bought)), ~here

    state = (inventory.narrow(bag), world.body.gold[:players], jnp.zeros(players, jnp.int32))
    bag, gold, bought = turn_order.resolve(act, state, seller, orders.buy_turn, wants)
    body = world.body.replace(gold=world.body.gold.at[:players].set(gold))
    return _count(world.replace(bag=inventory.widen(bag), body=body), what, bought, seller, price)


def _count(world: World, what, bought: jax.Array, seller: jax.Array, price: jax.Array) -> World:
    """Records events of purchases of `bought` (P,) pieces, 0 for none, and of the sales."""
    item, level = what
    made = bought > 0
    sales = jnp.zeros_like(price).at[seller].add(made.astype(jnp.int32))
    paid = jnp.where(made, price, 0)
    said = dict(happened=made, what=item, level=level, number=bought, gold=paid)
    buyer = jnp.arange(made.shape[0], dtype=jnp.int32)
    world = effects.record_event(
        world, Event.BUY_ITEM, made, item, level, bought, details=lambda: dict(said, whom=seller)
    )
    world = effects.record_event(
        world,
        Event.EARN_GOLD,
        sales,
        amount=sales,
        details=lambda: dict(said, who=seller, whom=buyer),
    )
    return effects.add_to_tally(world, spent=paid, earned=jnp.zeros_like(paid).at[seller].add(paid))


def _sold(bag: Bag, seller: jax.Array, slot: jax.Array, made: jax.Array) -> jax.Array:
    """Returns (I, P) bool, the records that were sold."""
    seller = jnp.where(made, seller, bag.item.shape[1])
    return jnp.zeros(bag.item.shape, bool).at[slot, seller].set(True, mode="drop")


def expire(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world without listings older than `LISTING_TICKS`.

    Source: docs/rules/world.md#expiry-of-offers; nmmo `systems/exchange.py::Exchange.step`.
    """
    bag = world.bag
    late = world.tick - bag.listed_at > LISTING_TICKS
    return world.replace(bag=bag.replace(price=jnp.where(late, 0, bag.price)))
