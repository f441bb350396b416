"""Where professions find what they harvest on a first map: that it may lie there, and how often.

Source: docs/rules/world.md#resources-on-the-map.
Clusters of ore, trees and crystals first, then herbs, all on grass; fish in water beside grass;
extra water and foilage after them.
"""

import numpy as np

from metammo_jax.tables import NEIGHBOURS
from metammo_jax.vocab import Tile
from tests.parity.fields import Field, field
from tests.parity.frequencies import RECORD, Draws

CLUSTERED = (Tile.ORE, Tile.TREE, Tile.CRYSTAL)
ON_GRASS = (*CLUSTERED, Tile.HERB)
EXTRA = (Tile.WATER, Tile.FOILAGE)
CLUSTER_SIZE = 5


def resources(base: np.ndarray, material: np.ndarray) -> np.ndarray:
    """Returns (H, W) bool, tiles that show something to harvest in place of grass or water."""
    on_grass = (base == Tile.GRASS) & np.isin(material, ON_GRASS)
    return on_grass | ((base == Tile.WATER) & (material == Tile.FISH))


def fields(base: np.ndarray, sides: list[np.ndarray], settings: dict) -> list[Field]:
    """Returns whether each side's resources are as many as they should be, and where they may be.

    Args:
      base: (H, W) the map without them.
      sides: (H, W) maps, ours and the recorded one.
      settings: of the original.
    """
    out = []
    rules = [_rules(base, material, settings) for material in sides]
    for name in rules[0]:
        allowed = np.array([side[name] for side in rules])
        ones = np.ones_like(allowed)
        out.append(field(f"start: {name}", ones, allowed, ones))
    return out


def _rules(base: np.ndarray, material: np.ndarray, settings: dict) -> dict[str, bool]:
    """Returns for each rule, does the map obey it."""
    patches, clusters = (settings[f"PROGRESSION_SPAWN_{of}"] for of in ("UNIFORMS", "CLUSTERS"))
    low = settings["MAP_BORDER"] + 1
    high = settings["MAP_SIZE"] - low
    row, col = np.indices(base.shape)
    inward = np.minimum(np.minimum(row, col) - low, high - 1 - np.maximum(row, col))
    in_reach = (np.minimum(row, col) > low) & (np.maximum(row, col) < high)
    was_grass = base == Tile.GRASS
    herbs, fish = material == Tile.HERB, material == Tile.FISH
    rules = {
        "herbs": herbs.sum() == patches and not (herbs & ~(was_grass & (inward >= 0))).any(),
        "fish": fish.sum() == patches
        and not (fish & ~(in_reach & _beside_grass(base, material))).any(),
    }
    for kind in CLUSTERED:
        here = material == kind
        middles = here & was_grass & (inward >= 1) & ~_has_neighbour(_spared(base, material))
        within = middles | _has_neighbour(middles)
        enough = clusters <= middles.sum() and here.sum() <= CLUSTER_SIZE * clusters
        rules[f"{kind.name.lower()} in clusters"] = enough and bool(within[here].all())
    return rules


def _spared(base: np.ndarray, material: np.ndarray) -> np.ndarray:
    """Returns bool, grass that no cluster took: what came to lie there later may be seen."""
    return (base == Tile.GRASS) & ~np.isin(material, CLUSTERED)


def _beside_grass(base: np.ndarray, material: np.ndarray) -> np.ndarray:
    """Returns bool, water beside what was grass when fish came."""
    left = _spared(base, material) & (material != Tile.HERB)
    return (base == Tile.WATER) & _has_neighbour(left)


def _has_neighbour(where: np.ndarray) -> np.ndarray:
    """Returns bool, tiles of which one of the four neighbours is one of these."""
    return np.any([np.roll(where, offset, axis=(0, 1)) for offset in NEIGHBOURS], axis=0)


def draws(recorded: np.ndarray, samples: np.ndarray) -> list[Draws]:
    """Returns how much of each resource a map has, and how it is spread.

    Args:
      recorded: (H, W) map.
      samples: (K, H, W) maps that ours makes of the same fractal, which tell what to expect.
    """
    out, half = [], recorded.shape[0] // 2
    for kind in (*CLUSTERED, Tile.HERB, Tile.FISH):
        parts = {"": np.s_[:, :], " in the north": np.s_[:half, :], " in the west": np.s_[:, :half]}
        for name, part in parts.items():
            if name or kind in CLUSTERED:
                counts = (samples[:, *part] == kind).sum((1, 2))
                variance = counts.var(ddof=1) * (1 + 1 / len(counts))
                seen = np.array([(recorded[part] == kind).sum()])
                name = f"tiles of {kind.name.lower()}{name}"
                out.append(Draws(name, RECORD, seen, np.array([counts.mean()]), variance))
    return out
