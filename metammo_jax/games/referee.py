"""Who has won, and what winning is worth: the rules of all games, to choose from.

A referee is `referee(world, cfg) -> (P,) bool`, a score `score(world, winners, cfg) -> ()
float32`. They are asked after a tick, when the dead have been taken away and new ones have
come, and before tasks are looked at: a task completed in this tick is noticed in the next.

Source: docs/rules/minigames.md#who-wins, docs/rules/minigames.md#scores.
"""

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.lib import exact
from metammo_jax.tables import BASE_GOLD
from metammo_jax.tasks.progress import is_completed
from metammo_jax.vocab import NOBODY
from metammo_jax.world import World


def last_survivor(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, the only player alive; or all who died last; or all alive at the horizon.

    All who died last died in the same tick. Where there is but one player from the start, it wins
    by its task.
    """
    if cfg.players == 1:
        return is_completed(world)
    alive, died = world.body.present[: cfg.players], world.body.died[: cfg.players]
    count = alive.sum()
    at_horizon = (world.tick >= cfg.horizon) & alive
    return jnp.where(count == 0, died, jnp.where(count == 1, alive, at_horizon))


def last_team(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, all members, dead ones too, of the only team alive.

    If there is no such team, those with a completed task. When several teams live at the horizon
    nobody wins: a task that lasts until then completes one tick too late.
    """
    group = world.params.group
    alone, survivor = _team_alone(world, cfg)
    return jnp.where(alone, group == survivor, is_completed(world))


def task_completed(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, those who completed their task."""
    return is_completed(world)


def hill_holders(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, those who completed their task; else, in two cases, the hill's team.

    The hill's team is that of the latest seizer. It wins at the horizon, or when no other team
    lives. A last team that has not seized must still go.
    """
    group, seizer = world.params.group, world.terrain.seizer
    done = is_completed(world)
    hill_team = group[jnp.maximum(seizer, 0)]
    alone, survivor = _team_alone(world, cfg)
    decided = (world.tick == cfg.horizon) | (alone & (survivor == hill_team))
    seized = (seizer != NOBODY) & decided & (group == hill_team)
    return jnp.where(done.any(), done, seized)


def living_last(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, the only player alive, or all alive at the horizon.

    Nobody wins if the last die together.
    """
    alive = world.body.present[: cfg.players]
    return alive & ((alive.sum() == 1) | (world.tick >= cfg.horizon))


def furthest_at_horizon(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, those who completed their task; else, at the horizon, the furthest.

    The furthest are those with the most progress. Nobody wins without progress.
    """
    done, progress = is_completed(world), world.task.progress
    leads = (progress >= progress.max()) & (progress > 0) & (world.tick >= cfg.horizon)
    return jnp.where(done.any(), done, leads)


def completed_at_horizon(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, all who completed their task, once the game has ended.

    It ends at the horizon, or when nobody lives any more.
    """
    ended = (world.tick >= cfg.horizon) | ~world.body.present[: cfg.players].any()
    return is_completed(world) & ended


def attackers_or_defenders(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, those who completed their task; else all but the first side.

    The first side attacks. The others win at the horizon, or when none of the attackers lives.
    """
    attacks, done = world.params.group == 0, is_completed(world)
    alive = world.body.present[: cfg.players]
    held_out = (world.tick >= cfg.horizon) | ~(attacks & alive).any()
    return jnp.where(done.any(), done, held_out & ~attacks)


def half_hold_out(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, everybody, if half of the players live at the horizon.

    Half or more; the dead win too.
    """
    alive = world.body.present[: cfg.players]
    holds = (world.tick >= cfg.horizon) & (2 * alive.sum() >= cfg.players)
    return jnp.broadcast_to(holds, alive.shape)


def contracts_or_last(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, those who completed their task; else the last survivor with progress.

    A last survivor without any progress does not win.
    """
    done = is_completed(world)
    last = last_survivor(world, cfg) & (world.task.progress > 0)
    return jnp.where(done.any(), done, last)


def duel_winners(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, living players whose foe is dead, once every duel is decided.

    At the horizon they win too, whatever is undecided. Rows 0 and 1 are foes, 2 and 3, ...
    """
    row, alive = jnp.arange(cfg.players), world.body.present[: cfg.players]
    foe = jnp.minimum(row ^ 1, cfg.players - 1)
    wins = alive & ~alive[foe]
    undecided = (alive & alive[foe] & (foe != row)).any()
    return wins & (~undecided | (world.tick >= cfg.horizon))


def richest_players(world: World, cfg: Config) -> jax.Array:
    """Returns (P,) bool, those who completed their task; else, at the horizon, the richest.

    The richest are the living with the most gold. Nobody wins with the gold that all begin with.
    """
    done, gold = is_completed(world), world.body.gold[: cfg.players]
    gold = jnp.where(world.body.present[: cfg.players], gold, 0)
    leads = (gold == gold.max()) & (gold > BASE_GOLD) & (world.tick >= cfg.horizon)
    return jnp.where(done.any(), done, leads)


def one(world: World, winners: jax.Array, cfg: Config) -> jax.Array:
    """Returns () float32, always 1."""
    return jnp.float32(1.0)


def nothing(world: World, winners: jax.Array, cfg: Config) -> jax.Array:
    """Returns () float32, always 0."""
    return jnp.float32(0.0)


def speed(world: World, winners: jax.Array, cfg: Config) -> jax.Array:
    """Returns () float32, the share of the horizon that is left."""
    return exact.divide(cfg.horizon - world.tick, cfg.horizon)


def speed_and_survival(world: World, winners: jax.Array, cfg: Config) -> jax.Array:
    """Returns () float32, the mean of `speed` and of the share of winners alive.

    `speed` is the share of the horizon that is left.
    """
    alive = (winners & world.body.present[: cfg.players]).sum()
    share = exact.divide(alive, jnp.maximum(winners.sum(), 1))
    return (speed(world, winners, cfg) + share) / 2


def survivors(world: World, winners: jax.Array, cfg: Config) -> jax.Array:
    """Returns () float32, the share of all players that live."""
    return exact.divide(world.body.present[: cfg.players].sum(), cfg.players)


def winners_share(world: World, winners: jax.Array, cfg: Config) -> jax.Array:
    """Returns () float32, the share of all players that win."""
    return exact.divide(winners.sum(), cfg.players)


def _team_alone(world: World, cfg: Config) -> tuple[jax.Array, jax.Array]:
    """Returns () bool, exactly one group has living members, and () int32, its number."""
    group, alive = world.params.group, world.body.present[: cfg.players]
    first = jnp.where(alive, group, cfg.players).min()
    last = jnp.where(alive, group, NOBODY).max()
    return first == last, first
