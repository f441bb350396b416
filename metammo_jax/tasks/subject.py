"""Whose state a task looks at: for each player a group of players, and sums over it.

Groups are numbered 0, 1, ... in order; left of group g is g + 1, right is g - 1, cyclically. In
a game in which everybody plays alone each player is a group of its own, its own leader.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax.vocab import NOBODY
from metammo_jax.vocab import Subject as Code
from metammo_jax.world import Params, World

FAR = 1 << 20
"""An integer larger than any row, column or distance; stands for "none of them"."""

_SHIFT = np.zeros(len(Code), np.int32)
_SHIFT[[Code.LEFT_TEAM, Code.LEFT_TEAM_LEADER]] = 1
_SHIFT[[Code.RIGHT_TEAM, Code.RIGHT_TEAM_LEADER]] = -1

_LEADERS_ONLY = np.zeros(len(Code), bool)
_LEADERS_ONLY[
    [Code.TEAM_LEADER, Code.LEFT_TEAM_LEADER, Code.RIGHT_TEAM_LEADER, Code.FOE_LEADERS]
] = True


@struct.dataclass
class Subject:
    """For each player the players that its task is about.

    The methods reduce over the members of each row; "living" means in the world with health
    left. They cost nothing unless used.

    Attributes:
      members: (P, P) bool, [i, j]: player j belongs to the subject of player i's task.
      alive: (P,) bool, who lives.
    """

    members: jax.Array
    alive: jax.Array

    def size(self) -> jax.Array:
        """Returns (P,) int32, members, dead ones included."""
        return self.members.sum(1, dtype=jnp.int32)

    def alive_count(self) -> jax.Array:
        """Returns (P,) int32, living members."""
        return self.count(self.alive)

    def any_alive(self) -> jax.Array:
        """Returns (P,) bool."""
        return self.any(self.alive)

    def any(self, mask: jax.Array) -> jax.Array:
        """Returns (P,) bool: is `mask` (P,) true of any member."""
        return (self.members & mask).any(1)

    def count(self, mask: jax.Array) -> jax.Array:
        """Returns (P,) int32, members of whom `mask` (P,) is true."""
        return (self.members & mask).sum(1, dtype=jnp.int32)

    def total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the sum of `values` (P,) over all members, dead ones included."""
        return jnp.where(self.members, values, 0).sum(1)

    def alive_total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the sum of `values` (P,) or (P, P) over the living members."""
        return jnp.where(self._living(), values, 0).sum(1)

    def alive_mean(self, values: jax.Array) -> jax.Array:
        """Returns (P,) float32, the mean of `values` over the living members, 0 if none."""
        return self.alive_total(values.astype(jnp.float32)) / jnp.maximum(self.alive_count(), 1)

    def alive_deviation(self, values: jax.Array) -> jax.Array:
        """Returns (P,) float32, the standard deviation (of a population) over the living."""
        away = values.astype(jnp.float32) - self.alive_mean(values)[:, None]
        return jnp.sqrt(self.alive_total(away**2) / jnp.maximum(self.alive_count(), 1))

    def alive_min(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the least of integer `values` (P,) of the living, FAR if there are none."""
        return jnp.where(self._living(), values, FAR).min(1)

    def alive_max(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the largest of integer `values` (P,) of the living, -FAR if none."""
        return jnp.where(self._living(), values, -FAR).max(1)

    def includes(self, row: jax.Array) -> jax.Array:
        """Returns (P,) bool: is the player of this row () a member; nobody (-1) is none."""
        return (row != NOBODY) & self.members[:, jnp.maximum(row, 0)]

    def _living(self) -> jax.Array:
        return self.members & self.alive


def members(params: Params, code: jax.Array) -> jax.Array:
    """Returns whom a `vocab.Subject` means, seen from each player.

    Args:
      params: reads group and leader.
      code: (P,) int32, one `vocab.Subject` for each player.

    Returns:
      (P, P) bool, [i, j]: j is meant by i's code.

    Source: tasks 2.
    """
    group, row = params.group, jnp.arange(params.group.shape[0])
    groups = group.max() + 1
    meant = (group + jnp.asarray(_SHIFT)[code]) % groups
    foe = (code == Code.FOES) | (code == Code.FOE_LEADERS)
    hit = (group[None] == meant[:, None]) ^ foe[:, None]
    leads = params.leader == row
    hit &= leads[None] | ~jnp.asarray(_LEADERS_ONLY)[code][:, None]
    alone = (code == Code.SELF)[:, None]
    return jnp.where(alone, row[:, None] == row[None], hit)


def subject_of(world: World) -> Subject:
    """Returns the subject of every player's task."""
    players = world.params.group.shape[0]
    alive = world.body.present[:players] & (world.body.health[:players] > 0)
    return Subject(members=members(world.params, world.task.subject), alive=alive)
