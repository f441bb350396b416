"""The pool of fractal maps, and the file that caches it.

A fractal map is a number in 0..1 for each tile; a game's thresholds turn it into water, grass,
foilage and stone (`rules.terrain`). Maps depend on their number and on sizes only, never on a key.
"""

import hashlib
import io
import json
import logging
import os
import pathlib
import uuid
import warnings

import numpy as np

from metammo_jax.config import Config
from metammo_jax.lib.cache_folder import cache_folder
from metammo_jax.lib.noise import simplex

FORMAT = 1
"""Version of the pool's file; raise it whenever the numbers of a pool would change."""

TILES_PER_OCTAVE = 8
FREQUENCY = -3
"""log2 of the noise's frequency per tile in the finest octave."""

FREQUENCY_OFFSET = 7
"""log2 of the playable side from which on coarser octaves are added."""

SPREAD = (-2.0, 0.0)
"""log10 of how widely octaves mix, in the first and in the last map of a pool."""

BLOCK = 12800
"""Tiles computed at a time, so that temporaries stay in the processor's cache."""

DIGEST_BYTES = hashlib.sha256().digest_size
"""At the end of a cache file, after what `np.save` writes; `np.load` reads the file without it."""

logger = logging.getLogger(__name__)


def load_pool(cfg: Config) -> np.ndarray:
    """Returns the pool of fractal maps, from the cache if it is there, else made and cached.

    A cached file that is damaged or does not fit is reported, made again and replaced. Where the
    cache cannot be read or written, the pool is made all the same.

    Args:
      cfg: reads map_size, playable_side, maps, evaluation_maps.

    Returns:
      (maps, H, W) float16, values in 0..1.

    Warns:
      UserWarning: names the file that was damaged or that could not be read or written.
    """
    path = pool_path(cfg)
    pool = None if path is None else _read(path, cfg)
    if pool is None:
        logger.info("making %d maps of %d tiles a side", cfg.maps, cfg.map_size)
        pool = make_map_pool(cfg)
        if path is not None:
            _write(path, pool, cfg)
    return pool


def make_map_pool(cfg: Config) -> np.ndarray:
    """Returns (maps, H, W) float16, every fractal map of a pool, made afresh."""
    pool = np.empty((cfg.maps, cfg.map_size, cfg.map_size), np.float16)
    for index in range(cfg.maps):
        pool[index] = fractal(index, cfg)
    return pool


def fractal(index: int, cfg: Config) -> np.ndarray:
    """Returns (H, W) float64, one fractal map: a mix of octaves of simplex noise.

    Which octaves a tile mixes follows from a second noise in the middle of the map and from the
    distance to the middle at its edge; how many, from the map's number.

    Args:
      index: number of the map, 0..maps - 1.
      cfg: reads map_size, playable_side, maps, evaluation_maps.

    Returns:
      (H, W) float64, values in 0..1.

    Source: docs/rules/world.md#terrain; nmmo `core/terrain.py::Terrain.generate_terrain`.
    """
    size, octaves = cfg.map_size, _octaves(cfg)
    origin = size * (-(index + 1) if cfg.evaluation_maps else index + 1)
    frequency, weight = _frequencies(cfg), _weights(index, cfg)
    nearness, edge_choice = _rings(cfg)
    patch = _patches(origin, cfg)
    column = np.arange(size)
    mixed = np.zeros((size, size))
    total = squares = 0.0
    for rows in _row_blocks(size):
        ring = _distance(rows, size)
        inward = 1 - nearness[ring]
        for octave, step in enumerate(frequency):
            noise = simplex(origin + step * column, octave * size + step * rows[:, None])
            total += noise.sum()
            squares += np.vdot(noise, noise)
            choice = edge_choice[octave][ring] + inward * (patch[rows] - 1 + octave)
            noise *= weight[choice.astype(np.int64)]  # -1, at the middle tile, is the last one
            mixed[rows] += noise
    count = octaves * size * size
    spread = np.sqrt(squares / count - (total / count) ** 2)
    return 0.5 + np.clip(spread * mixed / np.std(mixed), -1, 1) / 2


def _octaves(cfg: Config) -> int:
    return cfg.playable_side // TILES_PER_OCTAVE


def _frequencies(cfg: Config) -> np.ndarray:
    """Returns (octaves,) cycles per tile; they differ only on maps wider than 128 tiles."""
    coarsest = min(FREQUENCY, FREQUENCY - np.log2(cfg.playable_side) + FREQUENCY_OFFSET)
    return np.logspace(FREQUENCY, coarsest, _octaves(cfg), base=2)


