"""What recorded players did with their belongings, as fields of `action.Orders`."""

import numpy as np

from metammo_jax.action import TRADE
from metammo_jax.config import Config
from metammo_jax.tables import EVENT_CODE
from metammo_jax.vocab import Event
from tests.parity import belongings
from tests.parity import trace as recorded
from tests.parity.trace import Trace

SLOT_HEADS = {"use": "Use", "destroy": "Destroy", "give": "Give", "sell": "Sell"}
TARGET_HEADS = {"give_to": "Give", "gold_to": "GiveGold"}
PRICE_HEADS = {"price": "Sell", "gold": "GiveGold"}


def orders(trace: Trace, cfg: Config) -> dict[str, np.ndarray]:
    """Returns what players did with items and gold in each transition; nothing without items.

    What they chose is recorded as places in what they saw: an item of their own, an entity in
    sight, something on the market, all in the original's order. Whatever lies beyond a list
    means nothing; amounts beyond the last mean the last.

    Returns:
      The fields that `action.TRADE` names, and buy_turn: (T, P) int32.
    """
    if not cfg.slots:
        return {}
    heads = {name: i for i, name in enumerate(trace.meta["action_heads"])}
    taken = trace.data["actions"].astype(np.int32)
    out = {name: np.full((len(trace), cfg.players), -1, np.int32) for name in TRADE}
    bag = belongings.bags(trace, cfg)
    for name, head in SLOT_HEADS.items():
        out[name] = _slots(taken[..., heads[f"{head}.InventoryItem"]], bag.item[:-1])
    for name, head in PRICE_HEADS.items():
        price = taken[..., heads[f"{head}.Price"]]
        out[name] = np.where(price >= 0, np.minimum(price, cfg.prices - 1) + 1, -1)
    rows = recorded.bodies(trace, cfg)["id"]
    chosen = taken[..., heads["Buy.MarketItem"]]
    buy_turn = np.empty((len(trace), cfg.players), np.uint32)
    for t in range(len(trace)):
        row = recorded.rows_by_id(rows[t])
        for name, head in TARGET_HEADS.items():
            target = taken[t, :, heads[f"{head}.Target"]]
            out[name][t] = recorded.targets(trace, t, target, row, cfg)
        wanted, out["buy"][t] = _listings(trace, t, chosen[t], cfg)
        buy_turn[t] = _buyers_turns(trace, t, wanted)
    return out | {"buy_turn": buy_turn}


def _slots(chosen: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Returns the chosen slots (T, P), -1 where there is nothing in them."""
    slot = np.clip(chosen, 0, item.shape[-1] - 1)
    holds = np.take_along_axis(item, slot[..., None], -1)[..., 0] > 0
    return np.where((chosen == slot) & holds, chosen, -1)


def market(trace: Trace, t: int, cfg: Config) -> dict[str, np.ndarray]:
    """Returns the entries of `belongings.records` on the market of state t, as it was shown."""
    found = belongings.records(trace)
    here = np.flatnonzero((found["state"] == t) & (found["listed_price"] > 0))[: cfg.market_rows]
    return {name: values[here] for name, values in found.items()}


def _listings(trace: Trace, t: int, chosen: np.ndarray, cfg: Config):
    """Returns (P,) the ids of the items that players chose to buy (0 none), and our name of them.

    Our name: the owner's row * I + slot, -1 for none.
    """
    shown = market(trace, t, cfg)
    count = len(shown["id"])
    inside = (chosen >= 0) & (chosen < count)
    if not count:
        return np.zeros_like(chosen), np.full_like(chosen, -1)
    place = np.where(inside, chosen, 0)
    ours = shown["row"] * cfg.slots + shown["slot"]
    return np.where(inside, shown["id"][place], 0), np.where(inside, ours[place], -1)


def _buyers_turns(trace: Trace, t: int, wanted: np.ndarray) -> np.ndarray:
    """Returns (P,) turns in which the recorded purchases come about, and no others.

    The log has the successful ones in order. Who wanted what another got was too late: last.
    Anybody else who got nothing lacked gold or room, of which nobody can have had less at the
    beginning of the phase, when only their own purchase takes any: first.
    """
    log = trace.rows("events", t)
    sales = log[log[:, 3] == EVENT_CODE[Event.BUY_ITEM]]
    buyers = [int(player) - 1 for player in sales[:, 1]]
    order = np.zeros(len(wanted), np.int64)
    order[np.isin(wanted, sales[:, 8]) & (wanted > 0)] = len(wanted)
    order[buyers] = np.arange(1, len(buyers) + 1)
    turn = np.empty(len(wanted), np.uint32)
    turn[np.lexsort((np.arange(len(wanted)), order))] = np.arange(len(wanted))
    return turn
