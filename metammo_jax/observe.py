"""Observations: one table of entities for the world, and what each player sees of it."""

import functools
from enum import IntEnum

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax import inventory, legal, query
from metammo_jax.config import Config
from metammo_jax.legal import Masks, Partners
from metammo_jax.lib import bits, layout
from metammo_jax.lib.materialize import materialize
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.tables import COMBAT_STATUS_TICKS
from metammo_jax.vocab import NEVER, NOBODY, Skill, System
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

    # The full game alone; of NPCs, level and experience of their style of attack.
    GOLD = 14
    ITEM_LEVEL = 15  # sum of the levels of what it wears
    MELEE_LEVEL = 16
    MELEE_EXP = 17
    RANGE_LEVEL = 18
    RANGE_EXP = 19
    MAGE_LEVEL = 20
    MAGE_EXP = 21
    FISHING_LEVEL = 22
    FISHING_EXP = 23
    HERBALISM_LEVEL = 24
    HERBALISM_EXP = 25
    PROSPECTING_LEVEL = 26
    PROSPECTING_EXP = 27
    CARVING_LEVEL = 28
    CARVING_EXP = 29
    ALCHEMY_LEVEL = 30
    ALCHEMY_EXP = 31


class BagColumn(IntEnum):
    """Column of `Observation.bag`."""

    ITEM = 0  # vocab.Item, NOTHING in an empty slot
    LEVEL = 1
    QUANTITY = 2  # pieces
    WORN = 3  # 1 if it is
    PRICE = 4  # gold asked for it, 0 if it is not for sale


class MarketColumn(IntEnum):
    """Column of `Observation.market`."""

    SELLER = 0  # row of the player
    SLOT = 1  # of its bag
    ITEM = 2
    LEVEL = 3
    QUANTITY = 4
    PRICE = 5


def columns(cfg: Config) -> tuple[Column, ...]:
    """Returns the columns of `Observation.entities`: fewer without items and skills."""
    return tuple(Column) if cfg.has_items or cfg.has_skills else tuple(Column)[: Column.GOLD]


@struct.dataclass
class Observation(Node):
    """Observations of all players of one world.

    Attributes:
      tick: () int32.
      alive: (P,) bool, who still acts; all else about the others is inert.
      entities: (E, columns) int16, everybody, by `Column`; zeros where nobody is.
      visible: (P, K) int16, rows of `entities` within `vision` tiles, in row order, oneself
        included, -1 where the list has ended.
      tiles: (P, V, V) int8, `vocab.Tile` around each player.
      fog: (P, V, V) int8, damage of the fog a tick where positive, minus the distance to it
        where negative, clipped to -127..127; zeros in a game without fog.
      seized: (P,) int8, the tile to be seized: 0 there is none, 1 not seized, 2 by us, 3 by others.
      task: (P, 11 + D) float32: is it a team's task, the ten systems that are on, its embedding.
      progress: (P,) float32, of the task.
      masks: what each may do.
      bag: (P, I, columns) int16, one's own belongings by slot, by `BagColumn`; None, as what
        follows, in the mini game.
      market: (M, columns) int16, what is for sale, in the order of sellers and their slots, by
        `MarketColumn`; zeros where the list has ended.
      listing: (M,) int32, what an action calls these records: seller's row * I + slot; -1 where
        the list has ended.
    """

    tick: jax.Array
    alive: jax.Array
    entities: jax.Array
    visible: jax.Array
    tiles: jax.Array
    fog: jax.Array
    seized: jax.Array
    task: jax.Array
    progress: jax.Array
    masks: Masks
    bag: Maybe = None
    market: Maybe = None
    listing: Maybe = None


@functools.partial(jax.jit, static_argnums=1)  # traced once, though resets and steps end with it
def observe(world: World, cfg: Config) -> Observation:
    """Returns the observations of all players.

    Source: docs/rules/world.md#observations. One table instead of the original's copy for each
    player; `adapters.nmmo` gives the original's layout.

    Differs: materials are those of the moment (the original shows those of the reset, which
    `Config.original_observations` restores).
    """
    players = cfg.players
    alive = materialize(query.is_alive(world))
    far = query.pairwise_distance(world.body.pos, world.body.pos[:players])
    visible, partners = visible_rows(far, alive, cfg, legal.partners(world, far, cfg))
    listing = listings(world, cfg) if cfg.has_items else None
    trade = {} if listing is None else _belongings(world, listing, cfg)
    return Observation(
        tick=world.tick,
        alive=alive[:players],
        entities=_entities(world, alive, cfg),
        visible=visible.astype(jnp.int16),
        tiles=_tiles(world, alive[:players], cfg),
        fog=_fog(world, alive[:players], cfg),
        seized=_seize_state(world, alive[:players]),
        task=_task(world),
        progress=world.task.progress,
        masks=legal.masks(world, partners, listing, cfg),
        **trade,
    )


