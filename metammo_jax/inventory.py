"""Operations on bags: find, add and remove records, and points of attack and defense of worn ones.

Who may do what is in `rules`. A bag holds at most one stack of each item and level of ammunition.

Source: docs/rules/world.md#inventory.
"""

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.lib import backend
from metammo_jax.lib.materialize import materialize
from metammo_jax.tables import (
    AMMUNITION_ATTACK_MAX,
    AMMUNITION_LEVEL_ATTACK,
    ARMOR_LEVEL_DEFENSE,
    ITEM_ATTACK,
    TOOL_DEFENSE,
    WEAPON_LEVEL_ATTACK,
    WEAR,
)
from metammo_jax.vocab import Item
from metammo_jax.world import Bag


def empty_bags(cfg: Config) -> Bag:
    """Returns empty bags of all players."""
    nothing = jnp.zeros((cfg.slots, cfg.players), jnp.int32)
    return Bag(
        item=nothing,
        level=nothing,
        quantity=nothing,
        worn=nothing.astype(bool),
        price=nothing,
        listed_at=nothing,
        arrived=nothing,
    )


_NARROW = dict(
    item=jnp.int8, level=jnp.int8, price=jnp.int16, listed_at=jnp.int16, arrived=jnp.int16
)
"""Integers that hold what is in a bag: `Config` bounds prices and ticks. Stacks have no bound."""


def narrow(bag: Bag) -> Bag:
    """Returns the bags in narrow integers, half of the bytes; on CPUs as they are.

    Phases compute in 32 bits (`widen`), and what XLA writes to memory between them is narrow.
    """
    if backend.platform() == "cpu":
        return bag
    return bag.replace(
        **{name: getattr(bag, name).astype(type_) for name, type_ in _NARROW.items()}
    )


def widen(bag: Bag) -> Bag:
    """Returns the bags of `narrow` in int32."""
    if backend.platform() == "cpu":
        return bag
    return bag.replace(**{name: getattr(bag, name).astype(jnp.int32) for name in _NARROW})


def is_ammunition(item: jax.Array) -> jax.Array:
    """Returns (...) bool, whether items (...) are ammunition, which stacks."""
    return (item >= Item.WHETSTONE) & (item <= Item.RUNES)


def wear_place(item: jax.Array) -> jax.Array:
    """Returns (...) int32, the `vocab.Wear` where items (...) are worn."""
    return jnp.asarray(WEAR)[item]


def free_slots(bag: Bag) -> jax.Array:
    """Returns (P,) int32, the number of free slots."""
    return (bag.item == Item.NOTHING).sum(0, dtype=jnp.int32)


def known_record(bag: Bag, slot: jax.Array, tick: jax.Array) -> jax.Array:
    """Returns (I, P) bool, one-hot masks of slots (P,) with an item from before this tick.

    All False where such a slot holds none, or is none.
    """
    everybody = jnp.ones(slot.shape, bool)
    known = (bag.item != Item.NOTHING) & (bag.arrived <= tick)
    return slot_mask(bag, slot, everybody) & known


def same_stack(bag: Bag, item: jax.Array, level: jax.Array) -> jax.Array:
    """Returns (I, P) bool, the stack of each bag that an item (P,) of a level (P,) merges with."""
    item, level = item[None], level[None]
    return (bag.item == item) & (bag.level == level) & is_ammunition(item)


def receive(
    bag: Bag,
    item: jax.Array,
    level: jax.Array,
    quantity: jax.Array,
    wanted: jax.Array,
    tick: jax.Array,
    only_with_room: bool = False,
) -> tuple[Bag, jax.Array]:
    """Returns the bags with one record added to each: to its stack, else to the first free slot.

    Args:
      bag: of all players.
      item: (P,) int32, `vocab.Item`.
      level: (P,) int32.
      quantity: (P,) int32.
      wanted: (P,) bool, who receives anything.
      tick: () int32, ticks completed before this one.
      only_with_room: a full bag takes nothing, not even for a stack that it has.

    Returns:
      bag, and (P,) bool who kept it. What finds neither a stack nor a free slot is lost.

    Source: docs/rules/world.md#inventory; nmmo `systems/inventory.py::Inventory.receive`.
    A stack grows even while it is worn or for sale:
    docs/rules/quirks.md#stacks-grow-while-worn-or-for-sale.
    """
    records = (values[None] for values in (item, level, quantity, wanted))
    bag, kept = receive_several(bag, *records, tick=tick, only_with_room=only_with_room)
    return bag, kept[0]


