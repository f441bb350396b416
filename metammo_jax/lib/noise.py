"""Simplex noise in the plane, on the host in float64: the raw material of the maps."""

import numpy as np

SKEW = (np.sqrt(3.0) - 1.0) / 2.0
"""Shears the triangular lattice onto the square one."""

UNSKEW = (3.0 - np.sqrt(3.0)) / 6.0
"""Shears it back."""

PERMUTATION = np.array([
    151, 160, 137, 91, 90, 15, 131, 13, 201, 95, 96, 53, 194, 233, 7, 225,
    140, 36, 103, 30, 69, 142, 8, 99, 37, 240, 21, 10, 23, 190, 6, 148,
    247, 120, 234, 75, 0, 26, 197, 62, 94, 252, 219, 203, 117, 35, 11, 32,
    57, 177, 33, 88, 237, 149, 56, 87, 174, 20, 125, 136, 171, 168, 68, 175,
    74, 165, 71, 134, 139, 48, 27, 166, 77, 146, 158, 231, 83, 111, 229, 122,
    60, 211, 133, 230, 220, 105, 92, 41, 55, 46, 245, 40, 244, 102, 143, 54,
    65, 25, 63, 161, 1, 216, 80, 73, 209, 76, 132, 187, 208, 89, 18, 169,
    200, 196, 135, 130, 116, 188, 159, 86, 164, 100, 109, 198, 173, 186, 3, 64,
    52, 217, 226, 250, 124, 123, 5, 202, 38, 147, 118, 126, 255, 82, 85, 212,
    207, 206, 59, 227, 47, 16, 58, 17, 182, 189, 28, 42, 223, 183, 170, 213,
    119, 248, 152, 2, 44, 154, 163, 70, 221, 153, 101, 155, 167, 43, 172, 9,
    129, 22, 39, 253, 19, 98, 108, 110, 79, 113, 224, 232, 178, 185, 112, 104,
    218, 246, 97, 228, 251, 34, 242, 193, 238, 210, 144, 12, 191, 179, 162, 241,
    81, 51, 145, 235, 249, 14, 239, 107, 49, 192, 214, 31, 181, 199, 106, 157,
    184, 84, 204, 176, 115, 121, 50, 45, 127, 4, 150, 254, 138, 236, 205, 93,
    222, 114, 67, 29, 24, 72, 243, 141, 128, 195, 78, 66, 215, 61, 156, 180,
])  # fmt: skip
"""(256,) Perlin's permutation of 0..255, which scrambles the lattice."""

GRADIENTS = np.array([
    (1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0),
    (1, 0), (-1, 0), (0, 1), (0, -1), (0, 1), (0, -1),
], np.float64)  # fmt: skip
"""(12, 2) slopes of the noise at a lattice point."""

PERIOD = len(PERMUTATION)
PITCH = PERIOD + 1


def _slopes() -> np.ndarray:
    """Returns (2, PITCH * PITCH) float64, the slope at each lattice point of one period.

    Point (i, j) is entry i * PITCH + j. One row and one column more than the period, so that a
    neighbour's entry is a fixed distance away.
    """
    point = np.arange(PITCH) % PERIOD
    mixed = PERMUTATION[(point[:, None] + PERMUTATION[point]) % PERIOD]
    return np.ascontiguousarray(GRADIENTS[mixed % len(GRADIENTS)].reshape(-1, 2).T)


SLOPE_X, SLOPE_Y = _slopes()


def simplex(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns simplex noise at the points (x, y), roughly in -1..1 and 0 at lattice points.

    Args:
      x: any shape, real; broadcast against y.
      y: any shape, real.

    Returns:
      The broadcast shape, float64.

    Source: the port of zbenjamin/vec_noise in nmmo `lib/vec_noise.py::snoise2`.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    skew = (x + y) * SKEW
    i, j = np.floor(x + skew), np.floor(y + skew)
    point = (i.astype(np.int64) & PERIOD - 1) * PITCH + (j.astype(np.int64) & PERIOD - 1)
    unskew = (i + j) * UNSKEW
    x0, y0 = x - (i - unskew), y - (j - unskew)
    lower = x0 > y0  # in the lower triangle of the cell the second corner is (1, 0), else (0, 1)
    total = _bump(x0, y0, point)
    middle = point + np.where(lower, PITCH, 1)
    total += _bump(x0 - lower + UNSKEW, y0 - ~lower + UNSKEW, middle)
    total += _bump(x0 - (1 - 2 * UNSKEW), y0 - (1 - 2 * UNSKEW), point + (PITCH + 1))
    return 70.0 * total


def _bump(x: np.ndarray, y: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Returns what a lattice point adds to the noise at the offset (x, y) from it."""
    fade = 0.5 - x * x
    fade -= y * y
    fade = np.maximum(fade, 0.0)
    fade *= fade
    fade *= fade
    return fade * (SLOPE_X[point] * x + SLOPE_Y[point] * y)
