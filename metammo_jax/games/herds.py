"""NPCs that our own games bring: a growing herd, stags and hares, a banner, lanterns, attackers.

Musters and refills as `games.base` describes them.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.games.conditions import feed_by_light
from metammo_jax.games.garrison import TRIES, passable_places
from metammo_jax.games.knobs import Unit
from metammo_jax.games.spawn import edge_tile
from metammo_jax.lib import chance, grid, threefry
from metammo_jax.rules.spawning import Recruits, enlist
from metammo_jax.tables import BASE_HEALTH, REACH
from metammo_jax.vocab import NOBODY, Kind
from metammo_jax.world import World

BIRTH_RATE = 0.12
"""Chance that an NPC of a herd far from its largest number has young in a tick."""

STAG_EVERY = 2
"""One in this many animals is a stag."""

ANIMALS_SHARE = 2
"""Animals fill one in this many NPC rows."""

LANTERNS = 2
"""Lanterns, on opposite sides of the middle."""

WALK_TICKS = 2
"""Ticks in which a banner or a lantern walks a tile."""

ATTACK_INTERVAL = 128
"""Ticks between two waves of attackers, at the paper's size."""


def herd_muster(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with a herd of passive NPCs anywhere.

    Half of the largest number, `params.npc_population`.
    """
    wanted = jnp.arange(cfg.npcs) < (world.params.npc_population + 1) // 2
    return _scattered(key, world, wanted, jnp.full(cfg.npcs, Kind.PASSIVE, jnp.int32), cfg)


def herd_refill(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with the young of the herd.

    Each NPC has young with a chance that falls as the herd grows; a herd of none stays none.
    """
    birth_key, place_key = threefry.split(key)
    alive, most = world.body.present[cfg.players :], world.params.npc_population
    room = jnp.maximum(most - alive.sum(), 0).astype(jnp.float32)
    rate = BIRTH_RATE * room / jnp.maximum(most, 1).astype(jnp.float32)
    births = (alive & (threefry.uniform(birth_key, alive.shape) < rate)).sum()
    wanted = jnp.arange(cfg.npcs) < births
    return _scattered(place_key, world, wanted, jnp.full(cfg.npcs, Kind.PASSIVE, jnp.int32), cfg)


def animals_muster(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with stags (neutral NPCs) and hares (passive ones) anywhere."""
    return _scattered(
        key, world, *_animals(world, jnp.arange(cfg.npcs) < _count_animals(cfg), cfg), cfg
    )


def animals_refill(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with stags healed that only one player is in reach of, and animals added.

    Animals that were killed come back elsewhere, but not in a tick in which NPCs died: these can
    still be looked up by their rows.
    """
    body, players = world.body, cfg.players
    close = grid.steps(body.pos[:players, None] - body.pos[None, players:]) <= REACH
    hunters = (close & body.present[:players, None]).sum(0)
    well = (world.npc.kind == Kind.NEUTRAL) & body.present[players:] & (hunters < 2)
    health = jnp.where(well, BASE_HEALTH, body.health[players:])
    world = world.replace(body=body.replace(health=body.health.at[players:].set(health)))
    missing = _count_animals(cfg) - body.present[players:].sum()
    wanted = (jnp.arange(cfg.npcs) < missing) & ~body.died[players:].any()
    return _scattered(key, world, *_animals(world, wanted, cfg), cfg)


def _count_animals(cfg: Config) -> int:
    """Returns how many animals there are when none is missing."""
    return max(2, cfg.npcs // ANIMALS_SHARE)


def _animals(world: World, wanted: jax.Array, cfg: Config) -> tuple[jax.Array, jax.Array]:
    """Returns (N,) wanted and kinds, so that one of `STAG_EVERY` is a stag."""
    present = world.body.present[cfg.players :]
    stags = (present & (world.npc.kind == Kind.NEUTRAL)).sum()
    lacking = _count_animals(cfg) // STAG_EVERY - stags
    kind = jnp.where(jnp.arange(cfg.npcs) < lacking, Kind.NEUTRAL, Kind.PASSIVE)
    return wanted, kind.astype(jnp.int32)


def banner_muster(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with the banner, a passive NPC, somewhere on its round."""
    return _walkers_muster(key, world, 1, cfg)


def banner_refill(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with the banner moved and healed.

    It moves a tile in two ticks.
    """
    return _walkers_refill(key, world, 1, cfg)


def lanterns_muster(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with two lanterns, passive NPCs, somewhere on their round.

    They are opposite of each other.
    """
    return _walkers_muster(key, world, LANTERNS, cfg)


def lanterns_refill(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with the lanterns moved, and players fed near them alone.

    Who is near a lantern has food and water, nobody else has any.
    """
    return feed_by_light(_walkers_refill(key, world, LANTERNS, cfg), cfg)


def walkers_place(world: World, count: int, cfg: Config) -> jax.Array:
    """Returns (N, 2) int32, where the first `count` NPC rows are on their round at this tick.

    The round is the square halfway between the middle and the edge; `npc.wave` says where it
    begins.
    """
    params = world.params
    half = params.replace(center=params.center // 2)
    around = 4 * half.center
    spread = jnp.arange(cfg.npcs) * around // count
    start = world.npc.wave * around >> 16
    return edge_tile((start + world.tick // WALK_TICKS + spread) % around, half, cfg)


def _walkers_muster(key: jax.Array, world: World, count: int, cfg: Config) -> World:
    start_key, style_key = threefry.split(key)
    start = (threefry.bits(start_key, ()) >> 20).astype(jnp.int32) << 4
    world = world.replace(npc=world.npc.replace(wave=start))
    return _walkers_join(style_key, world, count, cfg)


def _walkers_refill(key: jax.Array, world: World, count: int, cfg: Config) -> World:
    world = _walkers_join(key, world, count, cfg)
    body, players = world.body, cfg.players
    places = walkers_place(world, count, cfg)
    pos = jnp.where(body.present[players:, None], places, body.pos[players:])
    health = jnp.where(body.present[players:], BASE_HEALTH, body.health[players:])
    return world.replace(
        body=body.replace(
            pos=body.pos.at[players:].set(pos), health=body.health.at[players:].set(health)
        )
    )


def _walkers_join(key: jax.Array, world: World, count: int, cfg: Config) -> World:
    """Returns the world with those walkers that are missing; they keep the first rows."""
    wanted = (jnp.arange(cfg.npcs) < count) & ~world.body.present[cfg.players :]
    places = walkers_place(world, count, cfg)
    kind = jnp.full(cfg.npcs, Kind.PASSIVE, jnp.int32)
    return enlist(key, world, _recruits(places, kind, wanted), cfg)


def attackers_refill(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with a new wave of soldiers on the edge, if one is due.

    They are sent to the middle. The first wave has `params.difficulty`, each later one more for
    each team.
    """
    place_key, style_key = threefry.split(key)
    interval = Unit.TICKS.whole(ATTACK_INTERVAL, cfg)
    due, wave = world.tick % interval == 1, world.tick // interval
    count = jnp.where(due, world.params.difficulty + wave * max(1, cfg.npcs // 16), 0)
    along = chance.random_integers(threefry.bits(place_key, (cfg.npcs,)), 4 * world.params.center)
    places = edge_tile(along, world.params, cfg)
    recruits = _recruits(
        places, jnp.full(cfg.npcs, Kind.SOLDIER, jnp.int32), jnp.arange(cfg.npcs) < count
    )
    rally = jnp.full((cfg.npcs, 2), cfg.middle, jnp.int32)
    return enlist(style_key, world, recruits.replace(rally=rally), cfg)


def _scattered(
    key: jax.Array, world: World, wanted: jax.Array, kind: jax.Array, cfg: Config
) -> World:
    """Returns the world with the wanted NPCs (N,), of kinds (N,), on random passable tiles."""
    place_key, style_key = threefry.split(key)
    low = jnp.full((cfg.npcs, 1, 2), query.border_width(world.params, cfg))
    pos, free = passable_places(place_key, world, low, world.params.center, (cfg.npcs, TRIES))
    return enlist(style_key, world, _recruits(pos, kind, wanted & free), cfg)


def _recruits(pos: jax.Array, kind: jax.Array, wanted: jax.Array) -> Recruits:
    count = wanted.shape[0]
    return Recruits(
        pos=pos,
        kind=kind,
        ring=jnp.zeros(count, jnp.int32),
        rally=jnp.full((count, 2), NOBODY, jnp.int32),
        wanted=wanted,
    )
