"""Who comes into the world after a tick: new NPCs and the revived, at random places.

Where they come is no value to compare; that the rules allow it is, on both sides.
"""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from metammo_jax.tables import (
    BASE_HEALTH,
    NPC_GEAR,
    NPC_ITEM_LEVEL,
    NPC_SPAWN_ATTEMPTS,
    PASSABLE,
)
from metammo_jax.vocab import Item, Kind, Revival, Style, System
from metammo_jax.world import World
from tests.parity import belongings
from tests.parity import trace as recorded
from tests.parity.fields import Field, field

if TYPE_CHECKING:
    from tests.parity.compare import Case

WAVE_RADIUS = 5
WAVES_AT_CENTER = 4
WAVE_SIZE = 10
GEAR = ("level", "gear", "item_level", "armor", "tool")
FRACTIONS = np.unique([0, *np.arange(1, 4) / 4, *np.arange(1, 5) / 5, 1])
"""Ends of the classes of an equipment's fraction of a level that its two effects tell apart."""


@dataclasses.dataclass
class Newcomers:
    """New NPCs of all transitions, one after another, by age.

    Attributes:
      tick: (n,) the transition.
      id: (n,) negative.
      pos: (n, 2).
      kind: (n,) as shown: 1, 2 or 3.
      style: (n,).
      ring: (n,) tiles from the edge, 0 for those that are not brought back.
      rally: (n, 2).
      level: (n,).
      gold: (n,).
      gear: (n,) damage that equipment adds.
      item_level: (n,) of the equipment.
      armor: (n,) `vocab.Item`.
      tool: (n,) `vocab.Item`.
      fresh: (n,) bool, unhurt and of age 0.
    """

    tick: np.ndarray
    id: np.ndarray
    pos: np.ndarray
    kind: np.ndarray
    style: np.ndarray
    ring: np.ndarray
    rally: np.ndarray
    level: np.ndarray
    gold: np.ndarray
    gear: np.ndarray
    item_level: np.ndarray
    armor: np.ndarray
    tool: np.ndarray
    fresh: np.ndarray

    def counts(self, ticks: int) -> np.ndarray:
        """Returns (T,) how many came in each transition."""
        return np.bincount(self.tick, minlength=ticks)


def in_record(case: "Case") -> Newcomers:
    """Returns the recorded new NPCs."""
    seen, ids = case.seen, case.seen["id"][1:]
    youngest = recorded.spawned(case.trace)[:-1]
    tick, row = np.nonzero(ids < -youngest[:, None])

    def now(name):
        return seen[name][tick + 1, row]

    fresh = (now("health") == BASE_HEALTH) & (now("time_alive") == 0) & (now("damage") == 0)
    fresh &= (now("attacker_id") == 0) & (now("latest_combat_tick") == 0) & (now("target") == 0)
    return Newcomers(
        tick=tick,
        id=now("id"),
        pos=np.stack([now("row"), now("col")], -1),
        kind=now("npc_type"),
        style=now("style"),
        ring=recorded.ring_of(now("spawn_danger_x1e4"), case.trace.settings["MAP_CENTER"]),
        rally=np.stack([now("rally_row"), now("rally_col")], -1),
        level=now("level"),
        gold=now("gold"),
        gear=now("offense"),
        item_level=now("equipment_level"),
        armor=belongings.item_of(now("drop_armor")),
        tool=belongings.item_of(now("drop_tool")),
        fresh=fresh,
    )


def in_ours(case: "Case") -> Newcomers:
    """Returns our new NPCs."""
    world, players = case.after.world, case.cfg.players
    body, npc = world.body, world.npc
    youngest = case.before.npc.spawned
    new = body.present[:, players:] & (body.id[:, players:] < -youngest[:, None])
    tick, row = np.nonzero(new)
    order = np.lexsort((-body.id[tick, players + row], tick))
    tick, row = tick[order], row[order]

    def of_body(name):
        return getattr(body, name)[tick, players + row]

    fresh = (of_body("health") == BASE_HEALTH) & (of_body("time_alive") == 0)
    fresh &= (of_body("damage") == 0) & (of_body("attacker") == 0)
    fresh &= (of_body("combat_tick") == 0) & (npc.target[tick, row] == -1)
    return Newcomers(
        tick=tick,
        id=of_body("id"),
        pos=of_body("pos"),
        kind=np.minimum(npc.kind[tick, row], Kind.AGGRESSIVE),
        style=npc.style[tick, row],
        ring=npc.ring[tick, row],
        rally=npc.rally[tick, row],
        gold=of_body("gold"),
        fresh=fresh,
        **{name: getattr(npc, name)[tick, row] for name in GEAR},
    )


