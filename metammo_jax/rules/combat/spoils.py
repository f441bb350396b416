"""Spoils: gold and items of the killed, moved to their killers."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, event_capture, inventory, query
from metammo_jax.config import Config
from metammo_jax.lib import threefry, turn_order
from metammo_jax.lib.materialize import materialize
from metammo_jax.vocab import Event, Item, System
from metammo_jax.world import World


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
"""Killed players whose items are moved in one iteration."""


def _belongings(
    key: jax.Array, world: World, kills: jax.Array, victim: jax.Array, turn: jax.Array, cfg: Config
) -> World:
    """Returns the world with all items of killed players moved to the players that killed them."""
    slots, players = world.bag.item.shape
    victim = jnp.minimum(victim, players - 1)
    at_once = min(AT_ONCE, players)

    def act(state, ready):
        bag, tally, looted = state
        killer = materialize(jnp.nonzero(ready, size=at_once, fill_value=players)[0])
        wanted, killer = killer < players, jnp.minimum(killer, players - 1)
        order = jax.vmap(lambda row: threefry.bits(threefry.fold_in(key, row), (slots,)))(killer)
        bag, new = inventory.move_all_records(
            bag, order.T, killer, victim[killer], wanted, world.tick
        )
        rows = jnp.where(wanted, killer, players)
        nothing = jnp.zeros((slots, players), jnp.int32)
        item, level, quantity = (
            nothing.at[:, rows].set(part, mode="drop")
            for part in (new.item, new.level, new.quantity)
        )
        before, taken = world.replace(tally=tally), item != Item.NOTHING
        with event_capture.paused():
            counted = effects.record_event(before, Event.LOOT_ITEM, taken, item, level, quantity)
        if looted is not None:  # nobody kills twice in a tick
            looted = jax.tree.map(jnp.add, looted, (item, level, quantity))
        return (bag, counted.tally, looted), jnp.zeros_like(ready)

    nothing = jnp.zeros((slots, players), jnp.int32)
    state = (world.bag, world.tally, (nothing,) * 3 if event_capture.is_capturing() else None)
    bag, tally, looted = turn_order.resolve(act, state, victim, turn, kills, at_once=at_once)
    if looted is not None:
        item, level, quantity = looted
        taken = item != Item.NOTHING
        event_capture.emit(world, Event.LOOT_ITEM, taken, None, victim, item, level, quantity)
    return world.replace(bag=bag, tally=tally)
