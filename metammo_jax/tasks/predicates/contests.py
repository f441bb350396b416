"""Predicates of games that are our own: places that teams hold, visit and fill.

Where a game counts points, progress is the points so far as a share of those wanted, so that no
other memory is needed: `points_added` reads the progress of the last tick.
"""

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.lib import exact, grid
from metammo_jax.tasks.predicates.measure import TICKS, alive, share, whole_number
from metammo_jax.tasks.signature import number, register
from metammo_jax.tasks.subject import FAR, SubjectMembers
from metammo_jax.vocab import NOBODY
from metammo_jax.world import Params, World

FIVE = 5
"""Places of `five_places`."""

QUADRANTS = 4
"""Places in the middles of the quadrants; the fifth is the middle of the map."""

HILL_RADIUS = 2
"""Tiles (Chebyshev) from its middle within which a hill is held."""

STATION_RADIUS = 1
"""Tiles within which a place counts as visited or filled."""

BANNER_RADIUS = 3
"""Tiles from the banner within which it is held."""

_SMALL = 1e-3
"""More than rounding can take from the number of places visited, less than a place."""

_APPROACH = 0.9
"""Share of a place that the way there is worth at most."""


def five_places(params: Params, cfg: Config) -> jax.Array:
    """Returns (5, 2) int32: the middles of the quadrants SE, NE, NW, SW, then that of the map."""
    sign = jnp.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [0, 0]], jnp.int32)
    return cfg.middle + sign * (params.center // 4)


def near(world: World, places: jax.Array, radius: int, cfg: Config) -> jax.Array:
    """Returns (P, K) bool, living players within some tiles of places (K, 2)."""
    away = world.body.pos[: cfg.players, None] - places[None]
    return (grid.steps(away) <= radius) & alive(world, cfg)[:, None]


def sole_group(world: World, present: jax.Array) -> jax.Array:
    """Returns (K,) int32, the only group with players `present` (P, K) at each place, or -1."""
    group = world.params.group[:, None]
    low = jnp.where(present, group, FAR).min(0)
    return jnp.where(low == jnp.where(present, group, NOBODY).max(0), low, NOBODY)


def points_added(world: World, points: jax.Array, wanted: jax.Array) -> jax.Array:
    """Returns (P,) float32, each task's progress after some more points.

    Args:
      world: reads task.progress.
      points: (P,) integer, won in this tick.
      wanted: (P,) float32, points that complete the task.
    """
    so_far = jnp.round(world.task.progress * wanted).astype(jnp.int32)
    return share(so_far + points.astype(jnp.int32), wanted)


@register(arguments=dict(num_ticks=TICKS), says="hold the most of five hills for {num_ticks} ticks")
def hold_most_hills(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: ticks in which one's team held the most of the five hills / num_ticks.

    More than any other team, that is. A team holds a hill while it alone has living members within
    two tiles.
    """
    there = near(world, five_places(world.params, cfg), HILL_RADIUS, cfg)
    group, holder = world.params.group, sole_group(world, there)
    hills = (holder[None] == group[:, None]).sum(1)
    most = hills.max()
    tied = ((hills == most)[None] & (group[None] != group[:, None])).any(1)
    return points_added(world, (hills == most) & (most > 0) & ~tied, args[:, 0])


@register(arguments=dict(num_ticks=TICKS), says="hold the banner for {num_ticks} ticks")
def hold_banner(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: ticks in which one's team alone was near an NPC / num_ticks.

    Near is within three tiles.
    """
    body, players = world.body, cfg.players
    near_npc = grid.steps(body.pos[:players, None] - body.pos[None, players:]) <= BANNER_RADIUS
    there = (near_npc & body.present[None, players:]).any(1) & alive(world, cfg)
    holder = sole_group(world, there[:, None])[0]
    return points_added(world, world.params.group == holder, args[:, 0])


@register(
    arguments=dict(first=number(0, 3, whole=True), turn=number(1, 3, whole=True)),
    says="visit the quadrants from number {first} on in steps of {turn}, then the middle",
)
def visit_in_order(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: places visited in order / 5: the quadrants' middles, then the map's.

    Args:
      world: reads who is where, and task.progress.
      subject: who must be within a tile of a place, any member.
      args: first (0 SE, 1 NE, 2 NW, 3 SW), turn (1 or 3: the next is the one before or after).
      cfg: sizes.

    Returns:
      (P,) float32; the way to the next place is worth up to 0.9 of it.
    """
    places = five_places(world.params, cfg)
    visited = jnp.floor(world.task.progress * FIVE + _SMALL).astype(jnp.int32)
    quadrant = (whole_number(args, 0) + whole_number(args, 1) * visited) % QUADRANTS
    aim = places[jnp.where(visited < QUADRANTS, quadrant, QUADRANTS)]
    pos = world.body.pos[: cfg.players]
    aims = subject.spread(aim)
    steps = subject.alive_min(grid.steps(pos.reshape((1,) * (aims.ndim - 2) + pos.shape) - aims))
    closeness = jnp.clip(1.0 - exact.divide(steps, world.params.center), 0.0, 1.0)
    partly = jnp.where(steps <= STATION_RADIUS, 1.0, _APPROACH * closeness)
    return exact.divide(visited.astype(jnp.float32) + partly, FIVE)


@register(says="fill the middles of all four quadrants at once")
def fill_quadrants(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: quadrants with a living member near their middle / 4.

    Near is within a tile; / the team's size if that is less than 4.
    """
    there = near(world, five_places(world.params, cfg)[:QUADRANTS], STATION_RADIUS, cfg)
    filled = sum(subject.any(place).astype(jnp.int32) for place in there.T)
    return exact.divide(filled, jnp.clip(subject.size(), 1, QUADRANTS))


@register(says="bring the envoy to the opposite edge")
def bring_envoy_across(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: share of its way that the envoy, the first player, has gone.

    0 if it is dead. It goes to the edge opposite of where it started, and has arrived within a
    tile of that.
    """
    body, center = world.body, world.params.center
    start = body.spawn_pos[0] - cfg.middle
    axis = jnp.argmax(jnp.abs(start))
    gone = (start[axis] - (body.pos[0] - cfg.middle)[axis]) * jnp.sign(start[axis])
    done = jnp.clip(exact.divide(gone, center - 1), 0.0, 1.0)
    return jnp.broadcast_to(jnp.where(alive(world, cfg)[0], done, 0.0), (cfg.players,))


@register(
    arguments=dict(num_ticks=TICKS), says="seize the hidden tile and keep it {num_ticks} ticks"
)
def seize_hidden(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: 0.3 once one's team has seized the target, and 0.7 for holding it.

    Both while it is the last that seized it; the 0.7 come in num_ticks ticks. The way there is
    worth nothing: progress does not say where the tile is.
    """
    terrain = world.terrain
    held = share(world.tick - terrain.seized_at, args[:, 0])
    return jnp.where(subject.includes(terrain.seizer), 0.3 + 0.7 * jnp.clip(held, 0.0, 1.0), 0.0)
