"""Actions of players as the original takes them: by ids, then by positions in what they see.

Both our process and the original's read this.
"""

import numpy as np

ORDERS = ("move", "style", "target", "token", "use", "destroy", "give", "give_to", "sell", "price",
          "buy", "gold", "gold_to")  # fmt: skip
"""Columns of what players do: directions and styles by number; entities and items by the
original's ids, 0 for none; words, prices and gold from 1, 0 for nothing."""

NOOP = {"Direction": 4, "Style": 0, "Target": 100, "InventoryItem": 12, "MarketItem": 384,
        "Price": 0, "Token": 0}  # fmt: skip
ID = 0
"""Column of the id in the original's rows of entities and items."""

SLOTS = (("use", "Use"), ("destroy", "Destroy"), ("give", "Give"), ("sell", "Sell"))
PARTNERS = (("give_to", "Give"), ("gold_to", "GiveGold"))
PRICES = (("price", "Sell"), ("gold", "GiveGold"))


def position(ids, wanted, nothing):
    """Returns the position of an id in a list, that of nothing if it is not there."""
    places = np.flatnonzero(ids == wanted) if wanted else ()
    return int(places[0]) if len(places) else nothing


def action_of(order, obs):
    """Returns the original's action of one player.

    Args:
      order: (columns,) by `ORDERS`.
      obs: what the player sees: the original names what it does by positions in it.
    """
    order, masks = dict(zip(ORDERS, order.tolist(), strict=True)), obs["ActionTargets"]
    action = noop_action(masks)
    action["Move"]["Direction"] = order["move"]
    entities = obs["Entity"][:, ID]
    if "Attack" in action:
        target = position(entities, order["target"], NOOP["Target"])
        action["Attack"] = {"Style": order["style"], "Target": target}
    if "Comm" in action and order["token"]:
        action["Comm"]["Token"] = order["token"] - 1
    elif "Comm" in action:
        del action["Comm"]  # silence
    for name, head in SLOTS:
        if head in action:
            own = obs["Inventory"][:, ID]
            action[head]["InventoryItem"] = position(own, order[name], NOOP["InventoryItem"])
    for name, head in PARTNERS:
        if head in action:
            action[head]["Target"] = position(entities, order[name], NOOP["Target"])
    for name, head in PRICES:
        if head in action:
            action[head]["Price"] = max(order[name] - 1, 0)
    if "Buy" in action:
        listed = obs["Market"][:, ID]
        action["Buy"]["MarketItem"] = position(listed, order["buy"], NOOP["MarketItem"])
    return action


def noop_action(masks):
    """Returns the action with which nothing is done (but that something is said)."""
    return {head: {arg: NOOP[arg] for arg in args} for head, args in masks.items()}
