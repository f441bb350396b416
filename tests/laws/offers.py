"""Laws of the masks of trade: what they admit has an effect, what they do not admit has none."""

import numpy as np

from metammo_jax.tables import COMBAT_STATUS_TICKS, MASK_GOLD
from metammo_jax.vocab import Direction, Event, Item, Style, System
from tests.laws.lab import Lab, world_of
from tests.laws.masks import Alone
from tests.laws.plans import Plan, furnished, last_turn
from tests.laws.trading import AMMUNITION, OWN
from tests.worlds import by_player


def masks_of_trade_admit_what_the_rules_execute(lab: Lab, plan: Plan) -> None:
    """Alone, an admitted choice takes effect, and a masked one does not.

    Exceptions, all documented: being frozen (one thaws before acting), being struck before one
    sells, partners without room, and what masks spare: the immortal, and the last gold pieces.
    What one learns, gets or loses as the tick begins, before anybody acts, is in no mask.
    """
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, furnished(plan))
    masks, owns = turn.obs.masks, (turn.before.bag.item != Item.NOTHING).any(-2)
    is_free = masks.destroy[..., :-1].any(-1) | masks.gold_to[..., :-1].any(-1)
    for players in (owns & ~is_free, is_free, is_free):
        if players.any():
            one, player = rng.choice(np.argwhere(players))
            trader = Trader(lab, turn, one, player)
            if not trader.is_upset():
                trader.try_own()
                trader.try_gifts(rng)
                trader.try_purchases()


def what_is_drawn_is_admitted(lab: Lab, plan: Plan) -> None:
    """`Env.sample` chooses what the masks admit to the living, in all heads."""
    turn, cfg = last_turn(lab, furnished(plan)), lab.cfg
    obs, masks = turn.obs, turn.obs.masks
    drawn = lab.sample(turn.keys, obs)
    seen, listed = (
        np.concatenate([rows, np.full_like(rows[..., :1], -1)], axis=-1)
        for rows in (obs.visible, obs.listing[:, None])
    )
    choices = {
        "move": np.arange(len(Direction)),
        "style": np.arange(len(Style)),
        "gold": np.arange(1, cfg.prices + 1),
        "buy": listed,
        **dict.fromkeys(("target", "give_to", "gold_to"), seen),
        **dict.fromkeys(OWN, np.append(np.arange(cfg.slots), -1)),
    }
    for name, values in choices.items():
        meant = (values == getattr(drawn, name)[..., None]) & getattr(masks, name)
        assert meant.any(-1)[obs.alive].all(), name
    np.testing.assert_array_equal(drawn.token > 0, masks.speak)
    assert (drawn.token <= cfg.tokens).all()
    assert ((drawn.price >= 1) & (drawn.price <= cfg.prices)).all()


