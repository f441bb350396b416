"""Laws of the full game's goods: bags, pieces, gold and experience."""

import numpy as np

from metammo_jax.action import TRADE
from metammo_jax.effects import NEVER_READY
from metammo_jax.tables import (
    ATTACK_EXP,
    DEPLETED,
    HARVEST_EXP,
    LEVEL_MAX,
    LISTING_TICKS,
    WEAR,
)
from metammo_jax.vocab import NEVER, Event, Item, Skill, Style, System, Wear
from tests.laws.lab import Lab, gained
from tests.laws.plans import Plan, furnished, last_turn, turns
from tests.laws.trading import AMMUNITION, is_first, levels_of, skill_level
from tests.worlds import by_player

# Single states


def bags_hold_what_bags_can_hold(lab: Lab, plan: Plan) -> None:
    """A slot holds a record or nothing; ammunition alone stacks, and each sort in one record.

    Nothing is worn and for sale at once, or two things in one place, or by those who cannot.
    """
    for turn in turns(lab, plan):
        world, bag, players = turn.after, by_player(turn.after.bag), lab.cfg.players
        held, stacks = bag.item != Item.NOTHING, np.isin(bag.item, AMMUNITION)
        for name, leaf in vars(bag).items():
            assert leaf.shape[1:] == (players, lab.cfg.inventory)
            assert not leaf[~held].any(), name
        assert not held[~world.body.present[:, :players]].any(), "bags of the dead"
        assert not held[~world.params.enabled[:, System.ITEM]].any()
        assert (bag.quantity[held] >= 1).all() and (bag.quantity[held & ~stacks] == 1).all()
        learns = world.params.enabled[:, System.PROGRESSION, None, None]  # else NPCs have level 0
        assert ((bag.level >= learns) & (bag.level <= LEVEL_MAX))[held].all()
        sort = np.where(stacks, bag.item * (LEVEL_MAX + 1) + bag.level, -1)
        assert (is_first(sort) == stacks).all(), "two stacks of a sort"
        place = np.where(bag.worn, WEAR[bag.item], -1)
        assert (is_first(place) == bag.worn).all(), "two things in one place"
        assert not (place == Wear.NOWHERE).any()
        assert (bag.level <= skill_level(world, bag.item))[bag.worn].all()
        for_sale, tick = bag.price > 0, world.tick[:, None, None]
        assert not (for_sale & bag.worn).any()
        assert ((bag.price >= 0) & (bag.price <= lab.cfg.prices)).all()
        assert not for_sale[~world.params.enabled[:, System.EXCHANGE]].any()
        age = (tick - bag.listed_at)[for_sale]
        assert ((age > 0) & (age <= LISTING_TICKS)).all()
        assert (bag.arrived <= tick).all()


# Experience


def experience_comes_of_deeds(lab: Lab, plan: Plan) -> None:
    """So much for each attack in its style, so much for a harvest; levels are counted once."""
    for turn in turns(lab, furnished(plan)):
        before, after = turn.before, turn.after
        learns = before.params.enabled[:, System.PROGRESSION, None, None]
        learned = after.skill.exp - before.skill.exp
        hits = after.tally.hits - before.tally.hits
        styles = len(Style)
        np.testing.assert_array_equal(learned[..., :styles], ATTACK_EXP * hits * learns)
        by_harvest = learned[..., styles:]
        assert ((by_harvest == 0) | (by_harvest == HARVEST_EXP[styles:] * learns)).all()
        on_tile = [skill - styles for skill in Skill if skill > Skill.FISHING]
        assert ((by_harvest[..., on_tile] > 0).sum(-1) <= 1).all(), "one stands on one tile"
        rise = (levels_of(after) - levels_of(before)).sum(-1)
        np.testing.assert_array_equal(gained(before, after, Event.LEVEL_UP), rise)


# Gold


def gold_comes_with_npcs_alone(lab: Lab, plan: Plan) -> None:
    """Whatever changes hands, all gold together stays, but for what new NPCs bring.

    The gold of the dead is with those who killed them, or stays with the dead; NPCs leave all.
    """
    for turn in turns(lab, furnished(plan)):
        old, new, players = turn.before.body, turn.after.body, lab.cfg.players
        born = new.present & (new.id != old.id)
        assert (new.gold >= 0).all()
        assert not np.where(new.present, 0, new.gold)[:, players:].any()
        kept = np.where(born, 0, new.gold).sum(1)
        np.testing.assert_array_equal(kept, old.gold.sum(1))
        brought = turn.after.npc.level * turn.after.params.enabled[:, System.EXCHANGE, None]
        assert (new.gold[:, players:] == brought)[born[:, players:]].all()


