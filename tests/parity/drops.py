"""What the record says of harvests and kills, from which weapons and loot come by chance."""

import collections
import dataclasses
import functools

import numpy as np

from metammo_jax import tables
from metammo_jax.config import Config
from metammo_jax.vocab import Event, Item, Skill
from metammo_jax.world import World
from tests.parity import belongings
from tests.parity import trace as recorded
from tests.parity.trace import Trace

AMMUNITION = (Item.WHETSTONE, Item.ARROW, Item.RUNES)


@dataclasses.dataclass
class Chances:
    """Where a weapon may drop in each transition.

    It may where the log tells of ammunition that was harvested, which comes first and has the
    same level, and where there is room for one more record.

    Attributes:
      weapon: (T, P) int, the `vocab.Item` that may drop, NOTHING where none can.
      level: (T, P) int, its level, 0 where none can.
      dropped: (T, P) bool, one did, in the record.
    """

    weapon: np.ndarray
    level: np.ndarray
    dropped: np.ndarray


def chances(trace: Trace, cfg: Config, before: World) -> Chances:
    """Returns where a weapon may drop, from the log and the bags `before` each transition."""
    shape = (len(trace), cfg.players)
    out = Chances(np.zeros(shape, int), np.zeros(shape, int), np.zeros(shape, bool))
    harvests = harvested(trace, cfg)
    taken = (before.bag.item > 0).sum(-1)
    for skill in (Skill.PROSPECTING, Skill.CARVING, Skill.ALCHEMY):
        ammunition, weapon = tables.HARVEST_ITEM[skill], tables.HARVEST_WEAPON[skill]
        level = harvests[..., ammunition]
        same = (before.bag.item == ammunition) & (before.bag.level == level[..., None])
        used = taken + (harvests[..., Item.RATION] > 0) + ~same.any(-1)
        here = (level > 0) & (used < cfg.slots)
        out.weapon[here], out.level[here] = weapon, level[here]
        out.dropped |= harvests[..., weapon] > 0
    return out


@functools.lru_cache(maxsize=4)
def harvested(trace: Trace, cfg: Config) -> np.ndarray:
    """Returns (T, P, items) int, the level of each item that the log says was harvested, or 0."""
    out = np.zeros((len(trace), cfg.players, len(Item)), int)
    log = trace.data["events"]
    rows = log[:, 3] == tables.EVENT_CODE[Event.HARVEST_ITEM]
    tick = trace.ticks_of("events")[rows]
    out[tick, log[rows, 1] - 1, belongings.item_of(log[rows, 4])] = log[rows, 5]
    return out


@functools.lru_cache(maxsize=4)
def _exp(trace: Trace, cfg: Config) -> np.ndarray:
    return belongings.skills(trace, cfg).exp


def skills_used(trace: Trace, cfg: Config, next_row: np.ndarray) -> np.ndarray:
    """Returns (T, P, skills) bool, who harvested by each skill in the record.

    Who lives on has learned something, whether or not there was room for the item; of those
    who died the log tells.
    """
    out = np.zeros((len(trace), cfg.players, len(Skill)), bool)
    if cfg.skills:
        exp = _exp(trace, cfg)
        out |= (exp[1:] > exp[:-1]) & (next_row >= 0)[..., None]
        out[..., : Skill.FISHING] = False
    for skill in list(Skill)[Skill.FISHING :]:
        out[..., skill] |= harvested(trace, cfg)[..., tables.HARVEST_ITEM[skill]] > 0
    return out


def victims(trace: Trace, t: int, player: int) -> list[int]:
    """Returns the rows of the players that one killed in transition t, and whom these had killed.

    What they had went to them, and with them to the one.
    """
    log = trace.rows("events", t)
    kills = log[(log[:, 3] == recorded.KILL_CODE) & (log[:, 8] > 0)]
    found, new = [], [player]
    while new:
        new = [int(v) - 1 for k, v in kills[:, [1, 8]] if k - 1 in new and v - 1 not in found]
        found += new
    return found


