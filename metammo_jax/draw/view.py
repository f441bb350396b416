"""What all parts of a picture share: which part of the map it shows, and pillow."""

import dataclasses
import types

import numpy as np
from numpy.typing import ArrayLike


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
