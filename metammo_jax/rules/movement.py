"""Movement: who moves to which tile, and exploration."""

import jax
import jax.numpy as jnp

from metammo_jax import effects, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib import bits, loops
from metammo_jax.lib.materialize import materialize
from metammo_jax.tables import STEP_OFFSET
from metammo_jax.vocab import Direction, Event
from metammo_jax.world import World

ROUNDS = 5
"""Rounds after which who moves is mostly settled, in all of thousands of worlds."""


def move(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after all moves onto tiles that are passable and not taken.

    Order: by turn. Where tiles cannot be shared, a player gets onto a tile only if all who stood
    there have left before its turn and nobody came before it; NPCs are never held up, and
    whoever died in this tick still stands in the way.

    Source: docs/rules/world.md#movement; nmmo `core/action.py::Move.call`.
    """
    body, players = world.body, cfg.players
    wanted = (orders.direction >= 0) & (orders.direction <= Direction.STAY)
    offset = jnp.asarray(STEP_OFFSET)[jnp.where(wanted, orders.direction, Direction.STAY)]
    goal = body.pos + offset
    possible = query.can_act(world, cfg) & wanted & query.can_stand(world.terrain, goal)
    finds_room = _find_room(possible[:players], goal[:players], world, orders, cfg)
    moves = possible.at[:players].set(
        jnp.where(world.params.share_tiles, possible[:players], finds_room)
    )
    pos = jnp.where(moves[:, None], goal, body.pos)
    return _explore(world.replace(body=body.replace(pos=pos)), moves[:players], cfg)


def _find_room(
    possible: jax.Array, goal: jax.Array, world: World, orders: Orders, cfg: Config
) -> jax.Array:
    """Returns (P,) bool, which players move to a tile that no other player occupies then.

    Whether one does depends only on those with an earlier turn, so repeating the rule from any
    guess settles; as many rounds as the longest queue of players that follow one another.
    """
    body, players = world.body, cfg.players
    wanted_tile = materialize(goal[:, 0] * cfg.map_size + goal[:, 1])
    tile = materialize(jnp.where(body.present, body.pos[:, 0] * cfg.map_size + body.pos[:, 1], -1))
    turn = materialize(orders.turn[:players], everywhere=True)
    # Others lie along the first axis: reduced there, many players are looked at at once.
    earlier = bits.pack_columns(turn[:, None] < turn[None])
    stands = bits.pack_columns(tile[:players, None] == wanted_tile[None])
    may_leave = bits.intersect(stands, earlier)
    rivals = bits.pack_columns(wanted_tile[:, None] == wanted_tile[None])
    rivals = bits.intersect(rivals, earlier)
    never_leaves = bits.has_any(bits.subtract(stands, earlier))
    never_leaves |= (tile[players:, None] == wanted_tile[None]).any(0)
    candidate = possible & ~never_leaves

    def movers(gone):
        """Returns (P,) bool, who moves if the players of the packed set `gone` (1, words) do."""
        gone = bits.as_sets(gone)
        is_left = ~bits.has_any(bits.subtract(may_leave, gone))
        return candidate & is_left & ~bits.has_any(bits.intersect(rivals, gone))

    def settle(_, state):
        gone, _ = state
        now = bits.pack(movers(gone)[None])
        return now, (now != gone).any()

    start = bits.pack(candidate[None])
    goes_on = candidate.any() & ~world.params.share_tiles
    settled = loops.while_any(lambda _, state: state[1], settle, (start, goes_on), usual=ROUNDS)
    return movers(settled[0])


def _explore(world: World, moves: jax.Array, cfg: Config) -> World:
    """Returns the world with exploration updated: the largest distance from the edge so far.

    Source: docs/rules/world.md#movement; event GO_FARTHEST.
    """
    body = world.body
    depth = world.params.center // 2 - query.distance_to_middle(body.pos[: cfg.players], cfg)
    farther = moves & (depth > body.exploration)
    body = body.replace(exploration=jnp.where(farther, depth, body.exploration))
    return effects.record_event(
        world.replace(body=body), Event.GO_FARTHEST, farther, details=lambda: dict(number=depth)
    )
