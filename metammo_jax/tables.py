"""The game's fixed numbers, as numpy tables and named constants with their units.

What an episode may change is not here but in `world.Params`.
Source: docs/rules/world.md#materials and the sections after it; nmmo 2.1.2 `core/config.py`,
`lib/material.py`.
"""

import numpy as np

from metammo_jax.vocab import Direction, Event, Item, Skill, Style, Tile, Wear

STEP_OFFSET = np.array([[-1, 0], [1, 0], [0, 1], [0, -1], [0, 0]], np.int32)
"""(5, 2) row and column added by each `Direction`."""

NEIGHBOURS = STEP_OFFSET[:4]
"""(4, 2) offsets of the four neighbours: north, south, east, west."""

MEANDER_ORDER = np.array(
    [Direction.NORTH, Direction.SOUTH, Direction.WEST, Direction.EAST], np.int32
)
"""(4,) the cyclic order in which a meandering NPC tries directions."""

IMPASSABLE = (Tile.VOID, Tile.WATER, Tile.STONE, Tile.OCEAN, Tile.FISH)

PASSABLE = np.array([tile not in IMPASSABLE for tile in Tile])
"""(16,) bool, can a player or an NPC stand on the material; depletion never changes it."""

DEPLETED = np.arange(len(Tile), dtype=np.int8)
DEPLETED[[Tile.FOILAGE, Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB, Tile.FISH]] = [
    Tile.SCRUB, Tile.SLAG, Tile.STUMP, Tile.FRAGMENT, Tile.WEEDS, Tile.OCEAN,
]  # fmt: skip
"""(16,) int8, what a material turns into when it is harvested."""

BASE_HEALTH = 100
"""Points of health an entity starts with and can at most have."""

RESOURCE_BASE = 100
"""Points of food and water a player starts with and can at most have."""

BASE_DAMAGE = np.full(len(Style), 10, np.int32)
"""(3,) points of damage of each style, without levels and equipment."""

REACH = 3
"""Tiles, Chebyshev: how far an attack of any style reaches."""

GIFT_REACH = 7
"""Tiles, Chebyshev: how far a gift reaches, and how far an NPC sees."""

NPC_VISION = 7
"""Tiles, Chebyshev: how far an NPC sees; its path search stays inside this window."""

COMBAT_STATUS_TICKS = 3
"""Ticks for which an entity counts as in combat after an attack given or taken."""

NPC_HEAL = 1
"""Points of health an NPC gains each tick."""

NPC_SPAWN_ATTEMPTS = 25
"""Places tried for new NPCs at reset and in each tick."""

RALLY_REACHED = 5
"""Tiles, Chebyshev: a soldier this close to its rally point has arrived."""

SOLDIER_SEARCH = 10
"""Tiles, Manhattan: up to here a soldier takes a shortest path, farther away it drifts."""

EVENT_CODE = {
    Event.EAT_FOOD: 1,
    Event.DRINK_WATER: 2,
    Event.GO_FARTHEST: 3,
    Event.SEIZE_TILE: 4,
    Event.SCORE_HIT: 11,
    Event.KILL_PLAYER: 12,
    Event.KILL_NPC: 12,
    Event.AGENT_CULLED: 91,
    Event.FIRE_AMMO: 13,
    Event.CONSUME_ITEM: 21,
    Event.GIVE_ITEM: 22,
    Event.DESTROY_ITEM: 23,
    Event.HARVEST_ITEM: 24,
    Event.EQUIP_ITEM: 25,
    Event.LOOT_ITEM: 26,
    Event.GIVE_GOLD: 31,
    Event.LIST_ITEM: 32,
    Event.EARN_GOLD: 33,
    Event.BUY_ITEM: 34,
    Event.LOOT_GOLD: 35,
    Event.LEVEL_UP: 41,
}
"""The original's code of each event."""

ITEM_EVENTS = (
    Event.FIRE_AMMO, Event.CONSUME_ITEM, Event.HARVEST_ITEM, Event.EQUIP_ITEM, Event.LOOT_ITEM,
    Event.LIST_ITEM, Event.BUY_ITEM,
)  # fmt: skip
"""Events about an item of some level, in the order of `Tally.seen`."""

RECON_FREEZE = 32767
"""Ticks for which a recon cannot act: longer than any episode."""

