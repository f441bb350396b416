"""Who gets what by chance: in which order loot comes over, what of it stays, who buys first.

The things of a killed player come to the killer one by one, in an order in which all are equally
likely; what finds no room is lost. Those who want to buy get their turns in such an order.
"""

import dataclasses
import functools
from typing import TYPE_CHECKING

import jax
import numpy as np

from metammo_jax import action, inventory, query, tick
from metammo_jax.config import Config
from metammo_jax.tables import EVENT_CODE
from metammo_jax.vocab import Event
from metammo_jax.world import Bag
from tests.parity import belongings, deals, drops
from tests.parity.batches import in_chunks
from tests.parity.frequencies import OURS, RECORD, Draws, of_chances, of_classes

if TYPE_CHECKING:
    from tests.parity.compare import Case

CHUNK = 64
"""Transitions whose turns are drawn at once."""

QUARTERS = 4
HARVESTED_AT_ONCE = 3
"""The most records that harvests add to a bag in a tick: a ration, ammunition and a weapon."""

LEFT_BY = [
    EVENT_CODE[event]
    for event in (Event.CONSUME_ITEM, Event.GIVE_ITEM, Event.DESTROY_ITEM, Event.EARN_GOLD)
]
"""Codes of events that tell of things that left a bag otherwise."""


@dataclasses.dataclass
class Spoils:
    """Things of one killed player, in the order of its bag, and what became of them.

    Attributes:
      level: (n,) int.
      stacks: (n,) bool, pieces of ammunition, which may merge with others.
      taken: numbers of those that came to free slots of the killer's bag, in that order.
      rest_is_lost: all others that do not stack found no room.
    """

    level: np.ndarray
    stacks: np.ndarray
    taken: list[int]
    rest_is_lost: bool


@dataclasses.dataclass
class Contest:
    """A thing on the market that several could buy.

    Attributes:
      tick: the transition.
      rivals: (n,) int, rows of those who want it, can pay it and have room for it, ascending.
      buyer: row of who got it.
    """

    tick: int
    rivals: np.ndarray
    buyer: int


def draws(case: "Case", key: jax.Array) -> list[Draws]:
    """Returns the draws about loot and purchases of a trace, on both sides.

    Args:
      case: all transitions.
      key: () key, for our own buyers' turns.
    """
    if not case.cfg.slots:
        return []
    out = _of_loot(RECORD, spoils_in_record(case)) + _of_loot(OURS, spoils_in_ours(case))
    found = contests(case)
    keys = jax.random.split(key, len(case.trace))
    turns = in_chunks(_turns(case.cfg), CHUNK, keys, case.before)
    first = [one.rivals[turns[one.tick, one.rivals].argmin()] for one in found]
    for side, buyers in ((RECORD, [one.buyer for one in found]), (OURS, first)):
        out.append(_of_purchases(side, found, buyers))
    return out


# Loot


def spoils_in_record(case: "Case") -> list[Spoils]:
    """Returns what became of each killed player's things, by the log and the things' ids."""
    found, out = belongings.records(case.trace), []
    for t, killer, victim in _kills(case):
        log = case.trace.rows("events", t)
        mine = (log[:, 3] == EVENT_CODE[Event.LOOT_ITEM]) & (log[:, 1] == killer + 1)
        had = np.flatnonzero((found["state"] == t) & (found["row"] == victim))
        had = had[np.argsort(found["slot"][had])]
        place = {int(found["id"][i]): n for n, i in enumerate(had)}
        taken = [place[int(i)] for i in log[mine, 8] if int(i) in place]
        item = belongings.item_of(found["type_id"][had])
        stacks = np.asarray(inventory.is_ammunition(item))
        out.append(Spoils(found["level"][had], stacks, taken, _kept_all(log, victim)))
    return out


def spoils_in_ours(case: "Case") -> list[Spoils]:
    """Returns the same of ours, as far as things can be distinguished: of one sort in all.

    What is new in the killer's bag lies in the order in which it came, if all of it is loot.
    """
    before, after, out = case.before, case.after.world, []
    looted = after.tally.count[:, Event.LOOT_ITEM] - before.tally.count[:, Event.LOOT_ITEM]
    for t, killer, victim in _kills(case):
        new = after.bag.arrived[t, killer] == before.tick[t] + 1
        new &= after.bag.item[t, killer] > 0
        if not case.stays[t, killer] or new.sum() != looted[t, killer]:
            continue
        came = _sorts(after.bag, t, killer, new)
        had = _sorts(before.bag, t, victim, before.bag.item[t, victim] > 0)
        had = [one for one in had if had.count(one) == 1 and came.count(one) < 2]
        item, level = np.array(had, int).reshape(-1, 2).T
        out.append(
            Spoils(
                level=level,
                stacks=np.asarray(inventory.is_ammunition(item)),
                taken=[had.index(one) for one in came if one in had],
                rest_is_lost=_kept_all(case.trace.rows("events", t), victim),
            )
        )
    return out


def _sorts(bag: Bag, t: int, player: int, where: np.ndarray) -> list[tuple[int, int]]:
    """Returns items and levels of some slots (I,) bool of a bag."""
    item, level = bag.item[t, player][where], bag.level[t, player][where]
    return list(zip(item.tolist(), level.tolist(), strict=True))


def _kills(case: "Case"):
    """Yields transition, killer and victim, rows, of players that killed one that killed none."""
    for t, killer in drops.killers(case.trace):
        victims = drops.victims(case.trace, t, killer)
        if len(victims) == 1:
            yield int(t), int(killer), victims[0]


