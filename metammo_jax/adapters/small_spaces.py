"""Spaces as gymnax and JaxMARL have them: theirs where they are installed, else small ones of ours.

Ours have the same attributes and methods: `n`, `shape`, `dtype`, `low`, `high`, `num_categories`,
`sample(key)` and `contains(value)`.
"""

import importlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


class Discrete:
    """Whole numbers 0..n-1.

    Attributes:
      n: how many there are.
      shape: ().
      dtype: int32.
    """

    def __init__(self, num_categories: int):
        self.n, self.shape, self.dtype = num_categories, (), jnp.int32

    def sample(self, key: jax.Array) -> jax.Array:
        """Returns () int32, drawn uniformly."""
        return jax.random.randint(key, (), 0, self.n, jnp.int32)

    def contains(self, value) -> jax.Array:
        """Returns () bool, is the value such a number?"""
        return (jnp.asarray(value) >= 0) & (jnp.asarray(value) < self.n)

    def __repr__(self) -> str:
        return f"Discrete({self.n})"


class MultiDiscrete:
    """Arrays of whole numbers, each from 0 on.

    Attributes:
      num_categories: how many values each number has, int32 of the shape of the arrays.
      shape: of the arrays.
      dtype: int32.
    """

    def __init__(self, num_categories):
        self.num_categories = np.asarray(num_categories, np.int32)
        self.shape, self.dtype = self.num_categories.shape, jnp.int32

    def sample(self, key: jax.Array) -> jax.Array:
        """Returns an int32 array, drawn uniformly."""
        return jax.random.randint(key, self.shape, 0, jnp.asarray(self.num_categories), jnp.int32)

    def contains(self, value) -> jax.Array:
        """Returns () bool, is the value such an array?"""
        value = jnp.asarray(value)
        return ((value >= 0) & (value < jnp.asarray(self.num_categories))).all()

    def __repr__(self) -> str:
        return f"MultiDiscrete({self.num_categories.tolist()})"


class Box:
    """Arrays of numbers from low to high.

    Attributes:
      low: least value.
      high: largest value.
      shape: of the arrays.
      dtype: of the arrays.
    """

    def __init__(self, low: float, high: float, shape: tuple[int, ...], dtype: Any = jnp.float32):
        self.low, self.high, self.shape, self.dtype = low, high, shape, dtype

    def sample(self, key: jax.Array) -> jax.Array:
        """Returns an array drawn uniformly."""
        return jax.random.uniform(key, self.shape, self.dtype, self.low, self.high)

    def contains(self, value) -> jax.Array:
        """Returns () bool, are all numbers of the array within the bounds?"""
        value = jnp.asarray(value)
        return ((value >= self.low) & (value <= self.high)).all()

    def __repr__(self) -> str:
        return f"Box({self.low}, {self.high}, {self.shape})"


def of(package: str, kind: str):
    """Returns a class of spaces.

    Args:
      package: "gymnax" or "jaxmarl", whose class is wanted.
      kind: "Discrete", "MultiDiscrete" or "Box".

    Returns:
      The package's own class if it is installed and has one, else ours.
    """
    try:
        home = importlib.import_module(f"{package}.environments.spaces")
    except ImportError:
        return globals()[kind]
    return getattr(home, kind, globals()[kind])
