"""Spawning of NPCs: candidates, their places, and free rows."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import bits, chance, layout, threefry
from metammo_jax.lib.node import Node
from metammo_jax.tables import BASE_HEALTH, NPC_GEAR, NPC_ITEM_LEVEL, NPC_SPAWN_ATTEMPTS
from metammo_jax.vocab import NOBODY, Item, Kind, Style, System
from metammo_jax.world import Body, Npc, World


@struct.dataclass
class Recruits(Node):
    """Candidates to become NPCs, in the order in which they join.

    Attributes:
      pos: (K, 2) int32, where they stand.
      kind: (K,) int32, `vocab.Kind`.
      ring: (K,) int32, tiles from the edge of the square, 0 for those that do not come back.
      rally: (K, 2) int32, where soldiers are sent, -1 if nowhere.
      wanted: (K,) bool, real ones.
      level: (K,) int32, or None for 0: such NPCs have neither equipment nor gold.
    """

    pos: jax.Array
    kind: jax.Array
    ring: jax.Array
    rally: jax.Array
    wanted: jax.Array
    level: jax.Array | None = None


def enlist(key: jax.Array, world: World, recruits: Recruits, cfg: Config) -> World:
    """Returns the world with the wanted recruits in free rows, with random style and equipment.

    Recruits beyond the free rows are turned away.

    Args:
      key: () key, spent on styles and equipment.
      world: reads and writes body and npc.
      recruits: candidates.
      cfg: sizes.

    Source: docs/rules/world.md#spawning-of-npcs; nmmo `entity/npc.py::NPC.default_spawn`,
    `entity/npc_manager.py::NPCManager.spawn_npc`.
    """
    body, npc, players = world.body, world.npc, cfg.players
    if cfg.npcs == 0:
        return world
    free = ~body.present[players:]
    joins, nth_free = jnp.minimum(recruits.wanted.sum(), free.sum()), bits.count_up(free) - 1
    new = free & (nth_free < joins)
    who = _nth(recruits.wanted)[jnp.clip(nth_free, 0, recruits.wanted.size - 1)]

    def put(old: jax.Array, values: jax.Array) -> jax.Array:
        return _put(old, values[who], new)

    words = threefry.bits(key, (4, recruits.wanted.size))
    npc = npc.replace(
        kind=put(npc.kind, recruits.kind),
        style=put(npc.style, chance.random_integers(words[0], len(Style))),
        target=jnp.where(new, NOBODY, npc.target),
        ring=put(npc.ring, recruits.ring),
        rally=put(npc.rally, recruits.rally),
        spawned=npc.spawned + joins,
    )
    body = _embody(body, new, -(world.npc.spawned + nth_free + 1))
    body = body.replace(pos=put(body.pos, recruits.pos))
    world = world.replace(body=body, npc=npc)
    if recruits.level is None or not (cfg.has_items or cfg.has_skills):
        return world
    gear, gold = _gear(words[1:], world, recruits.level)
    gear = {name: put(getattr(npc, name), values) for name, values in gear.items()}
    body = body.replace(gold=put(body.gold, gold))
    return world.replace(npc=npc.replace(**gear), body=body)


def _nth(wanted: jax.Array) -> jax.Array:
    """Returns (K,) int32, the indices of the wanted (K,) in order; zeros after the last."""
    place = jnp.where(wanted, bits.count_up(wanted) - 1, wanted.size)
    return jnp.zeros(wanted.size, jnp.int32).at[place].set(jnp.arange(wanted.size), mode="drop")


def _put(old: jax.Array, values: jax.Array, new: jax.Array) -> jax.Array:
    """Returns an array of NPCs, or of all entities, with values (N, ...) where `new` (N,) is set.

    All fields that are written so become one pass on a GPU, where scatters are one each.
    """
    missing = ((old.shape[0] - new.shape[0], 0),)
    rows = jnp.pad(new, missing).reshape(-1, *(1,) * (old.ndim - 1))
    return jnp.where(rows, jnp.pad(values, (*missing, *((0, 0),) * (old.ndim - 1))), old)


def _gear(
    words: jax.Array, world: World, level: jax.Array
) -> tuple[dict[str, jax.Array], jax.Array]:
    """Returns level, equipment and gold of recruits by their levels (K,), by field of `Npc`.

    The level of the equipment is up to one lower, a real number, kept in units of 2**-20.

    Args:
      words: (3, K) uint32, random.
      world: reads what is on.
      level: (K,) int32.

    Source: docs/rules/world.md#spawning-of-npcs; nmmo `entity/npc.py::NPC.default_spawn`.
    """

    def on(system: System, values: jax.Array) -> jax.Array:
        return jnp.where(query.is_on(world, system), values, 0)

    level = on(System.PROGRESSION, level)
    below = words[0] >> 12
    worth = jnp.maximum((level << 20) - below.astype(jnp.int32), 0)
    armor = Item.HAT + chance.random_integers(words[1], Item.BOTTOM - Item.HAT + 1)
    tool = Item.ROD + chance.random_integers(words[2], Item.CHISEL - Item.ROD + 1)
    gear = {
        "level": level,
        "gear": on(System.EQUIPMENT, (NPC_GEAR * worth) >> 20),
        "item_level": on(System.EQUIPMENT, (NPC_ITEM_LEVEL * worth) >> 20),
        "armor": on(System.EQUIPMENT, armor),
        "tool": on(System.PROFESSION, tool),
    }
    return gear, on(System.EXCHANGE, level)


def _embody(body: Body, new: jax.Array, serial: jax.Array) -> Body:
    """Returns bodies with those of new NPCs reset, except their places."""
    rows = jnp.pad(new, (body.id.shape[0] - new.shape[0], 0))

    def put(old, value):
        return jnp.where(rows, value, old)

    return body.replace(
        id=_put(body.id, serial, new),
        present=put(body.present, True),
        died=put(body.died, False),
        health=put(body.health, BASE_HEALTH),
        damage=put(body.damage, 0),
        attacker=put(body.attacker, 0),
        time_alive=put(body.time_alive, 0),
        combat_tick=put(body.combat_tick, 0),
    )


def kind_of(danger_times_center: jax.Array, world: World) -> jax.Array:
    """Returns int32, the `vocab.Kind` of NPCs by danger, given as danger * C.

    Source: docs/rules/world.md#spawning-of-npcs; nmmo `entity/npc.py::NPC.default_spawn`.
    """
    params, size = world.params, world.params.center.astype(jnp.float32)
    danger_times_center = danger_times_center.astype(jnp.float32)
    kind = jnp.where(danger_times_center >= params.neutral_danger * size, Kind.NEUTRAL, 1)
    aggressive = danger_times_center >= params.aggressive_danger * size
    return jnp.where(aggressive, Kind.AGGRESSIVE, kind)


def replace_fallen(key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world with NPCs respawned up to `params.npc_population`.

    The NPCs that died in this tick join a queue; each of at most 25 attempts sends the first of
    the queue back to a random place of the same ring, or, when the queue is empty, somebody to a
    random place of the square. An attempt at a place where one cannot stand is lost.

    Source: docs/rules/world.md#spawning-of-npcs; nmmo
    `entity/npc_manager.py::NPCManager.default_spawn`. Called once at reset too, with nobody dead.
    """
    if cfg.npcs == 0:
        return world
    place_key, style_key = threefry.split(key)
    world = world.replace(npc=_join_queue(world, cfg))
    recruits, popped = _attempts(place_key, world, cfg)
    npc = world.npc
    index = jnp.minimum(jnp.arange(npc.queue.shape[0]) + popped, npc.queue.shape[0] - 1)
    npc = npc.replace(queue=npc.queue[index], queued=npc.queued - popped)
    return enlist(style_key, world.replace(npc=npc), recruits, cfg)