def fields(case: "Case") -> list[Field]:
    """Returns how many came, and whether each of them may be as it is."""
    ours, there = in_ours(case), in_record(case)
    ticks = len(case.trace)
    counts = ours.counts(ticks), there.counts(ticks)
    room = open_places(case)
    by_chance = refills(case) & (counts[0] <= room) & (counts[1] <= room)
    out = [
        field("new npcs: number", *counts, np.ones(ticks, bool), spawn_attempts_that_fail=by_chance)
    ]
    for some in (ours, there):
        for name, allowed in _allowed(case, some).items():
            where = np.stack([some.tick, some.id], -1)
            out.append(Field(f"new npcs: {name}", np.ones_like(allowed), allowed, where))
    return out


def refills(case: "Case") -> bool:
    """Does the game replace dead NPCs by the original's default?"""
    return bool(case.trace.settings["NPC_DEFAULT_REFILL_DEAD_NPCS"]) and bool(
        case.trace.settings["NPC_SYSTEM_ENABLED"]
    )


def open_places(case: "Case") -> np.ndarray:
    """Returns (T,) the most NPCs that may join in each transition by the default."""
    survivors = case.lives_on[:, case.cfg.players :].sum(-1)
    missing = np.maximum(case.trace.settings["NPC_N"] - survivors, 0)
    return np.minimum(missing, NPC_SPAWN_ATTEMPTS)


def _allowed(case: "Case", some: Newcomers) -> dict[str, np.ndarray]:
    """Returns for each rule (n,) bool, do the newcomers obey it."""
    settings, middle = case.trace.settings, case.cfg.middle
    material = case.before.terrain.material[0]
    counts = some.counts(len(case.trace))
    nth = np.arange(len(some.tick)) - np.repeat(np.cumsum(counts) - counts, counts)
    youngest = recorded.spawned(case.trace)[:-1][some.tick]
    rules = {
        "number in turn": some.id == -(youngest + 1 + nth),
        "fresh": some.fresh,
        "stands on ground": PASSABLE[material[some.pos[:, 0], some.pos[:, 1]]],
        "style": np.isin(some.style, list(Style)),
    }
    off = np.abs(some.pos - middle).max(-1)
    if case.trace.game == "sandwich":
        rules["place"] = off <= settings["MAP_CENTER"] // 6
        rules["order"] = (some.rally == middle).all(-1)
        rules["kind"] = some.kind == 3
    elif case.trace.game == "radio_raid":
        rules["place"] = _near_a_wave_center(case, some)
        _, waves = recorded.waves(case.trace)
        first = waves[:-1][some.tick] == 0
        rules["kind"] = np.where(first, some.kind == 1, (some.kind >= 1) & (some.kind <= 3))
    else:
        center = settings["MAP_CENTER"]
        ring = ring_at(some.pos, settings)
        danger = 2 * ring / center
        kind = 1 + (danger >= settings["NPC_SPAWN_NEUTRAL"])
        kind += danger >= settings["NPC_SPAWN_AGGRESSIVE"]
        rules["place"] = ring >= 0
        rules["home ring"] = some.ring == ring
        rules["kind"] = some.kind == kind
        return rules | equipment(some, settings, case.before.params.enabled[0])
    bare = [getattr(some, name) == 0 for name in ("gold", *GEAR)]
    return rules | {"nothing of their own": np.all(bare, axis=0)}


def of_world(world: World) -> Newcomers:
    """Returns all NPCs of one world, as if they had just come."""
    npcs = slice(len(world.body.food), None)
    here = world.body.present[npcs]

    def of_body(name):
        return getattr(world.body, name)[npcs][here]

    return Newcomers(
        tick=np.zeros(here.sum(), int),
        id=of_body("id"),
        pos=of_body("pos"),
        gold=of_body("gold"),
        fresh=np.ones(here.sum(), bool),
        **{name: getattr(world.npc, name)[here] for name in ("kind", "style", "ring", "rally")},
        **{name: getattr(world.npc, name)[here] for name in GEAR},
    )


def ring_at(pos: np.ndarray, settings: dict) -> np.ndarray:
    """Returns (n,) int, tiles between places (n, 2) and the edge of the square of spawning."""
    center = settings["MAP_CENTER"]
    inward = pos - (settings["MAP_SIZE"] - center) // 2
    return np.minimum(inward, center - 1 - inward).min(-1)


