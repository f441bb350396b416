"""Gold, skills, bags and what is counted of them: every transition, ours against the record."""

import collections
import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from metammo_jax.query import level_of
from metammo_jax.tables import ITEM_EVENTS
from metammo_jax.vocab import Event, Item, Skill
from metammo_jax.world import Bag
from tests.parity import belongings, drops
from tests.parity import trace as recorded
from tests.parity.fields import Field, field

if TYPE_CHECKING:
    from tests.parity.compare import Case


def fields(case: "Case") -> list[Field]:
    """Returns the comparison of what the full game adds to entities."""
    body, stays = case.after.world.body, case.stays
    out = [field("gold", body.gold, case.recorded_next("gold"), stays)]
    worn = case.recorded_next("item_level")
    out.append(field("worn levels", _item_level(case), worn, stays))
    names = belongings.LEVEL_COLUMNS, belongings.EXP_COLUMNS
    there = [np.stack([case.recorded_next(name) for name in of], -1) for of in names]
    for name, ours, other in zip(("levels", "experience"), _skills(case), there, strict=True):
        out.append(field(name, ours, other, stays))
    if not case.cfg.slots:
        items = np.array([len(case.trace.rows("items", t + 1)) for t in range(len(case.trace))])
        return [*out, field("items", np.zeros_like(items), items, np.ones(len(items), bool))]
    return [*out, _bags(case), *_tallies(case), *_npcs(case)]


def _sides(case: "Case") -> tuple[Bag, Bag]:
    """Returns bags (T, P) after each transition, ours and the recorded ones."""
    bags = belongings.bags(case.trace, case.cfg)
    return case.after.world.bag, Bag(**{name: leaf[1:] for name, leaf in vars(bags).items()})


def _item_level(case: "Case") -> np.ndarray:
    """Returns (T, E), the levels worn that ours shows: of NPCs from their first tick on."""
    world, players = case.after.world, case.cfg.players
    seen = world.body.time_alive[:, players:] > 0
    return np.concatenate([world.body.item_level, np.where(seen, world.npc.item_level, 0)], 1)


def _skills(case: "Case") -> tuple[np.ndarray, np.ndarray]:
    """Returns (T, E, 8) twice: levels and experience that ours shows."""
    world, skills = case.after.world, len(Skill)
    npc, missing = world.npc, ((0, 0), (0, 0), (0, skills - case.cfg.skills))
    shape = (len(case.trace), case.cfg.players, 0)
    learned = np.zeros(shape, np.int32) if world.skill is None else world.skill.exp
    exp = np.pad(learned, missing)
    level = np.pad(np.asarray(level_of(learned)), missing)
    own = (npc.style[..., None] == np.arange(skills)) & (npc.level > 0)[..., None]
    levels = np.concatenate([level, own * npc.level[..., None]], 1)
    return levels, np.concatenate([exp, own.astype(exp.dtype)], 1)


def _npcs(case: "Case") -> list[Field]:
    npc, npcs = case.after.world.npc, slice(case.cfg.players, None)
    names = dict(level="level", gear="offense", item_level="equipment_level")
    kinds = dict(armor="drop_armor", tool="drop_tool")
    stays = case.stays[:, npcs]
    out = [field("npc: gear", npc.gear, case.recorded_next("defense")[:, npcs], stays)]
    for ours, name in {**names, **kinds}.items():
        there = case.recorded_next(name)[:, npcs]
        there = belongings.item_of(there) if ours in kinds else there
        label = f"npc: {ours.replace('_', ' ')}"
        out.append(field(label, getattr(npc, ours), there, stays))
    return out


# Bags


CAUSES = ("weapon_that_drops", "loot_without_room", "weapon_that_drops_and_loot_without_room")
"""Why bags may differ by chance: each alone, and both at once."""


class Record(NamedTuple):
    """What lies in a slot."""

    item: Item
    level: int
    quantity: int
    worn: bool
    price: int
    listed_at: int


