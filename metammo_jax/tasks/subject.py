"""Subjects of tasks: for each player the set of players that its task is about, and reductions.

Groups are numbered 0, 1, ... in order; left of group g is g + 1, right is g - 1, cyclically. In
a game in which everybody plays alone each player is a group of its own, its own leader.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax import query
from metammo_jax.lib import bits, exact
from metammo_jax.lib.node import Node
from metammo_jax.vocab import NOBODY, Subject
from metammo_jax.world import Params, World

FAR = 1 << 20
"""An integer larger than any row, column or distance; stands for "none of them"."""

_SHIFT = np.zeros(len(Subject), np.int32)
_SHIFT[[Subject.LEFT_TEAM, Subject.LEFT_TEAM_LEADER]] = 1
_SHIFT[[Subject.RIGHT_TEAM, Subject.RIGHT_TEAM_LEADER]] = -1

_LEADERS_ONLY = np.zeros(len(Subject), bool)
_LEADERS_ONLY[
    [Subject.TEAM_LEADER, Subject.LEFT_TEAM_LEADER, Subject.RIGHT_TEAM_LEADER, Subject.FOE_LEADERS]
] = True


@struct.dataclass
class SubjectMembers(Node):
    """For each player the members of the subject of its task, and reductions over them.

    The methods reduce over the members of each row; "living" means in the world with health
    left. They cost nothing unless used. Values are one for each player, (P,), or one for each
    pair, (P, P): [i, j] is what player j counts for player i's task. Where values depend on the
    numbers of the task, `spread` those: then `SingleMember` needs no pairs.

    Attributes:
      members: (P, P) bool, [i, j]: player j belongs to the subject of player i's task.
      alive: (P,) bool, who lives.
    """

    members: jax.Array
    alive: jax.Array

    def spread(self, values: jax.Array) -> jax.Array:
        """Returns a task's own values (P, ...) so that they meet those of members: (P, 1, ...)."""
        return values[:, None]

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
        """Returns (P,) bool, whether `mask` is True of any member."""
        return (self.members & _paired(mask)).any(1)

    def count(self, mask: jax.Array) -> jax.Array:
        """Returns (P,) int32, members of whom `mask` is true."""
        return (self.members & _paired(mask)).sum(1, dtype=jnp.int32)

    def total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the sum of `values` over all members, dead ones included."""
        return jnp.where(self.members, _paired(values), 0).sum(1)

    def totals(self, table: jax.Array) -> jax.Array:
        """Returns (P, K) float32, the sums of a table (P, K) over all members.

        Exact while they stay below 2 ** 24.
        """
        return self.members.astype(jnp.float32) @ table.astype(jnp.float32)

    def alive_total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the sum of `values` over the living members."""
        return jnp.where(self._living(), _paired(values), 0).sum(1)

    def alive_deviation(self, values: jax.Array) -> jax.Array:
        """Returns (P,) float32, the standard deviation of integer `values` of the living.

        Of a population, 0 if none live. What is added up is whole numbers, how far values are from
        their mean rounded down: their sum is the same in any order, and so in batches of any size.
        """
        count = jnp.maximum(self.alive_count(), 1)
        away = _paired(values) - self.spread(self.alive_total(values) // count)
        beyond = self.alive_total(away)
        rest = exact.divide(beyond**2, count)
        spread = self.alive_total(away**2).astype(jnp.float32) - rest
        return exact.sqrt(exact.divide(spread, count))

    def alive_min(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the least of integer `values` of the living, FAR if there are none."""
        return jnp.where(self._living(), _paired(values), FAR).min(1)

    def alive_max(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the largest of integer `values` of the living, -FAR if there are none."""
        return jnp.where(self._living(), _paired(values), -FAR).max(1)

    def includes(self, row: jax.Array) -> jax.Array:
        """Returns (P,) bool, whether the player of a row () is a member; False for -1."""
        return (row != NOBODY) & self.members[:, jnp.maximum(row, 0)]

    def sees(self, near: jax.Array, target: jax.Array) -> jax.Array:
        """Returns (P,) bool, whether a living member is near a living player of the target.

        Args:
          near: (P, P) bool, [j, k]: player k is within sight of player j.
          target: (P, P) bool, [i, k]: player k is meant by player i's task.
        """
        seen = bits.pack(near & self.alive[None])
        by_member = jnp.where(self._living()[:, :, None], seen[None], jnp.uint32(0))
        by_any = jax.lax.reduce(by_member, np.uint32(0), jax.lax.bitwise_or, (1,))
        return (by_any & bits.pack(target) != 0).any(1)

    def _living(self) -> jax.Array:
        return self.members & self.alive[None]


@struct.dataclass
class SingleMember(Node):
    """`SubjectMembers` of tasks that are all about their owners, without pairs.

    Values are (P,); of values (P, P) only those of the owners themselves are read.

    Attributes:
      alive: (P,) bool, who lives.
    """

    alive: jax.Array

    @property
    def members(self) -> jax.Array:
        """(P, P) bool, as of `SubjectMembers`."""
        return jnp.eye(self.alive.shape[0], dtype=bool)

    def spread(self, values: jax.Array) -> jax.Array:
        """Returns a task's own values as they are."""
        return values

    def size(self) -> jax.Array:
        """Returns (P,) int32, 1 for everybody."""
        return jnp.ones(self.alive.shape, jnp.int32)

    def alive_count(self) -> jax.Array:
        """Returns (P,) int32, 1 for the living."""
        return self.alive.astype(jnp.int32)

    def any_alive(self) -> jax.Array:
        """Returns (P,) bool."""
        return self.alive

    def any(self, mask: jax.Array) -> jax.Array:
        """Returns (P,) bool, `mask` of the owners."""
        return _own(mask)

    def count(self, mask: jax.Array) -> jax.Array:
        """Returns (P,) int32, 1 where `mask` is true of the owner."""
        return _own(mask).astype(jnp.int32)

    def total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), `values` of the owners."""
        return _own(values)

    def totals(self, table: jax.Array) -> jax.Array:
        """Returns (P, K) float32, the table itself."""
        return table.astype(jnp.float32)

    def alive_total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), `values` of the living, 0 for the dead."""
        return jnp.where(self.alive, _own(values), 0)

    def alive_deviation(self, values: jax.Array) -> jax.Array:
        """Returns (P,) float32, 0."""
        return jnp.zeros(self.alive.shape, jnp.float32)

    def alive_min(self, values: jax.Array) -> jax.Array:
        """Returns (P,), integer `values` of the living, FAR for the dead."""
        return jnp.where(self.alive, _own(values), FAR)

    def alive_max(self, values: jax.Array) -> jax.Array:
        """Returns (P,), integer `values` of the living, -FAR for the dead."""
        return jnp.where(self.alive, _own(values), -FAR)

    def includes(self, row: jax.Array) -> jax.Array:
        """Returns (P,) bool, whether a row () is the owner's; False for -1."""
        return jnp.arange(self.alive.shape[0]) == row

    def sees(self, near: jax.Array, target: jax.Array) -> jax.Array:
        """Returns (P,) bool, whether the owner lives and sees a living player of the target."""
        return (near & target & self.alive[None]).any(1) & self.alive


def members(params: Params, code: jax.Array) -> jax.Array:
    """Returns (P, P) bool, the members of a `vocab.Subject` as seen from each player.

    Args:
      params: reads group and leader.
      code: (P,) int32, one `vocab.Subject` for each player.

    Returns:
      (P, P) bool, [i, j]: j is meant by i's code.

    Source: docs/rules/tasks.md#subjects; nmmo `lib/team_helper.py::TeamHelper.get_target_agent`.
    """
    group, row = params.group, jnp.arange(params.group.shape[0])
    groups = group.max() + 1
    meant = (group + jnp.asarray(_SHIFT)[code]) % groups
    foe = (code == Subject.FOES) | (code == Subject.FOE_LEADERS)
    hit = (group[None] == meant[:, None]) ^ foe[:, None]
    leads = params.leader == row
    hit &= leads[None] | ~jnp.asarray(_LEADERS_ONLY)[code][:, None]
    alone = (code == Subject.SELF)[:, None]
    return jnp.where(alone, row[:, None] == row[None], hit)


def subject_of(world: World, code: Subject | None = None) -> SubjectMembers | SingleMember:
    """Returns the subject of every player's task.

    Args:
      world: reads body, params.group and leader, task.subject.
      code: the subject that all of them have; what their tasks say if None.
    """
    players = world.params.group.shape[0]
    alive = query.is_alive(world)[:players]
    if code == Subject.SELF:
        return SingleMember(alive=alive)
    meant = world.task.subject if code is None else jnp.full(players, code)
    return SubjectMembers(members=members(world.params, meant), alive=alive)


def _paired(values: jax.Array) -> jax.Array:
    return values if values.ndim > 1 else values[None]


def _own(values: jax.Array) -> jax.Array:
    return values if values.ndim < 2 else jnp.diagonal(values)
