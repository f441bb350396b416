"""Life and death: ageing, healing, removal of the dead, deaths of leaders, and revival."""

from collections.abc import Collection

import jax
import jax.numpy as jnp

from metammo_jax import effects, event_capture, inventory, query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.lib import chance, threefry
from metammo_jax.tables import BASE_HEALTH, NPC_HEAL, RESOURCE_BASE
from metammo_jax.vocab import Event, Revival, System
from metammo_jax.world import World


def age(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with all entities a tick older: freeze counts down, and NPCs heal.

    Damage of the last tick is cleared, and the attacker of entities that took none.

    Source: docs/rules/world.md#ageing; nmmo `entity/entity.py::Entity.update`,
    `entity/npc.py::NPC.update`.
    """
    body = world.body
    heal = jnp.where(body.present & ~query.is_player(cfg), NPC_HEAL, 0)
    return world.replace(
        body=body.replace(
            attacker=jnp.where(body.damage == 0, 0, body.attacker),
            damage=jnp.zeros_like(body.damage),
            time_alive=body.time_alive + body.present.astype(jnp.int32),
            freeze=jnp.where(body.present[: cfg.players], jnp.maximum(body.freeze - 1, 0), 0),
            health=jnp.minimum(body.health + heal, BASE_HEALTH),
        )
    )


def recover(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world with `params.health_increment` added to the health of living players.

    Source: docs/rules/world.md#ageing; nmmo `entity/player.py::Player.update`.
    """
    body = world.body
    gain = query.is_alive(world) & query.is_player(cfg)
    gain = jnp.where(gain, world.params.health_increment, 0)
    health = jnp.minimum(body.health + gain, BASE_HEALTH)
    return world.replace(body=body.replace(health=health))


def end_immortality(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world in which players whose immortality has expired are mortal.

    Source: docs/rules/world.md#death-and-revival; nmmo `entity/player.py::Player.update`, which
    skips those whom the fog killed; immortal players are not among them.
    """
    until = world.body.immortal_until
    return world.replace(
        body=world.body.replace(immortal_until=jnp.where(world.tick >= until, 0, until))
    )


def cull(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world without the entities that have no health left.

    Sets body.died to those removed in this tick.

    Source: docs/rules/world.md#death-and-revival; nmmo
    `entity/entity_manager.py::EntityGroup.cull`.
    """
    dies = world.body.present & (world.body.health <= 0)
    body = world.body.replace(died=jnp.zeros_like(world.body.died))
    return remove(world.replace(body=body), dies, cfg)


def remove(world: World, dies: jax.Array, cfg: Config) -> World:
    """Returns the world without the entities `dies` (E,) bool and their items.

    Deaths of players are counted as events.
    """
    body = world.body
    world = effects.record_event(
        world, Event.AGENT_CULLED, dies[: cfg.players], details=lambda: _causes(world, cfg)
    )
    if cfg.has_items:
        bag = inventory.clear_slots(world.bag, dies[: cfg.players])
        world = world.replace(bag=bag)
    return world.replace(
        body=body.replace(
            present=body.present & ~dies,
            died=body.died | dies,
            health=jnp.where(dies, 0, body.health),
        ),
    )


def _causes(world: World, cfg: Config) -> dict[str, jax.Array]:
    """Returns the causes of death of players that are removed now, as event details."""
    body, players = world.body, cfg.players
    needs = query.is_on(world, System.RESOURCE)
    bits = (
        (event_capture.DAMAGED, body.damage[:players] > 0),
        (event_capture.HUNGRY, needs & (body.food == 0)),
        (event_capture.THIRSTY, needs & (body.water == 0)),
    )
    found = sum(jnp.where(found, bit, 0) for bit, found in bits)
    return {"what": jnp.where(body.health[:players] > 0, event_capture.LEADERLESS, found)}


def fall_with_leader(world: World, cfg: Config) -> World:
    """Returns the world without players whose leader died in this tick, where teams are bound.

    Source: docs/rules/minigames.md#protect-the-king; nmmo
    `core/game_api.py::ProtectTheKing.update`.
    """
    leader_died = world.body.died[world.params.leader]
    falls = world.body.present[: cfg.players] & leader_died & world.params.leader_bound
    return remove(world, jnp.concatenate([falls, jnp.zeros(cfg.npcs, bool)]), cfg)


def revive(
    key: jax.Array,
    world: World,
    cfg: Config,
    kinds: Collection[Revival] = (Revival.EDGE, Revival.ANYWHERE),
) -> tuple[World, jax.Array]:
    """Returns the world with players revived that died in this tick, where the game does so.

    They stand frozen and immortal for a while, with full health, food and water, at a random
    place of the edge or anywhere. What they did and learned stays with them.

    Args:
      key: () key, spent on the places.
      world: reads body.died; params.revival, params.revival_freeze.
      cfg: sizes.
      kinds: ways of coming back that occur at all; the others are not compiled.

    Returns:
      world, and (P,) bool who came back.

    Source: docs/rules/world.md#death-and-revival; nmmo `entity/player.py::Player.resurrect`.
    """
    params, body, players = world.params, world.body, cfg.players
    back = body.died[:players] & (params.revival != Revival.NONE)

    def put(old, new):
        return old.at[:players].set(jnp.where(_like(back, old), new, old[:players]))

    full = jnp.where(query.is_on(world, System.RESOURCE), RESOURCE_BASE, 0)
    body = body.replace(
        present=put(body.present, True),
        health=put(body.health, BASE_HEALTH),
        pos=put(body.pos, _revival_places(key, world, kinds, cfg)),
        food=put(body.food, full),
        water=put(body.water, full),
        message=put(body.message, 0),
        freeze=put(body.freeze, params.revival_freeze),
        immortal_until=put(body.immortal_until, world.tick + params.revival_freeze),
    )
    return world.replace(body=body), back


def _revival_places(
    key: jax.Array, world: World, kinds: Collection[Revival], cfg: Config
) -> jax.Array:
    """Returns (P, 2) int32, where players come back, of those ways of coming back that occur."""
    place = world.body.pos[: cfg.players]
    for kind in sorted(kinds):
        there = _PLACES[kind](threefry.fold_in(key, kind), world, cfg)
        place = jnp.where(world.params.revival == kind, there, place)
    return place


def _like(rows: jax.Array, array: jax.Array) -> jax.Array:
    return rows.reshape(rows.shape + (1,) * (array.ndim - 1))


def _on_the_edge(key: jax.Array, world: World, cfg: Config) -> jax.Array:
    """Returns (P, 2) places on the edge ring of the playable square.

    Source: docs/rules/world.md#death-and-revival; nmmo `lib/spawn.py::get_random_coord`.
    """
    low, size = query.border_width(world.params, cfg), world.params.center
    words = threefry.bits(key, (2, cfg.players))
    along, side = low + chance.random_cells(words[0], size)[:, 0], words[1] >> 30
    across = jnp.where(side % 2 == 0, low, low + size)
    turned = side >= 2
    return jnp.stack([jnp.where(turned, across, along), jnp.where(turned, along, across)], axis=-1)


REVIVAL_TRIES = 16
"""Places tried for each revived player; if one can stand on none of them, the first is taken."""


def _anywhere(key: jax.Array, world: World, cfg: Config) -> jax.Array:
    """Returns (P, 2) passable places inside the playable square."""
    low, size = query.border_width(world.params, cfg), world.params.center
    words = threefry.bits(key, (cfg.players * REVIVAL_TRIES,))
    tries = (low + chance.random_cells(words, size)).reshape(cfg.players, REVIVAL_TRIES, 2)
    first = jnp.argmax(query.can_stand(world.terrain, tries), axis=1)
    return jnp.take_along_axis(tries, first[:, None, None], axis=1)[:, 0]


_PLACES = {Revival.EDGE: _on_the_edge, Revival.ANYWHERE: _anywhere}
