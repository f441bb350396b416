"""Predicates of what players see. Source: tasks 4."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.tasks.predicates.measure import TARGET, target_of, whole_number
from metammo_jax.tasks.signature import one_of, register
from metammo_jax.tasks.subject import Subject
from metammo_jax.vocab import Tile
from metammo_jax.world import World


@register(
    arguments=dict(target=TARGET), original=("CanSeeAgent", "CanSeeGroup"), says="see {target}"
)
def can_see(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """1 while a living member sees one of the target (CanSeeAgent and CanSeeGroup).

    Args:
      world: reads who is where.
      subject: who looks.
      args: target (`vocab.Subject`).
      cfg: reads vision.

    Differs: in the original dead members of a team still see what they saw last.
    """
    pos = world.body.pos[: cfg.players]
    near = query.distance(pos, pos) <= cfg.vision
    return subject.sees(near, target_of(world, args)).astype(jnp.float32)


@register(arguments=dict(tile_type=one_of(Tile)), original=("CanSeeTile",), says="see {tile_type}")
def can_see_tile(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """1 while a living member has the material in its window (CanSeeTile).

    Args:
      world: reads who is where, and the map.
      subject: who looks.
      args: tile_type (`vocab.Tile`).
      cfg: reads vision; original_observations: materials are those of the reset.

    Differs: in the original dead members of a team still see what they saw last, and, unless
    `original_observations` is on, tiles are seen as they were at reset.
    """
    offset = jnp.arange(-cfg.vision, cfg.vision + 1)
    grid = jnp.stack(jnp.meshgrid(offset, offset, indexing="ij"), axis=-1)
    pos = world.body.pos[: cfg.players, None, None] + grid
    if cfg.original_observations:
        tiles = world.terrain.material[pos[..., 0], pos[..., 1]].astype(jnp.int32)
    else:
        tiles = query.material_at(world, pos)
    seen = (1 << tiles).reshape(cfg.players, -1)
    kinds = jax.lax.reduce(seen, np.int32(0), jax.lax.bitwise_or, (1,))  # (P,) bit per material
    wanted = subject.spread(whole_number(args, 0))
    return (subject.alive_total((kinds >> wanted) & 1) > 0).astype(jnp.float32)
