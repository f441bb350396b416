"""Spoils: gold and items of the killed, moved to their killers."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, inventory, query
from metammo_jax.config import Config
from metammo_jax.lib import backend, threefry, turn_order
from metammo_jax.lib.materialize import materialize
from metammo_jax.vocab import Event, Item, System
from metammo_jax.world import Bag, World


def share_out(
    key: jax.Array, world: World, kills: jax.Array, target: jax.Array, turn: jax.Array, cfg: Config
) -> World:
    """Returns the world with gold and items of the killed moved to their killers.

    A killer that is killed later in the phase passes on what it has got. Nobody kills twice in a
    tick, so what an NPC leaves is there before anything is taken from its killer.

    Args:
      key: () key, spent on which belongings go first where a bag has no room for all.
      world: after the attacks; reads and writes bag, body.gold, tally.
      kills: (E,) bool, who killed its target.
      target: (E,) int32, rows.
      turn: (E,) uint32, when each attacked.
      cfg: sizes.

    Source: docs/rules/world.md#spoils; nmmo `entity/player.py::Player.receive_damage`,
    `entity/npc.py::NPC.receive_damage`. What NPCs kill loses its things when it is culled.
    """
    kills &= query.is_on(world, System.ITEM)
    world = _gold(world, kills, target, turn, cfg)
    kills, target, turn = kills[: cfg.players], target[: cfg.players], turn[: cfg.players]
    world = _leavings(world, kills, target, cfg)
    return _belongings(key, world, kills & (target < cfg.players), target, turn, cfg)


def _gold(world: World, kills: jax.Array, victim: jax.Array, turn: jax.Array, cfg: Config) -> World:
    """Returns the world with all gold of victims (E,) moved to their killers, NPCs too."""
    players = cfg.players
    kills &= query.is_on(world, System.EXCHANGE)

    def act(state, ready):
        gold, looted = state
        got = jnp.where(ready, gold[victim], 0)
        return (gold.at[victim].add(-got) + got, looted + got), jnp.zeros_like(ready)

    gold = world.body.gold
    state = (gold, jnp.zeros_like(gold))
    gold, looted = turn_order.resolve(act, state, victim, turn, kills)
    world = world.replace(body=world.body.replace(gold=gold))
    found = looted[:players]
    world = effects.record_event(
        world, Event.LOOT_GOLD, found > 0, details=lambda: dict(whom=victim[:players], gold=found)
    )
    return effects.add_to_tally(world, looted=looted[:players])


def _leavings(world: World, kills: jax.Array, victim: jax.Array, cfg: Config) -> World:
    """Returns the world with armor and tools of killed NPCs added to killers' bags."""
    if not cfg.npcs:
        return world
    kills &= victim >= cfg.players
    slot = jnp.maximum(victim - cfg.players, 0)
    items = jnp.stack([world.npc.armor[slot], world.npc.tool[slot]])
    level = jnp.broadcast_to(world.npc.level[slot], items.shape)
    drops = kills[None] & (items != Item.NOTHING)
    bag, kept = inventory.receive_several(
        world.bag, items, level, jnp.ones_like(items), drops, world.tick
    )
    return effects.record_event(
        world.replace(bag=bag),
        Event.LOOT_ITEM,
        kept,
        items,
        level,
        details=lambda: dict(whom=victim),
    )


AT_ONCE = 16
"""Killed players whose items are moved in one iteration, on CPUs."""


def _belongings(
    key: jax.Array, world: World, kills: jax.Array, victim: jax.Array, turn: jax.Array, cfg: Config
) -> World:
    """Returns the world with all items of killed players moved to the players that killed them."""
    players = world.bag.item.shape[1]
    victim = jnp.minimum(victim, players - 1)
    on_cpu = backend.platform() == "cpu"
    move, at_once = (_move_some, min(AT_ONCE, players)) if on_cpu else (_move, None)

    def act(state, ready):
        bag, looted = state
        bag, new = move(key, bag, victim, ready, world.tick)
        # Nobody kills twice in a tick.
        return (bag, jax.tree.map(jnp.add, looted, new)), jnp.zeros_like(ready)

    bag = inventory.narrow(world.bag)
    state = (bag, jax.tree.map(jnp.zeros_like, (bag.item, bag.level, bag.quantity)))
    bag, looted = turn_order.resolve(act, state, victim, turn, kills, at_once=at_once)
    item, level, quantity = (column.astype(jnp.int32) for column in looted)
    return effects.record_event(
        world.replace(bag=inventory.widen(bag)),
        Event.LOOT_ITEM,
        item != Item.NOTHING,
        item,
        level,
        quantity,
        details=lambda: dict(whom=victim),
    )


def _move(key: jax.Array, bag: Bag, victim: jax.Array, ready: jax.Array, tick: jax.Array):
    """Returns the bags with items of victims (P,) moved to killers that are `ready` (P,).

    Also what is new in the killers' bags: item, level and quantity (I, P).
    """
    slots, players = bag.item.shape
    order = _random_order(key, jnp.arange(players), slots)
    place = (jnp.arange(slots)[:, None] * players + victim[None]).astype(jnp.uint32)
    loot = jax.tree.map(lambda leaf: leaf.reshape(-1)[place], bag)
    own, new = inventory.add_loot(inventory.widen(bag), inventory.widen(loot), order, ready, tick)
    loser = jnp.where(ready, victim, players)
    loses = jnp.zeros_like(ready).at[loser].set(True, mode="drop")
    new = inventory.narrow(new)
    bag = inventory.narrow(inventory.clear_slots(own, loses))
    return bag, (new.item, new.level, new.quantity)


def _move_some(key: jax.Array, bag: Bag, victim: jax.Array, ready: jax.Array, tick: jax.Array):
    """Returns what `_move` does, where no more than `AT_ONCE` are ready."""
    slots, players = bag.item.shape
    size = min(AT_ONCE, players)
    killer = materialize(jnp.nonzero(ready, size=size, fill_value=players)[0])
    wanted, row = killer < players, jnp.minimum(killer, players - 1)
    own = jax.tree.map(lambda leaf: leaf[:, row], bag)
    loot = jax.tree.map(lambda leaf: leaf[:, victim[row]], bag)
    own, new = inventory.add_loot(own, loot, _random_order(key, row, slots), wanted, tick)
    loser = jnp.where(wanted, victim[row], players)
    bag = jax.tree.map(lambda leaf, rows: leaf.at[:, killer].set(rows, mode="drop"), bag, own)
    bag = jax.tree.map(lambda leaf: leaf.at[:, loser].set(False, mode="drop"), bag)
    nothing = jnp.zeros((slots, players), jnp.int32)
    new = (new.item, new.level, new.quantity)
    return bag, jax.tree.map(lambda leaf: nothing.at[:, killer].set(leaf, mode="drop"), new)


def _random_order(key: jax.Array, row: jax.Array, slots: int) -> jax.Array:
    """Returns (I, A) uint32, random words by which belongings go to killers `row` (A,)."""
    return jax.vmap(lambda row: threefry.bits(threefry.fold_in(key, row), (slots,)))(row).T
