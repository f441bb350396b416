"""Predicates of where players are.

Source: docs/rules/tasks.md#predicates.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import exact, grid
from metammo_jax.tasks.predicates.measure import share, steps_to
from metammo_jax.tasks.signature import number, register, whole
from metammo_jax.tasks.subject import FAR, SubjectMembers
from metammo_jax.world import World

PLACE = whole(least=0, most="map_size")
"""A row or a column of the map."""


@register(
    arguments=dict(row=PLACE, col=PLACE),
    original=("OccupyTile",),
    says="stand on row {row}, column {col}",
)
def occupy_tile(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: 1 while a living member stands on the tile (OccupyTile)."""
    steps = steps_to(world, subject, args[:, :2], cfg)
    return (subject.alive_min(steps) == 0).astype(jnp.float32)


@register(
    arguments=dict(dist=number(least=1)),
    original=("DistanceTraveled",),
    says="be {dist} tiles away from the start",
)
def distance_traveled(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: tiles between members and their starts / dist (DistanceTraveled).

    Of the living members, by Chebyshev distance, summed.
    """
    body = world.body
    gone = grid.steps(body.pos[: cfg.players] - body.spawn_pos)
    traveled = share(subject.alive_total(gone), args[:, 0])
    return jnp.where(subject.any_alive(), traveled, 0.0)


@register(original=("ProgressTowardCenter",), says="reach the middle of the map")
def progress_toward_center(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: 1 - tiles from the middle / (C / 2) (ProgressTowardCenter).

    Of the nearest living member; 0 if none lives. The original's version for several members is
    broken.
    """
    steps = subject.alive_min(query.distance_to_middle(world.body.pos[: cfg.players], cfg))
    return jnp.where(steps < FAR, 1.0 - steps / (world.params.center // 2), 0.0)


@register(
    arguments=dict(dist=number(least=0)),
    original=("AllMembersWithinRange",),
    says="gather within {dist} tiles",
)
def all_members_within_range(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: 1 when the members fit in a square of dist tiles, else less.

    The more the living members scatter, the less (AllMembersWithinRange). The mean of three
    scores: (C - d) / (C - dist), where d is the longer side of the box around them, and for rows
    and columns dist / max(3 * standard deviation, dist).
    """
    dist, center = args[:, 0], world.params.center.astype(jnp.float32)
    row, col = world.body.pos[: cfg.players].T
    side = jnp.maximum(
        subject.alive_max(row) - subject.alive_min(row),
        subject.alive_max(col) - subject.alive_min(col),
    )
    side = side.astype(jnp.float32)
    score = exact.divide(center - side, center - dist)
    for place in (row, col):
        score += exact.divide(dist, jnp.maximum(3 * subject.alive_deviation(place), dist))
    score = jnp.where(side <= dist, 1.0, exact.divide(score, 3.0))
    return jnp.where(subject.any_alive() & (dist >= 0), score, 0.0)