def visible_rows(
    far: jax.Array, alive: jax.Array, cfg: Config, partners: Partners
) -> tuple[jax.Array, Partners]:
    """Returns rows of living entities within sight of each living player, itself included.

    Args:
      far: (E, P) tiles between entities and players.
      alive: (E,) bool.
      cfg: sizes.
      partners: packed sets.

    Returns:
      (P, K) int32, in row order, -1 where the list has ended; and (P, K) bool each, which of them
      are in the sets of `partners`.

    Differs: the original breaks down when more than 100 are in sight; here the list is cut, and
    oneself stays in it.
    """
    seen = (far <= cfg.vision) & alive[:, None] & alive[None, : cfg.players]
    sets, structure = jax.tree.flatten(partners, is_leaf=bits.is_packed)
    words, own = bits.pack_columns(seen), np.arange(cfg.players)
    rows, *members = bits.first_members(words, cfg.visible_rows, *sets)
    is_cut_off = bits.count_below(words, own) >= cfg.visible_rows
    is_last = np.arange(cfg.visible_rows) == cfg.visible_rows - 1
    replaced = is_cut_off[:, None] & is_last[None]
    members = [is_member & ~replaced for is_member in members]
    return jnp.where(replaced, own[:, None], rows), jax.tree.unflatten(structure, members)


def listings(world: World, cfg: Config) -> jax.Array:
    """Returns (M,) int32, the first M listings: seller's row * I + slot; -1 after the last."""
    for_sale = layout.transpose(materialize(world.bag.price > 0)).reshape(1, -1)
    return bits.first_members(bits.pack(for_sale), cfg.market_rows)[0][0]


def _belongings(world: World, listing: jax.Array, cfg: Config) -> dict[str, jax.Array]:
    """Returns bag, market and listing, by field of `Observation`."""
    bag = world.bag
    alive = query.is_alive(world)[None, : cfg.players]
    own = [bag.item, bag.level, bag.quantity, bag.worn.astype(jnp.int32), bag.price]
    columns = (*inventory.split_listing(listing, cfg), *inventory.listed_records(bag, listing, cfg))
    records = [jnp.where(listing >= 0, column, 0) for column in columns]
    return {
        "bag": jnp.stack(
            [layout.transpose(_narrow(jnp.where(alive, column, 0))) for column in own], axis=-1
        ),
        "market": jnp.stack(list(map(_narrow, records)), axis=-1),
        "listing": listing,
    }


def _narrow(values: jax.Array) -> jax.Array:
    """Returns integers clipped from above and cast to int16."""
    return jnp.minimum(values, jnp.iinfo(jnp.int16).max).astype(jnp.int16)


