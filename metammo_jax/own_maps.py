"""Checks of maps that the caller gives.

They are kept by the environment that is given them, and cached nowhere.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from metammo_jax.config import Config
from metammo_jax.tables import PASSABLE
from metammo_jax.vocab import Tile


def checked(
    maps: Any, cfg: Config, squares: Iterable[int], levels: tuple[float, float]
) -> np.ndarray:
    """Returns the caller's maps as float16 or int8, if all games can be played on them.

    Args:
      maps: (maps, H, W) integers, `vocab.Tile` of each tile; or (maps, H, W) floats in 0..1,
        fractals, which the thresholds of a game turn into tiles.
      cfg: reads map_size, maps, players, evaluation_maps.
      squares: tiles a side of the playable squares for which there must be room.
      levels: of fractals, the highest water level and the lowest foilage level of the games.

    Returns:
      (maps, H, W) int8 or float16.

    Raises:
      ValueError: a wrong shape, dtype or value; too few tiles where one can stand and that can be
        reached from the edge; a middle where one cannot stand or that cannot be reached.
    """
    if cfg.evaluation_maps:
        raise ValueError("evaluation_maps=True means made maps; it goes with no maps of one's own")
    array = np.asarray(maps)
    shape = (cfg.maps, cfg.map_size, cfg.map_size)
    if array.shape != shape:
        raise ValueError(
            f"maps has shape {array.shape}, it must be {shape}: maps, then rows and columns of "
            f"map_size={cfg.map_size} (of one map: maps[None])"
        )
    array, works = _typed(array, levels)
    for number, one in enumerate(works):
        for side in sorted(set(squares)):
            _check_room(number, one, side, array.dtype == np.int8, cfg)
    return array


def _typed(array: np.ndarray, levels: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Returns maps as int8 or float16, and the tiles (maps, H, W) bool where one can stand."""
    if np.issubdtype(array.dtype, np.integer):
        _check_values(array, array.astype(np.int64), 0, len(Tile) - 1, "a vocab.Tile")
        array = array.astype(np.int8)
        return array, PASSABLE[array]
    if np.issubdtype(array.dtype, np.floating):
        _check_values(array, array.astype(np.float64), 0, 1, "a fractal value")
        array = array.astype(np.float16)
        return array, (array > levels[0]) & (array <= levels[1])
    raise ValueError(f"maps is of {array.dtype}, it must be of integers (Tile) or floats")


def _check_values(array: np.ndarray, values: np.ndarray, low: int, high: int, what: str) -> None:
    """Raises ValueError if a value is no number from low to high; names the first."""
    wrong = np.argwhere(~((values >= low) & (values <= high)))
    if len(wrong):
        place = tuple(map(int, wrong[0]))
        raise ValueError(f"maps{list(place)}={array[place]} must be {what}, in {low}..{high}")


def _check_room(number: int, works: np.ndarray, side: int, is_tiles: bool, cfg: Config) -> None:
    """Raises ValueError if there is too little room inside the edge, or the middle is closed off.

    Args:
      number: of the map.
      works: (H, W) bool, where one can stand.
      side: tiles a side of the playable square.
      is_tiles: the map says what each tile is, so its middle is known too.
      cfg: sizes.
    """
    from scipy.ndimage import label  # slow to import, and few have maps of their own

    off = np.abs(np.arange(cfg.map_size) - cfg.middle)
    ring = np.maximum(off[:, None], off[None])
    edge = side // 2
    works = (works & (ring < edge)) | (ring == edge) | (ring == edge - 1)  # as terrain._fence
    places = np.asarray(label(works)[0])  # pyright: ignore
    reached = places == places[cfg.middle - edge, cfg.middle - edge]
    inside = int((reached & (ring < edge - 1)).sum())
    where = f"maps[{number}], in its middle {side + 1} x {side + 1} tiles (center={side}),"
    room = min(cfg.players, max(2 * edge - 3, 0) ** 2)  # in small squares players share tiles
    if inside < room:
        raise ValueError(
            f"{where} must have room for {room} players: where one can stand, and which can "
            f"be reached from the edge, are {inside} tiles (the two outermost rows do not count)"
        )
    middle = (cfg.middle, cfg.middle)
    if is_tiles and not reached[middle]:
        state = "cannot be reached from the edge" if works[middle] else "is no place to stand"
        raise ValueError(f"{where} must leave its middle free: the tile at {middle} {state}")
