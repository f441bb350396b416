"""The map, its fog and the marks on it."""

from typing import Any

import numpy as np

from metammo_jax import query
from metammo_jax.draw.palette import INK, PAPER, player_colours
from metammo_jax.draw.view import View
from metammo_jax.rules.fog import HARM_ABOVE
from metammo_jax.vocab import NEVER, Tile
from metammo_jax.world import World

COLOUR = {
    Tile.VOID: (24, 26, 34), Tile.WATER: (70, 116, 160), Tile.GRASS: (122, 152, 96),
    Tile.SCRUB: (164, 148, 98), Tile.FOILAGE: (74, 116, 70), Tile.STONE: (128, 126, 130),
    Tile.SLAG: (92, 84, 84), Tile.ORE: (156, 112, 90), Tile.STUMP: (120, 98, 74),
    Tile.TREE: (44, 84, 58), Tile.FRAGMENT: (112, 122, 140), Tile.CRYSTAL: (132, 184, 206),
    Tile.WEEDS: (158, 140, 112), Tile.HERB: (186, 118, 160), Tile.OCEAN: (50, 82, 122),
    Tile.FISH: (98, 150, 176),
}  # fmt: skip
"""Red, green, blue of each material; a depleted one has the colour of what it turned into."""

TUFTED = (Tile.FOILAGE, Tile.TREE, Tile.HERB, Tile.CRYSTAL, Tile.ORE, Tile.FISH)
"""Materials drawn with a lighter middle: there is something to be had."""

FOG = (74, 34, 120)

HAZE = 6
"""Tiles ahead of the fog over which a light veil announces it."""


def ground(world: World, view: View, sizes) -> np.ndarray:
    """Returns (size, size, 3) uint8, the map under its fog."""
    span = np.arange(view.first, view.first + view.tiles)
    pos: Any = np.stack(np.meshgrid(span, span, indexing="ij"), axis=-1)
    material = np.asarray(query.material_at(world, pos))
    colours = np.array([COLOUR[tile] for tile in Tile], np.float32)[material]
    grain = np.random.default_rng(0).uniform(-5, 5, (sizes.map_size,) * 2)
    solid = (material != Tile.VOID)[..., None]
    colours += solid * grain[pos[..., 0], pos[..., 1], None].astype(np.float32)
    picture = colours.repeat(view.scale, 0).repeat(view.scale, 1)
    if view.scale >= 4:
        tufted = np.isin(material, TUFTED).repeat(view.scale, 0).repeat(view.scale, 1)
        relief = 1.0 if view.scale >= 8 else 0.5  # small tiles with much relief look noisy
        picture += relief * 16.0 * (tufted & _tuft(view))[..., None]
        picture -= relief * 22.0 * _shore(material, view)[..., None]
    fog = np.asarray(query.fog_at(world.terrain, world.params, pos, sizes))
    veil = _veil(fog, bool(world.tick >= world.params.fog_onset_tick)) * solid[..., 0]
    veil = veil.repeat(view.scale, 0).repeat(view.scale, 1)[..., None]
    return np.clip(picture * (1 - veil) + np.array(FOG) * veil, 0, 255).astype(np.uint8)


def _veil(fog: np.ndarray, moving: bool) -> np.ndarray:
    """Returns how much of each tile the fog hides: deep where it hurts, light just ahead."""
    ahead = 0.24 * np.clip(1 + (fog - HARM_ABOVE) / HAZE, 0, 1)
    return moving * np.where(fog > HARM_ABOVE, 0.52 + 0.03 * np.minimum(fog, 10), ahead)


def _tuft(view: View) -> np.ndarray:
    """Returns (size, size) bool, the middle of each tile."""
    inside = np.arange(view.scale)
    margin = view.scale // 3
    middle = (inside >= margin) & (inside < view.scale - margin)
    return np.tile(middle[:, None] & middle[None], (view.tiles, view.tiles))


def _shore(material: np.ndarray, view: View) -> np.ndarray:
    """Returns (size, size) bool, the upper and left rims of what one cannot walk on."""
    blocked = np.isin(material, [Tile.WATER, Tile.STONE, Tile.OCEAN, Tile.FISH])
    large = blocked.repeat(view.scale, 0).repeat(view.scale, 1)
    rim = np.zeros_like(large)
    rim[1:] |= large[1:] & ~large[:-1]
    rim[:, 1:] |= large[:, 1:] & ~large[:, :-1]
    return rim


def draw_marks(pillow, image, world: World, view: View, sizes) -> None:
    """Draws what the fog will leave free, and the reticle on the middle or the seize target."""
    draw, params, scale = pillow.ImageDraw.Draw(image), world.params, view.scale
    if params.fog_onset_tick < NEVER:
        half = (int(params.fog_final_size) + 0.5) * scale
        x, y = view.center(np.full(2, sizes.middle))
        _dash(draw, (x - half, y - half, x + half, y + half), max(2, scale // 2))
    target = params.seize_target if (params.seize_target >= 0).all() else None
    if target is None and params.mark_center:
        target = np.full(2, sizes.middle)
    if target is not None:
        holder = int(world.terrain.seizer)
        colour = PAPER if holder < 0 else player_colours(world)[holder]
        x, y = view.center(target)
        for rim, width in ((INK, 3), (colour, 1)):
            _reticle(draw, x, y, 1.6 * scale, rim, width * max(1, scale // 8))


def _reticle(draw, x: float, y: float, radius: float, colour, width: int) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=width)
    for dx, dy in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        near, far = 0.75 * radius, 1.4 * radius
        draw.line((x + dx * near, y + dy * near, x + dx * far, y + dy * far), colour, width)


def _dash(draw, box, length: int) -> None:
    left, top, right, bottom = box
    for start in np.arange(0, right - left, 2 * length):
        end = min(start + length, right - left)
        for fixed in (top, bottom):
            draw.line((left + start, fixed, left + end, fixed), (214, 176, 255), 1)
        for fixed in (left, right):
            draw.line((fixed, top + start, fixed, top + end), (214, 176, 255), 1)
