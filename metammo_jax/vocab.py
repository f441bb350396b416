"""The words of the game as integers: systems, tiles, items, skills, NPC kinds, events.

Numbers are the original's own wherever it has one, so that recorded data needs no translation.
"""

from enum import IntEnum


class System(IntEnum):
    """A game system; the order is the one of the original's task observation."""

    TERRAIN = 0
    RESOURCE = 1
    COMBAT = 2
    NPC = 3
    PROGRESSION = 4
    ITEM = 5
    EQUIPMENT = 6
    PROFESSION = 7
    EXCHANGE = 8
    COMMUNICATION = 9


class Tile(IntEnum):
    """Material of a tile."""

    VOID = 0
    WATER = 1
    GRASS = 2
    SCRUB = 3
    FOILAGE = 4
    STONE = 5
    SLAG = 6
    ORE = 7
    STUMP = 8
    TREE = 9
    FRAGMENT = 10
    CRYSTAL = 11
    WEEDS = 12
    HERB = 13
    OCEAN = 14
    FISH = 15


class Direction(IntEnum):
    """A step on the map; rows grow to the south, columns to the east."""

    NORTH = 0
    SOUTH = 1
    EAST = 2
    WEST = 3
    STAY = 4


class Style(IntEnum):
    """A style of attack."""

    MELEE = 0
    RANGE = 1
    MAGE = 2


class Skill(IntEnum):
    """What players get better at; the first three are the styles of attack.

    The original's number of each is one higher.
    """

    MELEE = 0
    RANGE = 1
    MAGE = 2
    FISHING = 3
    HERBALISM = 4
    PROSPECTING = 5
    CARVING = 6
    ALCHEMY = 7


class Item(IntEnum):
    """What can lie in a slot of a bag. The original's number of each is one higher."""

    NOTHING = 0
    HAT = 1
    TOP = 2
    BOTTOM = 3
    SPEAR = 4
    BOW = 5
    WAND = 6
    ROD = 7
    GLOVES = 8
    PICKAXE = 9
    AXE = 10
    CHISEL = 11
    WHETSTONE = 12
    ARROW = 13
    RUNES = 14
    RATION = 15
    POTION = 16


class Wear(IntEnum):
    """Where an item is worn; one item at a time in each place."""

    NOWHERE = 0
    HEAD = 1
    CHEST = 2
    LEGS = 3
    HAND = 4
    QUIVER = 5


class Kind(IntEnum):
    """Behaviour of an NPC. A soldier shows itself as aggressive (3) to those who observe it."""

    PASSIVE = 1
    NEUTRAL = 2
    AGGRESSIVE = 3
    SOLDIER = 4


class Event(IntEnum):
    """Row of `Tally.count`: what is counted for each player.

    The original's PLAYER_KILL (code 12) is counted apart for players and NPCs killed.
    `tables.EVENT_CODE` gives the original's code of each. Those from FIRE_AMMO on happen in the
    full game alone.
    """

    EAT_FOOD = 0
    DRINK_WATER = 1
    GO_FARTHEST = 2
    SEIZE_TILE = 3
    SCORE_HIT = 4
    KILL_PLAYER = 5
    KILL_NPC = 6
    AGENT_CULLED = 7
    FIRE_AMMO = 8
    CONSUME_ITEM = 9
    GIVE_ITEM = 10
    DESTROY_ITEM = 11
    HARVEST_ITEM = 12
    EQUIP_ITEM = 13
    LOOT_ITEM = 14
    GIVE_GOLD = 15
    LIST_ITEM = 16
    EARN_GOLD = 17
    BUY_ITEM = 18
    LOOT_GOLD = 19
    LEVEL_UP = 20


class Revival(IntEnum):
    """What becomes of a player that died."""

    NONE = 0
    EDGE = 1
    ANYWHERE = 2


class Subject(IntEnum):
    """Whose state a task looks at, seen from the player that has the task."""

    SELF = 0
    TEAM = 1
    TEAM_LEADER = 2
    LEFT_TEAM = 3
    LEFT_TEAM_LEADER = 4
    RIGHT_TEAM = 5
    RIGHT_TEAM_LEADER = 6
    FOES = 7
    FOE_LEADERS = 8


class TaskKind(IntEnum):
    """How progress and reward of a task follow from its predicate.

    DEFAULT pays the change of progress until it is complete, ONGOING pays the progress itself in
    every tick, HOLD wants the predicate to be true for some ticks on end.
    """

    DEFAULT = 0
    ONGOING = 1
    HOLD = 2


NOBODY = -1
"""Marks an entity row, a slot or a target that does not exist."""

NEVER = 1 << 30
"""A tick that no episode reaches."""
