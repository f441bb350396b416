"""Predicates that count what players did.

Source: docs/rules/tasks.md#predicates, docs/rules/world.md#events.

Kinds of events are counted for everybody in `world.tally`. What asks for more (a level, an item)
watches its events: then they are counted for the players that have such a task alone, so its
subject is the player's own team or part of it.
"""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.tasks.predicates.measure import (
    COUNT,
    ITEM,
    LEVEL,
    NUM_AGENT,
    STYLE,
    column,
    share,
    whole_number,
)
from metammo_jax.tasks.signature import one_of, register
from metammo_jax.tasks.subject import SubjectMembers
from metammo_jax.vocab import Event, System
from metammo_jax.world import World

ANY_KILL = len(Event)
"""Stands for KILL_PLAYER or KILL_NPC, which the original counts as one event."""

EVENT = one_of({**{event.name: int(event) for event in Event}, "PLAYER_KILL": ANY_KILL})

AGENT_TYPE = one_of({"PLAYER": 0, "NPC": 1})

_EVENTS_MEANT = np.eye(len(Event) + 1, len(Event), dtype=np.float32)
_EVENTS_MEANT[ANY_KILL, [Event.KILL_PLAYER, Event.KILL_NPC]] = 1

_SYSTEMS = {
    System.RESOURCE: (Event.EAT_FOOD, Event.DRINK_WATER),
    System.COMBAT: (
        Event.SCORE_HIT, Event.KILL_PLAYER, Event.KILL_NPC, ANY_KILL, Event.LOOT_ITEM,
        Event.LOOT_GOLD,
    ),
    System.PROGRESSION: (Event.LEVEL_UP,),
    System.ITEM: (
        Event.CONSUME_ITEM, Event.GIVE_ITEM, Event.DESTROY_ITEM, Event.LOOT_ITEM,
    ),
    System.EQUIPMENT: (Event.FIRE_AMMO, Event.EQUIP_ITEM),
    System.PROFESSION: (Event.HARVEST_ITEM,),
    System.EXCHANGE: (
        Event.GIVE_GOLD, Event.LIST_ITEM, Event.EARN_GOLD, Event.BUY_ITEM, Event.LOOT_GOLD,
    ),
}  # fmt: skip
"""The systems without which an event never happens."""


def _event_needs(event: int, n: float) -> set[System]:
    return {system for system, events in _SYSTEMS.items() if event in events}


@register(
    arguments=dict(event=EVENT, n=COUNT),
    needs=_event_needs,
    original=("CountEvent",),
    says="{event}, {n} times",
)
def count_event(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: events of one kind / n, of all members (CountEvent).

    Those of dead members are included.

    event: `vocab.Event`, or ANY_KILL for the original's PLAYER_KILL.
    """
    meant = jnp.asarray(_EVENTS_MEANT)[whole_number(args, 0)]
    return share((subject.totals(world.tally.count.T) * meant).sum(-1), args[:, 1])


@register(
    arguments=dict(style=STYLE, n=COUNT),
    needs={System.COMBAT},
    original=("ScoreHit",),
    says="attack with {style}, {n} times",
)
def score_hit(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: attacks of one style / n, of all members (ScoreHit).

    Those of dead members are included.
    """
    hits = column(subject.totals(world.tally.hits), whole_number(args, 0))
    return share(hits, args[:, 1])


def _defeat_needs(agent_type: int, level: int, num_agent: float) -> set[System]:
    return {System.COMBAT, *([System.NPC] if agent_type else [])}


def _defeat_watches(agent_type: int, level: int, num_agent: float) -> list[tuple]:
    event = Event.KILL_NPC if agent_type else Event.KILL_PLAYER
    return [(event, -1, level)] if level > 0 else []


@register(
    arguments=dict(agent_type=AGENT_TYPE, level=LEVEL, num_agent=NUM_AGENT),
    needs=_defeat_needs,
    watches=_defeat_watches,
    original=("DefeatEntity",),
    says="defeat {num_agent} x {agent_type} of level {level} or above",
)
def defeat_entity(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: players or NPCs killed by the members / num_agent (DefeatEntity).

    1 if num_agent <= 0. Without progression every level is 0, so a level above 0 counts nobody.

    Args:
      world: reads the tally.
      subject: whose kills count, those of dead members too.
      args: agent_type (0 players, 1 NPCs), level (at least; above 0 it watches the kills),
        num_agent.
      cfg: sizes.
    """
    tally = world.tally
    counts = subject.totals(tally.count[jnp.array([Event.KILL_PLAYER, Event.KILL_NPC])].T)
    killed = column(counts, whole_number(args, 0))
    if tally.watched is not None:
        high = subject.total(tally.watched[:, 0]).astype(jnp.float32)
    else:
        high = jnp.zeros_like(killed)
    return share(jnp.where(args[:, 1] > 0, high, killed), args[:, 2])


def _item_event(event: Event, system: System, name: str, original: str, verb: str):
    """Returns the predicate that counts pieces of items of a level at least in an event."""

    def predicate(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
        return share(subject.total(world.tally.watched[:, 0]), args[:, 2])

    predicate.__name__ = predicate.__qualname__ = name
    predicate.__doc__ = (
        f"Returns (P,) float32: pieces of an item in {event.name} / quantity ({original}).\n\n"
        "    Of all members. item: `vocab.Item`; level: at least; the events are watched.\n"
    )
    return register(
        arguments=dict(item=ITEM, level=LEVEL, quantity=COUNT),
        needs={System.ITEM, system},
        watches=lambda item, level, quantity: [(event, item, level)],
        original=(original,),
        says=f"{verb} {{quantity}} x {{item}} of level {{level}} or above",
    )(predicate)


consume_item = _item_event(
    Event.CONSUME_ITEM, System.ITEM, "consume_item", "ConsumeItem", "consume"
)
"""Pieces of an item that all members consumed / quantity (ConsumeItem)."""

harvest_item = _item_event(
    Event.HARVEST_ITEM, System.PROFESSION, "harvest_item", "HarvestItem", "harvest"
)
"""Pieces of an item that all members harvested / quantity (HarvestItem)."""

list_item = _item_event(Event.LIST_ITEM, System.EXCHANGE, "list_item", "ListItem", "offer for sale")
"""Pieces of an item that all members offered for sale / quantity (ListItem)."""

buy_item = _item_event(Event.BUY_ITEM, System.EXCHANGE, "buy_item", "BuyItem", "buy")
"""Pieces of an item that all members bought / quantity (BuyItem)."""

fire_ammo = _item_event(Event.FIRE_AMMO, System.EQUIPMENT, "fire_ammo", "FireAmmo", "fire")
"""Shots with a kind of ammunition, of all members / quantity (FireAmmo)."""


@register(
    arguments=dict(quantity=COUNT),
    needs={System.COMBAT, System.ITEM, System.EQUIPMENT, System.PROFESSION},
    original=("UseAnyAmmo",),
    says="fire ammunition {quantity} times",
)
def use_any_ammo(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: attacks with any ammunition / quantity (UseAnyAmmo).

    A task of ammo_training.
    """
    return share(subject.total(world.tally.count[Event.FIRE_AMMO]), args[:, 0])
