"""Observations and masks in the layout of the original (`nmmo` 2.1.2), for all players at once.

Every array has a leading player axis; dtypes and columns are the original's. With
`Config.original_observations` they are what the original shows, quirks included, but for the
order of rows: entities are listed players first, teammates by number, items by their owners and
slots. Items have no number of their own here: they are shown with that of their place, which
stays the same as long as they lie there.
"""

from enum import IntEnum

import jax
import jax.numpy as jnp

from metammo_jax import action_heads, inventory, legal, legal_trade, query
from metammo_jax import observe as native
from metammo_jax.config import Config
from metammo_jax.lib import bits
from metammo_jax.lib.narrow import narrow
from metammo_jax.tables import (
    NEIGHBOURS,
    RESOURCE_BASE,
    RESTORE_BASE,
    RESTORE_LEVEL,
)
from metammo_jax.vocab import Item, Kind, Skill, Style, System
from metammo_jax.world import World

COMMUNICATION_ROWS = 32
"""Teammates that the original lists at most."""

ARGUMENTS = {
    "move": ("Move", "Direction"),
    "style": ("Attack", "Style"),
    "target": ("Attack", "Target"),
    "token": ("Comm", "Token"),
    "use": ("Use", "InventoryItem"),
    "destroy": ("Destroy", "InventoryItem"),
    "give": ("Give", "InventoryItem"),
    "give_to": ("Give", "Target"),
    "sell": ("Sell", "InventoryItem"),
    "price": ("Sell", "Price"),
    "buy": ("Buy", "MarketItem"),
    "gold": ("GiveGold", "Price"),
    "gold_to": ("GiveGold", "Target"),
}
"""For each head of `action_heads.HEADS`, the original's action and its argument."""


class Entity(IntEnum):
    """Column of an entity row of the original."""

    ID = 0
    NPC_TYPE = 1
    ROW = 2
    COL = 3
    DAMAGE = 4
    TIME_ALIVE = 5
    FREEZE = 6
    ITEM_LEVEL = 7
    ATTACKER_ID = 8
    LATEST_COMBAT_TICK = 9
    MESSAGE = 10
    GOLD = 11
    HEALTH = 12
    FOOD = 13
    WATER = 14
    MELEE_LEVEL = 15
    MELEE_EXP = 16
    RANGE_LEVEL = 17
    RANGE_EXP = 18
    MAGE_LEVEL = 19
    MAGE_EXP = 20
    FISHING_LEVEL = 21
    FISHING_EXP = 22
    HERBALISM_LEVEL = 23
    HERBALISM_EXP = 24
    PROSPECTING_LEVEL = 25
    PROSPECTING_EXP = 26
    CARVING_LEVEL = 27
    CARVING_EXP = 28
    ALCHEMY_LEVEL = 29
    ALCHEMY_EXP = 30


class ItemColumn(IntEnum):
    """Column of an item's row of the original."""

    ID = 0
    TYPE_ID = 1
    OWNER_ID = 2
    LEVEL = 3
    CAPACITY = 4
    QUANTITY = 5
    MELEE_ATTACK = 6
    RANGE_ATTACK = 7
    MAGE_ATTACK = 8
    MELEE_DEFENSE = 9
    RANGE_DEFENSE = 10
    MAGE_DEFENSE = 11
    HEALTH_RESTORE = 12
    RESOURCE_RESTORE = 13
    EQUIPPED = 14
    LISTED_PRICE = 15


@narrow
def observe(world: World, cfg: Config) -> dict:
    """Returns the observations of all players in the original's layout.

    A player that is not in the world has the original's dummy: zeros, and masks that allow
    nothing but to do nothing.

    Returns:
      AgentId (P,) and CurrentTick (P,) int32; Task (P, D) float16; Tile (P, V * V, 4), Entity
      (P, K, 31), Communication (P, 32, 4) int16; ActionTargets, a dict of dicts of int8 masks:
      Attack.Style (P, 3), Attack.Target (P, K + 1), Comm.Token (P, tokens), Move.Direction
      (P, 5). In the full game also Inventory (P, I, 16) and Market (M, 16) int16, the latter one
      for all (the original copies it for each player that lives), and masks Use, Destroy, Give
      and Sell.InventoryItem (P, I + 1), Sell.Price and GiveGold.Price (P, prices), Give and
      GiveGold.Target (P, K + 1), Buy.MarketItem (P, M + 1). Blocks and heads of systems that are
      not compiled are missing, as in the original.

    Source: docs/rules/world.md#observations, docs/rules/world.md#action-masks;
    nmmo `core/observation.py::Observation.to_gym`.
    Differs: the order of rows, and the numbers of items; more entities than `visible_rows` in a
    window do not crash; a block whose system is off is zeros, not left over from an episode
    before.
    """
    everybody = query.is_alive(world)
    alive = everybody[: cfg.players]
    table = entity_table(world, cfg)
    far = query.pairwise_distance(world.body.pos, world.body.pos[: cfg.players])
    visible, partners = native.visible_rows(far, everybody, cfg, legal.partners(world, far, cfg))
    out = {
        "AgentId": jnp.arange(1, cfg.players + 1, dtype=jnp.int32),
        "CurrentTick": jnp.where(alive, world.tick, 0),
        "Task": jnp.where(alive[:, None], world.task.embedding, 0).astype(jnp.float16),
        "Tile": jnp.where(alive[:, None, None], _tiles(world, cfg), 0),
        "Entity": _gather(table, visible, alive),
        "ActionTargets": {"Move": {"Direction": _moves(world, alive, cfg)}},
    }
    _add_systems(out, world, table, partners, cfg)
    return out


