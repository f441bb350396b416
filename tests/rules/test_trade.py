"""Gifts and purchases, against a ledger in which they happen one after another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.rules import exchange, item
from metammo_jax.vocab import Event, Item, System
from tests import orders, worlds
from tests.ledger import Ledger

EVERYTHING = dict(enabled=np.ones(len(System), bool))


def crowd(rng, cfg, *, fill=0.8):
    """Players near each other with full bags of few sorts, much for sale, and little gold."""
    world = worlds.blank(cfg, tick=9, **EVERYTHING)
    shape = (cfg.players, cfg.slots)
    kinds = rng.choice([Item.HAT, Item.RATION, Item.ARROW, Item.RUNES], shape)
    kinds = np.where(rng.random(shape) < fill, kinds, Item.NOTHING)
    level = rng.integers(1, 3, shape)
    for row in range(cfg.players):  # one stack of a sort in a bag
        seen = set()
        for slot in range(cfg.slots):
            what = (kinds[row, slot], level[row, slot])
            if what[0] in (Item.ARROW, Item.RUNES) and what in seen:
                kinds[row, slot] = Item.HAT
            seen.add(what)
    stacks = (kinds >= Item.WHETSTONE) & (kinds <= Item.RUNES)
    quantity = np.where(stacks, rng.integers(1, 9, shape), 1)
    price = np.where(rng.random(shape) < 0.25, rng.integers(1, 4, shape), 0)
    here = kinds != Item.NOTHING

    def leaf(values):
        return jnp.asarray(np.where(here, values, 0), jnp.int32)

    bag = world.bag.replace(
        item=leaf(kinds),
        level=leaf(level),
        quantity=leaf(quantity),
        price=leaf(price),
        worn=jnp.asarray(here & (price == 0) & (rng.random(shape) < 0.1)),
    )
    body = world.body.replace(
        pos=jnp.asarray(18 + rng.integers(0, 9, (cfg.entities, 2)), jnp.int32),
        health=world.body.health.at[: cfg.players].multiply(rng.random(cfg.players) < 0.9),
        gold=world.body.gold.at[: cfg.players].set(rng.integers(0, 6, cfg.players)),
        combat_tick=world.body.combat_tick.at[0].set(8),
        freeze=world.body.freeze.at[1].set(3),
    )
    return world.replace(bag=bag, body=body)


def rows(world):
    """Returns each player's records, sorted, as `Ledger.rows` does."""
    leaves = [
        np.asarray(getattr(world.bag, n)) for n in ("item", "level", "quantity", "worn", "price")
    ]
    return [
        sorted(
            (int(i), int(level), int(q), bool(w), int(p))
            for i, level, q, w, p in zip(*(leaf[row] for leaf in leaves), strict=True)
            if i != Item.NOTHING
        )
        for row in range(leaves[0].shape[0])
    ]


@pytest.fixture(scope="module")
def phases(tiny_full):
    key = jax.random.key(0)

    def compiled(phase):
        return jax.jit(lambda world, given: phase(key, world, given, tiny_full))

    return {p.__name__: compiled(p) for p in (item.give, item.give_gold, exchange.buy)}


def players_in_turn(turn, cfg):
    return np.argsort(np.asarray(turn)[: cfg.players])


def test_gifts_are_as_if_given_one_after_another(phases, tiny_full):
    made = 0
    for seed in range(16):
        rng = np.random.default_rng(seed)
        world = crowd(rng, tiny_full)
        given = orders.trade(
            tiny_full, rng,
            give=rng.integers(-1, tiny_full.slots + 1, tiny_full.players),
            give_to=rng.integers(-1, 8, tiny_full.players),
        )  # fmt: skip
        ledger = Ledger(world, tiny_full)
        for player in players_in_turn(given.turn, tiny_full):
            ledger.give(player, int(given.give[player]), int(given.give_to[player]))
        after = phases["give"](world, given)
        assert rows(after) == ledger.rows()
        assert int(after.tally.count[:, Event.GIVE_ITEM].sum()) == ledger.made
        made += ledger.made
    assert made > 32


def test_gold_that_one_is_given_can_be_given_on(phases, tiny_full):
    made = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        world = crowd(rng, tiny_full)
        given = orders.trade(
            tiny_full, rng,
            gold=rng.integers(-1, 6, tiny_full.players),
            gold_to=rng.integers(-1, 8, tiny_full.players),
        )  # fmt: skip
        ledger = Ledger(world, tiny_full)
        for player in players_in_turn(given.turn, tiny_full):
            ledger.give_gold(player, int(given.gold[player]), int(given.gold_to[player]))
        after = phases["give_gold"](world, given)
        assert np.asarray(after.body.gold).tolist() == ledger.gold
        assert int(after.tally.count[:, Event.GIVE_GOLD].sum()) == ledger.made
        made += ledger.made
    assert made > 16


def test_purchases_are_as_if_made_one_after_another(phases, tiny_full):
    made = 0
    for seed in range(16):
        rng = np.random.default_rng(seed)
        world = crowd(rng, tiny_full)
        listed = np.flatnonzero(np.asarray(world.bag.price).ravel())
        few = rng.choice(listed, 8)  # so that several want the same
        given = orders.trade(tiny_full, rng, buy=rng.choice(few, tiny_full.players))
        ledger = Ledger(world, tiny_full)
        for player in players_in_turn(given.buy_turn, tiny_full):
            ledger.buy(player, int(given.buy[player]))
        after = phases["buy"](world, given)
        assert rows(after) == ledger.rows()
        assert np.asarray(after.body.gold).tolist() == ledger.gold
        earned, spent = np.asarray(after.tally.earned), np.asarray(after.tally.spent)
        gained = np.asarray(after.body.gold - world.body.gold)[: tiny_full.players]
        assert np.array_equal(gained, earned - spent) and gained.sum() == 0
        assert int(after.tally.count[:, Event.BUY_ITEM].sum()) == ledger.made
        made += ledger.made
    assert made > 32


def test_what_arrives_in_a_slot_is_not_what_an_order_meant(tiny_full):
    world = worlds.blank(tiny_full, tick=9, **EVERYTHING)
    world = worlds.put_item(world, 0, 3, Item.HAT, price=2)
    world = worlds.put_item(world, 1, 0, Item.RATION, price=1)
    world = world.replace(body=world.body.replace(gold=world.body.gold.at[:2].set(5)))
    for slot in (0, 1, 2):  # so that what player 0 buys comes into slot 3, which it has sold
        world = worlds.put_item(world, 0, slot, Item.TOP)
    for slot in range(4, tiny_full.slots):
        world = worlds.put_item(world, 0, slot, Item.TOP)
    buy = np.full(tiny_full.players, -1)
    buy[[0, 1]] = [tiny_full.slots, 3]
    destroy = np.full(tiny_full.players, -1)
    destroy[0] = 3
    given = orders.trade(tiny_full, np.random.default_rng(0), buy=buy, destroy=destroy)
    given = given.replace(buy_turn=jnp.arange(tiny_full.players, dtype=jnp.uint32)[::-1])
    key = jax.random.key(0)
    after = exchange.buy(key, world, given, tiny_full)
    assert int(after.bag.item[0, 3]) == Item.RATION
    after = item.destroy(key, after, given, tiny_full)
    assert int(after.bag.item[0, 3]) == Item.RATION
