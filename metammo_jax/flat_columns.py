"""The columns of a flat observation, block by block, each a function of an `Observation`.

Axes: P players, n nearest others, L listings, I slots, V tiles a side of the window. A block is a
dict of float32 arrays by name, (P, k) each, or (P, n, k) of a block about several things.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.action_heads import of_config
from metammo_jax.config import Config
from metammo_jax.legal import Masks
from metammo_jax.lib import grid
from metammo_jax.observe import BagColumn, Column, MarketColumn, Observation, columns
from metammo_jax.tables import (
    BASE_HEALTH,
    COMBAT_STATUS_TICKS,
    EXP_THRESHOLD,
    LEVEL_MAX,
    PASSABLE,
    RESOURCE_BASE,
)
from metammo_jax.vocab import Item, Skill, System, Tile

Block = dict[str, jax.Array]
"""Columns by name."""

DAMAGE_SCALE, FREEZE_SCALE, FOG_SCALE, MANY = 50.0, 10.0, 16.0, 1000.0
"""Points of damage, ticks, tiles of fog, and pieces of gold or of a stack that count as 1."""

EMBEDDING_SCALE = 3.0
"""By what a task's embedding is divided."""

PLANES = {"passable": PASSABLE} | {
    tile.name.lower(): np.arange(len(Tile)) == tile for tile in (Tile.WATER, Tile.FOILAGE)
}
"""(16,) bool, by name of the plane the materials that it marks."""

FULL_PLANES = {
    tile.name.lower(): np.arange(len(Tile)) == tile
    for tile in (Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB, Tile.FISH)
}
"""Planes that the full game adds."""


def nearest(obs: Observation, cfg: Config, count: int) -> jax.Array:
    """Returns (P, n) int32, positions of `Observation.visible`, of the nearest others; -1 for none.

    Those who are no teammates come first, each of the two sorts from the nearest on, in row order
    where they are equally near.
    """
    rows = obs.visible.astype(jnp.int32)
    me = jnp.arange(cfg.players, dtype=jnp.int32)[:, None]
    far = grid.steps(_offset(obs, rows, cfg))
    late = jnp.where(_is_mate(obs, rows, cfg), cfg.window, 0)
    size = rows.shape[1]
    key = (far + late) * size + jnp.arange(size, dtype=jnp.int32)[None]
    key = jnp.where((rows >= 0) & (rows != me), key, 2 * cfg.window * size)
    count = min(count, size)
    least, position = jax.lax.top_k(-key, count)
    return jnp.where(-least < 2 * cfg.window * size, position.astype(jnp.int32), -1)


def own(obs: Observation, cfg: Config) -> Block:
    """Returns columns of the player itself, its task and the time."""
    table = obs.entities[: cfg.players].astype(jnp.float32)
    place = (table[:, Column.ROW : Column.COL + 1] - cfg.middle) / (cfg.playable_side / 2)
    attacker = table[:, Column.ATTACKER]
    out = {
        "row": place[:, :1],
        "col": place[:, 1:],
        "distance": jnp.abs(place).max(axis=-1, keepdims=True),
        **_condition(table, cfg),
        "food": table[:, Column.FOOD, None] / RESOURCE_BASE,
        "water": table[:, Column.WATER, None] / RESOURCE_BASE,
        "attacked": jnp.sign(attacker)[:, None],
        "fog": obs.fog[:, cfg.vision, cfg.vision, None].astype(jnp.float32) / FOG_SCALE,
        "free": obs.masks.move[:, :4].astype(jnp.float32),
        "tick": jnp.broadcast_to(obs.tick / cfg.horizon, (cfg.players, 1)),
        "progress": obs.progress[:, None],
        "seized": jax.nn.one_hot(obs.seized, 4),
        "task": jnp.concatenate([obs.task[:, :11], obs.task[:, 11:] / EMBEDDING_SCALE], axis=-1),
    }
    if Column.GOLD in columns(cfg):
        out |= {"gold": _many(table[:, Column.GOLD, None])} | _learned(table)
    return out


def heard(obs: Observation, cfg: Config) -> Block:
    """Returns columns of teammates' words: the mean of each bit over teammates, in -1..1.

    Of those who only watch and of the others apart, and whether there are any.
    """
    table = obs.entities[: cfg.players].astype(jnp.int32)
    message, group = table[:, Column.MESSAGE], table[:, Column.GROUP]
    speaks = (group[:, None] == group[None]) & (message > 0)[None]
    speaks &= ~jnp.eye(cfg.players, dtype=bool)
    watches = (table[:, Column.FREEZE] > cfg.horizon)[None]
    bits = 2.0 * _word(message, cfg) - 1.0
    out = {}
    for name, some in (("watchers", speaks & watches), ("others", speaks & ~watches)):
        count = some.sum(axis=-1, keepdims=True).astype(jnp.float32)
        out[f"{name}_word"] = some.astype(jnp.float32) @ bits / jnp.maximum(count, 1.0)
        out[f"{name}_any"] = jnp.minimum(count, 1.0)
    return out


