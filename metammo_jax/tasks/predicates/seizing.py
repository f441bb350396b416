"""Predicates of seizing a tile and holding it.

Source: docs/rules/tasks.md#predicates.
"""

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.lib import exact
from metammo_jax.tasks.predicates.measure import TICKS, share, steps_to
from metammo_jax.tasks.predicates.place import PLACE
from metammo_jax.tasks.signature import number, one_of, register
from metammo_jax.tasks.subject import FAR, SubjectMembers
from metammo_jax.world import World

SEIZE_BONUS = 0.3
"""Progress that comes with seizing a tile, on top of all that the approach can give."""

QUADRANT = one_of({"FIRST": 1, "SECOND": 2, "THIRD": 3, "FOURTH": 4})


@register(
    arguments=dict(
        row=PLACE, col=PLACE, num_ticks=TICKS, progress_bonus=number(0, 0.7, default=0.4)
    ),
    original=("SeizeTile",),
    says="seize row {row}, column {col} and hold it for {num_ticks} ticks",
)
def seize_tile(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: progress of the subject in seizing a tile and holding it (SeizeTile).

    While a member is the last who seized the tile: progress_bonus + 0.3, and the rest in
    num_ticks ticks. Otherwise progress_bonus * (1 - tiles / (C // 2)) of the nearest living
    member. 0 if none lives. Only `params.seize_target` can be seized.
    """
    return _seize(world, subject, args[:, :2], args[:, 2], args[:, 3], cfg)


@register(
    arguments=dict(num_ticks=TICKS, progress_bonus=number(0, 0.7, default=0.3)),
    original=("SeizeCenter",),
    says="seize the middle of the map and hold it for {num_ticks} ticks",
)
def seize_center(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: `seize_tile` for the middle tile of the map (SeizeCenter)."""
    tile = jnp.full((cfg.players, 2), cfg.middle, jnp.float32)
    return _seize(world, subject, tile, args[:, 0], args[:, 1], cfg)


@register(
    arguments=dict(num_ticks=TICKS, quadrant=QUADRANT, progress_bonus=number(0, 0.7, default=0.3)),
    original=("SeizeQuadCenter",),
    says="seize the middle of the {quadrant} quadrant and hold it for {num_ticks} ticks",
)
def seize_quad_center(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: `seize_tile` for the middle of a quadrant (SeizeQuadCenter).

    It is C // 4 tiles from the map's.

    quadrant: 1 south-east, 2 north-east, 3 north-west, 4 south-west.
    """
    quadrant = args[:, 1]
    south = (quadrant == 1) | (quadrant == 4)
    sign = jnp.where(jnp.stack([south, quadrant <= 2], axis=-1), 1, -1)
    tile = cfg.middle + sign * (world.params.center // 4)
    return _seize(world, subject, tile.astype(jnp.float32), args[:, 0], args[:, 2], cfg)


def _seize(
    world: World,
    subject: SubjectMembers,
    tile: jax.Array,
    num_ticks: jax.Array,
    progress_bonus: jax.Array,
    cfg: Config,
) -> jax.Array:
    """Returns (P,) float32, the progress of seizing tiles (P, 2)."""
    terrain, reach = world.terrain, world.params.center // 2
    steps = subject.alive_min(steps_to(world, subject, tile, cfg))
    approach = progress_bonus * (1.0 - exact.divide(steps, reach))
    target = (tile == world.params.seize_target.astype(tile.dtype)[None]).all(-1)
    seized = target & subject.includes(terrain.seizer)
    full = progress_bonus + SEIZE_BONUS
    held = full + (1.0 - full) * share(world.tick - terrain.seized_at, num_ticks)
    progress = jnp.where(seized, held, approach)
    return jnp.where(steps < FAR, jnp.clip(progress, 0.0, 1.0), 0.0)