def codes(bag: Bag) -> np.ndarray:
    """Returns (..., I) int64, one number for each record, 0 in empty slots, in order of size."""
    listed_at = np.where(bag.price > 0, bag.listed_at, 0)
    code = np.zeros(bag.item.shape, np.int64)
    for values, size in (
        (bag.quantity, 1 << 20),
        (listed_at, 1 << 16),
        (bag.price, 1 << 10),
        (bag.worn, 2),
        (bag.level, 1 << 5),
        (bag.item, 1 << 5),
    ):
        code = code * size + np.asarray(values, np.int64)
    return np.sort(np.where(bag.item > 0, code, 0), axis=-1)


def contents(bag: Bag, t: int, player: int) -> collections.Counter:
    """Returns how many of each `Record` a bag holds."""
    slots = np.flatnonzero(bag.item[t, player])
    return collections.Counter(
        Record(
            Item(int(bag.item[t, player, i])),
            int(bag.level[t, player, i]),
            int(bag.quantity[t, player, i]),
            bool(bag.worn[t, player, i]),
            int(bag.price[t, player, i]),
            int(bag.listed_at[t, player, i]) if bag.price[t, player, i] else 0,
        )
        for i in slots
    )


@dataclasses.dataclass
class Luck:
    """What chance may have done to the bags of each transition.

    Attributes:
      weapons: (T, P, items) int, the level of the weapon that may have dropped to a player, or
        to somebody whom it killed then; 0 where none can.
      by_weapon: (T, P) bool, bags differ by one such weapon, and by nothing else.
      by_choice: (T, P) bool, both bags are full, and differ by which loot found room in them.
      by_both: (T, P) bool, both bags are full, and differ by one such weapon on one side, and by
        the loot that found room beside it there and in its place on the other.
      loot: (t, player) -> what its victims had, where by_choice or by_both.
    """

    weapons: np.ndarray
    by_weapon: np.ndarray
    by_choice: np.ndarray
    by_both: np.ndarray
    loot: dict[tuple[int, int], drops.Loot]


def luck(case: "Case") -> Luck:
    """Compares the bags of those who live on, and explains them one by one."""
    ours, there = _sides(case)
    weapons = drops.weapons(case.trace, case.cfg, case.before)
    differ = (codes(ours) != codes(there)).any(-1) & case.stays[:, : case.cfg.players]
    out = Luck(weapons, *(np.zeros_like(differ) for _ in range(3)), {})
    for t, player in np.argwhere(differ):
        one, other = (contents(bag, t, player) for bag in (ours, there))
        extra, missing = one - other, other - one
        possible = [
            collections.Counter([Record(Item(item), weapons[t, player, item], 1, False, 0, 0)])
            for item in np.flatnonzero(weapons[t, player])
        ]
        out.by_weapon[t, player] = extra + missing in possible
        loot = drops.loot(case.trace, case.cfg, case.before, t, player)
        full = (ours.item[t, player] > 0).all() and (there.item[t, player] > 0).all()
        if full:
            out.by_choice[t, player] = _is_of(extra, loot) and _is_of(missing, loot)
            beside = any(_is_of_both(extra, missing, weapon, loot) for weapon in possible)
            out.by_both[t, player] = beside and not out.by_choice[t, player]
        if out.by_choice[t, player] or out.by_both[t, player]:
            out.loot[t, player] = loot
    return out


def _is_of_both(extra, missing, weapon: collections.Counter, loot: drops.Loot) -> bool:
    """Are the records that only one side has this weapon, on one side, and loot otherwise?"""
    return any(
        weapon <= one and _is_of(one - weapon, loot) and _is_of(other, loot)
        for one, other in ((extra, missing), (missing, extra))
    )


