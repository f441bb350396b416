"""World -> Observation: one table of entities for the world, and for each player what it sees."""

from enum import IntEnum

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import legal, query
from metammo_jax.config import Config
from metammo_jax.legal import Masks
from metammo_jax.lib import bits
from metammo_jax.tables import COMBAT_STATUS_TICKS
from metammo_jax.vocab import NOBODY, System
from metammo_jax.world import World


class Column(IntEnum):
    """Column of `Observation.entities`."""

    KIND = 0  # 0 player, 1 passive, 2 neutral, 3 aggressive NPC, -1 immortal player
    ROW = 1  # place on the map
    COL = 2
    GROUP = 3  # players of equal number are teammates; -1 for NPCs
    LEADER = 4  # 1 for the leader of a team that falls with it
    HEALTH = 5  # points, 0 for the dead
    FOOD = 6
    WATER = 7
    DAMAGE = 8  # the last single damage of the last tick
    FREEZE = 9  # ticks
    TIME_ALIVE = 10  # ticks
    COMBAT = 11  # ticks in combat left, 0..3
    MESSAGE = 12  # last token said
    ATTACKER = 13  # row + 1 of a player that attacked it, -1 an NPC, 0 nobody


@struct.dataclass
class Observation:
    """What the players of one world see.

    Attributes:
      tick: () int32.
      alive: (P,) bool, who still acts; all else about the others is inert.
      entities: (E, columns) int16, everybody, by `Column`; zeros where nobody is.
      visible: (P, K) int16, rows of `entities` within `vision` tiles, in row order, oneself
        included, -1 where the list has ended.
      tiles: (P, V, V) int8, `vocab.Tile` around each player.
      fog: (P, V, V) int8, damage of the fog a tick where positive, minus the distance to it
        where negative, clipped to -127..127; zeros in a game without fog.
      rally: (P,) int8, the tile to be seized: 0 there is none, 1 not seized, 2 by us, 3 by others.
      task: (P, 11 + D) float32: is it a team's task, the ten systems that are on, its embedding.
      progress: (P,) float32, of the task.
      masks: what each may do.
    """

    tick: jax.Array
    alive: jax.Array
    entities: jax.Array
    visible: jax.Array
    tiles: jax.Array
    fog: jax.Array
    rally: jax.Array
    task: jax.Array
    progress: jax.Array
    masks: Masks


def observe(world: World, cfg: Config) -> Observation:
    """Returns what the players see.

    Source: the original's interface, sections 2 and 4, as one table instead of a copy for each
    player. `adapters.nmmo` gives the original's layout.

    Differs: materials are those of the moment (the original shows those of the reset, which
    `Config.original_observations` restores).
    """
    players = cfg.players
    alive = query.is_alive(world)
    far = query.distance(world.body.pos[:players], world.body.pos)
    visible = visible_rows(far, alive, cfg)
    return Observation(
        tick=world.tick,
        alive=alive[:players],
        entities=_entities(world, alive, cfg),
        visible=visible.astype(jnp.int16),
        tiles=_tiles(world, alive[:players], cfg),
        fog=_fog(world, alive[:players], cfg),
        rally=_rally(world, alive[:players]),
        task=_task(world),
        progress=world.task.progress,
        masks=legal.masks(world, far, visible, cfg),
    )


def visible_rows(far: jax.Array, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns the rows of the living within sight of each living player, itself included.

    Args:
      far: (P, E) int32, tiles between players and entities.
      alive: (E,) bool.
      cfg: sizes.

    Returns:
      (P, K) int32, in row order, -1 where the list has ended.

    Differs: the original breaks down when more than 100 are in sight; here the list is cut, and
    oneself stays in it.
    """
    players = cfg.players
    seen = (far <= cfg.vision) & alive[None] & alive[:players, None]
    rows = bits.first_members(seen, cfg.visible_rows)
    own = jnp.arange(players)
    is_listed = (rows == own[:, None]).any(1) | ~alive[:players]
    return rows.at[:, -1].set(jnp.where(is_listed, rows[:, -1], own))


def _entities(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (E, columns) int16, by `Column`."""
    body, npc, params, players = world.body, world.npc, world.params, cfg.players
    kind = jnp.concatenate([-query.is_immortal(world).astype(jnp.int32), jnp.minimum(npc.kind, 3)])
    left = COMBAT_STATUS_TICKS - (world.tick - body.combat_tick)
    leads = (params.leader == jnp.arange(players)) & params.leader_bound

    def widen(values, fill=0):
        return jnp.concatenate([values, jnp.full(cfg.npcs, fill, values.dtype)])

    columns = {
        Column.KIND: kind,
        Column.ROW: body.pos[:, 0],
        Column.COL: body.pos[:, 1],
        Column.GROUP: widen(params.group, NOBODY),
        Column.LEADER: widen(leads.astype(jnp.int32)),
        Column.HEALTH: body.health,
        Column.FOOD: widen(body.food),
        Column.WATER: widen(body.water),
        Column.DAMAGE: body.damage,
        Column.FREEZE: widen(body.freeze),
        Column.TIME_ALIVE: body.time_alive,
        Column.COMBAT: jnp.where(body.combat_tick > 0, jnp.clip(left, 0, None), 0),
        Column.MESSAGE: widen(body.message),
        Column.ATTACKER: jnp.maximum(body.attacker, -1),
    }
    table = jnp.stack([columns[column] for column in Column], axis=-1)
    return jnp.where(alive[:, None], table, 0).astype(jnp.int16)


def _window(world: World, cfg: Config) -> jax.Array:
    """Returns (P, V, V, 2) the places in the windows around players."""
    offset = jnp.arange(-cfg.vision, cfg.vision + 1)
    grid = jnp.stack(jnp.meshgrid(offset, offset, indexing="ij"), axis=-1)
    return world.body.pos[: cfg.players, None, None] + grid


def _tiles(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, V, V) int8, materials around players."""
    pos = _window(world, cfg)
    if cfg.original_observations:
        tiles = world.terrain.material[pos[..., 0], pos[..., 1]]
    else:
        tiles = query.material_at(world, pos)
    return jnp.where(alive[:, None, None], tiles, 0).astype(jnp.int8)


def _fog(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, V, V) int8, the fog around players."""
    fog = jnp.round(query.fog_at(world.terrain, world.params, _window(world, cfg), cfg))
    return jnp.where(alive[:, None, None], jnp.clip(fog, -127, 127), 0).astype(jnp.int8)


def _rally(world: World, alive: jax.Array) -> jax.Array:
    """Returns (P,) int8, whose the tile to be seized is."""
    seizer, group = world.terrain.seizer, world.params.group
    ours = group[jnp.maximum(seizer, 0)] == group
    state = jnp.where(seizer < 0, 1, jnp.where(ours, 2, 3))
    has_target = (world.params.seize_target >= 0).all()
    return jnp.where(alive & has_target, state, 0).astype(jnp.int8)


def _task(world: World) -> jax.Array:
    """Returns (P, 11 + D) float32: a team's task or not, systems that are on, embedding."""
    players = world.params.group.shape[0]
    shared = jnp.concatenate([world.params.team_game[None], world.params.enabled])
    shared = jnp.broadcast_to(shared.astype(jnp.float32), (players, len(System) + 1))
    return jnp.concatenate([shared, world.task.embedding], axis=-1)
