"""How an episode begins: settings, map, players, NPCs, tasks."""

import jax
import jax.numpy as jnp

from metammo_jax import inventory, query
from metammo_jax.config import Config
from metammo_jax.games.spawn import Spawn
from metammo_jax.games.table import Table
from metammo_jax.lib import chance, threefry
from metammo_jax.rules import terrain
from metammo_jax.tables import (
    BASE_GOLD,
    BASE_HEALTH,
    ITEM_EVENTS,
    RECON_FREEZE,
    RESOURCE_BASE,
)
from metammo_jax.vocab import NEVER, Event, Item, Style, System
from metammo_jax.world import Body, Params, Skills, Tally, Task, Verdict, World


def begin(
    key: jax.Array,
    game: jax.Array,
    difficulty: jax.Array,
    pool: jax.Array,
    choices: jax.Array | None = None,
    *,
    table: Table,
    cfg: Config,
) -> World:
    """Returns the world of a new episode.

    Args:
      key: () key.
      game: () int32, index of the game in the table.
      difficulty: (G,) int32, of each game of the table.
      pool: (maps, H, W) float16, fractals.
      choices: (X,) int32, of a universe the game that is played; drawn if None.
      table: the games.
      cfg: sizes.

    Source: docs/rules/world.md#reset, in the order: settings, map, players, NPCs, tasks.
    """
    keys = threefry.split(key, 7)
    params = table.draw(keys[0], game, difficulty, cfg, choices)
    number = chance.random_integers(threefry.bits(keys[1], ()), pool.shape[0])
    task = table.assign(keys[5], params, cfg)
    world = World(
        tick=jnp.int32(0),
        params=params,
        terrain=terrain.build(keys[3], params, pool[number], cfg),
        body=_bodies(keys[4], params, table.spawn(keys[2], params, cfg), cfg),
        skill=_nothing_learned(cfg) if cfg.has_skills else None,  # pyright: ignore[reportArgumentType]
        bag=inventory.empty_bags(cfg) if cfg.has_items else None,  # pyright: ignore[reportArgumentType]
        npc=query.empty_npcs(cfg.npcs) if cfg.npcs else None,  # pyright: ignore[reportArgumentType]
        task=task,
        tally=_nothing_counted(task, cfg),
        verdict=_no_verdict(cfg),
    )
    return table.muster(keys[6], world, cfg)


def _no_verdict(cfg: Config) -> Verdict:
    nobody = jnp.zeros(cfg.players, bool)
    return Verdict(winners=nobody, score=jnp.float32(0), over=jnp.array(False))


def _bodies(key: jax.Array, params: Params, places: Spawn, cfg: Config) -> Body:
    """Returns fresh players where they start, and no NPCs.

    Source: docs/rules/world.md#players.
    """
    players, entities = cfg.players, cfg.entities
    lives = query.is_player(cfg)
    none = jnp.zeros(entities, jnp.int32)
    nothing = jnp.zeros(players, jnp.int32)
    has_resource = params.enabled[System.RESOURCE]
    full = jnp.full(players, jnp.where(has_resource, RESOURCE_BASE, 0), jnp.int32)
    pos = jnp.zeros((entities, 2), jnp.int32).at[:players].set(places.pos)
    return Body(
        id=jnp.where(lives, jnp.arange(entities) + 1, 0),
        present=lives,
        died=jnp.zeros(entities, bool),
        pos=pos,
        health=jnp.where(lives, BASE_HEALTH, none),
        damage=none,
        attacker=none,
        time_alive=none,
        combat_tick=none,
        gold=jnp.where(lives & params.enabled[System.EXCHANGE], BASE_GOLD, none),
        food=full,
        water=full,
        freeze=jnp.where(places.recon, RECON_FREEZE, nothing),
        message=nothing,
        exploration=nothing,
        kills=nothing,
        damage_dealt=nothing,
        damage_taken=nothing,
        immortal_until=jnp.where(places.recon, NEVER, nothing),
        recon=places.recon,
        resilient=_resilient(key, params, players) & has_resource,
        spawn_pos=places.pos,
        item_level=nothing,
    )


def _resilient(key: jax.Array, params: Params, players: int) -> jax.Array:
    """Returns (P,) bool, a random subset of the size that the settings ask for."""
    chosen = jnp.round(params.resilient_fraction * players).astype(jnp.int32)
    return jnp.argsort(threefry.bits(key, (players,))) < chosen


def _nothing_learned(cfg: Config) -> Skills:
    return Skills(exp=jnp.zeros((cfg.players, cfg.skills), jnp.int32))


def _nothing_counted(task: Task, cfg: Config) -> Tally:
    nothing = jnp.zeros(cfg.players, jnp.int32)
    never = jnp.zeros((len(Item), cfg.players), jnp.int16)
    return Tally(
        count=jnp.zeros((len(Event), cfg.players), jnp.int32),
        watched=None if task.watch is None else jnp.zeros(task.watch.shape[:2], jnp.int32),  # pyright: ignore[reportArgumentType]
        hits=jnp.zeros((cfg.players, len(Style)), jnp.int32),
        earned=nothing,
        looted=nothing,
        spent=nothing,
        seen=(never,) * (len(ITEM_EVENTS) if cfg.has_items else 0),
        strongest=nothing,
    )
