"""Predicates: how far something has come, from 0 to 1, for all players at once.

A predicate is a pure function `predicate(world, subject, args, cfg) -> (P,) float32`. `subject`
says for each player whose state counts (`tasks.subject.Subject`), `args` (P, 4) float32 are
that player's own numbers. Results are clipped to 0..1 where progress is kept
(`tasks.progress`). `@arguments` names the numbers, gives defaults and so lets a `Goal` be
checked; a predicate of one's own may do without.

Source: tasks 4. `PREDICATES` lists them under the original's names.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.tasks.subject import FAR, Subject, members
from metammo_jax.vocab import Event
from metammo_jax.world import World

MAX_ARGUMENTS = 4
"""Numbers a predicate can take; the width of `world.Task.args`."""

SEIZE_BONUS = 0.3
"""Progress that comes with seizing a tile, on top of all that the approach can give."""

ANY_KILL = len(Event)
"""Stands for KILL_PLAYER or KILL_NPC, which the original counts as one event."""

_EVENTS_MEANT = np.eye(len(Event) + 1, len(Event), dtype=np.int32)
_EVENTS_MEANT[ANY_KILL, [Event.KILL_PLAYER, Event.KILL_NPC]] = 1


def arguments(*names: str, **defaults: float) -> Callable:
    """Names the numbers of a predicate: first those it needs, then those with a default."""
    table = {**dict.fromkeys(names), **defaults}

    def name(predicate: Callable) -> Callable:
        predicate.arguments = table
        return predicate

    return name


def filled(predicate: Callable, args: tuple) -> tuple:
    """Returns `args` with defaults for those left out, and zeros up to four.

    Raises:
      ValueError: too many or too few, by what `@arguments` of the predicate says.
    """
    known = getattr(predicate, "arguments", None)
    name = getattr(predicate, "__name__", repr(predicate))
    if known is None:
        known = dict.fromkeys(range(MAX_ARGUMENTS), 0.0)
    if len(args) > len(known):
        raise ValueError(f"{name} takes {len(known)} arguments {list(known)}, given {args}")
    missing = [key for key, value in list(known.items())[len(args) :] if value is None]
    if missing:
        raise ValueError(f"{name} needs {missing[0]!r}, given {args}")
    full = tuple(args) + tuple(known.values())[len(args) :]
    return full + (0.0,) * (MAX_ARGUMENTS - len(full))


def success(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """Always 1 (Success)."""
    return jnp.ones(cfg.players, jnp.float32)


@arguments("num_tick")
def tick_ge(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """Share of num_tick ticks that have passed, whoever lives (TickGE)."""
    return _share(world.tick, args[:, 0])


def stay_alive(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """1 while every member lives (StayAlive)."""
    return (subject.alive_count() == subject.size()).astype(jnp.float32)


def all_dead(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """The share of dead members (AllDead)."""
    return 1.0 - subject.alive_count() / jnp.maximum(subject.size(), 1)


@arguments("target", dead=0)
def check_agent_status(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """The share of the target that lives, or is dead (CheckAgentStatus).

    Args:
      world: reads who lives.
      subject: not used.
      args: target (`vocab.Subject`), dead (0 asks for the living, 1 for the dead).
      cfg: sizes.
    """
    target = Subject(members=_target(world, args), alive=subject.alive)
    alive = target.alive_count() / jnp.maximum(target.size(), 1)
    return jnp.where(args[:, 1] > 0, 1.0 - alive, alive)


def protect_leader(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """Share of the horizon that has passed, 0 if one's leader is dead (ProtectLeader)."""
    lives = subject.alive[world.params.leader]
    return jnp.where(lives, world.tick / jnp.float32(cfg.horizon), 0.0)


