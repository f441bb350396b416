"""Spaces: the shapes, dtypes and bounds of observations and actions, leaf by leaf."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.action import Action
from metammo_jax.config import Config
from metammo_jax.observe import Observation
from metammo_jax.vocab import NOBODY, Direction, Style


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
        """Returns an array drawn uniformly from the space."""
        if jnp.issubdtype(self.dtype, jnp.floating):
            return jax.random.uniform(key, self.shape, self.dtype, self.low, self.high)
        drawn = jax.random.randint(key, self.shape, int(self.low), int(self.high) + 1)
        return drawn.astype(self.dtype)

    def contains(self, value: jax.Array) -> bool:
        """Is `value` an array of this space?"""
        if jnp.shape(value) != self.shape or jnp.result_type(value) != self.dtype:
            return False
        return bool(((value >= self.low) & (value <= self.high)).all())


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
        """Is `value` a pytree of this structure, with every leaf in its space?"""
        boxes, structure = jax.tree.flatten(self.leaves, is_leaf=_is_box)
        if jax.tree.structure(value) != structure:
            return False
        values = jax.tree.leaves(value)
        return all(box.contains(v) for box, v in zip(boxes, values, strict=True))


def _is_box(value) -> bool:
    return isinstance(value, Box)


def action_space(cfg: Config) -> Tree:
    """Returns the space of actions: every number that means something, and -1 for nothing."""

    def head(low, high):
        return Box(low, high, (cfg.players,), np.dtype(np.int32))

    return Tree(
        Action(
            move=head(0, Direction.STAY),
            style=head(0, len(Style) - 1),
            target=head(NOBODY, cfg.entities - 1),
            token=head(NOBODY, cfg.tokens),
            **(_trade_heads(head, cfg) if cfg.slots else {}),
        )
    )


def _trade_heads(head: Callable[[int, int], Box], cfg: Config) -> dict[str, Box]:
    """Returns the spaces of the heads that the full game adds."""
    heads = {name: head(NOBODY, cfg.slots - 1) for name in ("use", "destroy", "give", "sell")}
    heads |= {name: head(NOBODY, cfg.players - 1) for name in ("give_to", "gold_to")}
    heads |= {name: head(NOBODY, cfg.prices) for name in ("price", "gold")}
    return heads | {"buy": head(NOBODY, cfg.players * cfg.slots - 1)}


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

    space: Observation = jax.tree.map(box, shapes)
    return Tree(space)
