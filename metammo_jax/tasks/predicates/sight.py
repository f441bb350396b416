"""Predicates of what players see.

Source: docs/rules/tasks.md#predicates.
"""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.tasks.predicates.measure import TARGET, target_of, whole_number
from metammo_jax.tasks.signature import one_of, register
from metammo_jax.tasks.subject import SubjectMembers
from metammo_jax.vocab import Tile
from metammo_jax.world import World


@register(
    arguments=dict(target=TARGET), original=("CanSeeAgent", "CanSeeGroup"), says="see {target}"
)
def can_see(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: 1 while a living member sees the target (CanSeeAgent, CanSeeGroup).

    One of the target is enough.

    Args:
      world: reads who is where.
      subject: who looks.
      args: target (`vocab.Subject`).
      cfg: reads vision.

    Differs: in the original dead members of a team still see what they saw last.
    """
    pos = world.body.pos[: cfg.players]
    near = query.pairwise_distance(pos, pos) <= cfg.vision
    return subject.sees(near, target_of(world, args)).astype(jnp.float32)


@register(arguments=dict(tile_type=one_of(Tile)), original=("CanSeeTile",), says="see {tile_type}")
def can_see_tile(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: 1 while a living member has the material in its window (CanSeeTile).

    Args:
      world: reads who is where, and the map.
      subject: who looks.
      args: tile_type (`vocab.Tile`).
      cfg: reads vision; original_observations: materials are those of the reset.

    Differs: in the original dead members of a team still see what they saw last, and, unless
    `original_observations` is on, tiles are seen as they were at reset.
    """
    shown = world.terrain.material if cfg.original_observations else query.materials(world)
    corner = world.body.pos[: cfg.players] - cfg.vision
    size = (cfg.window, cfg.window)  # cut as `observe` does, so that it is done once
    tiles = jax.vmap(lambda at: jax.lax.dynamic_slice(shown, tuple(at), size))(corner)
    seen = (jnp.uint16(1) << tiles.astype(jnp.uint16)).reshape(cfg.players, -1)
    kinds = jax.lax.reduce(seen, np.uint16(0), jax.lax.bitwise_or, (1,))  # (P,) bit per material
    wanted = subject.spread(whole_number(args, 0)).astype(jnp.uint16)
    kinds = kinds.reshape((1,) * (wanted.ndim - 1) + kinds.shape)
    return (subject.alive_total((kinds >> wanted) & 1) > 0).astype(jnp.float32)
