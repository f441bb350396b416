"""Spaces: the shapes, dtypes and bounds of observations and actions, leaf by leaf."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.action import Action
from metammo_jax.action_heads import of_config
from metammo_jax.config import Config


@dataclasses.dataclass(frozen=True)
class Box:
    """Arrays of one shape and dtype with values from low to high, both included.

    Attributes:
      low: least value.
      high: largest value.
      shape: of the arrays.
      dtype: of the arrays.
    """

    low: float
    high: float
    shape: tuple[int, ...]
    dtype: np.dtype

    def sample(self, key: jax.Array) -> jax.Array:
        """Returns an array drawn from the space.

        Uniformly; of real numbers without bounds from a normal distribution, of those with one
        bound at a distance from it that is distributed exponentially.
        """
        if jnp.issubdtype(self.dtype, jnp.floating):
            return self._real(key)
        word = np.dtype(np.uint64 if self.dtype.itemsize == 8 else np.uint32)
        low, choices = int(self.low), int(self.high) - int(self.low) + 1
        if choices >= 2 ** (8 * word.itemsize):
            drawn = jax.random.bits(key, self.shape, word)
        else:
            drawn = jax.random.randint(key, self.shape, 0, word.type(choices), word)
        shifted = drawn + word.type(low % 2 ** (8 * word.itemsize))  # wraps around
        return shifted.astype(self.dtype)

    def _real(self, key: jax.Array) -> jax.Array:
        low, high = (np.asarray(end, self.dtype) for end in (self.low, self.high))
        if np.isinf(low) and np.isinf(high):
            return jax.random.normal(key, self.shape, self.dtype)
        if np.isinf(low) or np.isinf(high):
            far = jax.random.exponential(key, self.shape, self.dtype)
            most = jnp.finfo(self.dtype).max
            drawn = low + far if np.isinf(high) else high - far
            return jnp.clip(drawn, np.maximum(low, -most), np.minimum(high, most))
        share = jax.random.uniform(key, self.shape, self.dtype)
        return jnp.clip(low * (1 - share) + high * share, low, high)

    def contains(self, value: jax.Array) -> bool:
        """Returns whether `value` is an array of this space."""
        if jnp.shape(value) != self.shape or jnp.result_type(value) != self.dtype:
            return False
        inside = np.asarray(value)
        return bool(((inside >= self.low) & (inside <= self.high)).all())


@dataclasses.dataclass(frozen=True)
class Tree:
    """A pytree with a space for every leaf.

    Attributes:
      leaves: a pytree of `Box`, of the structure of the values.
    """

    leaves: Any

    def sample(self, key: jax.Array):
        """Returns a pytree whose leaves are drawn uniformly, each from its space."""
        boxes, structure = jax.tree.flatten(self.leaves, is_leaf=_is_box)
        keys = jax.random.split(key, len(boxes))
        drawn = [box.sample(k) for box, k in zip(boxes, keys, strict=True)]
        return jax.tree.unflatten(structure, drawn)

    def contains(self, value) -> bool:
        """Returns whether `value` is a pytree of this structure with every leaf in its space."""
        boxes, structure = jax.tree.flatten(self.leaves, is_leaf=_is_box)
        if jax.tree.structure(value) != structure:
            return False
        values = jax.tree.leaves(value)
        return all(box.contains(v) for box, v in zip(boxes, values, strict=True))


def batched(space: Tree, count: int) -> Tree:
    """Returns the space of `count` values of a space side by side, along a new leading axis."""

    def wider(box: Box) -> Box:
        return dataclasses.replace(box, shape=(count, *box.shape))

    return Tree(jax.tree.map(wider, space.leaves, is_leaf=_is_box))


def _is_box(value) -> bool:
    return isinstance(value, Box)


def action_space(cfg: Config) -> Tree:
    """Returns the space of actions: all values with a meaning, and -1 for nothing."""
    fields: dict[str, Any] = {
        head.name: Box(*head.bounds(cfg), (cfg.players,), np.dtype(np.int32))
        for head in of_config(cfg)
    }
    return Tree(Action(**fields))


def observation_space(env) -> Tree:
    """Returns the space of an environment's observations, bounded by what the dtypes hold."""
    shapes = jax.eval_shape(env.reset, jax.random.key(0))[0]

    def box(leaf) -> Box:
        dtype = np.dtype(leaf.dtype)
        if jnp.issubdtype(dtype, jnp.bool_):
            return Box(0, 1, leaf.shape, dtype)
        if jnp.issubdtype(dtype, jnp.floating):
            return Box(-np.inf, np.inf, leaf.shape, dtype)
        info = np.iinfo(dtype)
        return Box(info.min, info.max, leaf.shape, dtype)

    return Tree(jax.tree.map(box, shapes))
