"""What a game does after each tick, in the original's order, and when it is over."""

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.games.table import Table
from metammo_jax.lib import threefry
from metammo_jax.rules import life
from metammo_jax.tasks.progress import restart
from metammo_jax.world import Verdict, World


def after_tick(key: jax.Array, world: World, table: Table, cfg: Config) -> World:
    """Lets teams fall, the dead come back, NPCs join, and asks the referee.

    Args:
      key: () key.
      world: after the tick counter rose; body.died says who died in this tick.
      table: the games.
      cfg: sizes.

    Returns:
      the world, with `verdict`. Tasks are looked at afterwards (`tasks.progress.evaluate`).

    Source: docs/rules/minigames.md#the-course-of-an-episode; nmmo `core/game_api.py::Game.update`.
    """
    revive_key, refill_key = threefry.split(key)
    if table.leader_bound:
        world = life.fall_with_leader(world, cfg)
    if table.revivals:
        world, back = life.revive(revive_key, world, cfg, table.revivals)
        single = back & ~world.params.team_game
        world = world.replace(task=restart(world.task, single))
    world = table.refill(refill_key, world, cfg)
    return world.replace(verdict=judge(world, table, cfg))


def judge(world: World, table: Table, cfg: Config) -> Verdict:
    """Returns the verdict after this tick; what it once says stays.

    The game is over when somebody has won, at the horizon, or when no more than
    `params.min_alive` players live that can act at all (recons cannot).

    Source: docs/rules/minigames.md#the-course-of-an-episode.
    """
    before, params = world.verdict, world.params
    winners = table.referee(world, cfg) & (world.tick >= params.earliest_win)
    is_first = ~before.winners.any() & winners.any()
    winners = jnp.where(is_first, winners, before.winners)
    score = jnp.where(is_first, table.score(world, winners, cfg), before.score)
    ends = winners.any() | _too_few(world, cfg) | (world.tick >= cfg.horizon)
    return Verdict(winners=winners, score=score, over=before.over | ends)


def is_time_up(world: World, cfg: Config) -> jax.Array:
    """Returns () bool, the horizon alone has ended the game: nobody won, and enough live."""
    winners = world.verdict.winners.any()
    return (world.tick >= cfg.horizon) & ~winners & ~_too_few(world, cfg)


def _too_few(world: World, cfg: Config) -> jax.Array:
    acting = (world.body.present[: cfg.players] & ~world.body.recon).sum()
    return acting <= world.params.min_alive