def _entities(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (E, columns) int16, the table of entities by `Column`."""
    body, npc, params, players = world.body, query.npcs(world), world.params, cfg.players
    kind = jnp.concatenate([-query.is_immortal(world).astype(jnp.int32), jnp.minimum(npc.kind, 3)])
    left = COMBAT_STATUS_TICKS - (world.tick - body.combat_tick)
    leads = (params.leader == jnp.arange(players)) & params.leader_bound

    def widen(values, fill=0):
        return jnp.concatenate([values, jnp.full(cfg.npcs, fill, values.dtype)])

    values = {
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
    shown = columns(cfg)
    if Column.GOLD in shown:
        values |= {Column.GOLD: body.gold, Column.ITEM_LEVEL: item_level(world, cfg)}
    narrow = [_narrow(jnp.where(alive, values[column], 0)) for column in shown if column in values]
    table = jnp.stack(narrow, axis=-1)  # of narrow columns: to stack them is to copy one by one
    if Column.GOLD not in shown:
        return table
    pairs = jnp.where(alive[:, None], skills(world, cfg), 0)
    return jnp.concatenate([table, _narrow(pairs)], axis=1)


def skills(world: World, cfg: Config) -> jax.Array:
    """Returns (E, 16) int32, observed level and experience of each skill, alternating.

    NPCs have a level in their own style alone, and show an experience of 1 for it.

    Source: docs/rules/world.md#players, docs/rules/quirks.md#experience-of-npcs-is-one.
    """
    npc, column = query.npcs(world), jnp.arange(2 * len(Skill))[None]
    missing = ((0, 0), (0, len(Skill) - cfg.skills))
    learned = jnp.stack([query.levels(world), query.experience(world)], axis=-1)
    learned = jnp.pad(learned, (*missing, (0, 0))).reshape(cfg.players, -1)
    own = (npc.style[:, None] == column // 2) & (npc.level > 0)[:, None]
    of_npcs = jnp.where(own, jnp.where(column % 2 == 0, npc.level[:, None], 1), 0)
    both = jnp.concatenate([learned, of_npcs])
    return jnp.where(query.is_on(world, System.PROGRESSION), both, 0)


def item_level(world: World, cfg: Config) -> jax.Array:
    """Returns (E,) int32, observed sums of the levels of worn items.

    Source: docs/rules/world.md#players. NPCs show theirs from their first tick on.
    """
    of_npcs = jnp.where(world.body.time_alive[cfg.players :] > 0, query.npcs(world).item_level, 0)
    both = jnp.concatenate([world.body.item_level, of_npcs])
    return jnp.where(query.is_on(world, System.EQUIPMENT), both, 0)


def _tiles(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, V, V) int8, materials around players, 0 for the dead."""
    return jnp.where(alive[:, None, None], tiles_around(world, cfg), 0)


def tiles_around(world: World, cfg: Config) -> jax.Array:
    """Returns (P, V, V) int8, materials around players, dead or alive."""
    shown = world.terrain.material
    if not cfg.original_observations:
        shown = materialize(query.materials(world))
    return _around(shown, world, cfg)


def _around(grid: jax.Array, world: World, cfg: Config) -> jax.Array:
    """Returns (P, V, V), windows of a map (H, W) around players.

    Slices of the map are much cheaper than a gather of each tile.
    """
    corner = materialize(world.body.pos[: cfg.players] - cfg.vision)
    size = (cfg.window, cfg.window)
    return jax.vmap(lambda at: jax.lax.dynamic_slice(grid, tuple(at), size))(corner)


def _fog(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, V, V) int8, the fog around players, 0 for the dead."""
    return jnp.where(alive[:, None, None], fog_around(world, cfg, jnp.int8), 0)


def fog_around(world: World, cfg: Config, dtype=jnp.int16) -> jax.Array:
    """Returns (P, V, V), the fog around players, dead or alive, in whole points.

    It is the deeper the nearer to an edge of the map, so that of a tile is the deeper one of its
    row's and its column's; and it is deeper on any line outside the safe square than on any line
    through it.

    Args:
      world: the state.
      cfg: sizes.
      dtype: of integers, to whose range values are clipped.
    """
    terrain, params, most = world.terrain, world.params, jnp.iinfo(dtype).max
    inward = jnp.round(terrain.fog).astype(jnp.int16)  # from the edge to the middle
    lines = jnp.concatenate([inward, inward[::-1]])
    safe = jnp.abs(jnp.arange(cfg.map_size) - cfg.middle) <= params.fog_final_size
    lines = jnp.where(safe, -cfg.map_size, lines)
    lines = jnp.clip(jnp.where(params.fog_onset_tick < NEVER, lines, 0), -most, most)
    lines = materialize(lines.astype(dtype))
    return _around(materialize(jnp.maximum(lines[:, None], lines[None])), world, cfg)


def _seize_state(world: World, alive: jax.Array) -> jax.Array:
    """Returns (P,) int8, who holds the tile to be seized, as `Observation.seized`."""
    seizer, group = world.terrain.seizer, world.params.group
    ours = group[jnp.maximum(seizer, 0)] == group
    state = jnp.where(seizer < 0, 1, jnp.where(ours, 2, 3))
    has_target = world.params.seize_target[0] >= 0
    return jnp.where(alive & has_target, state, 0).astype(jnp.int8)


def _task(world: World) -> jax.Array:
    """Returns (P, 11 + D) float32: flag of team tasks, systems that are on, embedding."""
    players = world.params.group.shape[0]
    shared = jnp.concatenate([world.params.team_game[None], world.params.enabled])
    shared = jnp.broadcast_to(shared.astype(jnp.float32), (players, len(System) + 1))
    return jnp.concatenate([shared, world.task.embedding], axis=-1)
