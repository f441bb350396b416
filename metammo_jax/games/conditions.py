"""What games do to their players: head starts, unequal strength, light, fire, being caught.

Musters and refills as `games.base` describes them, which change players alone.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.games.base import for_players
from metammo_jax.games.knobs import Unit
from metammo_jax.lib import grid
from metammo_jax.tables import BASE_HEALTH, RECON_FREEZE, RESOURCE_BASE
from metammo_jax.tasks.predicates.hunts import caught, fire_burns
from metammo_jax.world import Body, World

PREY_HEALTH = 40
"""Points of health that prey begins with."""

HUNTER_HEALING = 10
"""Points of health that a hunter gains each tick."""

DUEL_HEALTH = 50
"""Points of health that duellists begin with."""

DUEL_FOOD = 45
"""Points of food and water that duellists begin with: too little to heal."""

HEAD_START = 160
"""Ticks for which seekers stand still, at the paper's size."""

CATCH_RADIUS = 2
"""Tiles (Chebyshev) from a seeker within which one is caught."""

LIGHT_RADIUS = 3
"""Tiles from a lantern that are lit, at any size."""


@for_players
def weaken_prey(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with less health for all but the first side."""
    prey = world.params.group != 0
    return _with_health(world, jnp.where(prey, PREY_HEALTH, BASE_HEALTH), cfg)


@for_players
def weaken_and_starve(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with everybody hurt, hungry and thirsty.

    So players heal only after a meal and a drink.
    """
    hurt = _with_health(world, jnp.full(cfg.players, DUEL_HEALTH, jnp.int32), cfg)
    little = jnp.full(cfg.players, DUEL_FOOD, jnp.int32)
    return _with_body(hurt, food=little, water=little)


@for_players
def heal_hunters(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with more health for living players of the first side."""
    health = world.body.health[: cfg.players]
    hunts = (world.params.group == 0) & world.body.present[: cfg.players]
    healed = jnp.minimum(health + HUNTER_HEALING, BASE_HEALTH)
    return _with_health(world, jnp.where(hunts, healed, health), cfg)


@for_players
def hold_seekers(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with the first side frozen for its head start (`HEAD_START`).

    The others have that time to hide.
    """
    seeks = world.params.group == 0
    ticks = Unit.TICKS.whole(HEAD_START, cfg)
    return _with_body(world, freeze=jnp.where(seeks, ticks, world.body.freeze))


@for_players
def freeze_caught(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with players caught: frozen to the end.

    Caught is who is near a player of the first side that can act.
    """
    body, players = world.body, cfg.players
    pos, seeks = body.pos[:players], world.params.group == 0
    active = seeks & query.can_act(world, cfg)[:players]
    close = grid.steps(pos[:, None] - pos[None]) <= CATCH_RADIUS
    found = (close & active[None]).any(1) & ~seeks & body.present[:players]
    stays = found | (caught(world, cfg) & body.present[:players])
    return _with_body(world, freeze=jnp.where(stays, RECON_FREEZE, body.freeze))


@for_players
def feed_by_fire(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with food and water for all alive while the fire burns.

    `predicates.profit_from_fire` says when it burns.
    """
    fed = fire_burns(world, cfg) & world.body.present[: cfg.players]
    return _fed(world, fed, jnp.zeros_like(fed))


def feed_by_light(world: World, cfg: Config) -> World:
    """Returns the world in which who is near an NPC has food and water, and nobody else has any."""
    body, players = world.body, cfg.players
    close = grid.steps(body.pos[:players, None] - body.pos[None, players:]) <= LIGHT_RADIUS
    lit = (close & body.present[None, players:]).any(1)
    lives = body.present[:players]
    return _fed(world, lives & lit, lives & ~lit)


def _fed(world: World, fed: jax.Array, starved: jax.Array) -> World:
    """Returns the world with food and water full for `fed`, and none for `starved`, (P,) bool."""

    def filled(points: jax.Array) -> jax.Array:
        return jnp.where(fed, RESOURCE_BASE, jnp.where(starved, 0, points))

    return _with_body(world, food=filled(world.body.food), water=filled(world.body.water))


def _with_health(world: World, health: jax.Array, cfg: Config) -> World:
    return _with_body(world, health=world.body.health.at[: cfg.players].set(health))


def _with_body(world: World, **fields: jax.Array) -> World:
    body: Body = world.body
    return world.replace(body=body.replace(**fields))
