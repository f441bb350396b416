"""What recorded players did with their belongings, read from a trace."""

import dataclasses

import numpy as np

from metammo_jax.tables import EVENT_CODE
from metammo_jax.vocab import Event
from tests.parity import deals, drops
from tests.parity import trace as recorded
from tests.parity.planting import loaded

TRADE, LOOT = "multi_task-market", "team_battle-loot"


def test_buyers_get_their_turns_as_the_log_has_it():
    """Of five two bought something, one came too late, one could not pay, one wanted nothing."""
    trace = loaded(TRADE)
    sale = np.zeros((2, 9), int)
    sale[:, 3] = EVENT_CODE[Event.BUY_ITEM]
    sale[:, 1], sale[:, 8] = (4, 1), (70, 80)  # the fourth bought first, then the first
    data = dict(trace.data, events=sale, events_ends=np.array([0, 2]))
    wanted = np.array([80, 70, 90, 70, 0])
    turn = deals._buyers_turns(dataclasses.replace(trace, data=data), 0, wanted)
    assert sorted(turn.tolist()) == [0, 1, 2, 3, 4]
    assert turn.argsort().tolist() == [2, 4, 3, 0, 1]


def test_what_lies_beyond_a_list_means_nothing():
    trace = loaded(TRADE)
    cfg = recorded.config_of(trace)
    heads = {name: i for i, name in enumerate(trace.meta["action_heads"])}
    actions = trace.data["actions"].copy()
    given = deals.orders(trace, cfg)
    for name, head in (("use", "Use.InventoryItem"), ("buy", "Buy.MarketItem")):
        tick, player = np.argwhere(given[name] >= 0)[0]
        assert actions[tick, player, heads[head]] >= 0
        actions[tick, player, heads[head]] = {"use": cfg.slots, "buy": cfg.market_rows}[name]
        altered = dataclasses.replace(trace, data=dict(trace.data, actions=actions))
        assert deals.orders(altered, cfg)[name][tick, player] == -1
    tick, player = np.argwhere(given["price"] > 0)[0]
    actions[tick, player, heads["Sell.Price"]] = 500
    altered = dataclasses.replace(trace, data=dict(trace.data, actions=actions))
    assert deals.orders(altered, cfg)["price"][tick, player] == cfg.prices


def test_what_the_killed_had_goes_with_those_who_killed_them():
    """Row 0 kills row 1, which had killed row 2; what row 3 kills is an NPC."""
    trace, log = loaded(LOOT), np.zeros((3, 9), int)
    log[:, 3] = EVENT_CODE[Event.KILL_PLAYER]
    log[:, [1, 8]] = [[2, 3], [1, 2], [4, -7]]
    data = dict(trace.data, events=log, events_ends=np.array([0, 3]))
    altered = dataclasses.replace(trace, data=data)
    killed = [sorted(drops.victims(altered, 0, row)) for row in range(4)]
    assert killed == [[1, 2], [2], [], []]
    sums = drops.of_victims(altered, np.array([[1, 2, 4, 8]]))
    assert sums.tolist() == [[6, 4, 0, 0]]