def _join_queue(world: World, cfg: Config) -> Npc:
    """Returns NPCs with the rings of those that died in this tick appended to the queue."""
    npc = world.npc
    returns = world.body.died[cfg.players :] & (npc.ring > 0)
    place = npc.queued + bits.count_up(returns) - 1
    place = jnp.where(returns, place, npc.queue.shape[0])
    return npc.replace(
        queue=npc.queue.at[place].set(npc.ring, mode="drop"),
        queued=jnp.minimum(npc.queued + returns.sum(), npc.queue.shape[0]),
    )


def _attempts(key: jax.Array, world: World, cfg: Config) -> tuple[Recruits, jax.Array]:
    """Returns the recruits of this tick's attempts, and how many left the queue."""
    npc, params = world.npc, world.params
    low, size = query.border_width(params, cfg), params.center
    attempt = jnp.arange(NPC_SPAWN_ATTEMPTS)
    recalled = attempt < npc.queued
    words = threefry.bits(key, (3, NPC_SPAWN_ATTEMPTS))
    inward = chance.random_cells(words[0], size)
    anywhere = low + inward
    inmost = jnp.minimum(inward, size - 1 - inward)
    ring = jnp.minimum(inmost[:, 0], inmost[:, 1])
    queue = npc.queue[jnp.minimum(attempt, npc.queue.shape[0] - 1)]
    ring = jnp.where(recalled, queue, ring)
    pos = jnp.where(recalled[:, None], _on_ring(words[1:], ring, low, size), anywhere)
    works = query.can_stand(world.terrain, pos)
    living = world.body.present[cfg.players :].sum()
    before = bits.count_up(works) - works.astype(jnp.int32)
    made = living + before < params.npc_population
    recruits = Recruits(
        pos=pos,
        kind=kind_of(2 * ring, world),
        level=1 + 2 * ring * (cfg.npc_level_max - 1) // size,
        ring=ring,
        rally=jnp.full((NPC_SPAWN_ATTEMPTS, 2), NOBODY),
        wanted=works & made,
    )
    return recruits, (made & recalled).sum()


def _on_ring(words: jax.Array, ring: jax.Array, low: jax.Array, size: jax.Array) -> jax.Array:
    """Returns (K, 2) places on the square rings at (K,) tiles from the edge, by words (2, K)."""
    first, last = low + ring, low + size - 1 - ring
    span = jnp.maximum(last - first + 1, 1)
    along, side = first + chance.random_cells(words[0], span)[:, 0], words[1] >> 30
    across = jnp.where(side % 2 == 0, first, last)
    return jnp.where(
        (side < 2)[:, None],
        layout.pair(across, along),
        layout.pair(along, across),
    )
