"""Shared parts of pictures: the shown part of the map, and imports of Pillow."""

import dataclasses
import types

import numpy as np
from numpy.typing import ArrayLike


@dataclasses.dataclass(frozen=True)
class View:
    """The part of the map that a picture shows.

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
    """Returns Pillow's modules, which are imported only here."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ImportError(
            "pictures need pillow: python -m pip install 'metammo-jax[viz]'"
        ) from error
    return types.SimpleNamespace(Image=Image, ImageDraw=ImageDraw, ImageFont=ImageFont)
