"""The order of play: the phases of one tick, from the actions given to the clock's advance.

Revivals, new NPCs, the referee's verdict and rewards follow a tick: `Env.play` calls
`games.lifecycle.after_tick` and `tasks.progress.evaluate`.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from metammo_jax import event_capture, inventory, query
from metammo_jax.action import TRADE, Action, Orders, row_bits, turns
from metammo_jax.config import Config
from metammo_jax.lib import threefry
from metammo_jax.rules import (
    combat,
    communication,
    equipment,
    exchange,
    fog,
    item,
    life,
    movement,
    npc,
    profession,
    resource,
    seizing,
)
from metammo_jax.vocab import NOBODY, System
from metammo_jax.world import World


class Phase(NamedTuple):
    """One phase of a tick: a function of the world and the orders, and when it runs.

    Attributes:
      id: names its random draws; never change or reuse it.
      run: (key, world, orders, cfg) -> World.
      system: the system it belongs to; None if it belongs to none. In episodes in which it is off
        the phase changes nothing.
      always: the phase is played as it is: it looks itself whether the system is on, or works
        without it. Of the other phases the old world is kept where the system is off, which takes
        copies where a loop has changed it.
    """

    id: int
    run: Callable[[jax.Array, World, Orders, Config], World]
    system: System | None
    always: bool = False

    @property
    def name(self) -> str:
        """Module and function, as profiles and benchmarks call the phase."""
        return f"{self.run.__module__.rsplit('.', 1)[-1]}.{self.run.__name__}"


def advance_clock(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with `tick` one higher, for the phases that follow."""
    return world.replace(tick=world.tick + 1)


PHASES = (
    Phase(1, life.age, None),
    Phase(6, equipment.note_item_level, System.EQUIPMENT),
    Phase(2, fog.hurt, None),
    Phase(3, life.recover, None),
    Phase(7, profession.harvest, System.PROFESSION, always=True),
    Phase(4, resource.upkeep, None),  # marks on the map are harvested even without the system
    Phase(5, life.end_immortality, None),
    Phase(10, item.use, System.ITEM),
    Phase(20, exchange.buy, System.EXCHANGE, always=True),
    Phase(30, item.give, System.ITEM, always=True),
    Phase(31, item.give_gold, System.EXCHANGE, always=True),
    Phase(40, item.destroy, System.ITEM),
    Phase(50, combat.attack, System.COMBAT, always=True),
    Phase(60, movement.move, None),
    Phase(70, exchange.sell, System.EXCHANGE),
    Phase(99, communication.speak, System.COMMUNICATION),
    Phase(110, life.cull, None),
    Phase(120, advance_clock, None),
    Phase(130, seizing.seize, None),
    Phase(140, fog.spread, None),
    Phase(150, exchange.expire, System.EXCHANGE),
)
"""The order of play after all have decided; the clock advances in `advance_clock`.

Source: docs/rules/world.md#a-tick.
"""

DECIDE, PRIORITY, BUYERS = 200, 201, 202
"""Ids of the draws of NPC decisions, of the order of turns and of that of buyers."""


def tick(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after all phases of one tick.

    Args:
      key: () key.
      world: the state.
      orders: what everybody wants to do, NPCs included.
      cfg: sizes; phases of systems that it lacks are not compiled.

    Returns:
      World, a tick later, before anybody is revived, replaced or judged.
    """
    phases = [phase for phase in PHASES if phase.system is None or phase.system in cfg.systems]
    keys = threefry.tagged(key, [phase.id for phase in phases])
    for index, phase in enumerate(phases):
        with jax.named_scope(phase.name):
            world = _play(phase, keys[index], world, orders, cfg)
    return world


def _play(phase: Phase, key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    before = event_capture.count_captured()
    played = phase.run(key, world, orders, cfg)
    if phase.system is not None and not phase.always:
        on = query.is_on(world, phase.system)
        event_capture.mask_since(on, before)
        played = _gate(on, played, world)
    if played.bag is world.bag:
        return played
    return played.replace(bag=inventory.widen(inventory.narrow(played.bag)))


def _gate(on: jax.Array, played: World, world: World) -> World:
    """Returns `played` where `on` () bool, else `world`; unchanged leaves are not selected."""
    return jax.tree.map(
        lambda new, old: old if new is old else jnp.where(on, new, old), played, world
    )


def give_orders(
    key: jax.Array, world: World, action: Action, cfg: Config, priority: jax.Array | None = None
) -> tuple[World, Orders]:
    """Returns the orders of all entities: actions of players, decisions of NPCs, and turns.

    Args:
      key: () key.
      world: the state.
      action: of the players.
      cfg: sizes.
      priority: (E,) integer, who acts first, the lowest; ties by row. None: a fresh random order.

    Returns:
      world, in which NPCs remember their targets, and the orders.
    """
    decide_key, turn_key, buyer_key = threefry.tagged(key, [DECIDE, PRIORITY, BUYERS])
    direction = target = jnp.full(cfg.npcs, NOBODY)
    if cfg.has_npcs:
        world, direction, target = npc.decide(decide_key, world, cfg)
    if priority is None:
        priority = _random_priority(turn_key, cfg.entities, cfg)
    trade = {name: getattr(action, name).astype(jnp.int32) for name in TRADE if cfg.has_items}
    if cfg.has_items:
        buyers = _random_priority(buyer_key, cfg.players, cfg)
        trade["buy_turn"] = turns(buyers, cfg)
    return world, Orders(
        direction=jnp.concatenate([action.move.astype(jnp.int32), direction]),
        style=jnp.concatenate([action.style.astype(jnp.int32), query.npcs(world).style]),
        target=jnp.concatenate([action.target.astype(jnp.int32), target]),
        token=action.token.astype(jnp.int32),
        turn=turns(priority, cfg),
        **trade,
    )


def _random_priority(key: jax.Array, count: int, cfg: Config) -> jax.Array:
    return threefry.bits(key, (count,)) >> row_bits(cfg)
