"""Combat: which attacks are made, their damage, kills and experience.

`damage` computes points of damage, `spoils` moves gold and items of the killed.
"""

import jax
import jax.numpy as jnp

from metammo_jax import effects, event_capture, query
from metammo_jax.action import Orders, row_of_turn
from metammo_jax.config import Config
from metammo_jax.lib import grid, turn_order
from metammo_jax.rules.combat import damage as damages
from metammo_jax.rules.combat import spoils
from metammo_jax.rules.combat.damage import Damage
from metammo_jax.tables import ATTACK_EXP, REACH
from metammo_jax.vocab import NEVER, Event, Style, System
from metammo_jax.world import World


def attack(key: jax.Array, world: World, orders: Orders, cfg: Config) -> World:
    """Returns the world after attacks of all entities that can act, in the order of turns.

    Order: by turn. Whoever was killed earlier in the phase neither hits nor is hit any more.

    Source: docs/rules/world.md#combat, docs/rules/world.md#turns.
    """
    target = jnp.clip(orders.target, 0, cfg.entities - 1)
    style = jnp.clip(orders.style, 0, len(Style) - 1)
    wants = _is_allowed(world, orders, target, cfg) & query.is_on(world, System.COMBAT)
    damage = damages.damage_points(world, style, target, cfg)
    hits = _settle(wants, target, damage, world, orders.turn, cfg)
    points = damage.dealt(hits, target, orders.turn)
    world, kills = _record(world, hits, target, points, orders.turn, cfg)
    world = _learn(world, hits[: cfg.players], style[: cfg.players], cfg)
    if cfg.has_equipment:
        world = damages.fire_ammunition(world, hits[: cfg.players], style[: cfg.players])
    world = _count(world, hits, kills, target, style, points, cfg)
    if cfg.has_items:
        world = spoils.share_out(key, world, kills, target, orders.turn, cfg)
    return world


def _is_allowed(world: World, orders: Orders, target: jax.Array, cfg: Config) -> jax.Array:
    """Returns (E,) bool, the attacks that the state at the start of the phase allows."""
    body, players = world.body, cfg.players
    given = (orders.target >= 0) & (orders.target < cfg.entities)
    given &= (orders.style >= 0) & (orders.style < len(Style))
    near = grid.steps(body.pos - body.pos[target]) <= REACH
    other = target != jnp.arange(cfg.entities)
    immune = query.is_player(cfg) & (target < players)
    immune &= body.time_alive[target] < world.params.immunity
    alive = query.is_alive(world)[target]
    return query.can_act(world, cfg) & given & near & other & alive & ~immune


def _vulnerable(world: World, cfg: Config) -> jax.Array:
    """Returns (E,) bool, who can take damage."""
    return jnp.concatenate([~query.is_immortal(world), jnp.ones(cfg.npcs, bool)])


def _settle(
    wants: jax.Array,
    target: jax.Array,
    damage: Damage,
    world: World,
    turn: jax.Array,
    cfg: Config,
) -> jax.Array:
    """Returns (E,) bool, the attacks that are made when each waits for its turn.

    Only those who could die, if everything hit them, make others wait: an attack by and on
    somebody safe is made whatever the order.
    """
    health = jnp.where(_vulnerable(world, cfg), world.body.health, NEVER)
    threat = jnp.zeros_like(health).at[target].add(jnp.where(wants, damage.most(), 0))
    endangered = (threat >= health) & (threat > 0)
    waits = wants & (endangered | endangered[target])

    def act(state, ready):
        health, made = state
        now = ready & (health > 0) & (health[target] > 0)
        points = jnp.where(now, damage.dealt(made, target, turn), 0)
        health = health.at[target].add(-points)
        return (health, made | now), (health <= 0) | (health[target] <= 0)

    return turn_order.resolve(
        act,
        (health, wants & ~waits),
        target,
        turn,
        waits,
        endangered,
    )[1]


