"""The subject of goals that are the same for a whole group: sums over groups, without pairs."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib import exact
from metammo_jax.lib.node import Node
from metammo_jax.tasks.subject import FAR
from metammo_jax.vocab import NOBODY


@struct.dataclass
class Grouped(Node):
    """`tasks.subject.SubjectMembers` of tasks about one's own group, for a fraction of the work.

    All members of a group must have the same numbers in their tasks. Values are one for each
    player, (P,), those of the tasks of members too.

    Attributes:
      group: (P,) int32, number of each player's group; neighbouring rows, in order.
      alive: (P,) bool, who lives.
    """

    group: jax.Array
    alive: jax.Array

    @property
    def members(self) -> jax.Array:
        """(P, P) bool, as `SubjectMembers` has them."""
        return self.group[:, None] == self.group[None]

    def spread(self, values: jax.Array) -> jax.Array:
        """Returns a task's own values as they are."""
        return values

    def size(self) -> jax.Array:
        """Returns (P,) int32, members, dead ones included."""
        return self.total(jnp.ones(self.group.shape, jnp.int32))

    def alive_count(self) -> jax.Array:
        """Returns (P,) int32, living members."""
        return self.count(self.alive)

    def any_alive(self) -> jax.Array:
        """Returns (P,) bool."""
        return self.any(self.alive)

    def any(self, mask: jax.Array) -> jax.Array:
        """Returns (P,) bool: is `mask` true of any member."""
        return self.count(mask) > 0

    def count(self, mask: jax.Array) -> jax.Array:
        """Returns (P,) int32, members of whom `mask` is true."""
        return self.total(mask.astype(jnp.int32))

    def total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the sum of `values` over all members, dead ones included."""
        return self._reduced(jax.ops.segment_sum, values)

    def totals(self, table: jax.Array) -> jax.Array:
        """Returns (P, K) float32, the sums of a table (P, K) of whole numbers over all members."""
        return self._reduced(jax.ops.segment_sum, table.astype(jnp.int32)).astype(jnp.float32)

    def alive_total(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the sum of `values` over the living members."""
        return self.total(jnp.where(self.alive, values, 0))

    def alive_deviation(self, values: jax.Array) -> jax.Array:
        """Returns (P,) float32, as `SubjectMembers.alive_deviation`."""
        count = jnp.maximum(self.alive_count(), 1)
        away = values - self.alive_total(values) // count
        rest = exact.divide(self.alive_total(away) ** 2, count)
        spread = self.alive_total(away**2).astype(jnp.float32) - rest
        return exact.sqrt(exact.divide(spread, count))

    def alive_min(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the least of integer `values` of the living, FAR if there are none."""
        return self._reduced(jax.ops.segment_min, jnp.where(self.alive, values, FAR))

    def alive_max(self, values: jax.Array) -> jax.Array:
        """Returns (P,), the largest of integer `values` of the living, -FAR if there are none."""
        return self._reduced(jax.ops.segment_max, jnp.where(self.alive, values, -FAR))

    def includes(self, row: jax.Array) -> jax.Array:
        """Returns (P,) bool: is the player of this row () a member; nobody (-1) is none."""
        return (row != NOBODY) & (self.group[jnp.maximum(row, 0)] == self.group)

    def _reduced(self, reduce, values: jax.Array) -> jax.Array:
        """Returns (P, ...) values reduced over each player's group."""
        count = self.group.shape[0]
        return reduce(values, self.group, count, indices_are_sorted=True)[self.group]
