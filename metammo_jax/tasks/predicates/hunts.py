"""Predicates of games that are our own: hunts, contracts, and what all share.

Who died in this tick is still known when tasks are looked at, and by whom (`body.attacker`).
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import exact, grid
from metammo_jax.tables import BASE_HEALTH, REACH, RECON_FREEZE
from metammo_jax.tasks.predicates.contests import near, points_added
from metammo_jax.tasks.predicates.measure import COUNT, ITEM, TICKS, alive, share, whole_number
from metammo_jax.tasks.signature import number, register
from metammo_jax.tasks.subject import SubjectMembers
from metammo_jax.vocab import Kind, System
from metammo_jax.world import World

STAG_POINTS, HARE_POINTS = 4, 1
"""What a stag is worth to everybody in reach of it, and a hare to who killed it."""

FIRE_RADIUS = 3
"""Tiles from the middle within which a player tends the fire."""

FREE_POINTS, TENDING_POINTS = 3, 1
"""Points of a tick by a burning fire, for those away from it and for those who tend it."""


def prey_of(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) int32, whom each player hunts: the next row that lived before this tick.

    Oneself if nobody else did.
    """
    body, row = world.body, jnp.arange(cfg.players)
    lived = (body.present | body.died)[: cfg.players]
    wait = (row[None] - row[:, None] - 1) % cfg.players
    return jnp.argmin(jnp.where(lived[None], wait, cfg.players), axis=1).astype(jnp.int32)


def killer_of(world: World, cfg: Config) -> jax.Array:
    """Returns (E,) int32, the row of the player that killed each entity in this tick, or -1."""
    body = world.body
    by_player = body.died & (body.health <= 0) & (body.attacker > 0)
    return jnp.where(by_player, body.attacker - 1, -1)


def caught(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, who stands frozen for the rest of the episode."""
    return world.body.freeze[: cfg.players] > RECON_FREEZE // 2


def fire_burns(world: World, cfg: Config) -> jax.Array:
    """Returns () bool: a quarter of the living players or more tend the fire in the middle."""
    middle = jnp.full((1, 2), cfg.middle, jnp.int32)
    return near(world, middle, FIRE_RADIUS, cfg).sum() * 4 >= alive(world, cfg).sum()


@register(arguments=dict(n=COUNT), needs={System.COMBAT}, says="fulfil {n} contracts on one's prey")
def fulfil_contracts(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: times that one killed the player one hunts / n; others cost one.

    Who kills another player loses one. One's prey is the next player by row that lives.
    """
    players = cfg.players
    victims = killer_of(world, cfg)[None, :players] == jnp.arange(players)[:, None]
    meant = jnp.arange(players)[None] == prey_of(world, cfg)[:, None]
    points = (victims & meant).sum(1) - (victims & ~meant).sum(1)
    return jnp.maximum(points_added(world, points, args[:, 0]), 0.0)


@register(needs={System.COMBAT}, says="win the duel with one's neighbour by number")
def win_duel(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: share of its health that one's foe has lost.

    Rows 0 and 1 are foes, 2 and 3, ...
    """
    row = jnp.arange(cfg.players)
    foe = jnp.minimum(row ^ 1, cfg.players - 1)
    lost = 1.0 - exact.divide(world.body.health[foe], BASE_HEALTH)
    return jnp.where(foe == row, 0.0, lost)


@register(arguments=dict(part=number(0.01, 1.0)), says="catch {part} of those who hide")
def catch_hiders(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: share of the players of other teams that are caught or dead / part."""
    foes = world.params.group[None] != world.params.group[:, None]
    gone = caught(world, cfg) | ~alive(world, cfg)
    found = exact.divide((foes & gone[None]).sum(1), jnp.maximum(foes.sum(1), 1))
    return exact.divide(found, args[:, 0])


@register(says="stay uncaught to the end")
def stay_uncaught(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: share of the members neither caught nor dead, times the time passed.

    The time passed is the share of the horizon.
    """
    free = subject.count(alive(world, cfg) & ~caught(world, cfg))
    passed = exact.divide(world.tick, cfg.horizon)
    return exact.divide(free, jnp.maximum(subject.size(), 1)) * passed


@register(
    arguments=dict(points=COUNT),
    needs={System.COMBAT, System.NPC},
    says="hunt game worth {points} points, stags together",
)
def hunt_game(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: points of the hunt / points: 4 for a stag, 1 for a hare.

    All in reach of a stag that is killed have its points. Stags are neutral NPCs, hares passive
    ones; a hare is its killer's alone.
    """
    body, players = world.body, cfg.players
    killer = killer_of(world, cfg)[players:]
    is_stag = query.npcs(world).kind == Kind.NEUTRAL
    close = grid.steps(body.pos[:players, None] - body.pos[None, players:]) <= REACH
    shared = close & (killer >= 0)[None] & is_stag[None] & alive(world, cfg)[:, None]
    own = (killer[None] == jnp.arange(players)[:, None]) & ~is_stag[None]
    points = STAG_POINTS * shared.sum(1) + HARE_POINTS * own.sum(1)
    return points_added(world, points, args[:, 0])


@register(arguments=dict(num_ticks=TICKS), says="profit from the fire for {num_ticks} ticks")
def profit_from_fire(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: points of ticks in which the fire burns / (3 * num_ticks).

    A tick away from it is 3 points, one of tending it 1.
    """
    middle = jnp.full((1, 2), cfg.middle, jnp.int32)
    tends = near(world, middle, FIRE_RADIUS, cfg)[:, 0]
    points = jnp.where(tends, TENDING_POINTS, FREE_POINTS)
    points = jnp.where(fire_burns(world, cfg) & alive(world, cfg), points, 0)
    return points_added(world, points, FREE_POINTS * args[:, 0])


@register(
    arguments=dict(item=ITEM, least=COUNT),
    needs={System.ITEM, System.EXCHANGE},
    says="own most of all {item}, {least} at least",
)
def corner_market(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: how near one is to owning more than half of an item.

    1: one does, and owns `least` pieces. The lesser of pieces / least and of
    pieces / (half of all pieces + 1/2).
    """
    item = whole_number(args, 0)
    found = world.bag.item[None] == item[:, None, None]
    pieces = jnp.where(found, world.bag.quantity[None], 0).sum(1)
    own, everybody = subject.alive_total(pieces), pieces.sum(1)
    half = exact.divide(own, (everybody + 1).astype(jnp.float32) * 0.5)
    return jnp.minimum(jnp.clip(half, 0.0, 1.0), share(own, args[:, 1]))