def _weights(index: int, cfg: Config) -> np.ndarray:
    """Returns (2 * octaves - 1,) weights of octaves, by their distance from the chosen one.

    The original multiplies by the bell curve twice; its square is taken here.
    """
    width = np.logspace(*SPREAD, cfg.maps)[index]
    offset = np.linspace(-1, 1, 2 * _octaves(cfg) - 1)
    exponent = offset**2 - np.min(offset**2)  # the greatest weight is 1, also of a single octave
    return np.exp(-exponent / (2 * width**2)) ** 2


def _rings(cfg: Config) -> tuple[np.ndarray, np.ndarray]:
    """Returns weights that depend on the distance to the middle alone.

    Returns:
      nearness: (H // 2 + 1,) share of the edge in the choice, 0 in the middle, 1 at the edge.
      choice: (octaves, H // 2 + 1) what the edge adds to the choice of a weight.
    """
    octaves, half = _octaves(cfg), cfg.playable_side / 2
    distance = np.arange(cfg.map_size // 2 + 1)
    furthest = cfg.playable_side // 2 - 2
    nearness = np.minimum(distance, furthest) / furthest
    zone = np.zeros(len(distance), np.int64)
    for _ in range(octaves):  # subtracts step by step, as the original, to round as it does
        zone += distance <= half
        half -= cfg.playable_side / 2 / octaves
    octave = np.arange(octaves)[:, None]
    return nearness, nearness * np.where(zone > 0, octaves - zone + octave, 0)


def _patches(origin: int, cfg: Config) -> np.ndarray:
    """Returns (H, W) int64 in 0..octaves - 1, which octave dominates a place off the edge."""
    size, octaves = cfg.map_size, _octaves(cfg)
    coarsest = int(np.log2(cfg.playable_side)) - 2
    noise = np.zeros((size, size))
    column = np.arange(size)
    for rows in _row_blocks(size):
        for index, octave in enumerate(range(coarsest, 1, -1)):
            step = 1 / 2**octave
            wave = simplex(origin + step * column, index * size + step * rows[:, None])
            noise[rows] += wave / 2**index
    noise -= np.min(noise)
    highest = np.max(noise) or 1.0  # a map too small for this noise is one patch
    return (octaves * noise / highest - 1e-12).astype(np.int64)


def _distance(rows: np.ndarray, size: int) -> np.ndarray:
    """Returns (rows, W) int64, tiles (Chebyshev) between each tile and the middle tile."""
    off = np.abs(np.arange(size) - size // 2)
    return np.maximum(off[rows, None], off)


def _row_blocks(size: int) -> list[np.ndarray]:
    """Returns the numbers of all rows, cut into blocks of about `BLOCK` tiles."""
    return np.array_split(np.arange(size), -(-size * size // BLOCK))


def pool_path(cfg: Config) -> pathlib.Path | None:
    """Returns the file (.npy) that caches the pool of `cfg`; None where there is no cache folder.

    Files of versions that ended them in .bin are not read: their pools are made again.
    """
    kind = "evaluation" if cfg.evaluation_maps else "training"
    name = f"maps-v{FORMAT}-{cfg.map_size}-{cfg.playable_side}-{cfg.maps}-{kind}.npy"
    folder = cache_folder()
    return None if folder is None else folder / name


def _digest(content: bytes, cfg: Config) -> bytes:
    """Returns the SHA-256 of a pool's .npy content and of the fields of the config that decide it.

    So a whole file of another pool does not pass under this one's name.
    """
    fields = ("map_size", "playable_side", "maps", "evaluation_maps")
    decided_by = {"format": FORMAT} | {name: getattr(cfg, name) for name in fields}
    return hashlib.sha256(json.dumps(decided_by).encode() + content).digest()


def _read(path: pathlib.Path, cfg: Config) -> np.ndarray | None:
    """Returns the pool in the file, or None, with a warning unless there is no file."""
    try:
        held = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn(f"cannot read the cached maps in {path} ({error}); making them again")
        return None
    content, digest = held[:-DIGEST_BYTES], held[-DIGEST_BYTES:]
    if _digest(content, cfg) != digest:
        _warn(f"{path} is damaged or does not hold the maps that its name says; making them again")
        return None
    return np.load(io.BytesIO(content), allow_pickle=False).astype(np.float16, copy=False)


def _write(path: pathlib.Path, pool: np.ndarray, cfg: Config) -> None:
    """Writes the pool to the file atomically: `np.save`, followed by its digest."""
    content = io.BytesIO()
    np.save(content, pool.astype("<f2"), allow_pickle=False)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")  # nobody else's
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as file:
                file.write(content.getvalue() + _digest(content.getvalue(), cfg))
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        _warn(f"cannot cache the maps in {path} ({error}); they will be made again next time")


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)
