"""Blocks of rows: each wanted row is worked on once, whatever the size of a block."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import row_blocks


@pytest.mark.parametrize("size", [1, 3, 50])
def test_every_wanted_row_is_worked_on_once(size):
    wanted = np.random.default_rng(size).random((5, 20)) < np.array(
        [[0.0], [0.1], [0.5], [0.9], [1]]
    )

    def visit(visits, rows, real):
        return visits.at[jnp.where(real, rows, 20)].add(1, mode="drop")

    visits = jax.vmap(lambda w: row_blocks.apply_in_blocks(visit, jnp.zeros(20, int), w, size))(
        wanted
    )
    np.testing.assert_array_equal(visits, wanted)


def test_there_are_as_many_blocks_as_the_neediest_needs():
    def work(count, rows, real):
        return count + 1

    def runs(wanted):
        return jax.vmap(lambda w: row_blocks.apply_in_blocks(work, 0, w, 4))(wanted).tolist()

    nobody = jnp.zeros((3, 9), bool)
    assert runs(nobody) == [0, 0, 0]
    assert runs(nobody.at[1, :5].set(True)) == [2, 2, 2]
