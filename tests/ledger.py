"""Trade as the original resolves it: one player after another, with lists. For comparison only."""

import numpy as np

from metammo_jax.config import Config
from metammo_jax.vocab import Item
from metammo_jax.world import World
from tests.worlds import by_player

AMMUNITION = {Item.WHETSTONE, Item.ARROW, Item.RUNES}


class Record:
    """An item, or a stack of ammunition, in somebody's bag."""

    def __init__(self, item, level, quantity, worn=False, price=0):
        self.item, self.level, self.quantity = int(item), int(level), int(quantity)
        self.worn, self.price = bool(worn), int(price)

    def row(self):
        """Returns the record as a tuple."""
        return (self.item, self.level, self.quantity, self.worn, self.price)


class Ledger:
    """Everybody's records and gold.

    Attributes:
      bags: lists of `Record`, by player.
      seen: for each player the record in each slot as the tick began, None in an empty one.
      gold: of every entity.
      fighting: players that may not trade.
      made: gifts and purchases made so far.
    """

    def __init__(self, world: World, cfg: Config):
        self.cfg, self.world = cfg, world
        bag = {name: leaf for name, leaf in vars(by_player(world.bag)).items()}
        self.seen = [
            [
                Record(
                    *(
                        bag[name][row, slot]
                        for name in ("item", "level", "quantity", "worn", "price")
                    )
                )
                if bag["item"][row, slot] != Item.NOTHING
                else None
                for slot in range(cfg.slots)
            ]
            for row in range(cfg.players)
        ]
        self.bags = [[record for record in row if record] for row in self.seen]
        self.made = 0
        self.gold = np.array(world.body.gold).tolist()
        tick, last = int(world.tick), np.asarray(world.body.combat_tick)
        self.fighting = [bool(t) and tick - t < 3 for t in last[: cfg.players].tolist()]

    def rows(self):
        """Returns each player's records, sorted."""
        return [sorted(record.row() for record in bag) for bag in self.bags]

    def record(self, player: int, slot: int):
        """Returns the record that a player saw in a slot, if it still owns it."""
        if not 0 <= slot < self.cfg.slots:
            return None
        record = self.seen[player][slot]
        return record if record is not None and record in self.bags[player] else None

    def stack(self, player: int, record: Record):
        """Returns the player's stack with which a record would merge."""
        if record.item not in AMMUNITION:
            return None
        same = [r for r in self.bags[player] if (r.item, r.level) == (record.item, record.level)]
        return same[0] if same else None

    def receive(self, player: int, record: Record) -> bool:
        """Gives a player a record; False if it has no room."""
        stack = self.stack(player, record)
        if stack is not None:
            stack.quantity += record.quantity
            return True
        if len(self.bags[player]) >= self.cfg.slots:
            return False
        self.bags[player].append(Record(record.item, record.level, record.quantity))
        return True

    def acts(self, player: int) -> bool:
        """May the player trade?"""
        body = self.world.body
        lives = bool(body.present[player]) and int(body.health[player]) > 0
        return lives and int(body.freeze[player]) == 0 and not self.fighting[player]

    def reaches(self, player: int, other: int) -> bool:
        """May the player hand something to the other?"""
        body = self.world.body
        if not (0 <= other < self.cfg.players and other != player and self.acts(player)):
            return False
        if not (bool(body.present[other]) and int(body.health[other]) > 0):
            return False
        return int(np.abs(np.asarray(body.pos[player] - body.pos[other])).max()) <= 7

    def give(self, player: int, slot: int, other: int) -> None:
        """A gift of a record."""
        record = self.record(player, slot)
        if record is None or record.worn or record.price or not self.reaches(player, other):
            return
        if self.receive(other, record):
            self.bags[player].remove(record)
            self.made += 1

    def give_gold(self, player: int, amount: int, other: int) -> None:
        """A gift of gold."""
        if self.reaches(player, other) and 1 <= amount <= min(self.gold[player], self.cfg.prices):
            self.gold[player] -= amount
            self.gold[other] += amount
            self.made += 1

    def buy(self, player: int, listing: int) -> None:
        """A purchase."""
        if not 0 <= listing < self.cfg.players * self.cfg.slots:
            return
        seller, slot = divmod(listing, self.cfg.slots)
        record = self.record(seller, slot)
        if record is None or not record.price or seller == player or not self.acts(player):
            return
        if self.gold[player] >= record.price and self.receive(player, record):
            self.bags[seller].remove(record)
            self.gold[player] -= record.price
            self.gold[seller] += record.price
            self.made += 1