def _kept_all(log: np.ndarray, player: int) -> bool:
    """Returns whether a player parted with nothing by its own doing, but for what it fired."""
    return not (np.isin(log[:, 3], LEFT_BY) & (log[:, 1] == player + 1)).any()


def _of_loot(side: str, spoils: list[Spoils]) -> list[Draws]:
    """Returns how often things come in the order of the bag, the best first, and which are kept.

    Of n things in a random order (n - 1) / 2 come right after one that lay before them, with a
    variance of (n + 1) / 12; of n of which m are kept, those of any h are kept as often as the
    hypergeometric distribution says.
    """
    count = np.array([len(one.taken) for one in spoils])
    some = count[count > 1]
    ascents = sum((np.diff(one.taken) > 0).sum() for one in spoils)
    in_turn = Draws(
        "loot comes in the order of the bag",
        side,
        np.array([ascents]),
        np.array([(some - 1).sum() / 2]),
        float((some + 1).sum() / 12),
    )
    best = [one.level[one.taken] == one.level[one.taken].max() for one in spoils if one.taken]
    best = [values for values in best if not values.all()]
    of_chance = np.array([values.mean() for values in best])
    first = np.array([values[0] for values in best], bool)
    return [
        in_turn,
        of_chances("the best of the loot comes first", side, first, of_chance),
        _kept("without room the first of the bag stay", side, spoils, _first_half),
        _kept("without room the best loot stays", side, spoils, _best),
    ]


def _first_half(level: np.ndarray) -> np.ndarray:
    return np.arange(len(level)) < len(level) // 2


def _best(level: np.ndarray) -> np.ndarray:
    return level == level.max()


def _kept(name: str, side: str, spoils: list[Spoils], which) -> Draws:
    """Returns how many of some of the things were kept where not all found room."""
    seen = expected = variance = 0.0
    for one in spoils:
        things = np.flatnonzero(~one.stacks)
        kept = np.isin(things, one.taken)
        n, m = len(things), kept.sum()
        if not one.rest_is_lost or m in (0, n):
            continue
        some = which(one.level[things])
        share = some.mean()
        if share < 1:
            seen += kept[some].sum()
            expected += m * share
            variance += m * share * (1 - share) * (n - m) / (n - 1)
    return Draws(name, side, np.array([seen]), np.array([expected]), variance)


# Purchases


def contests(case: "Case") -> list[Contest]:
    """Returns the purchases in which only the turns decided who of several could buy.

    Each of those who wanted the thing was sure to be able to, or sure not to be.
    """
    trace, cfg, out = case.trace, case.cfg, []
    chosen = trace.data["actions"][..., trace.meta["action_heads"].index("Buy.MarketItem")]
    may, never = _customers(case)
    for t in range(len(trace)):
        wanted, listing = deals._listings(trace, t, chosen[t].astype(np.int32), cfg)
        log = trace.rows("events", t)
        for row in log[log[:, 3] == EVENT_CODE[Event.BUY_ITEM]]:
            buyer = int(row[1]) - 1
            rivals = np.flatnonzero(wanted == row[8])
            here = np.divmod(listing[buyer], cfg.slots)
            sure = rivals[[may(t, one, *here) for one in rivals]]
            unsure = [one for one in np.setdiff1d(rivals, sure) if not never(t, one, *here)]
            if len(sure) > 1 and buyer in sure and not unsure:
                out.append(Contest(t, sure, buyer))
    return out


def _customers(case: "Case"):
    """Returns two functions of transition, row, seller and slot: can one surely, or surely not.

    Gold and room can only grow while others buy; harvests before that can take room.
    """
    bag, gold = case.before.bag, case.before.body.gold
    acts = in_chunks(_traders(case.cfg), CHUNK, case.before) & case.stays[:, : case.cfg.players]
    can_earn, room = bag.price.sum(-1), (bag.item == 0).sum(-1)

    def may(t, row, seller, slot):
        same = (bag.item[t, row] == bag.item[t, seller, slot]) & (bag.price[t, row] == 0)
        same &= (bag.level[t, row] == bag.level[t, seller, slot]) & ~bag.worn[t, row]
        merges = same.any() and inventory.is_ammunition(bag.item[t, seller, slot])
        fits = room[t, row] > HARVESTED_AT_ONCE or merges
        pays = gold[t, row] >= bag.price[t, seller, slot]
        return fits and pays and acts[t, row] and row != seller

    def never(t, row, seller, slot):
        poor = gold[t, row] + can_earn[t, row] < bag.price[t, seller, slot]
        fights = case.stays[t, row] and not acts[t, row]
        return row == seller or poor or fights

    return may, never


@functools.cache
def _traders(cfg: Config):
    return jax.jit(jax.vmap(lambda world: query.can_trade(world, cfg)))


@functools.cache
def _turns(cfg: Config):
    """Returns buyers' turns (T, P) as `Env.step` draws them, compiled; nothing else is left."""

    def drawn(key, world):
        return tick.give_orders(key, world, action.noop(cfg), cfg)[1].buy_turn

    return jax.jit(jax.vmap(drawn))


def _of_purchases(side: str, found: list[Contest], buyers: list[int]) -> Draws:
    """Returns in which quarter, by row, of those who could buy a thing its buyer was."""
    place = [int(np.searchsorted(one.rivals, b)) for one, b in zip(found, buyers, strict=True)]
    count = np.array([len(one.rivals) for one in found], int)
    quarter = np.array(place, int) * QUARTERS // np.maximum(count, 1)
    share = np.zeros(QUARTERS)
    for n in count:
        share += np.bincount(np.arange(n) * QUARTERS // n, minlength=QUARTERS) / n
    return of_classes("quarter of the buyers who is first", side, quarter, share)