def killers(trace: Trace) -> np.ndarray:
    """Returns (n, 2) int, transition and row of everyone that killed a player, each once."""
    log, tick = trace.data["events"], trace.ticks_of("events")
    kills = (log[:, 3] == recorded.KILL_CODE) & (log[:, 8] > 0) & (log[:, 1] > 0)
    return np.unique(np.stack([tick[kills], log[kills, 1] - 1], -1), axis=0)


def of_victims(trace: Trace, values: np.ndarray) -> np.ndarray:
    """Returns (T, P) int, the sum of `values` (T, P) of those whom each player killed."""
    out = np.zeros(values.shape, int)
    for t, player in killers(trace):
        out[t, player] = values[t, victims(trace, t, player)].sum()
    return out


def weapons(trace: Trace, cfg: Config, before: World) -> np.ndarray:
    """Returns (T, P, items) int, the levels of weapons that may have come to players by chance.

    They may have dropped to themselves or to those whom they killed in the same tick.
    """
    own = _own_weapons(trace, cfg, before)
    out = own.copy()
    for t, player in killers(trace):
        out[t, player] = own[t, [player, *victims(trace, t, player)]].max(0)
    return out


def weapons_seen(trace: Trace, cfg: Config, before: World) -> np.ndarray:
    """Returns (T, P, 7, items) int16, what chance may have added to `Tally.seen`.

    A weapon that drops is harvested, and looted if its owner is killed in the same tick.
    """
    level = _own_weapons(trace, cfg, before)
    own = np.where(level > 0, 1 << np.maximum(level - 1, 0), 0).astype(np.int16)
    shape = (*level.shape[:2], len(tables.ITEM_EVENTS), len(Item))
    out = np.zeros(shape, np.int16)
    out[:, :, tables.ITEM_EVENTS.index(Event.HARVEST_ITEM)] = own
    for t, player in killers(trace):
        taken = np.bitwise_or.reduce(own[t, victims(trace, t, player)])
        out[t, player, tables.ITEM_EVENTS.index(Event.LOOT_ITEM)] = taken
    return out


def _own_weapons(trace: Trace, cfg: Config, before: World) -> np.ndarray:
    """Returns (T, P, items) int, the levels of weapons that may have dropped to each player."""
    chance = chances(trace, cfg, before)
    return (np.arange(len(Item)) == chance.weapon[..., None]) * chance.level[..., None]


@dataclasses.dataclass
class Loot:
    """What those had whom a player killed in a transition, by (item, level).

    Attributes:
      records: how many records of it.
      pieces: how many pieces in each of them, before the transition; one of what is harvested.
    """

    records: collections.Counter
    pieces: dict[tuple[Item, int], list[int]]

    def has(self, item: Item, level: int, quantity: int) -> bool:
        """May a record of so many pieces be from it?

        A piece may have been fired before its owner died, and one more been harvested; what two
        of them had of a sort becomes one stack.
        """
        pieces = self.pieces.get((item, level), [])
        if not Item.WHETSTONE <= item <= Item.RUNES:
            return bool(pieces) and quantity == 1
        return bool(pieces) and min(pieces) - 1 <= quantity <= sum(pieces) + len(pieces)


def loot(trace: Trace, cfg: Config, before: World, t: int, player: int) -> Loot:
    """Returns what those had whom a player killed in transition t."""
    out, bag = Loot(collections.Counter(), collections.defaultdict(list)), before.bag
    for victim in victims(trace, t, player):
        own = [
            (int(bag.item[t, victim, i]), int(bag.level[t, victim, i]), bag.quantity[t, victim, i])
            for i in np.flatnonzero(bag.item[t, victim])
        ]
        new = harvested(trace, cfg)[t, victim]
        for item, level, quantity in own + [(int(i), int(new[i]), 1) for i in np.flatnonzero(new)]:
            out.records[Item(item), level] += 1
            out.pieces[Item(item), level].append(int(quantity))
    return out
