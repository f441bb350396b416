"""Gifts and purchases, against a ledger in which they happen one after another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import inventory
from metammo_jax.lib import backend
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
        return jnp.asarray(np.where(here, values, 0).T, jnp.int32)

    bag = world.bag.replace(
        item=leaf(kinds),
        level=leaf(level),
        quantity=leaf(quantity),
        price=leaf(price),
        worn=jnp.asarray(here & (price == 0) & (rng.random(shape) < 0.1)).T,
    )
    body = world.body.replace(
        pos=jnp.asarray(18 + rng.integers(0, 9, (cfg.entities, 2)), jnp.int32),
        health=world.body.health.at[: cfg.players].multiply(1 * (rng.random(cfg.players) < 0.9)),
        gold=world.body.gold.at[: cfg.players].set(rng.integers(0, 6, cfg.players)),
        combat_tick=world.body.combat_tick.at[0].set(8),
        freeze=world.body.freeze.at[1].set(3),
    )
    return world.replace(bag=bag, body=body)


def rows(world):
    """Returns each player's records, sorted, as `Ledger.rows` does."""
    leaves = [
        getattr(worlds.by_player(world.bag), n)
        for n in ("item", "level", "quantity", "worn", "price")
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


def drawn(rng, world, cfg, phase):
    """Returns what everybody asks for at random in a phase, by field of `Orders`."""

    def each(most):
        return rng.integers(-1, most, cfg.players)

    if phase == "give":
        return dict(give=each(cfg.slots + 1), give_to=each(8))
    if phase == "give_gold":
        return dict(gold=each(6), gold_to=each(8))
    listed = np.flatnonzero(worlds.by_player(world.bag).price)
    listings = rng.choice(listed, 8)  # so that several want the same
    return dict(buy=rng.choice(listings, cfg.players))


@pytest.mark.parametrize(
    "phase, turn, event, crowds, enough",
    [
        ("give", "turn", Event.GIVE_ITEM, 16, 32),
        ("give_gold", "turn", Event.GIVE_GOLD, 8, 16),
        ("buy", "buy_turn", Event.BUY_ITEM, 16, 32),
    ],
    ids=("gifts", "gold", "purchases"),
)
def test_all_is_as_if_done_one_after_another(phases, tiny_full, phase, turn, event, crowds, enough):
    """Gold that one is given can be given on; what one has sold makes room for more."""
    made, players = 0, tiny_full.players
    for seed in range(crowds):
        rng = np.random.default_rng(seed)
        world = crowd(rng, tiny_full)
        asked = drawn(rng, world, tiny_full, phase)
        given = orders.trade(tiny_full, rng, **asked)
        ledger = Ledger(world, tiny_full)
        for player in np.argsort(np.asarray(getattr(given, turn))[:players]):
            getattr(ledger, phase)(player, *(int(values[player]) for values in asked.values()))
        after = phases[phase](world, given)
        assert rows(after) == ledger.rows()
        assert np.asarray(after.body.gold).tolist() == ledger.gold
        assert int(after.tally.count[event].sum()) == ledger.made
        gained = np.asarray(after.body.gold - world.body.gold)[:players]
        sales = np.asarray(after.tally.earned - after.tally.spent)
        assert gained.sum() == 0
        assert np.array_equal(sales, gained if phase == "buy" else np.zeros(players))
        made += ledger.made
    assert made > enough


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
    assert int(after.bag.item[3, 0]) == Item.RATION
    after = item.destroy(key, after, given, tiny_full)
    assert int(after.bag.item[3, 0]) == Item.RATION


@pytest.mark.parametrize("phase", ["give", "give_gold", "buy"])
def test_nobody_trades_where_the_system_is_off(phases, tiny_full, phase):
    rng = np.random.default_rng(1)
    world = crowd(rng, tiny_full)
    given = orders.trade(tiny_full, rng, **drawn(rng, world, tiny_full, phase))
    off = System.ITEM if phase == "give" else System.EXCHANGE
    params = world.params
    quiet = world.replace(params=params.replace(enabled=params.enabled.at[off].set(False)))
    after, traded = phases[phase](quiet, given), phases[phase](world, given)
    assert rows(traded) != rows(world) or (traded.body.gold != world.body.gold).any()
    assert rows(after) == rows(world) and (after.body.gold == world.body.gold).all()
    assert (after.tally.count == world.tally.count).all()


def test_narrow_bags_hold_the_largest_numbers(tiny_full):
    largest = dict(item=max(Item), level=10, quantity=2**31 - 1, price=32000, listed_at=32000)
    bag = jax.tree.map(jnp.zeros_like, worlds.blank(tiny_full).bag)
    bag = bag.replace(**{name: jnp.full_like(bag.item, most) for name, most in largest.items()})
    bag = bag.replace(arrived=bag.arrived + 32001)  # a tick later than the longest episode
    with backend.assumed("gpu"):
        kept = inventory.widen(inventory.narrow(bag))
        assert inventory.narrow(bag).item.dtype == jnp.int8
    for name, column in vars(bag).items():
        np.testing.assert_array_equal(getattr(kept, name), column)
