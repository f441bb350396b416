"""Actions of players (`Action`), and orders of all entities in a tick (`Orders`).

An action holds a direction, the row of an entity, the word itself, and so on; -1 and all numbers
out of range mean nothing. Policies choose positions of lists of an observation instead: `decode`
turns those into an action, head by head (`action_heads`).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.action_heads import HEADS, Entry, Head, of_config
from metammo_jax.config import Config
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.vocab import NOBODY


@struct.dataclass
class Action(Node):
    """One action of every player; rows of dead players are ignored.

    Attributes:
      move: (P,) int32, `vocab.Direction`.
      style: (P,) int32, `vocab.Style` of the attack.
      target: (P,) int32, row of the entity to attack, -1 for nobody.
      token: (P,) int32, word to say, 1..tokens, -1 for silence.
      use: (P,) int32, slot of one's own bag: wear it, take it off, eat or drink it.
      destroy: (P,) int32, slot to be emptied.
      give: (P,) int32, slot to be given away.
      give_to: (P,) int32, row of the player that gets it.
      sell: (P,) int32, slot to be put on the market.
      price: (P,) int32, gold asked for it, 1..prices.
      buy: (P,) int32, listing: the seller's row * I + its slot.
      gold: (P,) int32, gold to be given away, 1..prices.
      gold_to: (P,) int32, row of the player that gets it.

    Those from `use` on are of the full game; None, all of them, in the mini game.
    """

    move: jax.Array
    style: jax.Array
    target: jax.Array
    token: jax.Array
    use: Maybe = None
    destroy: Maybe = None
    give: Maybe = None
    give_to: Maybe = None
    sell: Maybe = None
    price: Maybe = None
    buy: Maybe = None
    gold: Maybe = None
    gold_to: Maybe = None


TRADE = tuple(head.name for head in HEADS if head.needs_items)
"""Fields of `Action` and `Orders` that configs with items add."""


@struct.dataclass
class Orders(Node):
    """Orders of all entities in a tick, and the order of their turns.

    Attributes:
      direction: (E,) int32, `vocab.Direction`, or -1 for no move at all.
      style: (E,) int32, `vocab.Style`.
      target: (E,) int32, row of the entity to attack, -1 for nobody.
      token: (P,) int32, word to say, -1 for silence.
      turn: (E,) uint32, as `turns` makes them; the lowest acts first.
      buy_turn: (P,) uint32, all different; the order of buyers, which is another one.

    The others are those of `Action`.
    """

    direction: jax.Array
    style: jax.Array
    target: jax.Array
    token: jax.Array
    turn: jax.Array
    use: Maybe = None
    destroy: Maybe = None
    give: Maybe = None
    give_to: Maybe = None
    sell: Maybe = None
    price: Maybe = None
    buy: Maybe = None
    gold: Maybe = None
    gold_to: Maybe = None
    buy_turn: Maybe = None


def row_bits(cfg: Config) -> int:
    """Returns how many low bits of a turn hold the row, which makes all turns differ."""
    return max(cfg.entities - 1, 1).bit_length()


def turns(priority: jax.Array, cfg: Config) -> jax.Array:
    """Returns (E,) or (P,) uint32 turns, all different, in the order of `priority`; ties by row."""
    row = jnp.arange(priority.shape[0], dtype=jnp.uint32)
    return (priority.astype(jnp.uint32) << row_bits(cfg)) | row


def row_of_turn(turn: jax.Array, cfg: Config) -> jax.Array:
    """Returns (...) int32, the rows whose turns (...) uint32 are."""
    return (turn & ((1 << row_bits(cfg)) - 1)).astype(jnp.int32)


def noop(cfg: Config) -> Action:
    """Returns the action with which no player does anything."""
    fields, arrays = {}, {}
    for head in of_config(cfg):
        value = head.noop
        if value not in arrays:
            arrays[value] = jnp.full(cfg.players, value, jnp.int32)
        fields[head.name] = arrays[value]
    return Action(**fields)


def chosen_row(visible: jax.Array, position: jax.Array) -> jax.Array:
    """Returns (P,) int32, the entity rows at chosen positions of each player's list.

    Args:
      visible: (P, K) integer, entity rows, -1 where the list has ended.
      position: (P,) int32; anything outside 0..K-1 chooses nobody.

    Returns:
      (P,) int32, entity rows, -1 for nobody.
    """
    size = visible.shape[-1]
    inside = (position >= 0) & (position < size)
    index = jnp.where(inside, position, 0)[..., None]
    row = jnp.take_along_axis(visible, index, axis=-1)[..., 0].astype(jnp.int32)
    return jnp.where(inside, row, NOBODY)


def chosen_listing(listing: jax.Array, position: jax.Array) -> jax.Array:
    """Returns (P,) int32, the listings at chosen positions of the market.

    Args:
      listing: (M,) integer, records for sale as `Action.buy` calls them, -1 after the last.
      position: (P,) int32; anything outside 0..M-1 chooses nothing.

    Returns:
      (P,) int32, records, -1 for nothing.
    """
    inside = (position >= 0) & (position < listing.shape[0])
    return jnp.where(inside, listing[jnp.where(inside, position, 0)], NOBODY).astype(jnp.int32)


class Lists(NamedTuple):
    """Lists of an observation, which chosen positions index.

    Attributes:
      rows: (P, K) integer, entity rows that can be chosen, -1 where the list has ended.
      listing: (M,) int32, listings of the world, or (P, L), of each player; None without items.
      slots: I, of a bag.
    """

    rows: jax.Array
    listing: Maybe
    slots: int


def decode(head: Head, entry: jax.Array, lists: Lists) -> jax.Array:
    """Returns (P,) int32, the field of an `Action` that entries (P,) of a head mean.

    Entries that are out of range mean nothing; amounts, directions and styles are not checked.
    """
    match head.entry:
        case Entry.ENTITY | Entry.PLAYER:
            return chosen_row(lists.rows, entry)
        case Entry.SLOT:
            return jnp.where((entry >= 0) & (entry < lists.slots), entry, NOBODY)
        case Entry.LISTING:
            choose = chosen_listing if lists.listing.ndim == 1 else chosen_row
            return choose(lists.listing, entry)
        case Entry.WORD:
            return jnp.where(entry > 0, entry, NOBODY)
        case Entry.AMOUNT:
            return entry + 1
    return entry


def check(action: Action, cfg: Config) -> None:
    """Raises ValueError unless every field has its shape and an integer dtype.

    The fields that the full game adds must be None without the ITEM system.
    """
    if not isinstance(action, Action):
        raise ValueError(f"action is a {type(action).__name__}, it must be an Action")
    for name, value in vars(action).items():
        if name in TRADE and not cfg.has_items:
            if value is not None:
                raise ValueError(f"action.{name} is given, but the config has no ITEM system")
            continue
        if value is None:
            raise ValueError(f"action.{name} is None, it must be an array of {(cfg.players,)}")
        shape, dtype = jnp.shape(value), jnp.result_type(value)
        if shape != (cfg.players,):
            raise ValueError(f"action.{name} has shape {shape}, it must be {(cfg.players,)}")
        if not jnp.issubdtype(dtype, jnp.integer):
            raise ValueError(f"action.{name} has dtype {dtype}, it must be an integer dtype")