def entities(obs: Observation, position: jax.Array, cfg: Config) -> Block:
    """Returns columns of the other entities at `position` (P, n) of `Observation.visible`."""
    rows = jnp.take_along_axis(obs.visible.astype(jnp.int32), jnp.maximum(position, 0), axis=1)
    rows = jnp.where(position >= 0, rows, -1)
    table = obs.entities[rows].astype(jnp.float32)
    kind = table[..., Column.KIND].astype(jnp.int32)
    legal = _at(obs.masks.target, position)
    out = {
        "present": (rows >= 0)[..., None].astype(jnp.float32),
        "kind": jax.nn.one_hot(jnp.maximum(kind, 0), 4),
        "mate": _is_mate(obs, rows, cfg)[..., None].astype(jnp.float32),
        "attackable": legal[..., None].astype(jnp.float32),
        "offset": _offset(obs, rows, cfg).astype(jnp.float32) / cfg.vision,
        **_condition(table, cfg),
    }
    if cfg.has_communication:
        out["word"] = _word(table[..., Column.MESSAGE].astype(jnp.int32), cfg)
    if Column.GOLD in columns(cfg):
        out |= _learned(table)
    there = out["present"]
    return {name: values * there for name, values in out.items()}


def bag(obs: Observation, cfg: Config) -> Block:
    """Returns columns of the player's bag, slot by slot."""
    return _goods(obs.bag, BagColumn, cfg) | {
        "worn": obs.bag[..., BagColumn.WORN, None].astype(jnp.float32)
    }


def market(obs: Observation, position: jax.Array, cfg: Config) -> Block:
    """Returns columns of the listings at `position` (P, L), -1 for none."""
    table = jnp.where((position >= 0)[..., None], obs.market[jnp.maximum(position, 0)], 0)
    can_buy = _at(obs.masks.buy, position)
    return _goods(table, MarketColumn, cfg) | {"can_buy": can_buy[..., None].astype(jnp.float32)}


def offered(obs: Observation, count: int) -> jax.Array:
    """Returns (P, L) int32, positions of `Observation.listing`, -1 for none.

    What the player can buy comes first, then the rest, each in the order of the market.
    """
    size = obs.listing.shape[0]
    order = jnp.arange(size, dtype=jnp.int32)[None]
    key = jnp.where(obs.masks.buy[:, :size], order, order + size)
    key = jnp.where((obs.listing >= 0)[None], key, 2 * size)
    least, position = jax.lax.top_k(-key, min(count, size))
    return jnp.where(-least < 2 * size, position.astype(jnp.int32), -1)


def window(obs: Observation, cfg: Config) -> Block:
    """Returns columns of the window around a player, planes (P, V * V) of tiles row by row.

    The last says who stands where: 1 a teammate, -1 another player, -0.5 an NPC.
    """
    planes = PLANES | (FULL_PLANES if cfg.has_items else {})
    tile = obs.tiles.astype(jnp.int32).reshape(cfg.players, -1)
    out = {name: jnp.asarray(marks, jnp.float32)[tile] for name, marks in planes.items()}
    out["fog"] = obs.fog.reshape(cfg.players, -1).astype(jnp.float32) / FOG_SCALE
    return out | {"crowd": _crowd(obs, cfg)}


def _crowd(obs: Observation, cfg: Config) -> jax.Array:
    rows, me = obs.visible.astype(jnp.int32), jnp.arange(cfg.players)[:, None]
    away = _offset(obs, rows, cfg) + cfg.vision
    place = away[..., 0] * cfg.window + away[..., 1]
    place = jnp.where((rows >= 0) & (rows != me), place, cfg.window**2)
    npc = obs.entities[rows][..., Column.KIND] > 0
    rank = jnp.where(_is_mate(obs, rows, cfg), 2, jnp.where(npc, 1, 3))
    shown = jnp.zeros((cfg.players, cfg.window**2), jnp.int32).at[me, place].max(rank, mode="drop")
    return jnp.asarray([0.0, -0.5, 1.0, -1.0])[shown]


def _goods(table: jax.Array, column: type[BagColumn] | type[MarketColumn], cfg: Config) -> Block:
    item = table[..., column.ITEM].astype(jnp.int32)
    number = table.astype(jnp.float32)
    return {
        "item": jax.nn.one_hot(item - 1, len(Item) - 1),
        "level": number[..., column.LEVEL, None] / LEVEL_MAX,
        "quantity": _many(number[..., column.QUANTITY, None]),
        "price": number[..., column.PRICE, None] / cfg.prices,
    }