def receive_several(
    bag: Bag,
    item: jax.Array,
    level: jax.Array,
    quantity: jax.Array,
    wanted: jax.Array,
    tick: jax.Array,
    only_with_room: bool = False,
) -> tuple[Bag, jax.Array]:
    """Returns the bags with records (n, P) added in order; otherwise as `receive`.

    All slots are found first, so that each column is written once.
    """
    slot, full = slots(bag), bag.item.shape[0]
    free = bag.item == Item.NOTHING
    first = jnp.where(free, slot, full).min(0)
    into, fresh = [], []
    for nth, (what, grade, wants) in enumerate(zip(item, level, wanted, strict=True)):
        stack = jnp.where(same_stack(bag, what, grade), slot, -1).max(0)
        for earlier, place in enumerate(into):
            alike = (item[earlier] == what) & (level[earlier] == grade) & is_ammunition(what)
            stack = jnp.where(alike, jnp.maximum(place, stack), stack)
        has_room, merges = first < full, stack >= 0
        taken = wants & (has_room | (merges & (not only_with_room)))
        fresh.append(taken & ~merges)
        into.append(jnp.where(taken, jnp.where(merges, stack, first), -1))
        if nth + 1 < len(item):
            following = jnp.where(free & (slot > first[None]), slot, full).min(0)
            first = jnp.where(fresh[-1], following, first)
    return _add(bag, materialize(jnp.stack(into)), jnp.stack(fresh), (item, level, quantity), tick)


def _add(bag: Bag, into: jax.Array, fresh: jax.Array, records, tick) -> tuple[Bag, jax.Array]:
    """Writes records to slots `into` (n, P), -1 for none; they were free where `fresh` (n, P).

    Returns what `receive_several` does. Nothing is worn or for sale in free slots, of which all
    numbers are 0; what merges with a stack is what is there.
    """
    new = materialize(jnp.where(fresh, into, -1))
    rows = (part[:, None] for part in (into, new, *records))
    for place, place_if_new, item, level, quantity in zip(*rows, strict=True):
        here = slots(bag) == place
        bag = bag.replace(
            item=jnp.where(here, item, bag.item),
            level=jnp.where(here, level, bag.level),
            quantity=bag.quantity + jnp.where(here, quantity, 0),
            arrived=jnp.where(slots(bag) == place_if_new, tick + 1, bag.arrived),
        )
    return bag, into >= 0


def put(
    bag: Bag, where: jax.Array, item: jax.Array, level: jax.Array, quantity: jax.Array, tick
) -> Bag:
    """Returns the bags with new records, of shapes that broadcast to (I, P), in free slots.

    In these all is 0, so nothing there is worn or for sale.
    """
    return bag.replace(
        item=jnp.where(where, item, bag.item),
        level=jnp.where(where, level, bag.level),
        quantity=jnp.where(where, quantity, bag.quantity),
        arrived=jnp.where(where, tick + 1, bag.arrived),
    )


def clear_slots(bag: Bag, where: jax.Array) -> Bag:
    """Returns the bags with slots (I, P) bool emptied, or all slots of players (P,) bool."""
    if where.ndim == 1:
        where = materialize(where)  # else it is recomputed for each slot
    return jax.tree.map(lambda leaf: jnp.where(where, jnp.zeros_like(leaf), leaf), bag)


def slot_mask(bag: Bag, slot: jax.Array, rows: jax.Array) -> jax.Array:
    """Returns (I, P) bool, one-hot masks of slots (P,) for the players `rows` (P,) bool."""
    return (slots(bag) == slot[None]) & rows[None]


def slots(bag: Bag) -> jax.Array:
    """Returns (I, 1) int32, indices of slots."""
    return jnp.arange(bag.item.shape[0])[:, None]


def value_where(values: jax.Array, where: jax.Array) -> jax.Array:
    """Returns (P,), the value of each bag where a one-hot mask (I, P) is set, 0 if nowhere."""
    return jnp.where(where, values, 0).sum(0)


def split_listing(listing: jax.Array, cfg: Config) -> tuple[jax.Array, jax.Array]:
    """Returns (M,) int32 sellers and (M,) int32 slots of listings (M,); 0 and 0 for -1."""
    return jnp.divmod(jnp.maximum(listing, 0), cfg.slots)


def listed_records(bag: Bag, listing: jax.Array, cfg: Config) -> tuple[jax.Array, ...]:
    """Returns item, level, quantity and price (M,) of the records at listings; undefined for -1.

    Three of them are packed into one integer: one gather is faster than three.
    """
    seller, slot = split_listing(listing, cfg)
    place = materialize((slot * cfg.players + seller).astype(jnp.uint32))
    record, quantity = packed_records(bag).reshape(-1)[place], bag.quantity.reshape(-1)[place]
    item, level, price = unpacked(record)
    return item, level, quantity, price


def packed_records(bag: Bag) -> jax.Array:
    """Returns (I, P) int32, item, level and price of records as one number each (`unpacked`)."""
    return bag.item | bag.level << 8 | bag.price << 16


