"""The tasks of the NeurIPS 2023 competition: 1299 for training, 62 for evaluation.

Places and the length of a life follow the config (`"middle"`, `"horizon"`); at the paper's size
they are the competition's (80, 80) and 1024. All else is the competition's in every config.

Source: docs/rules/tasks.md#the-competition.
"""

import functools
from collections.abc import Iterator

from metammo_jax.tasks import predicates as p
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.predicates import ANY_KILL
from metammo_jax.vocab import Event, Item, Skill, Style, Subject, Tile

EVENT_GOALS = (1, 2, 3, 5, 7, 9, 12, 15, 20, 30, 50)
"""Numbers of events, and amounts of gold."""

SPANS = (50, 100, 150, 200, 300, 500, 700)
"""Ticks, and points of experience."""

LEVELS = range(2, 10)
"""Levels of items."""

ARMOR = (Item.HAT, Item.TOP, Item.BOTTOM)
WEAPONS = (Item.SPEAR, Item.BOW, Item.WAND)
TOOLS = (Item.ROD, Item.GLOVES, Item.PICKAXE, Item.AXE, Item.CHISEL)
AMMUNITION = (Item.WHETSTONE, Item.ARROW, Item.RUNES)
CONSUMABLES = (Item.RATION, Item.POTION)
WEARABLE = ARMOR + WEAPONS + TOOLS + AMMUNITION
HARVEST = WEAPONS + AMMUNITION + CONSUMABLES
ALL_ITEMS = WEARABLE + CONSUMABLES

ESSENTIAL = (Event.EAT_FOOD, Event.DRINK_WATER)
BASIC = (
    Event.SCORE_HIT, ANY_KILL, Event.HARVEST_ITEM, Event.EQUIP_ITEM, Event.CONSUME_ITEM,
    Event.LEVEL_UP, Event.EARN_GOLD, Event.LIST_ITEM, Event.BUY_ITEM,
)  # fmt: skip
OTHER = (Event.GIVE_ITEM, Event.DESTROY_ITEM, Event.GIVE_GOLD)
SIGHTS = (Tile.WATER, Tile.FOILAGE, Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB, Tile.FISH)
SKILL_WEIGHT = {3: 30, 4: 20, 5: 10, 6: 5, 7: 5, 8: 5, 9: 5}
"""Levels of skills to attain, and the weight of each."""


@functools.cache
def training() -> tuple[Goal, ...]:
    """Returns the training tasks, with their weights in the draw (8995 in sum).

    The survival of all 1024 ticks is among them twice, as in the competition, where its second
    mention was meant for the evaluation.
    """
    return tuple(
        Goal(predicate, args, weight=weight)
        for family in (_events, _time_and_places, _skills, _gold, _bag, _items)
        for predicate, args, weight in family()
    )


@functools.cache
def evaluation() -> tuple[Goal, ...]:
    """Returns the evaluation tasks; all are as likely. `tasks.scoring` has their categories.

    18 of them are training tasks too, and none asks for survival, as in the competition.
    """
    combat = [(p.count_event, (ANY_KILL, 20))]
    combat += [(p.defeat_entity, ("NPC", level, 20)) for level in (1, 3)]
    exploration = [(p.count_event, (Event.GO_FARTHEST, 64)), (p.occupy_tile, ("middle", "middle"))]
    skill = [(p.attain_skill, (skill, 10, 1)) for skill in Skill]
    item = [
        (predicate, (what, level, amount))
        for predicate, items, amount in (
            (p.harvest_item, AMMUNITION, 20),
            (p.consume_item, CONSUMABLES, 20),
            (p.equip_item, WEARABLE, 1),
            (p.fully_armed, Style, 1),
        )
        for what in items
        for level in (1, 3)
    ]
    market = [(p.count_event, (event, 20)) for event in (Event.EARN_GOLD, Event.BUY_ITEM)]
    market += [(predicate, (100,)) for predicate in (p.earn_gold, p.hoard_gold, p.make_profit)]
    tasks: tuple[tuple, ...] = (*combat, *exploration, *skill, *item, *market)
    return tuple(Goal(*task) for task in tasks)


def _events() -> Iterator[tuple]:
    for event in ESSENTIAL:
        for n in range(1, 10):
            yield p.count_event, (event, n), 100
    for event in BASIC:
        for n in EVENT_GOALS:
            yield p.count_event, (event, n), 20
    for event in OTHER:
        for n in range(1, 10):
            yield p.count_event, (event, n), 1
    for style in Style:
        for n in EVENT_GOALS:
            yield p.score_hit, (style, n), 5


def _time_and_places() -> Iterator[tuple]:
    for ticks in ("horizon", *SPANS, "horizon"):
        yield p.tick_ge, (ticks,), 1
    for tile in SIGHTS:
        yield p.can_see_tile, (tile,), 10
    yield p.occupy_tile, ("middle", "middle"), 1
    for target in (
        Subject.LEFT_TEAM_LEADER,
        Subject.RIGHT_TEAM_LEADER,
        Subject.LEFT_TEAM,
        Subject.RIGHT_TEAM,
    ):
        yield p.can_see, (target,), 1


def _skills() -> Iterator[tuple]:
    for skill in Skill:
        for level, weight in SKILL_WEIGHT.items():
            yield p.attain_skill, (skill, level, 1), weight
        for experience in SPANS:
            yield p.practice_skill_with_tool, (skill, experience), 50


def _gold() -> Iterator[tuple]:
    for predicate, weight in (
        (p.hoard_gold, 10),
        (p.earn_gold, 10),
        (p.spend_gold, 5),
        (p.make_profit, 3),
    ):
        for amount in EVENT_GOALS:
            yield predicate, (amount,), weight


def _bag() -> Iterator[tuple]:
    for space in (2, 4, 8):
        for ticks in SPANS:
            yield p.practice_inventory_management, (space, ticks), 1


def _items() -> Iterator[tuple]:
    for level in LEVELS:
        weight = 2 if level == 2 else 1
        for quantity in range(1, 6):
            if quantity > 1 and level + quantity > 6:
                continue
            for predicate, items in (
                (p.own_item, ALL_ITEMS),
                (p.list_item, ALL_ITEMS),
                (p.buy_item, ALL_ITEMS),
                (p.consume_item, CONSUMABLES),
                (p.harvest_item, HARVEST),
            ):
                for item in items:
                    yield predicate, (item, level, quantity), weight
        for item in WEARABLE:
            yield p.equip_item, (item, level, 1), weight