def _condition(table: jax.Array, cfg: Config) -> Block:
    """Returns columns that the player itself and others have in common, of rows of entities."""

    def of(column, scale):
        return table[..., column, None] / scale

    return {
        "health": of(Column.HEALTH, BASE_HEALTH),
        "damage": of(Column.DAMAGE, DAMAGE_SCALE),
        "frozen": of(Column.FREEZE, FREEZE_SCALE),
        "time_alive": of(Column.TIME_ALIVE, cfg.horizon),
        "combat": of(Column.COMBAT, COMBAT_STATUS_TICKS),
        "leader": of(Column.LEADER, 1.0),
        "immortal": (table[..., Column.KIND, None] < 0).astype(jnp.float32),
    }


def _learned(table: jax.Array) -> Block:
    """Returns levels and experience of all skills, and the level of what is worn."""
    skills = table[..., Column.MELEE_LEVEL : Column.MELEE_LEVEL + 2 * len(Skill)]
    return {
        "item_level": _many(table[..., Column.ITEM_LEVEL, None]),
        "levels": skills[..., ::2] / LEVEL_MAX,
        "experience": skills[..., 1::2] / float(EXP_THRESHOLD[-1]),
    }


def _many(values: jax.Array) -> jax.Array:
    """Returns numbers from 0 on by their logarithm, 1 for `MANY`."""
    return jnp.log1p(values) / np.float32(np.log1p(MANY))


def _word(message: jax.Array, cfg: Config) -> jax.Array:
    """Returns (..., bits) float32, the bits of words (...), the lowest first."""
    places = jnp.arange(cfg.tokens.bit_length()).reshape((1,) * message.ndim + (-1,))
    return ((message[..., None] >> places) & 1).astype(jnp.float32)


def _at(mask: jax.Array, position: jax.Array) -> jax.Array:
    """Returns (P, n) bool, what a mask (P, K + 1) says of positions (P, n); not of -1."""
    return jnp.take_along_axis(mask, jnp.maximum(position, 0), axis=1) & (position >= 0)


def _offset(obs: Observation, rows: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, n, 2) int32, tiles from each player to entities `rows` (P, n)."""
    place = obs.entities[:, Column.ROW : Column.COL + 1].astype(jnp.int32)
    return place[rows] - place[: cfg.players, None]


def _is_mate(obs: Observation, rows: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, n) bool, which entities `rows` (P, n) are teammates of each player."""
    group = obs.entities[:, Column.GROUP]
    return (rows >= 0) & (rows < cfg.players) & (group[rows] == group[: cfg.players, None])


def shapes(cfg: Config) -> Observation:
    """Returns an `Observation` of the config with shapes and dtypes instead of arrays."""
    players = cfg.players

    def of(dtype, *shape) -> Any:
        return jax.ShapeDtypeStruct(shape, dtype)

    def mask(size) -> Any:
        return of(jnp.bool_, players, size)

    square = (players, cfg.window, cfg.window)
    masks: dict[str, Any] = {
        head.mask: mask(head.size(cfg, cfg.visible_rows, cfg.market_rows))
        for head in of_config(cfg)
        if head.mask is not None
    }
    masks["speak"], trade = of(jnp.bool_, players), {}
    if cfg.has_items:
        trade = {
            "bag": of(jnp.int16, players, cfg.slots, len(BagColumn)),
            "market": of(jnp.int16, cfg.market_rows, len(MarketColumn)),
            "listing": of(jnp.int32, cfg.market_rows),
        }
    return Observation(
        tick=of(jnp.int32),
        alive=of(jnp.bool_, players),
        entities=of(jnp.int16, cfg.entities, len(columns(cfg))),
        visible=of(jnp.int16, players, cfg.visible_rows),
        tiles=of(jnp.int8, *square),
        fog=of(jnp.int8, *square),
        seized=of(jnp.int8, players),
        task=of(jnp.float32, players, len(System) + 1 + cfg.task_embedding),
        progress=of(jnp.float32, players),
        masks=Masks(**masks),
        **trade,
    )


def table_features(obs: Observation, cfg: Config) -> jax.Array:
    """Returns (E, features) float32 within -1..1, all entities, for a global state.

    Whether it is there, the tick, kind, place, group and condition; zeros where nobody is.
    """
    table = obs.entities.astype(jnp.float32)
    there = (obs.entities[:, Column.HEALTH] > 0).astype(jnp.float32)[:, None]
    kind = jnp.maximum(obs.entities[:, Column.KIND], 0)
    parts = {
        "there": there,
        "tick": jnp.broadcast_to(obs.tick / cfg.horizon, there.shape),
        "kind": jax.nn.one_hot(kind, 4),
        "place": (table[:, Column.ROW : Column.COL + 1] - cfg.middle) / (cfg.playable_side / 2),
        "group": (table[:, Column.GROUP, None] + 1) / cfg.players,
        **_condition(table, cfg),
        "food": table[:, Column.FOOD, None] / RESOURCE_BASE,
        "water": table[:, Column.WATER, None] / RESOURCE_BASE,
    }
    if Column.GOLD in columns(cfg):
        parts |= {"gold": _many(table[:, Column.GOLD, None])} | _learned(table)
    return jnp.clip(jnp.concatenate(list(parts.values()), axis=-1) * there, -1.0, 1.0)