def _record(
    world: World,
    hits: jax.Array,
    target: jax.Array,
    damage: jax.Array,
    turn: jax.Array,
    cfg: Config,
) -> tuple[World, jax.Array]:
    """Returns the world after the attacks that are made, and (E,) bool who killed its target.

    The last one that hits an entity is remembered as its attacker, and killed it if it died.
    """
    body, players, entities = world.body, cfg.players, cfg.entities
    aim = jnp.where(hits, target, entities)  # off the end: dropped
    vulnerable = _vulnerable(world, cfg)
    dealt = jnp.where(hits, damage, 0)
    suffered = jnp.zeros(entities, jnp.int32).at[aim].add(dealt, mode="drop")
    suffered = jnp.where(vulnerable, suffered, 0)
    latest = jnp.zeros(entities, jnp.uint32).at[aim].max(turn + 1, mode="drop")  # 0: not hit
    is_last, is_hit = hits & (turn + 1 == latest[target]), latest > 0
    last = row_of_turn(latest - 1, cfg)
    dies = is_hit & (suffered >= body.health) & vulnerable
    kills = is_last & dies[target]
    world = world.replace(
        body=body.replace(
            attacker=jnp.where(is_hit, body.id[last], body.attacker),
            damage=jnp.where(is_hit & vulnerable, damage[last], body.damage),
            health=jnp.maximum(body.health - suffered, 0),
            combat_tick=jnp.where(hits | is_hit, world.tick + 1, body.combat_tick),
            damage_dealt=body.damage_dealt + dealt[:players],
            damage_taken=body.damage_taken + suffered[:players],
            kills=body.kills + kills[:players].astype(jnp.int32),
        ),
        tally=world.tally.replace(strongest=jnp.maximum(world.tally.strongest, dealt[:players])),
    )
    return world, kills


def _learn(world: World, hits: jax.Array, style: jax.Array, cfg: Config) -> World:
    """Returns the world with experience added in the styles of attacks made.

    Source: docs/rules/world.md#progression.
    """
    if not cfg.has_skills:
        return world
    used = hits[:, None] & (style[:, None] == jnp.arange(cfg.skills)[None])
    return effects.add_experience(world, jnp.where(used, ATTACK_EXP, 0))


def _count(
    world: World,
    hits: jax.Array,
    kills: jax.Array,
    target: jax.Array,
    style: jax.Array,
    points: jax.Array,
    cfg: Config,
) -> World:
    players = cfg.players
    _emit_npc_events(world, hits, kills, target, style, points, players)
    hits, kills, target = hits[:players], kills[:players], target[:players]
    style = style[:players]
    made = hits[:, None] & (style[:, None] == jnp.arange(len(Style))[None])
    world = world.replace(tally=world.tally.replace(hits=world.tally.hits + made.astype(jnp.int32)))
    level = jnp.concatenate([query.attack_level(world), query.npcs(world).level])[target]
    hurt, victim = dict(whom=target, number=points[:players]), dict(whom=target)
    world = effects.record_event(world, Event.SCORE_HIT, hits, style, details=lambda: hurt)
    killed, hunted = kills & (target < players), kills & (target >= players)
    world = effects.record_event(
        world, Event.KILL_PLAYER, killed, level=level, details=lambda: victim
    )
    return effects.record_event(world, Event.KILL_NPC, hunted, level=level, details=lambda: victim)


def _emit_npc_events(world: World, hits, kills, target, style, points, players: int) -> None:
    """Emits events of hits and kills by NPCs, which the tally does not count."""
    if not event_capture.is_capturing():
        return
    rows = jnp.arange(players, hits.shape[0], dtype=jnp.int32)
    hits, kills, target, style, points = (
        column[players:] for column in (hits, kills, target, style, points)
    )
    event_capture.emit(world, Event.SCORE_HIT, hits, rows, target, style, number=points)
    event_capture.emit(world, Event.KILL_PLAYER, kills & (target < players), rows, target)
    event_capture.emit(world, Event.KILL_NPC, kills & (target >= players), rows, target)
