"""Meta MMO's team wrapper: what it adds to the original's observations, and its scripted word.

Works on the dict of `adapters.nmmo.observe`.

Source: docs/rules/training.md#team-wrapper.
"""

import jax
import jax.numpy as jnp

from metammo_jax.adapters.nmmo import Entity
from metammo_jax.config import Config
from metammo_jax.lib.narrow import narrow
from metammo_jax.vocab import System
from metammo_jax.world import World

ENEMY = 4
TO_DESTROY = 5
TEAMMATE = 6
TO_PROTECT = 7
"""What the wrapper writes over `Entity.NPC_TYPE`, and on the tiles where they stand."""

NOT_SEIZED = 1
SEIZED_BY_US = 2
SEIZED_BY_OTHERS = 3
"""What the wrapper writes on the tile to be seized or reached."""


@narrow
def augment(observation: dict, world: World, cfg: Config) -> dict:
    """Returns the observation of the wrapper.

    Tile gets three columns: distance to the middle of the map, who stands there (the codes
    above, 1 to 3 NPCs by kind) and the state of the tile to be seized. Task becomes: is it a
    team's, the ten systems that are on, the embedding. NPC_TYPE is rewritten with the codes
    above, and teammates are no longer targets. With `cfg.original_observations` NPCs count as
    enemies, as in the original, where kinds of NPCs are never seen.

    Returns:
      the same dict with Task (P, 11 + D) float16, Tile (P, V * V, 7) int16, Entity and
      ActionTargets changed, and `can_see_target` (P,) bool added.
    """
    alive = world.body.present[: cfg.players]
    code = jnp.where(alive[:, None], _codes(observation["Entity"], world, cfg), 0)
    tiles, can_see_target = _augment_tiles(observation, code, alive, world, cfg)
    masks = dict(observation["ActionTargets"])
    if "Attack" in masks:
        target = _spare_teammates(masks["Attack"]["Target"], observation["Entity"], world)
        masks["Attack"] = {**masks["Attack"], "Target": target}
    return {
        **observation,
        "Task": task(world, cfg),
        "Tile": tiles,
        "Entity": observation["Entity"].at[..., Entity.NPC_TYPE].set(code),
        "ActionTargets": masks,
        "can_see_target": can_see_target,
    }


@narrow
def task(world: World, cfg: Config) -> jax.Array:
    """Returns (P, 11 + D) float16: is it a team's task, the systems that are on, embedding."""
    flags = jnp.concatenate([world.params.team_game[None], world.params.enabled])
    flags = jnp.broadcast_to(flags, (cfg.players, 1 + len(System)))
    flags = flags.astype(jnp.float32)
    return jnp.concatenate([flags, world.task.embedding], axis=1).astype(jnp.float16)


def _group_of(ids: jax.Array, world: World) -> jax.Array:
    """Returns the group of each id, -1 for NPCs and empty rows."""
    group = world.params.group[jnp.clip(ids - 1, 0)]
    return jnp.where(ids > 0, group, -1)


def _codes(listed: jax.Array, world: World, cfg: Config) -> jax.Array:
    """Returns (P, K) int16, relation of each listed entity to each player; 0 in empty rows."""
    ids, kind = listed[..., Entity.ID].astype(jnp.int32), listed[..., Entity.NPC_TYPE]
    mate = _group_of(ids, world) == world.params.group[:, None]
    enemy = (ids > 0) & ~mate
    if cfg.original_observations:
        enemy = (ids != 0) & ~mate
    code = jnp.where(mate, TEAMMATE, jnp.where(enemy, ENEMY, kind))
    leads = world.params.leader[jnp.clip(ids - 1, 0)] == ids - 1
    leads &= (ids > 0) & world.params.leader_bound
    code = jnp.where(leads & ~mate, TO_DESTROY, code)
    return jnp.where(leads & mate, TO_PROTECT, code).astype(jnp.int16)