def equipment(some: Newcomers, settings: dict, on: np.ndarray) -> dict[str, np.ndarray]:
    """Returns for each rule (n,) bool, do newcomers' levels and equipment obey it.

    Args:
      some: of the default refill.
      settings: of the original.
      on: (10,) bool, systems that are on.

    Source: docs/rules/world.md#spawning-of-npcs.
    """
    span = settings.get("NPC_LEVEL_MAX", 1) - 1
    ring = ring_at(some.pos, settings)
    level = (1 + 2 * ring * span // settings["MAP_CENTER"]) * on[System.PROGRESSION]
    fraction = fractions(some)
    kinds = {
        "armor": (some.armor, (Item.HAT, Item.TOP, Item.BOTTOM), System.EQUIPMENT),
        "tool": (some.tool, range(Item.ROD, Item.CHISEL + 1), System.PROFESSION),
    }
    rules = {
        name: np.isin(item, list(allowed)) if on[system] else item == 0
        for name, (item, allowed, system) in kinds.items()
    }
    return rules | {
        "level": some.level == level,
        "gold": some.gold == level * on[System.EXCHANGE],
        "gear": fraction >= 0 if on[System.EQUIPMENT] else (some.gear + some.item_level) == 0,
    }


def fractions(some: Newcomers) -> np.ndarray:
    """Returns (n,) int, the class of `FRACTIONS` in which each equipment's level lies, -1 if none.

    The level is up to one lower than the NPC's; gear is 4 times it, the sum of item levels 5
    times, both rounded down.
    """
    middle = (FRACTIONS[1:] + FRACTIONS[:-1]) / 2
    level = some.level[:, None] - 1 + middle
    gear, item_level = np.floor(NPC_GEAR * level), np.floor(NPC_ITEM_LEVEL * level)
    same = (gear == some.gear[:, None]) & (item_level == some.item_level[:, None])
    whole = (some.gear == NPC_GEAR * some.level) & (some.item_level == NPC_ITEM_LEVEL * some.level)
    last = np.where(whole, len(middle) - 1, -1)  # a draw of exactly nothing
    return np.where(same.any(1), same.argmax(1), last)


def _near_a_wave_center(case: "Case", some: Newcomers) -> np.ndarray:
    """Returns (n,) bool: within 5 tiles of the middle, or in later waves of one same quadrant's."""
    _, waves = recorded.waves(case.trace)
    middle, away = case.cfg.middle, case.trace.settings["MAP_CENTER"] // 4
    quadrants = [(middle + r * away, middle + c * away) for r in (-1, 1) for c in (-1, 1)]
    near = np.zeros(len(some.tick), bool)
    for t in np.unique(some.tick):
        members = some.tick == t
        centers = [(middle, middle)] if waves[t] < WAVES_AT_CENTER else quadrants
        near[members] = any(
            (np.abs(some.pos[members] - center).max(-1) <= WAVE_RADIUS).all() for center in centers
        )
    return near


def is_possible_revival(case: "Case", recorded_pos: np.ndarray) -> np.ndarray:
    """Returns (T, E) bool: who was revived at places that the game allows, on both sides.

    Source: docs/rules/world.md#death-and-revival.
    """
    revival = int(case.before.params.revival[0])
    ours = may_revive_at(case, case.after.world.body.pos, revival)
    return case.revived & ours & may_revive_at(case, recorded_pos, revival)


def may_revive_at(case: "Case", pos: np.ndarray, revival: int) -> np.ndarray:
    """Returns (...) bool, is the place (..., 2) one where the game revives."""
    center = case.trace.settings["MAP_CENTER"]
    low = (case.cfg.map_size - center) // 2
    if revival == Revival.EDGE:
        at_end = (pos == low) | (pos == low + center)
        along = (pos >= low) & (pos < low + center)
        return (at_end[..., 0] & along[..., 1]) | (at_end[..., 1] & along[..., 0])
    if revival == Revival.ANYWHERE:
        material = case.before.terrain.material[0]
        inside = ((pos >= low) & (pos < low + center)).all(-1)
        row, col = np.where(inside[..., None], pos, 0).reshape(-1, 2).T
        return inside & PASSABLE[material[row, col]].reshape(inside.shape)
    return np.zeros(pos.shape[:-1], bool)
