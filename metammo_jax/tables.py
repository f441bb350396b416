"""The game's fixed numbers, as numpy tables and named constants with their units.

What an episode may change is not here but in `world.Params`.
Source: nmmo 2.1.2, `core/config.py`, `lib/material.py`.
"""

import numpy as np

from metammo_jax.vocab import Direction, Event, Style, Tile

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
}
"""The original's code of each event."""

RECON_FREEZE = 32767
"""Ticks for which a recon cannot act: longer than any episode."""