EXP_THRESHOLD = np.array([0, 90, 217, 373, 553, 754, 974, 1212, 1467, 1737], np.int32)
"""(10,) experience at which a skill reaches level 1, 2, ..., 10."""

LEVEL_MAX = len(EXP_THRESHOLD)
"""Highest level of a skill and of an item."""

ATTACK_EXP = 6
"""Experience for an attack, in the style used."""

LEVEL_DAMAGE = 5
"""Points of damage that each level of the style used adds."""

LEVEL_DEFENSE = 5
"""Points of damage that each level of a player's best skill keeps off."""

WEAK_AGAINST = np.array([Style.MAGE, Style.MELEE, Style.RANGE], np.int32)
"""(3,) the style that hurts those most who fight in this one: one and a half times."""

WEAR = np.zeros(len(Item), np.int32)
WEAR[[Item.HAT, Item.TOP, Item.BOTTOM]] = [Wear.HEAD, Wear.CHEST, Wear.LEGS]
WEAR[Item.SPEAR : Item.CHISEL + 1] = Wear.HAND
WEAR[Item.WHETSTONE : Item.RUNES + 1] = Wear.QUIVER
"""(17,) `vocab.Wear` of each item."""

ITEM_SKILL = np.full(len(Item), -1, np.int32)
ITEM_SKILL[Item.SPEAR : Item.CHISEL + 1] = list(Skill)
ITEM_SKILL[Item.WHETSTONE : Item.RUNES + 1] = [Skill.MELEE, Skill.RANGE, Skill.MAGE]
"""(17,) the skill whose level an item asks of its user; -1 for a player's best skill."""

TOOL = np.array([0, 0, 0, *range(Item.ROD, Item.CHISEL + 1)], np.int32)
"""(8,) `vocab.Item` that helps to harvest by each skill, NOTHING for the styles of attack."""

ITEM_ATTACK = 5
"""Points of damage that a worn weapon or ammunition adds to attacks in its style."""

WEAPON_LEVEL_ATTACK, AMMUNITION_LEVEL_ATTACK, AMMUNITION_ATTACK_MAX = 5, 10, 100
"""How many more for each level of a weapon, of ammunition, and the most for ammunition."""

ARMOR_LEVEL_DEFENSE, TOOL_DEFENSE = 3, 15
"""Points of damage that each level of worn armor keeps off, and a tool of any level."""

RESTORE_BASE, RESTORE_LEVEL = 50, 5
"""Points that a ration or a potion gives back, and how many more for each of its levels."""

WEAPON_DROP = 0.025
"""Chance that a harvest of ore, a tree or a crystal yields a weapon too."""

HARVEST_SKILL = np.full(len(Tile), -1, np.int32)
HARVEST_SKILL[[Tile.FISH, Tile.HERB, Tile.ORE, Tile.TREE, Tile.CRYSTAL]] = range(3, 8)
"""(16,) `vocab.Skill` that harvests a material, -1 for none."""

HARVEST_ITEM = np.array([0, 0, 0, Item.RATION, Item.POTION, Item.WHETSTONE, Item.ARROW, Item.RUNES])
"""(8,) `vocab.Item` that a harvest by each skill yields."""

HARVEST_WEAPON = np.array([0, 0, 0, 0, 0, Item.WAND, Item.SPEAR, Item.BOW])
"""(8,) `vocab.Item` that it sometimes yields too."""

HARVEST_EXP = np.array([0, 0, 0, 30, 30, 15, 15, 15], np.int32)
"""(8,) experience for a harvest by each skill."""

REGROWTH = np.zeros(len(Tile), np.float32)
REGROWTH[[Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB, Tile.FISH]] = [0.1, 0.105, 0.1, 0.02, 0.02]
"""(16,) chance per tick that a harvested tile is itself again; foilage's is in `Params`."""

BASE_GOLD = 1
"""Gold that a player starts with."""

LISTING_TICKS = 3
"""Ticks after that of its listing in which an item stays on the market."""

NPC_GEAR = 4
"""Points of damage that each level of an NPC's equipment adds, and keeps off (8, halved)."""

NPC_ITEM_LEVEL = 5
"""Sum of the levels of an NPC's equipment for each of its own levels."""

MASK_GOLD = 2
"""Gold that a player must have more of to be offered to give some away."""
