"""Items: use, destroy and give those of one's bag, and give gold."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, inventory, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib import grid, turn_order
from metammo_jax.lib.materialize import materialize
from metammo_jax.tables import (
    BASE_HEALTH,
    GIFT_REACH,
    ITEM_SKILL,
    RESOURCE_BASE,
    RESTORE_BASE,
    RESTORE_LEVEL,
)
from metammo_jax.vocab import Event, Item, System, Wear
from metammo_jax.world import Bag, World


def use(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after players wear, take off or consume an item.

    What is worn in the same place comes off. A ration gives back food and water, a potion
    health.

    Source: docs/rules/world.md#using-items; nmmo `core/action.py::Use.call`.
    """
    bag, slot = world.bag, orders.use
    here = inventory.known_record(bag, slot, world.tick) & query.can_trade(world, cfg)[None]
    here &= can_use(world)
    item, level, quantity = (
        inventory.value_where(leaf, here) for leaf in (bag.item, bag.level, bag.quantity)
    )
    used, place = here.any(0), inventory.wear_place(item)
    worn = (bag.worn & here).any(0)
    puts_on = used & (place != Wear.NOWHERE) & ~worn
    same_place = (inventory.wear_place(bag.item) == place[None]) & used[None]
    consumes = used & (place == Wear.NOWHERE)
    bag = bag.replace(worn=(bag.worn & ~same_place) | (here & puts_on[None]))
    world = world.replace(bag=inventory.clear_slots(bag, here & consumes[None]))
    world = effects.record_event(world, Event.EQUIP_ITEM, puts_on, item, level, quantity)
    world = effects.record_event(world, Event.CONSUME_ITEM, consumes, item, level)
    return _consume(world, jnp.where(consumes, item, Item.NOTHING), level, cfg)


def can_use(world: World) -> jax.Array:
    """Returns (I, P) bool, records that are not for sale and whose level their owner has.

    Source: docs/rules/world.md#items, docs/rules/world.md#using-items.
    """
    bag, levels = world.bag, materialize(query.levels(world).T)
    able = query.best_level(world)
    for item, skill in enumerate(ITEM_SKILL):  # a gather for each record would take longer
        if skill >= 0:
            own = levels[skill] if levels.size else 0
            able = jnp.where(bag.item == item, own, able)
    return (bag.level <= able) & (bag.item != Item.NOTHING) & (bag.price == 0)


def _consume(world: World, item: jax.Array, level: jax.Array, cfg: Config) -> World:
    body, players = world.body, cfg.players
    restored = RESTORE_BASE + RESTORE_LEVEL * level
    restored = jnp.where(query.is_on(world, System.PROFESSION), restored, 0)
    eaten = jnp.where(item == Item.RATION, restored, 0)
    drunk = jnp.where(item == Item.POTION, restored, 0)
    health = jnp.minimum(body.health[:players] + drunk, BASE_HEALTH)
    return world.replace(
        body=body.replace(
            food=jnp.minimum(body.food + eaten, RESOURCE_BASE),
            water=jnp.minimum(body.water + eaten, RESOURCE_BASE),
            health=body.health.at[:players].set(health),
        )
    )


