"""The full game as it is played: laws that hold in every tick, whatever players do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import inventory
from metammo_jax.action import TRADE
from metammo_jax.tables import LEVEL_MAX
from metammo_jax.vocab import Event, Item
from tests import worlds

TICKS = 70


def wild(key, action, cfg):
    """Returns the action with the heads of trade drawn from all numbers, sensible or not."""
    high = {
        "use": cfg.slots, "destroy": 4 * cfg.slots, "give": cfg.slots, "give_to": cfg.players,
        "sell": cfg.slots, "price": 4, "buy": cfg.players * cfg.slots, "gold": 3,
        "gold_to": cfg.players,
    }  # fmt: skip
    keys = jax.random.split(key, len(TRADE))
    return action.replace(
        **{
            name: jax.random.randint(k, (cfg.players,), -1, high[name] + 1)
            for name, k in zip(TRADE, keys, strict=True)
        }
    )


def rich(world, cfg, seed):
    """Returns the world with things to trade, and everybody close together."""
    rng = np.random.default_rng(seed)
    kinds = [Item.HAT, Item.RATION, Item.POTION, Item.SPEAR, Item.ARROW, Item.ROD]
    for row in range(cfg.players):
        for slot in range(rng.integers(2, 6)):
            world = worlds.put_item(world, row, slot, int(kinds[slot]), quantity=1)
    gold = world.body.gold.at[: cfg.players].set(rng.integers(2, 9, cfg.players))
    middle = jnp.full_like(world.body.pos[: cfg.players], cfg.middle)
    pos = world.body.pos.at[: cfg.players].set(middle + rng.integers(-5, 6, middle.shape))
    return world.replace(body=world.body.replace(gold=gold, pos=pos))


@pytest.fixture(scope="module")
def episode(played_full):
    """States, one after another, of worlds in which everybody trades and fights at random."""
    cfg = played_full.env.cfg
    draw = jax.jit(lambda key, action: wild(key, action, cfg))
    states = []
    for seed, game in enumerate(("multi_task", "team_battle")):
        obs, world = played_full.start(game, seed)
        world = rich(world, cfg, seed)
        obs = jax.jit(played_full.env.observe)(world)
        line = [world]
        for tick in range(TICKS):
            key = jax.random.fold_in(jax.random.key(seed), tick)
            action = played_full.sample(key, obs)
            if tick % 2:
                action = draw(key, action)
            obs, world, reward, *_ = played_full.step(key, world, action)
            assert np.isfinite(reward).all()
            line.append(world)
        states.append(line)
    return states


def test_everything_that_can_happen_does(episode):
    counts = sum(np.asarray(line[-1].tally.count).sum(0) for line in episode)
    never = {Event.SEIZE_TILE}
    rare = {Event.FIRE_AMMO, Event.LEVEL_UP}
    missing = {event.name for event in Event if not counts[event]} - {e.name for e in never | rare}
    assert not missing


def test_bags_hold_what_bags_can_hold(episode):
    for world in (world for line in episode for world in line):
        bag, players = world.bag, world.bag.item.shape[0]
        full = np.asarray(bag.item != Item.NOTHING)
        assert (np.asarray(bag.quantity)[full] >= 1).all()
        level = np.asarray(bag.level)[full]
        assert ((level >= 1) & (level <= LEVEL_MAX)).all()
        for leaf in jax.tree.leaves(bag):
            assert not np.asarray(leaf)[~full].any()
        single = ~np.asarray(inventory.is_ammunition(bag.item)) & full
        assert (np.asarray(bag.quantity)[single] == 1).all()
        for row in range(players):
            stacks = [
                (int(bag.item[row, slot]), int(bag.level[row, slot]))
                for slot in np.flatnonzero(full[row] & ~single[row])
            ]
            assert len(set(stacks)) == len(stacks)
            worn = np.asarray(inventory.wear_of(bag.item[row]))[np.asarray(bag.worn[row])]
            assert len(set(worn.tolist())) == len(worn) and 0 not in worn
        assert not (np.asarray(bag.worn) & (np.asarray(bag.price) > 0)).any()
        dead = ~np.asarray(world.body.present[:players])
        assert not full[dead].any()


def test_gold_comes_with_npcs_and_goes_with_the_dead(episode):
    for line in episode:
        for before, after in zip(line, line[1:], strict=False):
            old, new = before.body, after.body
            assert (new.gold >= 0).all()
            born = np.asarray(new.present & (new.id != old.id))
            there = np.asarray(old.present)
            left = there & ~(np.asarray(new.present) & ~born)
            start = np.asarray(old.gold)[there].sum() + np.asarray(new.gold)[born].sum()
            lost = start - np.asarray(new.gold)[np.asarray(new.present)].sum()
            assert lost >= 0 and (lost == 0 or left.any())


def test_trade_moves_gold_and_records_and_makes_none(episode):
    bought = 0
    for line in episode:
        last = line[-1].tally
        assert int(last.earned.sum()) == int(last.spent.sum())
        assert int(last.count[:, Event.EARN_GOLD].sum()) == int(last.count[:, Event.BUY_ITEM].sum())
        bought += int(last.spent.sum())
    assert bought


def test_experience_only_grows(episode):
    for line in episode:
        exp = np.stack([world.skill.exp for world in line])
        assert (np.diff(exp, axis=0) >= 0).all() and exp[-1].any()


@pytest.mark.slow
def test_a_world_is_the_same_alone_and_in_a_batch(played_full, episode):
    world, key = episode[0][20], jax.random.key(5)
    action = played_full.sample(key, jax.jit(played_full.env.observe)(world))
    alone = played_full.step(key, world, action)
    two = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), (world, action))
    batch = jax.jit(jax.vmap(played_full.env.step, in_axes=(None, 0, 0)))(key, *two)
    for one, both in zip(jax.tree.leaves(alone), jax.tree.leaves(batch), strict=True):
        assert np.array_equal(one, both[0]) and np.array_equal(one, both[1])