def _augment_tiles(
    observation: dict, code: jax.Array, alive: jax.Array, world: World, cfg: Config
) -> tuple[jax.Array, jax.Array]:
    """Returns the tiles with the three channels more, and (P,) bool, who sees its target."""
    tiles = observation["Tile"]
    row, col = tiles[..., 0].astype(jnp.int32), tiles[..., 1].astype(jnp.int32)
    last = cfg.map_size - 1
    ring = jnp.minimum(jnp.minimum(row, last - row), jnp.minimum(col, last - col))
    stands = _entity_map(observation["Entity"], code, world, cfg)
    middle = (row == cfg.middle) & (col == cfg.middle) & alive[:, None]
    rally = jnp.where(middle, _rally_columns(world, cfg)[:, None], 0)
    added = jnp.stack([cfg.middle - 1 - ring, stands.astype(jnp.int32), rally], -1)
    added = added.astype(jnp.int16)
    sees = (stands == TO_DESTROY).any(-1) | (rally > 0).any(-1)
    return jnp.concatenate([tiles, added], axis=-1), sees & alive


def _entity_map(listed: jax.Array, code: jax.Array, world: World, cfg: Config) -> jax.Array:
    """Returns (P, V * V) int16, the code of who stands on each tile that a player sees.

    The original writes one code after the other over the map, so the last one stays: NPCs by
    kind, teammates, enemies, those to destroy, those to protect.
    """
    written_last = jnp.asarray([0, 1, 2, 3, 5, 6, 4, 7], jnp.int16)  # by code
    here = world.body.pos[: cfg.players, None]
    away = listed[..., [Entity.ROW, Entity.COL]].astype(jnp.int32) - here + cfg.vision
    place = jnp.where(code > 0, away[..., 0] * cfg.window + away[..., 1], cfg.window**2)
    latest = jnp.zeros((cfg.players, cfg.window**2), jnp.int16)
    viewer = jnp.arange(cfg.players)[:, None]
    latest = latest.at[viewer, place].max(written_last[jnp.maximum(code, 0)], mode="drop")
    code_of = jnp.asarray([0, 1, 2, 3, TEAMMATE, ENEMY, TO_DESTROY, TO_PROTECT], jnp.int16)
    return code_of[latest]


def _rally_columns(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) int32, the state of the middle tile where a game is about it, else 0."""
    params, seizer = world.params, world.terrain.seizer
    ours = params.group == params.group[jnp.maximum(seizer, 0)]
    held = jnp.where(ours, SEIZED_BY_US, SEIZED_BY_OTHERS)
    state = jnp.where(seizer >= 0, held, NOT_SEIZED)
    is_goal = params.mark_center | (params.seize_target == cfg.middle).all()
    return jnp.where(is_goal, state, 0)


def _spare_teammates(target: jax.Array, listed: jax.Array, world: World) -> jax.Array:
    """Returns the target mask (P, K + 1) without teammates; nobody if none is left."""
    mate = _group_of(listed[..., Entity.ID].astype(jnp.int32), world)
    allowed = (target[:, :-1] != 0) & (mate != world.params.group[:, None])
    nobody = ~allowed.any(-1, keepdims=True)
    return jnp.concatenate([allowed, nobody], axis=-1).astype(jnp.int8)


@narrow
def scripted_token(augmented: dict, world: World, cfg: Config) -> jax.Array:
    """Returns (P,) int32, the word that the wrapper sends for each player, -1 for the dead.

    It tells of the speaker's health, how many NPCs and enemies it sees and, in a place that
    overlaps with the enemies', whether it sees its target.

    Differs: the original drops the word while health is a float, which it becomes by eating.
    """
    listed = augmented["Entity"]
    ids = listed[..., Entity.ID].astype(jnp.int32)
    is_enemy = (ids > 0) & (_group_of(ids, world) != world.params.group[:, None])
    npcs = _quarters(ids < 0) << 2
    enemies = _quarters(is_enemy) << 4
    health = world.body.health[: cfg.players] // 34 + 1
    seen = augmented["can_see_target"].astype(jnp.int32) << 5
    token = 1 + seen + npcs + enemies + health
    return jnp.where(world.body.present[: cfg.players], token, -1)


def _quarters(listed: jax.Array) -> jax.Array:
    """Returns (P,) int32, how many are listed, in fours, rounded up, at most three."""
    return jnp.minimum((listed.sum(-1, dtype=jnp.int32) + 3) // 4, 3)