def _add_systems(out: dict, world: World, table: jax.Array, partners, cfg: Config) -> None:
    """Adds messages, records, and the masks of all systems that are compiled."""
    alive = query.is_alive(world)[: cfg.players]
    if cfg.has_combat:
        out["ActionTargets"]["Attack"] = _attacks(world, partners.attack, cfg)
    if cfg.has_communication:
        out["Communication"] = _communication(table[: cfg.players], alive, world)
        out["ActionTargets"]["Comm"] = {"Token": jnp.ones((cfg.players, cfg.tokens), jnp.int8)}
    if cfg.has_items:
        _add_trade(out, world, partners.give, cfg)


def _attacks(world: World, partner: jax.Array, cfg: Config) -> dict[str, jax.Array]:
    """Returns masks of attacks: all styles, and those in sight (P, K) that can be attacked."""
    return {
        "Style": jnp.ones((cfg.players, len(Style)), jnp.int8),
        "Target": legal.target_mask(world, partner).astype(jnp.int8),
    }


def _add_trade(out: dict, world: World, partner: jax.Array, cfg: Config) -> None:
    """Adds observations of items and their action masks."""
    listing = native.listings(world, cfg)
    masks = legal_trade.masks(world, partner, listing, cfg)
    masks = {name: mask.astype(jnp.int8) for name, mask in masks.items()}
    records, targets = item_table(world, cfg), out["ActionTargets"]
    own = records.reshape(cfg.players, cfg.slots, len(ItemColumn))
    alive = query.is_alive(world)[: cfg.players]
    out["Inventory"] = jnp.where(alive[:, None, None], own, 0)
    if cfg.has_exchange:
        for_sale = listing[:, None] >= 0
        out["Market"] = jnp.where(for_sale, records[jnp.maximum(listing, 0)], 0)
    any_price = jnp.ones((cfg.players, cfg.prices), jnp.int8)
    for head in action_heads.enabled(cfg):
        if head.needs_items:
            action, argument = ARGUMENTS[head.name]
            mask = masks[head.mask] if head.mask else any_price
            targets.setdefault(action, {})[argument] = mask


@narrow
def item_table(world: World, cfg: Config) -> jax.Array:
    """Returns (P * I, 16) int16, every slot's row by `ItemColumn`, zeros where it is empty."""
    bag = jax.tree.map(lambda leaf: leaf.T.ravel(), world.bag)
    item, level = bag.item, bag.level
    restores = jnp.where(
        query.is_on(world, System.PROFESSION), RESTORE_BASE + RESTORE_LEVEL * level, 0
    )
    columns = {
        ItemColumn.ID: jnp.arange(1, item.shape[0] + 1),
        ItemColumn.TYPE_ID: item + 1,
        ItemColumn.OWNER_ID: 1 + jnp.arange(item.shape[0]) // cfg.slots,
        ItemColumn.LEVEL: level,
        ItemColumn.QUANTITY: bag.quantity,
        ItemColumn.HEALTH_RESTORE: jnp.where(item == Item.POTION, restores, 0),
        ItemColumn.RESOURCE_RESTORE: jnp.where(item == Item.RATION, restores, 0),
        ItemColumn.EQUIPPED: bag.worn,
        ItemColumn.LISTED_PRICE: bag.price,
    }
    for style in Style:
        attack, defense = ItemColumn.MELEE_ATTACK + style, ItemColumn.MELEE_DEFENSE + style
        columns[ItemColumn(attack)] = inventory.item_attack(item, level, style)
        columns[ItemColumn(defense)] = inventory.item_defense(item, level)
    empty = jnp.zeros(item.shape, jnp.int16)
    rows = [columns.get(column, empty).astype(jnp.int16) for column in ItemColumn]
    return jnp.where((item != Item.NOTHING)[:, None], jnp.stack(rows, axis=-1), 0)