def destroy(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after players destroy items that they do not wear; listings end.

    Source: docs/rules/world.md#destroying-items; nmmo `core/action.py::Destroy.call`.
    """
    bag, slot = world.bag, orders.destroy
    gone = inventory.known_record(bag, slot, world.tick) & ~bag.worn
    gone &= query.can_trade(world, cfg)[None]
    world = world.replace(bag=inventory.clear_slots(bag, gone))
    return effects.record_event(
        world, Event.DESTROY_ITEM, gone.any(0), details=lambda: _said_of(bag, gone)
    )


def _said_of(bag: Bag, here: jax.Array) -> dict[str, jax.Array]:
    """Returns item, level and pieces of the one record (I, P) of each player, as event details."""
    names = {"what": bag.item, "level": bag.level, "number": bag.quantity}
    return {name: inventory.value_where(leaf, here) for name, leaf in names.items()}


def give(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after gifts of items, neither worn nor for sale, to players in reach.

    Order: by turn, exactly: a gift that fills a bag, frees a slot or starts a stack changes what
    comes later.

    Source: docs/rules/world.md#giving-items; nmmo `core/action.py::Give.call`.
    """
    bag, slot = world.bag, jnp.maximum(orders.give, 0)
    to = jnp.clip(orders.give_to, 0, cfg.players - 1)
    loose = inventory.known_record(bag, orders.give, world.tick) & ~bag.worn & (bag.price == 0)
    wants = _can_reach(world, orders.give_to, cfg) & loose.any(0)
    wants &= query.is_on(world, System.ITEM)

    def act(state, ready):
        bag, given = state
        bag, kept = _hand_over(inventory.widen(bag), slot, to, ready, world.tick)
        return (inventory.narrow(bag), given | kept), jnp.zeros_like(ready)

    turn = orders.turn[: cfg.players]
    state = (inventory.narrow(bag), jnp.zeros(cfg.players, bool))
    bag, given = turn_order.resolve(act, state, to, turn, wants)
    bag = inventory.widen(bag)

    def said():
        before = world.bag
        return dict(whom=to, **_said_of(before, inventory.slot_mask(before, orders.give, given)))

    return effects.record_event(world.replace(bag=bag), Event.GIVE_ITEM, given, details=said)


def _hand_over(
    bag: Bag, slot: jax.Array, to: jax.Array, ready: jax.Array, tick: jax.Array
) -> tuple[Bag, jax.Array]:
    """Returns the bags with records (P,) moved to other players that have a slot for them.

    No two gifts share a player.

    Returns:
      bag, and (P,) bool whose record was taken.
    """
    players = slot.shape[0]
    row = jnp.arange(players)
    giver = jnp.full(players, -1).at[jnp.where(ready, to, players)].set(row, mode="drop")
    source = jnp.maximum(giver, 0)
    place = (slot[source] * players + source).astype(jnp.uint32)
    item, level, _ = inventory.unpacked(inventory.packed_records(bag).reshape(-1)[place])
    quantity = bag.quantity.reshape(-1)[place]
    bag, kept = inventory.receive(bag, item, level, quantity, giver >= 0, tick)
    taken = ready & kept[to]
    return inventory.clear_slots(bag, inventory.slot_mask(bag, slot, taken)), taken


def give_gold(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after gifts of gold to players in reach.

    Order: by turn, exactly: what one is given one can give away.

    Source: docs/rules/world.md#giving-gold; nmmo `core/action.py::GiveGold.call`.
    """
    players, amount = cfg.players, orders.gold
    to = jnp.clip(orders.gold_to, 0, players - 1)
    wants = _can_reach(world, orders.gold_to, cfg) & (amount >= 1) & (amount <= cfg.prices)
    wants &= query.is_on(world, System.EXCHANGE)

    def act(state, ready):
        gold, given = state
        pays = ready & (gold >= amount)
        paid = jnp.where(pays, amount, 0)
        return (gold.at[to].add(paid) - paid, given | pays), jnp.zeros_like(ready)

    turn = orders.turn[:players]
    state = (world.body.gold[:players], jnp.zeros(players, bool))
    gold, given = turn_order.resolve(act, state, to, turn, wants)
    body = world.body.replace(gold=world.body.gold.at[:players].set(gold))
    return effects.record_event(
        world.replace(body=body), Event.GIVE_GOLD, given, details=lambda: dict(whom=to, gold=amount)
    )


def _can_reach(world: World, to: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) bool, who may trade and has another living player `to` (P,) within reach."""
    players, row = cfg.players, jnp.arange(cfg.players)
    is_player = (to >= 0) & (to < players) & (to != row)
    other = jnp.clip(to, 0, players - 1)
    pos = world.body.pos
    near = grid.steps(pos[:players] - pos[other]) <= GIFT_REACH
    return query.can_trade(world, cfg) & is_player & near & query.is_alive(world)[other]
