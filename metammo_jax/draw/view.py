"""What all parts of a picture share: which part of the map it shows, colours, pillow."""

import colorsys
import dataclasses
import functools
import types

import numpy as np
from numpy.typing import ArrayLike

from metammo_jax.world import World

GOLD = (255, 208, 72)
INK = (18, 18, 24)
PAPER = (236, 236, 240)
FROST = (206, 236, 255)


@dataclasses.dataclass(frozen=True)
class View:
    """Which part of the map a picture shows.

    Attributes:
      first: row and column of its first tile.
      tiles: tiles a side.
      scale: pixels a side of a tile.
    """

    first: int
    tiles: int
    scale: int

    @property
    def size(self) -> int:
        """Pixels a side."""
        return self.tiles * self.scale

    def center(self, pos: ArrayLike) -> np.ndarray:
        """Returns (..., 2) float, the pixels x, y in the middle of places (..., 2)."""
        return (np.asarray(pos)[..., ::-1] - self.first + 0.5) * self.scale


def pillow_modules():
    """Returns pillow's modules; they are imported only here, when a picture is asked for."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ImportError(
            "pictures need pillow: python -m pip install 'metammo-jax[viz]'"
        ) from error
    return types.SimpleNamespace(Image=Image, ImageDraw=ImageDraw, ImageFont=ImageFont)


def player_colours(world: World) -> list[tuple[int, int, int]]:
    """Returns the red, green, blue of each player: by team, or one family of colours."""
    group = np.asarray(world.params.group)
    if world.params.team_game:
        return [team_colour(int(team)) for team in group]
    shade = np.arange(len(group)) * 0.618 % 1
    shades = [colorsys.hsv_to_rgb(0.06 + 0.09 * s, 0.95 - 0.35 * s, 1.0) for s in shade]
    return [_bytes(rgb) for rgb in shades]


@functools.cache
def team_colour(team: int) -> tuple[int, int, int]:
    """Returns a colour: eight hues, each in full, then pale, then dark."""
    hue = (0.0, 0.6, 0.14, 0.83, 0.5, 0.07, 0.75, 0.34)[team % 8]
    saturation, value = ((0.85, 1.0), (0.4, 1.0), (0.9, 0.62))[team // 8 % 3]
    return _bytes(colorsys.hsv_to_rgb(hue, saturation, value))


def _bytes(rgb: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = (int(255 * part) for part in rgb)
    return red, green, blue
