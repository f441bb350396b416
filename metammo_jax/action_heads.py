"""The table of action heads: name, entries, system and mask of each part of an action.

A head is a part of an action that is chosen on its own. A new one is a row here, a phase that reads
it (`tick.PHASES`), a mask (`legal`), and a documented field in `action.Action`, `action.Orders`,
`legal.Masks` and, in `agents`, `distributions.Logits` and `Choice`; tests compare those fields with
the rows. Spaces, random actions, flat views, distributions and networks read the rows.
"""

from enum import Enum
from typing import Any, NamedTuple

from metammo_jax.config import Config
from metammo_jax.vocab import NOBODY, Direction, Style, System


class Entry(Enum):
    """What the entries of a head are, in masks, logits and flat actions.

    DIRECTION: `vocab.Direction`. STYLE: `vocab.Style`. ENTITY: positions of `Observation.visible`,
    then nobody. PLAYER: likewise, of which only players count. WORD: silence, then the words.
    SLOT: slots of one's own bag, then nothing. LISTING: positions of `Observation.listing`, then
    nothing. AMOUNT: gold from 1 on.
    """

    DIRECTION = "direction"
    STYLE = "style"
    ENTITY = "entity"
    PLAYER = "player"
    WORD = "word"
    SLOT = "slot"
    LISTING = "listing"
    AMOUNT = "amount"


class Head(NamedTuple):
    """A part of an action.

    Attributes:
      name: field of `action.Action`, and of choices and logits of a policy.
      entry: what its entries are.
      system: without it the head does nothing; None if it always does something.
      mask: field of `legal.Masks`; None where every entry is always allowed.
      detail_of: name of the head without which this one does not matter; None if it stands alone.
    """

    name: str
    entry: Entry
    system: System | None
    mask: str | None
    detail_of: str | None = None

    @property
    def needs_items(self) -> bool:
        """The head exists in configs with items alone."""
        return self.system in (System.ITEM, System.EXCHANGE)

    @property
    def noop(self) -> int:
        """The value in an action that does nothing."""
        return {Entry.DIRECTION: int(Direction.STAY), Entry.STYLE: 0}.get(self.entry, NOBODY)

    def bounds(self, cfg: Config) -> tuple[int, int]:
        """Returns the least and the largest value in an action."""
        largest = {
            Entry.DIRECTION: Direction.STAY,
            Entry.STYLE: len(Style) - 1,
            Entry.ENTITY: cfg.entities - 1,
            Entry.PLAYER: cfg.players - 1,
            Entry.WORD: cfg.tokens,
            Entry.SLOT: cfg.slots - 1,
            Entry.LISTING: cfg.players * cfg.slots - 1,
            Entry.AMOUNT: cfg.prices,
        }
        return min(self.noop, 0), int(largest[self.entry])

    def size(self, cfg: Config, visible: int, listings: int) -> int:
        """Returns the number of entries.

        Args:
          cfg: sizes.
          visible: entities that can be chosen from.
          listings: listings that can be chosen from.
        """
        return {
            Entry.DIRECTION: len(Direction),
            Entry.STYLE: len(Style),
            Entry.ENTITY: visible + 1,
            Entry.PLAYER: visible + 1,
            Entry.WORD: cfg.tokens + 1,
            Entry.SLOT: cfg.slots + 1,
            Entry.LISTING: listings + 1,
            Entry.AMOUNT: cfg.prices,
        }[self.entry]


HEADS = (
    Head("move", Entry.DIRECTION, None, "move"),
    Head("style", Entry.STYLE, System.COMBAT, "style", detail_of="target"),
    Head("target", Entry.ENTITY, System.COMBAT, "target"),
    Head("token", Entry.WORD, System.COMMUNICATION, "speak"),  # one flag for all words
    Head("use", Entry.SLOT, System.ITEM, "use"),
    Head("destroy", Entry.SLOT, System.ITEM, "destroy"),
    Head("give", Entry.SLOT, System.ITEM, "give"),
    Head("give_to", Entry.PLAYER, System.ITEM, "give_to", detail_of="give"),
    Head("sell", Entry.SLOT, System.EXCHANGE, "sell"),
    Head("price", Entry.AMOUNT, System.EXCHANGE, None, detail_of="sell"),
    Head("buy", Entry.LISTING, System.EXCHANGE, "buy"),
    Head("gold", Entry.AMOUNT, System.EXCHANGE, "gold", detail_of="gold_to"),
    Head("gold_to", Entry.PLAYER, System.EXCHANGE, "gold_to"),
)
"""All heads, in the order of the fields of `action.Action`."""

BY_NAME = {head.name: head for head in HEADS}

IN_SIGHT = (Entry.ENTITY, Entry.PLAYER)
"""Entries that are positions of `Observation.visible`."""

HAS_NOTHING = (*IN_SIGHT, Entry.SLOT, Entry.LISTING)
"""Entries the last of which is nobody or nothing."""


def names(*entries: Entry) -> tuple[str, ...]:
    """Returns the names of the heads with these entries; of all heads where none are named."""
    return tuple(head.name for head in HEADS if not entries or head.entry in entries)


def of_config(cfg: Config) -> tuple[Head, ...]:
    """Returns the heads that actions of a config have, whether or not they do something in it."""
    return tuple(head for head in HEADS if cfg.has_items or not head.needs_items)


def enabled(cfg: Config) -> tuple[Head, ...]:
    """Returns the heads that do something with the systems that are compiled."""
    return tuple(head for head in HEADS if head.system is None or head.system in cfg.systems)


def present(fields: Any) -> tuple[Head, ...]:
    """Returns the heads that an action, a choice or logits have: fields that are not None."""
    return tuple(head for head in HEADS if getattr(fields, head.name, None) is not None)
