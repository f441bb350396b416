"""How players trade in random plans, and what they own as these begin."""

import numpy as np

from metammo_jax.action import TRADE
from metammo_jax.config import Config
from metammo_jax.observe import Observation
from metammo_jax.tables import EXP_THRESHOLD, ITEM_SKILL, LISTING_TICKS, WEAR
from metammo_jax.vocab import Item, System, Wear
from metammo_jax.world import World
from tests.worlds import by_player

LEARNED = [0, 0, 89, 217, 754, 1736]
"""Experience of players in each skill, as plans begin."""

AMMUNITION = [Item.WHETSTONE, Item.ARROW, Item.RUNES]

ITEMS = [*Item][1:] + AMMUNITION * 3
"""What lies in bags: mostly what stacks."""

LEVELS = [1, 1, 1, 2, 3, 10]
"""Levels of these items: few, so that pieces meet their like."""

GOLD = [0, 1, 2, 3, 4, 5, 20, 200]
"""What purses hold."""


def offered(rng: np.random.Generator, obs: Observation, cfg: Config) -> dict:
    """Returns choices of trade from the masks; none in the mini game."""
    if not cfg.slots:
        return {}
    masks, players = obs.masks, cfg.players

    def choice(mask):
        return np.argmax(rng.random(mask.shape) * mask, axis=1)

    slots = np.append(np.arange(cfg.slots), -1)
    seen = np.append(obs.visible, np.full((players, 1), -1), axis=1)
    heads = {name: slots[choice(getattr(masks, name))] for name in OWN}
    for name in ("give_to", "gold_to"):
        heads[name] = np.take_along_axis(seen, choice(getattr(masks, name))[:, None], 1)[:, 0]
    heads["price"] = rng.integers(1, cfg.prices + 1, players)
    heads["gold"] = 1 + choice(masks.gold)
    heads["buy"] = np.append(obs.listing, -1)[choice(masks.buy)]
    return heads


OWN = ("use", "destroy", "give", "sell")
"""Heads that choose a slot of one's own bag."""


def haggled(rng: np.random.Generator, world: World, cfg: Config) -> dict:
    """Returns choices of trade that get into each other's way: all deal with a few, masked or not.

    Everybody buys one of a few records, and gives to one of a few players.
    """
    players = cfg.players
    heads = {name: rng.integers(-1, cfg.slots, players) for name in OWN}
    friends = rng.integers(players, size=3)
    for name in ("give_to", "gold_to"):
        heads[name] = rng.choice(friends, players)
    for_sale = np.flatnonzero(by_player(world.bag).price)
    wares = np.append(rng.permutation(for_sale)[:4], -1)
    heads["buy"] = rng.choice(wares, players)
    heads["price"], heads["gold"] = rng.integers(1, min(4, cfg.prices), (2, players))
    heads["destroy"] = np.where(rng.random(players) < 0.8, -1, heads["destroy"])
    return heads


def in_range(action, cfg: Config) -> dict:
    """Returns the heads of trade of an action with -1 for all numbers that mean nothing."""
    if not cfg.slots:
        return {}
    ends = dict.fromkeys(OWN, cfg.slots) | dict.fromkeys(("give_to", "gold_to"), cfg.players)
    ends |= dict.fromkeys(("price", "gold"), cfg.prices + 1)
    ends["buy"] = cfg.players * cfg.slots
    heads = {}
    for name in TRADE:
        head, least = getattr(action, name), int(name in ("price", "gold"))
        heads[name] = np.where((head >= least) & (head < ends[name]), head, -1)
    return heads


# What players own as a plan begins


def furnish(rng: np.random.Generator, world: World, cfg: Config) -> World:
    """Returns the worlds with things in bags, worn and for sale, with gold and experience.

    What a world's systems do not know it does not get.
    """
    on, present = world.params.enabled, world.body.present[:, : cfg.players]
    exp = rng.choice(LEARNED, world.skill.exp.shape) * on[:, System.PROGRESSION, None, None]
    world = world.replace(skill=world.skill.replace(exp=exp.astype(np.int32)))
    has_gold = present & on[:, System.EXCHANGE, None]
    gold = np.array(world.body.gold)
    gold[:, : cfg.players] = np.where(has_gold, rng.choice(GOLD, present.shape), 0)
    world = world.replace(body=world.body.replace(gold=gold))
    return world.replace(bag=_bags(rng, world, present & on[:, System.ITEM, None]))


def _bags(rng: np.random.Generator, world: World, has_items: np.ndarray):
    """Returns full, half full and empty bags, in which everything is as it should be."""
    shape, now = by_player(world.bag).item.shape, world.tick[:, None, None]
    fill = rng.choice([0, 0.3, 0.7, 1], shape[:2])[..., None]
    held = (rng.random(shape) < fill) & has_items[..., None]
    item, level = rng.choice(ITEMS, shape), rng.choice(LEVELS, shape)
    stacks = np.isin(item, AMMUNITION)
    held &= is_first(np.where(held & stacks, 100 * item + level, -1)) | ~stacks
    wears = held & (WEAR[item] != Wear.NOWHERE) & (rng.random(shape) < 0.6)
    wears &= level <= skill_level(world, item)
    worn = wears & is_first(np.where(wears, WEAR[item], -1))
    sells = held & ~worn & (rng.random(shape) < 0.4)
    sells &= world.params.enabled[:, System.EXCHANGE, None, None]
    fields = dict(
        item=item,
        level=level,
        quantity=np.where(stacks, rng.integers(1, 4, shape), 1),
        worn=worn,
        price=np.where(sells, rng.integers(1, 4, shape), 0),
        listed_at=np.where(sells, now - rng.integers(0, LISTING_TICKS + 1, shape), 0),
        arrived=np.broadcast_to(now, shape),
    )
    bag = world.bag
    return by_player(
        bag.replace(
            **{
                name: np.where(held, value, 0).astype(getattr(bag, name).dtype)
                for name, value in fields.items()
            }
        )
    )


def is_first(kind: np.ndarray) -> np.ndarray:
    """Returns (..., I) bool, the slots that are the first of their kind; those of -1 are none."""
    slots = np.arange(kind.shape[-1])
    earlier = slots[:, None] > slots
    same = kind[..., :, None] == kind[..., None, :]
    return (kind != -1) & ~(same & earlier).any(-1)


def levels_of(world: World) -> np.ndarray:
    """Returns (WIDTH, P, S) levels of skills, 0 where nobody learns."""
    level = (world.skill.exp[..., None] >= EXP_THRESHOLD).sum(-1)
    return level * world.params.enabled[:, System.PROGRESSION, None, None]


def skill_level(world: World, item: np.ndarray) -> np.ndarray:
    """Returns (WIDTH, P, I) levels of the skills by which players use such items."""
    levels, asked = levels_of(world), ITEM_SKILL[item]
    own = np.take_along_axis(levels, np.maximum(asked, 0), axis=2)
    return np.where(asked < 0, levels.max(2, keepdims=True), own)