@arguments("row", "col")
def occupy_tile(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """1 while a living member stands on the tile (OccupyTile)."""
    steps = _steps_to(world, args[:, :2], cfg)
    return (subject.alive_min(steps) == 0).astype(jnp.float32)


@arguments("dist")
def distance_traveled(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """Tiles (Chebyshev) between the living members and where each began, summed, / dist.

    (DistanceTraveled)
    """
    body = world.body
    gone = jnp.abs(body.pos[: cfg.players] - body.spawn_pos).max(-1)
    share = _share(subject.alive_total(gone), args[:, 0])
    return jnp.where(subject.any_alive(), share, 0.0)


def progress_toward_center(
    world: World, subject: Subject, args: jax.Array, cfg: Config
) -> jax.Array:
    """1 - tiles from the middle / (C / 2), of the nearest living member; 0 if none lives.

    (ProgressTowardCenter; the original's version for several members is broken.)
    """
    steps = subject.alive_min(query.from_middle(world.body.pos[: cfg.players], cfg))
    return jnp.where(steps < FAR, 1.0 - steps / (world.params.center // 2), 0.0)


@arguments("dist")
def all_members_within_range(
    world: World, subject: Subject, args: jax.Array, cfg: Config
) -> jax.Array:
    """1 when the living members fit in a square of dist tiles, less the more they scatter.

    The mean of three scores: (C - d) / (C - dist), where d is the longer side of the box around
    them, and for rows and columns dist / max(3 * standard deviation, dist).
    (AllMembersWithinRange)
    """
    dist, center = args[:, 0], world.params.center.astype(jnp.float32)
    row, col = world.body.pos[: cfg.players].T
    side = jnp.maximum(
        subject.alive_max(row) - subject.alive_min(row),
        subject.alive_max(col) - subject.alive_min(col),
    )
    score = (center - side) / (center - dist)
    for place in (row, col):
        score += dist / jnp.maximum(3 * subject.alive_deviation(place), dist)
    score = jnp.where(side <= dist, 1.0, score / 3)
    return jnp.where(subject.any_alive() & (dist >= 0), score, 0.0)


@arguments("row", "col", "num_ticks", progress_bonus=0.4)
def seize_tile(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """Approach a tile, seize it, and keep it (SeizeTile).

    While a member is the last who seized the tile: progress_bonus + 0.3, and the rest in
    num_ticks ticks. Otherwise progress_bonus * (1 - tiles / (C // 2)) of the nearest living
    member. 0 if none lives. Only `params.seize_target` can be seized.
    """
    return _seize(world, subject, args[:, :2], args[:, 2], args[:, 3], cfg)


@arguments("num_ticks", progress_bonus=0.3)
def seize_center(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """`seize_tile` for the middle tile of the map (SeizeCenter)."""
    tile = jnp.full((cfg.players, 2), cfg.middle, jnp.float32)
    return _seize(world, subject, tile, args[:, 0], args[:, 1], cfg)


@arguments("num_ticks", "quadrant", progress_bonus=0.3)
def seize_quad_center(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """`seize_tile` for the middle of a quadrant, C // 4 tiles from the map's (SeizeQuadCenter).

    quadrant: 1 south-east, 2 north-east, 3 north-west, 4 south-west.
    """
    quadrant = args[:, 1]
    south = (quadrant == 1) | (quadrant == 4)
    sign = jnp.where(jnp.stack([south, quadrant <= 2], axis=-1), 1, -1)
    tile = cfg.middle + sign * (world.params.center // 4)
    return _seize(world, subject, tile.astype(jnp.float32), args[:, 0], args[:, 2], cfg)


@arguments("agent_type", "level", "num_agent")
def defeat_entity(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """Players or NPCs killed by the members / num_agent; 1 if num_agent <= 0 (DefeatEntity).

    Without progression every level is 0, so a level above 0 counts nobody.

    Args:
      world: reads the tally.
      subject: whose kills count, those of dead members too.
      args: agent_type (0 players, 1 NPCs), level (at least), num_agent.
      cfg: sizes.
    """
    count = world.tally.count
    kills = jnp.stack([subject.total(count[:, e]) for e in (Event.KILL_PLAYER, Event.KILL_NPC)])
    killed = jnp.where(args[:, 0] > 0, kills[1], kills[0])
    return _share(jnp.where(args[:, 1] > 0, 0, killed), args[:, 2])


@arguments("event", "n")
def count_event(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """Events of one kind / n, of all members, dead ones included (CountEvent).

    event: `vocab.Event`, or ANY_KILL for the original's PLAYER_KILL.
    """
    meant = jnp.asarray(_EVENTS_MEANT)[args[:, 0].astype(jnp.int32)]
    counts = subject.members.astype(jnp.int32) @ world.tally.count
    return _share((counts * meant).sum(-1), args[:, 1])


@arguments("target")
def can_see(world: World, subject: Subject, args: jax.Array, cfg: Config) -> jax.Array:
    """1 while a living member sees one of the target (CanSeeAgent and CanSeeGroup).

    Args:
      world: reads who is where.
      subject: who looks.
      args: target (`vocab.Subject`).
      cfg: reads vision.

    Differs: in the original dead members of a team still see what they saw last. The work grows
    with the cube of the number of players.
    """
    pos = world.body.pos[: cfg.players]
    near = (query.distance(pos, pos) <= cfg.vision) & subject.alive[:, None] & subject.alive
    seen = subject.members.astype(jnp.float32) @ near.astype(jnp.float32) > 0
    return (seen & _target(world, args)).any(1).astype(jnp.float32)


def _share(amount: jax.Array, goal: jax.Array) -> jax.Array:
    """Returns amount / goal, 1 where the goal is nothing."""
    return jnp.where(goal > 0, amount / jnp.where(goal > 0, goal, 1.0), 1.0)


def _target(world: World, args: jax.Array) -> jax.Array:
    return members(world.params, args[:, 0].astype(jnp.int32))


def _steps_to(world: World, tile: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, P) int32, tiles from player j to the tile (P, 2) of player i."""
    return query.distance(tile.astype(jnp.int32), world.body.pos[: cfg.players])


def _seize(
    world: World,
    subject: Subject,
    tile: jax.Array,
    num_ticks: jax.Array,
    progress_bonus: jax.Array,
    cfg: Config,
) -> jax.Array:
    """Returns (P,) float32, the progress of seizing tiles (P, 2)."""
    terrain, reach = world.terrain, world.params.center // 2
    steps = subject.alive_min(_steps_to(world, tile, cfg))
    approach = progress_bonus * (1.0 - steps / reach)
    target = (tile == world.params.seize_target).all(-1)
    seized = target & subject.includes(terrain.seizer)
    full = progress_bonus + SEIZE_BONUS
    held = full + (1.0 - full) * _share(world.tick - terrain.seized_at, num_ticks)
    progress = jnp.where(seized, held, approach)
    return jnp.where(steps < FAR, jnp.clip(progress, 0.0, 1.0), 0.0)


PREDICATES: dict[str, Callable] = {
    "Success": success,
    "TickGE": tick_ge,
    "StayAlive": stay_alive,
    "AllDead": all_dead,
    "CheckAgentStatus": check_agent_status,
    "ProtectLeader": protect_leader,
    "OccupyTile": occupy_tile,
    "DistanceTraveled": distance_traveled,
    "ProgressTowardCenter": progress_toward_center,
    "AllMembersWithinRange": all_members_within_range,
    "SeizeTile": seize_tile,
    "SeizeCenter": seize_center,
    "SeizeQuadCenter": seize_quad_center,
    "DefeatEntity": defeat_entity,
    "CountEvent": count_event,
    "CanSeeAgent": can_see,
    "CanSeeGroup": can_see,
}
"""Predicates by the original's names."""