def _is_of(records: collections.Counter, loot: drops.Loot) -> bool:
    """Can all these records be loot, carried unworn and not for sale?"""
    carried = all(
        not record.worn and record.price == 0 and loot.has(*record[:3]) for record in records
    )
    kinds = collections.Counter((record.item, record.level) for record in records.elements())
    return carried and kinds <= loot.records


def _bags(case: "Case") -> Field:
    """Compares bags as a whole: every record with its price, and since when it is for sale."""
    (ours, there), chance = _sides(case), case.luck
    stays = case.stays[:, : case.cfg.players]
    differ = (codes(ours) != codes(there)).any(-1) & stays
    sides = []
    for bag in (ours, there):
        shown = np.where(stays, (bag.item > 0).sum(-1), 0).astype(object)
        for t, player in np.argwhere(differ):
            shown[t, player] = _in_words(contents(bag, t, player))
        sides.append(shown)
    causes = (chance.by_weapon, chance.by_choice, chance.by_both)
    return field("bags", *sides, stays, **dict(zip(CAUSES, causes, strict=True)))


def _in_words(records: collections.Counter) -> str:
    return ", ".join(
        f"{record.quantity} {record.item.name.lower()} {record.level}"
        + " worn" * record.worn
        + f" at {record.price} since {record.listed_at}" * (record.price > 0)
        for record in sorted(records.elements())
    )


# Counts


def _tallies(case: "Case") -> list[Field]:
    """Compares the sums that are kept beside the counts of events."""
    added = belongings.ledger(case.trace, case.cfg)
    before, after = case.before.tally, case.after.world.tally
    every = np.ones(len(case.trace), bool)
    out = [
        field(f"tally: {name}", getattr(after, name) - getattr(before, name), added[name], every)
        for name in ("hits", "earned", "looted", "spent")
    ]
    seen, ours = added["seen"], np.zeros_like(added["seen"])
    if case.cfg.slots:
        seen, ours = seen | _by_player(before.seen), _by_player(after.seen)
    of_loot = np.zeros(seen.shape, seen.dtype)
    for place, loot in case.luck.loot.items():
        for item, level in loot.records:
            of_loot[(*place, ITEM_EVENTS.index(Event.LOOT_ITEM), item)] |= 1 << level - 1
    of_weapon = drops.weapons_seen(case.trace, case.cfg, case.before)
    other, bits = ours ^ seen, (of_weapon, of_loot, of_weapon | of_loot)
    covers = {cause: (other & ~of) == 0 for cause, of in zip(CAUSES, bits, strict=True)}
    return [*out, field("tally: seen", ours, seen, every, **covers)]


def _by_player(seen: tuple[np.ndarray, ...]) -> np.ndarray:
    """Returns `Tally.seen` as (T, P, 7, items)."""
    return np.moveaxis(np.stack(seen, axis=1), 3, 1)


def event_causes(case: "Case", event: Event) -> dict[str, np.ndarray]:
    """Returns why counts (T, P) of an event may differ from the record.

    A weapon that drops is one more that is harvested, or one more that is looted if its owner
    is killed at once. Where it takes the room of loot in its owner's bag, one less is looted.
    """
    if event not in (Event.HARVEST_ITEM, Event.LOOT_ITEM) or not case.cfg.slots:
        return {}
    chances = drops.chances(case.trace, case.cfg, case.before)
    may, did = chances.level > 0, chances.dropped
    if event == Event.LOOT_ITEM:
        may, did = (drops.of_victims(case.trace, values) for values in (may, did))
    ours = np.swapaxes(case.after.world.tally.count - case.before.tally.count, 1, 2)
    there = recorded.events(case.trace, case.cfg)[0]
    sure, more = there[..., event] - did, ours - there
    out = {CAUSES[0]: (ours[..., event] >= sure) & (ours[..., event] <= sure + may)}
    if event == Event.LOOT_ITEM:
        in_its_place = more[..., event] == -more[..., Event.HARVEST_ITEM]
        out[CAUSES[2]] = case.luck.by_both & in_its_place
    return out
