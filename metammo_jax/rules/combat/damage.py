"""Damage of attacks: levels, weaknesses, equipment and ammunition."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import effects, inventory, query
from metammo_jax.config import Config
from metammo_jax.lib import turn_order
from metammo_jax.lib.node import Node
from metammo_jax.tables import (
    ATTACK_EXP,
    BASE_DAMAGE,
    LEVEL_DAMAGE,
    LEVEL_DEFENSE,
    WEAK_AGAINST,
)
from metammo_jax.vocab import Event, Item, Style, System
from metammo_jax.world import World


@struct.dataclass
class Damage(Node):
    """Points of damage of attacks, by whether the target has attacked before.

    An attack gives experience, and so may change its maker's weakness and defense.

    Attributes:
      before: (E,) int32, points if the target makes its own attack later, or none.
      after: (E,) int32, points if it has made it. None where no experience is gained.
    """

    before: jax.Array
    after: jax.Array | None

    def most(self) -> jax.Array:
        """Returns (E,) int32, the larger of both."""
        return self.before if self.after is None else jnp.maximum(self.before, self.after)

    def dealt(self, hits: jax.Array, target: jax.Array, turn: jax.Array) -> jax.Array:
        """Returns (E,) int32, points of damage, given which attacks `hits` (E,) are made."""
        if self.after is None:
            return self.before
        made_at = jnp.where(hits, turn, turn_order.LAST_TURN)
        has_learned = made_at[target] < turn
        return jnp.where(has_learned, self.after, self.before)


def damage_points(world: World, style: jax.Array, target: jax.Array, cfg: Config) -> Damage:
    """Returns the points of damage of each entity's attack in a style (E,) on a target (E,).

    Source: docs/rules/world.md#damage; nmmo `systems/combat.py::attack`.
    """
    if not cfg.has_skills and not cfg.has_equipment:
        return Damage(jnp.asarray(BASE_DAMAGE)[style], None)
    offense = _offense(world, style, cfg)
    exp = _style_exp(world, cfg)
    learned = query.experience(world)
    before = _damage_after_defense(offense, style, target, exp, _defense(world, learned, cfg))
    if not cfg.has_skills:
        return Damage(before, None)
    is_used = style[:, None] == jnp.arange(len(Style))[None]
    gain = jnp.where(is_used, _gain(world), 0)
    own = learned.at[:, : len(Style)].add(gain[: cfg.players])
    after = _damage_after_defense(
        offense,
        style,
        target,
        exp.at[: cfg.players].add(gain[: cfg.players]),
        _defense(world, own, cfg),
    )
    return Damage(before, after)


def _gain(world: World) -> jax.Array:
    return jnp.where(query.is_on(world, System.PROGRESSION), ATTACK_EXP, 0)


def _damage_after_defense(
    offense: jax.Array, style: jax.Array, target: jax.Array, exp: jax.Array, defense: jax.Array
) -> jax.Array:
    """Returns (E,) int32, points after weakness and defense; at least a quarter of the offense.

    Half points are rounded down, so integers are enough: twice what comes through, halved.
    """
    about = (defense * 4 + _weakness(exp) + 1)[target]  # one number, to look it up once
    factor = jnp.where(style == (about & 3) - 1, 3, 2)
    return jnp.maximum((factor * offense - 2 * (about >> 2)) >> 1, offense >> 2)


def _weakness(exp: jax.Array) -> jax.Array:
    """Returns (E,) int32, the style that entities are weak against, -1 for none.

    It goes by experience (E, 3): the style with the most, of several the first, unless all are
    equal.
    """
    main = jnp.argmax(exp, axis=1)
    even = (exp == exp[:, :1]).all(1)
    return jnp.where(even, -1, jnp.asarray(WEAK_AGAINST)[main])


def _style_exp(world: World, cfg: Config) -> jax.Array:
    """Returns (E, 3) int32, experience by `vocab.Style`; an NPC has 1 in its own."""
    if not cfg.has_skills:
        return jnp.zeros((cfg.entities, len(Style)), jnp.int32)
    npc = query.npcs(world)
    own = npc.style[:, None] == jnp.arange(len(Style))[None]
    own &= query.is_on(world, System.PROGRESSION) & (npc.level > 0)[:, None]
    return jnp.concatenate([query.experience(world)[:, : len(Style)], own.astype(jnp.int32)])


def _offense(world: World, style: jax.Array, cfg: Config) -> jax.Array:
    """Returns (E,) int32, points of offense: base, level and equipment of attackers."""
    row, used = jnp.arange(cfg.players), style[: cfg.players]
    base = jnp.asarray(BASE_DAMAGE)[style]
    own = base[: cfg.players]
    if cfg.has_skills:
        own += LEVEL_DAMAGE * query.levels(world)[row, used]
    has_gear = query.is_on(world, System.EQUIPMENT)
    if cfg.has_equipment:
        own += jnp.where(has_gear, inventory.attack_bonus(world.bag, used), 0)
    npcs = jnp.where(has_gear, query.npcs(world).gear, base[cfg.players :])
    return jnp.concatenate([own, npcs])


def _defense(world: World, exp: jax.Array, cfg: Config) -> jax.Array:
    """Returns (E,) int32, points of defense by best level, of experience (P, S), and equipment."""
    own = jnp.zeros(cfg.players, jnp.int32)
    if cfg.has_skills:
        best = query.level_of(exp).max(1)
        own += jnp.where(query.is_on(world, System.PROGRESSION), LEVEL_DEFENSE * best, 0)
    if cfg.has_equipment:
        worn = inventory.defense_bonus(world.bag)
        own += jnp.where(query.is_on(world, System.EQUIPMENT), worn, 0)
    return jnp.concatenate([own, query.npcs(world).gear])


def fire_ammunition(world: World, hits: jax.Array, style: jax.Array) -> World:
    """Returns the world with one piece of ammunition used by each player that hits.

    The last piece takes the record with it.

    Source: docs/rules/world.md#ammunition; nmmo `systems/item.py::Ammunition.fire`.
    Differs: a task that watches FIRE_AMMO counts shots; the original counts the pieces that are
    left.
    """
    bag = world.bag
    fits = bag.worn & (bag.item == Item.WHETSTONE + style[None]) & hits[None]
    fits &= query.is_on(world, System.EQUIPMENT)
    shot = inventory.value_where(bag.item << 8 | bag.level, fits)  # one sum for what three need
    bag = bag.replace(quantity=bag.quantity - fits.astype(jnp.int32))
    world = world.replace(bag=inventory.clear_slots(bag, fits & (bag.quantity == 0)))
    return effects.record_event(world, Event.FIRE_AMMO, shot > 0, shot >> 8, shot & 0xFF)