@narrow
def entity_table(world: World, cfg: Config) -> jax.Array:
    """Returns (E, 31) int16, everybody's row by `Entity`, zeros where nobody is."""
    body, npc = world.body, query.npcs(world)
    resource = jnp.where(query.is_on(world, System.RESOURCE), RESOURCE_BASE, 0)
    shown_kind = jnp.minimum(npc.kind, Kind.AGGRESSIVE)
    for_npcs = {
        Entity.NPC_TYPE: (jnp.where(query.is_immortal(world), -1, 0), shown_kind),
        Entity.FREEZE: (body.freeze, 0),
        Entity.MESSAGE: (body.message, 0),
        Entity.FOOD: (body.food, resource),
        Entity.WATER: (body.water, resource),
    }
    columns = {
        Entity.ID: body.id,
        Entity.ROW: body.pos[:, 0],
        Entity.COL: body.pos[:, 1],
        Entity.DAMAGE: body.damage,
        Entity.TIME_ALIVE: body.time_alive,
        Entity.ATTACKER_ID: body.attacker,
        Entity.LATEST_COMBAT_TICK: body.combat_tick,
        Entity.HEALTH: body.health,
    }
    for column, (players, npcs) in for_npcs.items():
        columns[column] = jnp.concatenate([players, jnp.broadcast_to(npcs, (cfg.npcs,))])
    if cfg.has_items or cfg.has_skills:
        columns |= _standing(world, cfg)
    empty = jnp.zeros(cfg.entities, jnp.int16)
    rows = [columns.get(column, empty).astype(jnp.int16) for column in Entity]
    return jnp.where(body.present[:, None], jnp.stack(rows, axis=1), 0)


def _standing(world: World, cfg: Config) -> dict[Entity, jax.Array]:
    """Returns (E,) each: gold, worn levels, and level and experience of every skill."""
    pairs = native.skills(world, cfg)
    columns = {Entity.GOLD: world.body.gold, Entity.ITEM_LEVEL: native.item_level(world, cfg)}
    return columns | {
        Entity(Entity.MELEE_LEVEL + number): pairs[:, number] for number in range(2 * len(Skill))
    }


def _gather(table: jax.Array, rows: jax.Array, alive: jax.Array) -> jax.Array:
    """Returns (P, K, columns), the table's rows (P, K), zeros for -1 and for the dead."""
    listed = (rows >= 0) & alive[:, None]
    return jnp.where(listed[..., None], table[jnp.maximum(rows, 0)], 0)


def _tiles(world: World, cfg: Config) -> jax.Array:
    """Returns (P, V * V, 4) int16: row, column, material and fog around each player.

    Of what is observed natively, which with `original_observations` is as in the original: the
    map that agents see there is a copy made at reset, of which only the fog is kept up.
    """
    shape = (cfg.players, cfg.window, cfg.window)
    line = world.body.pos[: cfg.players, :, None]
    line = line + jnp.arange(-cfg.vision, cfg.vision + 1)[None, None]
    planes = (
        line[:, 0, :, None],
        line[:, 1, None],
        native.tiles_around(world, cfg),
        native.fog_around(world, cfg),
    )
    planes = [jnp.broadcast_to(plane.astype(jnp.int16), shape) for plane in planes]
    return jnp.stack(planes, axis=-1).reshape(cfg.players, -1, len(planes))


def _moves(world: World, alive: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, 5) int8: steps onto tiles where one can stand, and staying."""
    pos = world.body.pos[: cfg.players, None] + jnp.asarray(NEIGHBOURS)[None]
    steps = query.can_stand(world.terrain, pos) & alive[:, None]
    return jnp.pad(steps, ((0, 0), (0, 1)), constant_values=True).astype(jnp.int8)


def _communication(players: jax.Array, alive: jax.Array, world: World) -> jax.Array:
    """Returns (P, 32, 4) int16: id, row, column and message of the living of one's group."""
    messages = players[:, [Entity.ID, Entity.ROW, Entity.COL, Entity.MESSAGE]]
    mates = query.teammates(world) & alive[None] & alive[:, None]
    mates &= query.is_on(world, System.COMMUNICATION)
    return _gather(messages, bits.first_members(bits.pack(mates), COMMUNICATION_ROWS)[0], alive)


def __getattr__(name: str):
    if name == "OriginalEnv":  # it imports this module
        from metammo_jax.adapters import original

        return original.OriginalEnv
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
