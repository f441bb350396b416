"""Columns of integers as few bytes: differences over time, byte planes, deflate, base64."""

import base64
import zlib

import numpy as np


class Packer:
    """Columns of integers, each under a name, and how the page reads them back.

    A column is shifted so that its least value is 0 and held in 1, 2 or 4 bytes. One with an axis
    of ticks is laid out row by row (all ticks of one player, then the next), each value as the
    difference from the tick before, modulo 2 to the power of its bits. Of wide values the low
    bytes come first, then the next.

    Attributes:
      columns: for each column its name, shape, bytes a value, and least value.
    """

    def __init__(self):
        self.columns: list[dict] = []
        self._parts: list[bytes] = []

    def add(self, name: str, values: np.ndarray, over_time: bool = True) -> None:
        """Adds a column.

        Args:
          name: how the page calls it.
          values: (F, n) integer or bool if over_time, else of any shape.
          over_time: the first axis is ticks.

        Raises:
          ValueError: the values are no integers, or their range exceeds 32 bits.
        """
        values = np.asarray(values)
        if values.dtype == bool:
            values = values.astype(np.uint8)
        if not np.issubdtype(values.dtype, np.integer):
            raise ValueError(f"column {name!r} has dtype {values.dtype}, it must be an integer")
        least, most = (int(values.min()), int(values.max())) if values.size else (0, 0)
        width = next((w for w in (1, 2, 4) if most - least < 1 << 8 * w), None)
        if width is None:
            raise ValueError(f"column {name!r} goes from {least} to {most}: more than 32 bits")
        shifted = (values.astype(np.int64) - least).astype(f"<u{width}")
        if over_time:
            first = np.zeros_like(shifted[:1])
            shifted = np.diff(shifted, axis=0, prepend=first).astype(f"<u{width}").T
        planes = np.ascontiguousarray(shifted).reshape(-1, 1).view(np.uint8).T
        self._parts.append(planes.tobytes())
        self.columns.append(
            dict(name=name, shape=list(values.shape), width=width, least=least, time=over_time)
        )

    def base64(self) -> str:
        """Returns all columns, one after the other, deflated (zlib) and in base64."""
        return base64.b64encode(zlib.compress(b"".join(self._parts), 9)).decode()


def unpack(text: str, columns: list[dict]) -> dict[str, np.ndarray]:
    """Returns the columns that `Packer.base64` wrote, as the page reads them, by name.

    Args:
      text: of `Packer.base64`.
      columns: of the same packer.

    Returns:
      int64 arrays of the shapes that were added.
    """
    data, at, found = zlib.decompress(base64.b64decode(text)), 0, {}
    for column in columns:
        shape, width = column["shape"], column["width"]
        size = int(np.prod(shape))
        planes = np.frombuffer(data, np.uint8, size * width, at).reshape(width, size)
        at += size * width
        values = np.ascontiguousarray(planes.T).view(f"<u{width}").reshape(-1)
        if column["time"]:
            values = values.reshape(shape[::-1]).T
            values = np.cumsum(values, axis=0, dtype=f"<u{width}")
        found[column["name"]] = values.reshape(shape).astype(np.int64) + column["least"]
    return found