class Trader(Alone):
    """One player of one world, who trades while all other players do nothing."""

    def __init__(self, lab: Lab, turn, one: int, player: int):
        super().__init__(lab, turn, one, player)
        self.calm, self.died = self.idle[0]
        self.bag, self.slots = by_player(self.world.bag), lab.cfg.slots
        seen = self.obs.visible[player]
        self.seen = [int(row) for row in seen[seen >= 0] if not self.is_lost(row)]

    def is_upset(self) -> bool:
        """Does the player die, learn or harvest in this tick, whatever it does?"""
        tick = (self.calm.tally.count - self.world.tally.count)[:, self.player]
        return self.died[self.player] or tick[[Event.LEVEL_UP, Event.HARVEST_ITEM]].any()

    def is_lost(self, row: int) -> bool:
        """Is an entity a player that dies in this tick, sooner or later?"""
        return row < self.lab.cfg.players and bool(self.died[row])

    def happens(self, event: Event, choices: list[dict]) -> list[bool]:
        """Returns for each choice whether an event happens to the player, once."""
        before = self.calm.tally.count[event, self.player]
        counts = [
            int(after.tally.count[event, self.player] - before) for after, _ in self.trials(choices)
        ]
        assert set(counts) <= {0, 1}
        return [bool(count) for count in counts]

    def expect(self, event: Event, choices: list[dict], admitted) -> None:
        """Asserts that an event happens by those choices that are admitted."""
        happens = self.happens(event, choices)
        for choice, is_made, may_be in zip(choices, happens, admitted, strict=True):
            assert is_made == (bool(may_be) and not self.frozen), (event.name, choice)

    def try_own(self) -> None:
        """A record is used, thrown away and put up for sale where the masks admit it."""
        masks, slots, own = self.masks, range(self.slots), world_of(self.bag, self.player)
        uses = [{"use": slot} for slot in slots]
        for slot, (after, _) in enumerate(self.trials(uses)):  # what is taken off is not counted
            is_off = own.worn[slot] and not after.bag.worn[slot, self.player]
            assert is_off == (own.worn[slot] and masks.use[slot] and not self.frozen)
        wears = (own.item < Item.RATION) & ~own.worn
        self.expect(Event.EQUIP_ITEM, uses, masks.use[:-1] & wears)
        self.expect(Event.CONSUME_ITEM, uses, masks.use[:-1] & (own.item >= Item.RATION))
        self.expect(Event.DESTROY_ITEM, [{"destroy": slot} for slot in slots], masks.destroy[:-1])
        struck = self.calm.body.combat_tick[self.player] == self.calm.tick
        sales = [{"sell": slot, "price": 1 + slot % self.lab.cfg.prices} for slot in slots]
        self.expect(Event.LIST_ITEM, sales, masks.sell[:-1] & ~struck)

    def try_gifts(self, rng: np.random.Generator) -> None:
        """Records and gold are given to those in sight where the masks admit it."""
        slots = rng.permutation(self.slots)[:4]
        gifts = [{"give": slot, "give_to": to} for slot in slots for to in self.seen]
        admitted = [
            self.masks.give[gift["give"]]
            and self.may_get(gift["give_to"], "give_to")
            and self.finds_room(gift["give_to"], gift["give"])
            for gift in gifts
        ]
        self.expect(Event.GIVE_ITEM, gifts, admitted)
        gold = int(self.world.body.gold[self.player])
        amounts = {1, 2, gold, gold + 1, self.lab.cfg.prices}
        amounts = [amount for amount in sorted(amounts) if 1 <= amount <= self.lab.cfg.prices]
        gifts = [{"gold": amount, "gold_to": to} for amount in amounts for to in self.seen]
        admitted = [
            self.may_get(gift["gold_to"], "gold_to")
            and (self.masks.gold[gift["gold"] - 1] if gold > MASK_GOLD else gift["gold"] <= gold)
            for gift in gifts
        ]
        self.expect(Event.GIVE_GOLD, gifts, admitted)

    def may_get(self, to: int, head: str) -> bool:
        """Does the mask admit a partner, or spare it, though the rules do not?"""
        place = np.flatnonzero(self.obs.visible[self.player] == to)[0]
        body, on = self.world.body, self.world.params.enabled
        if getattr(self.masks, head)[place]:
            return True
        last, system = body.combat_tick[self.player], HEADS[head]
        fights = on[System.COMBAT] and last and self.world.tick - last < COMBAT_STATUS_TICKS
        is_other = to < self.lab.cfg.players and to != self.player
        poor = head == "gold_to" and body.gold[self.player] <= MASK_GOLD
        spared = is_other and (poor or body.immortal_until[to] > 0)
        return bool(spared and body.present[self.player] and on[system] and not fights)

    def finds_room(self, to: int, slot: int) -> bool:
        """Has a player a free slot for a record, or a stack of its sort?"""
        if to >= self.lab.cfg.players:
            return False
        item, level = (leaf[self.player, slot] for leaf in (self.bag.item, self.bag.level))
        bag = world_of(by_player(self.calm.bag), to)
        same = (bag.item == item) & (bag.level == level) & (item in AMMUNITION)
        return bool((same | (bag.item == Item.NOTHING)).any())

    def try_purchases(self) -> None:
        """What is for sale is bought where the mask admits it."""
        listing = self.obs.listing
        places = [
            place
            for place in np.flatnonzero(listing >= 0)
            if not self.is_lost(listing[place] // self.slots)
        ]
        wares = [{"buy": listing[place]} for place in places]
        self.expect(Event.BUY_ITEM, wares, self.masks.buy[places])


HEADS = {"give_to": System.ITEM, "gold_to": System.EXCHANGE}
"""The systems to which the heads belong that choose a partner."""

LAWS = (masks_of_trade_admit_what_the_rules_execute, what_is_drawn_is_admitted)
