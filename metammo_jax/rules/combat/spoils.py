"""What becomes of the gold and the belongings of those who are killed."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, inventory, query
from metammo_jax.config import Config
from metammo_jax.lib import waves
from metammo_jax.vocab import Event, Item, System
from metammo_jax.world import World


def share_out(
    key: jax.Array, world: World, kills: jax.Array, target: jax.Array, turn: jax.Array, cfg: Config
) -> World:
    """Gives killers the gold of their victims, and players what these owned or leave behind.

    A killer that is killed later in the phase passes on what it has got.

    Args:
      key: () key, spent on which belongings go first where a bag has no room for all.
      world: after the attacks; reads and writes bag, body.gold, tally.
      kills: (E,) bool, who killed its target.
      target: (E,) int32, rows.
      turn: (E,) uint32, when each attacked.
      cfg: sizes.

    Source: world rules 8.4 steps 3 to 5. What NPCs kill loses its things when it is culled.
    """
    order = jax.random.bits(key, world.bag.item.shape)
    kills &= query.is_on(world, System.ITEM)

    def act(state, ready):
        bag, body, tally = state
        after = world.replace(bag=bag, body=body, tally=tally)
        after = _gold(after, ready, target, cfg)
        after = _belongings(after, order, ready[: cfg.players], target[: cfg.players], cfg)
        after = _leavings(after, ready[: cfg.players], target[: cfg.players], cfg)
        return (after.bag, after.body, after.tally), jnp.zeros_like(ready)

    state = (world.bag, world.body, world.tally)
    row = jnp.arange(cfg.entities)
    bag, body, tally = waves.play(act, state, row, target, turn, kills, cfg.entities)
    return world.replace(bag=bag, body=body, tally=tally)


def _gold(world: World, kills: jax.Array, victim: jax.Array, cfg: Config) -> World:
    """Moves all gold of victims (E,) to those who killed them, NPCs too."""
    gold, players = world.body.gold, cfg.players
    got = jnp.where(kills & query.is_on(world, System.EXCHANGE), gold[victim], 0)
    gold = gold.at[victim].add(-got) + got
    world = world.replace(body=world.body.replace(gold=gold))
    world = effects.count(world, Event.LOOT_GOLD, got[:players] > 0)
    return effects.add_to_tally(world, looted=got[:players])


def _belongings(
    world: World, order: jax.Array, kills: jax.Array, victim: jax.Array, cfg: Config
) -> World:
    """Moves what killed players owned to the players that killed them."""
    takes = kills & (victim < cfg.players)
    victim = jnp.minimum(victim, cfg.players - 1)
    bag, new = inventory.take_over(world.bag, order, victim, takes, world.tick)
    world = world.replace(bag=bag)
    return effects.count(world, Event.LOOT_ITEM, new, bag.item, bag.level, bag.quantity)


def _leavings(world: World, kills: jax.Array, victim: jax.Array, cfg: Config) -> World:
    """Gives players a piece of armor and a tool of the NPCs that they killed."""
    kills &= victim >= cfg.players
    slot = jnp.maximum(victim - cfg.players, 0)
    level = world.npc.level[slot]
    for left in (world.npc.armor, world.npc.tool):
        item = left[slot]
        drops = kills & (item != Item.NOTHING)
        bag, kept, _ = inventory.receive(
            world.bag, item, level, jnp.ones_like(level), drops, world.tick
        )
        world = effects.count(world.replace(bag=bag), Event.LOOT_ITEM, kept, item, level)
    return world