def gold_is_booked(lab: Lab, plan: Plan) -> None:
    """A purse changes by sales, purchases, loot and gifts, as counted, and by being killed."""
    for turn in turns(lab, furnished(plan)):
        before, after, orders = turn.before, turn.after, turn.orders
        players, slots = lab.cfg.players, lab.cfg.slots
        earned, spent, looted = (
            getattr(after.tally, name) - getattr(before.tally, name)
            for name in ("earned", "spent", "looted")
        )
        np.testing.assert_array_equal(earned.sum(1), spent.sum(1))
        bought, sold = (gained(before, after, e) for e in (Event.BUY_ITEM, Event.EARN_GOLD))
        np.testing.assert_array_equal(bought.sum(1), sold.sum(1))
        listing = np.where(bought, orders.buy, 0)
        price = np.take_along_axis(
            by_player(before.bag).price.reshape(-1, players * slots), listing, 1
        )
        np.testing.assert_array_equal(spent, price * bought)
        np.testing.assert_array_equal(looted > 0, gained(before, after, Event.LOOT_GOLD) == 1)
        given = orders.gold * gained(before, after, Event.GIVE_GOLD)
        got = np.zeros_like(given)
        for to, amount, total in zip(orders.gold_to, given, got, strict=True):
            np.add.at(total, to[amount > 0], amount[amount > 0])
        purse = before.body.gold[:, :players] + earned - spent + looted + got - given
        left = after.body.gold[:, :players]
        died = gained(before, after, Event.AGENT_CULLED) > 0
        assert ((left == purse) | (died & (left == 0))).all()


# Pieces


def pieces(bag, where: np.ndarray | None = None) -> np.ndarray:
    """Returns (WIDTH, items, levels) int, the pieces of each sort that are in all bags.

    Args:
      bag: of the worlds, players first if `where` is given.
      where: (WIDTH, P, I) int or bool, how many pieces of each record are meant; None for all.
    """
    count = np.zeros((len(bag.item), len(Item), LEVEL_MAX + 1), int)
    one = np.broadcast_to(np.arange(len(bag.item))[:, None, None], bag.item.shape)
    np.add.at(count, (one, bag.item, bag.level), bag.quantity if where is None else where)
    return count


