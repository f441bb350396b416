"""Moving, against a loop that lets one after another move."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.rules import movement
from metammo_jax.tables import STEP_OFFSET
from metammo_jax.vocab import Direction, Event, Tile
from tests import orders, worlds

CROWD = 5
"""Tiles a side of the square into which random crowds are packed."""


@pytest.fixture(scope="module")
def move(tiny):
    return jax.jit(lambda world, given: movement.move(jax.random.key(0), world, given, tiny))


def crowd(rng, cfg, share_tiles):
    """A crowd of players and NPCs on a few tiles, some dead, some frozen, some water."""
    world = worlds.blank(cfg, share_tiles=share_tiles)
    for slot in range(4):
        world = worlds.add_npc(world, cfg, (0, 0), slot=slot)
    low = cfg.middle - CROWD // 2
    pos = rng.integers(low, low + CROWD, (cfg.entities, 2))
    puddle = rng.integers(low, low + CROWD, (3, 2))
    world = worlds.paint(world, (puddle[:, 0], puddle[:, 1]), Tile.WATER)
    health = np.where(rng.random(cfg.entities) < 0.15, 0, world.body.health)
    return world.replace(
        body=world.body.replace(
            pos=jnp.asarray(pos, jnp.int32),
            health=jnp.asarray(health, jnp.int32),
            freeze=jnp.asarray(rng.random(cfg.players) < 0.15, jnp.int32),
        )
    )


def one_after_another(world, given, cfg):
    body = jax.tree.map(np.asarray, world.body)
    passable = np.asarray(worlds.np.isin(world.terrain.material, [2, 3, 4]))
    pos = body.pos.copy()
    for row in np.argsort(np.asarray(given.turn)):
        is_player = row < cfg.players
        frozen = is_player and body.freeze[row] > 0
        if not body.present[row] or body.health[row] <= 0 or frozen or given.direction[row] < 0:
            continue
        goal = pos[row] + STEP_OFFSET[int(given.direction[row])]
        occupied = (body.present & (pos == goal).all(-1)).any()
        if not passable[tuple(goal)]:
            continue
        if is_player and occupied and not world.params.share_tiles:
            continue
        pos[row] = goal
    return pos


@pytest.mark.parametrize("share_tiles", [True, False])
def test_everybody_moves_as_if_one_after_another(tiny, move, share_tiles):
    rng = np.random.default_rng(int(share_tiles))
    for _ in range(60):
        world = crowd(rng, tiny, share_tiles)
        given = orders.random(rng, tiny)
        # NPCs act after the players here, as in the original: their turn is theirs alone
        turn = np.asarray(given.turn)
        given = given.replace(turn=jnp.asarray(turn + (np.arange(tiny.entities) >= 16) * 2**20))
        after = move(world, given)
        np.testing.assert_array_equal(after.body.pos, one_after_another(world, given, tiny))


def test_a_queue_moves_up_only_when_the_head_goes_first(tiny, move):
    world = worlds.blank(tiny, share_tiles=False)
    rows = {row: (20, 20 + row) for row in range(4)}
    world = worlds.place(world, rows)
    west = {row: Direction.WEST for row in range(4)}
    in_line = move(world, orders.give(tiny, moves=west, first=(0, 1, 2, 3)))
    assert in_line.body.pos[:4, 1].tolist() == [19, 20, 21, 22]
    backwards = move(world, orders.give(tiny, moves=west, first=(3, 2, 1, 0)))
    assert backwards.body.pos[:4, 1].tolist() == [19, 21, 22, 23]


def test_exploration_counts_new_records_only(tiny, move):
    world = worlds.blank(tiny)
    edge = tiny.middle - tiny.playable_side // 2
    world = worlds.place(world, {0: (edge, tiny.middle)})
    for step, direction in enumerate([Direction.SOUTH, Direction.NORTH, Direction.SOUTH]):
        world = move(world, orders.give(tiny, moves={0: direction}))
        assert world.body.exploration[0] == 1, step
    assert world.tally.count[Event.GO_FARTHEST, 0] == 1
    world = move(world, orders.give(tiny, moves={0: Direction.SOUTH}))
    assert world.tally.count[Event.GO_FARTHEST, 0] == 2