def unpacked(record: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Returns (...) int32 three times, item, level and price of numbers of `packed_records`."""
    return record & 0xFF, record >> 8 & 0xFF, record >> 16


def add_loot(
    own: Bag, loot: Bag, order: jax.Array, wanted: jax.Array, tick: jax.Array
) -> tuple[Bag, Bag]:
    """Returns the bags of killers with all records of their victims added, in a random order.

    Each record merges with a stack that the killer has or takes a free slot of its bag; what
    finds neither is lost.

    Args:
      own: (I, A) records of the killers.
      loot: (I, A) records of their victims.
      order: (I, A) numbers, all different in a column: the lowest of a victim goes first.
      wanted: (A,) bool, which of the pairs are real.
      tick: () int32.

    Returns:
      the bags of killers; and of the same shape what is new in their slots, NOTHING elsewhere.

    Source: docs/rules/world.md#spoils; nmmo `entity/player.py::Player.receive_damage`.
    """
    real = (loot.item != Item.NOTHING) & wanted[None]
    same, source = _slots_of_loot(own, loot, real, order)
    own = own.replace(quantity=own.quantity + _gathered(loot.quantity, same))
    comes_from = source[None] == jnp.arange(len(source))[:, None, None]
    new = (_gathered(leaf, comes_from) for leaf in (loot.item, loot.level, loot.quantity))
    own = put(own, source >= 0, *new, tick=tick)
    return own, jax.tree.map(lambda leaf: jnp.where(source >= 0, leaf, jnp.zeros_like(leaf)), own)


def _gathered(values: jax.Array, where: jax.Array) -> jax.Array:
    """Returns (I, A), sums of the victims' values (I, A) by the killers' slots (I, I, A) bool."""
    return jnp.where(where, values[:, None], 0).sum(0)


def _slots_of_loot(
    own: Bag, loot: Bag, real: jax.Array, order: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Returns where records of victims go in the bags of killers: onto stacks, into free slots.

    Args:
      own: (I, A) records of the killers.
      loot: (I, A) records of the victims.
      real: (I, A) bool, which of these are moved.
      order: (I, A) numbers; the record with the lowest gets the first free slot.

    Returns:
      (I, I, A) bool, which slot of the victim merges with which of the killer; and (I, A) int32,
      the slot of the victim that comes into each of the killer's free slots, -1 for none.
    """
    same = loot.item[:, None] == own.item[None]
    same &= loot.level[:, None] == own.level[None]
    same &= (real & is_ammunition(loot.item))[:, None]
    moves = real & ~same.any(1)
    rank = (moves[None] & (order[None] < order[:, None])).sum(1)
    free = own.item == Item.NOTHING
    nth_free = jnp.cumsum(free, axis=0) - 1
    into = (rank[:, None] == nth_free[None]) & moves[:, None] & free[None]
    slot = jnp.arange(len(free))[:, None, None]
    return same, jnp.where(into, slot + 1, 0).sum(0) - 1


def attack_bonus(bag: Bag, style: jax.Array) -> jax.Array:
    """Returns (P,) int32, points of attack that worn items add in a style (P,)."""
    return value_where(item_attack(bag.item, bag.level, style[None]), bag.worn)


def defense_bonus(bag: Bag) -> jax.Array:
    """Returns (P,) int32, points of defense of worn items."""
    return value_where(item_defense(bag.item, bag.level), bag.worn)


def item_attack(item: jax.Array, level: jax.Array, style: jax.Array | int) -> jax.Array:
    """Returns (...) int32, points of attack that items add in a `vocab.Style` when worn.

    Source: docs/rules/world.md#items.
    """
    weapon = ITEM_ATTACK + WEAPON_LEVEL_ATTACK * level
    ammunition = jnp.minimum(ITEM_ATTACK + AMMUNITION_LEVEL_ATTACK * level, AMMUNITION_ATTACK_MAX)
    points = jnp.where(item == Item.SPEAR + style, weapon, 0)
    return jnp.where(item == Item.WHETSTONE + style, ammunition, points)


def item_defense(item: jax.Array, level: jax.Array) -> jax.Array:
    """Returns (...) int32, points of defense of items when worn.

    Source: docs/rules/world.md#items.
    """
    armor = jnp.where((item >= Item.HAT) & (item <= Item.BOTTOM), ARMOR_LEVEL_DEFENSE * level, 0)
    return jnp.where((item >= Item.ROD) & (item <= Item.CHISEL), TOOL_DEFENSE, armor)


def held_item(bag: Bag) -> tuple[jax.Array, jax.Array]:
    """Returns (P,) int32 item and (P,) int32 level of held weapons or tools; NOTHING, 0 if none."""
    held = bag.worn & (bag.item >= Item.SPEAR) & (bag.item <= Item.CHISEL)
    return value_where(bag.item, held), value_where(bag.level, held)