def slot(bag, slots: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Returns (WIDTH, P, I) bool, the slots (WIDTH, P) of those players `rows` (WIDTH, P)."""
    return (np.arange(bag.item.shape[2]) == slots[..., None]) & (rows > 0)[..., None]


def pieces_are_accounted_for(lab: Lab, plan: Plan) -> None:
    """All pieces together grow by harvests and by what NPCs leave, and go as counted.

    A slot that is emptied and the dead take more pieces with them than are counted.
    """
    for turn in turns(lab, furnished(plan)):
        before, after = turn.before, turn.after
        count = {event: gained(before, after, event).sum(1) for event in Event}
        balance = pieces(before.bag).sum((1, 2)) + count[Event.HARVEST_ITEM]
        balance += count[Event.LOOT_ITEM]
        for event in (Event.CONSUME_ITEM, Event.FIRE_AMMO, Event.DESTROY_ITEM):
            balance -= count[event]
        total = pieces(after.bag).sum((1, 2))
        assert (total <= balance).all()
        bag = by_player(before.bag)
        emptied = slot(bag, turn.orders.destroy, gained(before, after, Event.DESTROY_ITEM))
        stacks = np.isin(bag.item, AMMUNITION)
        exact = (count[Event.AGENT_CULLED] == 0) & ~(emptied & stacks).any((1, 2))
        np.testing.assert_array_equal(total[exact], balance[exact])


class Calm:
    """The last tick of a plan played again, without harvests, hunger, fog, and most orders.

    Attributes:
      before, after: the worlds.
      orders: those that were given.
    """

    def __init__(self, lab: Lab, plan: Plan, heads: tuple[str, ...]):
        turn = last_turn(lab, plan)
        world, orders = turn.decided, turn.orders
        terrain, params, nothing = world.terrain, world.params, np.zeros_like(world.tick)
        grows = DEPLETED[terrain.material] != terrain.material
        self.before = world.replace(
            terrain=terrain.replace(ready_at=np.where(grows, NEVER_READY, 0).astype(np.int16)),
            params=params.replace(
                starvation=nothing,
                dehydration=nothing,
                fog_onset_tick=nothing + NEVER,
                leader_bound=nothing.astype(bool),
            ),
        )
        none = {
            name: np.full_like(getattr(orders, name), -1)
            for name in ("target", *TRADE)
            if name not in heads
        }
        self.orders = orders.replace(**none)
        self.after = lab.play(turn.keys, self.before, self.orders)[0]

    def gained(self, event: Event) -> np.ndarray:
        """Returns (WIDTH, P) int, how often an event happened."""
        return gained(self.before, self.after, event)

    def lost(self) -> np.ndarray:
        """Returns (WIDTH, items, levels) int, the pieces that are gone."""
        return pieces(self.before.bag) - pieces(self.after.bag)


TRANSFERS = ("give", "give_to", "sell", "price", "buy", "gold", "gold_to")
"""Heads by which belongings change hands, or are offered for it."""


def trade_moves_pieces_and_gold(lab: Lab, plan: Plan) -> None:
    """However many want to buy, sell and give: of each sort as many pieces are left."""
    calm = Calm(lab, furnished(plan, "greedy", "valid"), TRANSFERS)
    assert not calm.lost().any()
    np.testing.assert_array_equal(
        *(world.body.gold[:, : lab.cfg.players].sum(1) for world in (calm.before, calm.after))
    )


def what_is_used_up_is_gone(lab: Lab, plan: Plan) -> None:
    """A ration or potion that is consumed, and the record in a slot that is emptied; no more."""
    calm = Calm(lab, furnished(plan, "greedy", "anything"), ("use", "destroy"))
    bag, orders = by_player(calm.before.bag), calm.orders
    eaten = slot(bag, orders.use, calm.gained(Event.CONSUME_ITEM))
    assert np.isin(bag.item[eaten], [Item.RATION, Item.POTION]).all()
    emptied = slot(bag, orders.destroy, calm.gained(Event.DESTROY_ITEM))
    assert not (eaten & emptied).any() and not (emptied & by_player(calm.after.bag).worn).any()
    np.testing.assert_array_equal(calm.lost(), pieces(bag, bag.quantity * (eaten | emptied)))


def spoils_are_what_the_killed_had(lab: Lab, plan: Plan) -> None:
    """Fights cost the shots that are fired; what NPCs leave comes, and what the dead had may go.

    Nothing goes where the killers live and have room.
    """
    calm = Calm(lab, furnished(plan, "fierce", ticks=3), ("target",))
    bag, players = by_player(calm.before.bag), lab.cfg.players
    style = calm.orders.style[:, :players, None]
    shots = bag.worn & (bag.item == Item.WHETSTONE + style)
    shots &= calm.gained(Event.FIRE_AMMO)[..., None] > 0
    left = _left_by_npcs(calm, players)
    expected = pieces(bag) - pieces(bag, shots) + left
    total = pieces(calm.after.bag)
    dead = calm.gained(Event.AGENT_CULLED) > 0
    may_go = pieces(bag, bag.quantity * dead[..., None])
    assert (total <= expected).all()
    simple = _all_goes_to_the_living(calm, players, dead)
    assert (total >= expected - may_go - left).all()
    assert (total == expected)[simple].all()


def _left_by_npcs(calm: Calm, players: int) -> np.ndarray:
    """Returns (WIDTH, items, levels) int, what killers have taken from NPCs."""
    left, npc = np.zeros((len(calm.orders.turn), len(Item), LEVEL_MAX + 1), int), calm.before.npc
    taken = calm.gained(Event.LOOT_ITEM)
    for one, player in np.argwhere(calm.gained(Event.KILL_NPC)):
        row = calm.orders.target[one, player] - players
        items = [left_[one, row] for left_ in (npc.armor, npc.tool) if left_[one, row]]
        assert taken[one, player] <= len(items)
        for item in items[: taken[one, player]]:
            left[one, item, npc.level[one, row]] += 1
    return left


def _all_goes_to_the_living(calm: Calm, players: int, dead: np.ndarray) -> np.ndarray:
    """Returns (WIDTH,) bool: all dead were killed by players who live and have room enough."""
    held = (calm.before.bag.item != Item.NOTHING).sum(1)
    slots = calm.before.bag.item.shape[1]
    killers = (calm.gained(Event.KILL_NPC) > 0) | (calm.gained(Event.KILL_PLAYER) > 0)
    safe = np.zeros_like(dead)
    for one, player in np.argwhere(calm.gained(Event.KILL_PLAYER)):
        victim = calm.orders.target[one, player]
        room = held[one, player] + held[one, victim] <= slots
        safe[one, victim] = room and not dead[one, player] and not killers[one, victim]
    return (safe | ~dead).all(1)


LAWS = (
    bags_hold_what_bags_can_hold,
    experience_comes_of_deeds,
    gold_comes_with_npcs_alone,
    gold_is_booked,
    pieces_are_accounted_for,
    trade_moves_pieces_and_gold,
    what_is_used_up_is_gone,
    spoils_are_what_the_killed_had,
)
