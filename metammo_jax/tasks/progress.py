"""How far tasks have come, and what that is worth: the base reward of the game.

Source: docs/rules/tasks.md#progress-and-reward; nmmo `task/task_api.py::Task`,
`core/env.py::Env._compute_rewards`.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib import exact
from metammo_jax.tasks.subject import subject_of
from metammo_jax.vocab import NEVER, TaskKind
from metammo_jax.world import Task, World

DEAD_REWARD = -1.0
"""Reward of a player in the tick of its death, whatever its task."""


def evaluate(world: World, current: jax.Array, table, cfg: Config) -> tuple[World, jax.Array]:
    """Returns the world with the progress of all tasks updated, and rewards (P,) float32.

    A task is looked at while any player that has it is current. A completed task keeps its progress
    and earns nothing more, unless it is ONGOING: that earns its progress, which may fall again, in
    every tick. The progress of a HOLD task is the share of the ticks for which its predicate has
    been true on end; completing it earns 1. The frozen get 0, those who died in this tick -1.

    Args:
      world: after the game's own rules of this tick; reads everything, writes task.
      current: (P,) bool, lives at the end of the tick or died in it.
      table: `games.table.Table` or `tasks.book.TaskBook`; reads predicates, subjects, kinds.
      cfg: sizes.

    Returns:
      world, and (P,) float32 rewards; 0 for players that are not current.
    """
    task, kinds, values = world.task, table.kinds, _values(world, table, cfg)
    looked_at = (query.teammates(world) & current[:, None]).any(0)
    running = looked_at & (task.completed_at == NEVER)
    if TaskKind.HOLD in kinds:
        task, values = _held(task, values, running)
    if TaskKind.ONGOING in kinds:
        running |= looked_at & (task.kind == TaskKind.ONGOING)
    progress = jnp.where(running, values, task.progress)
    done, earned = running & (progress >= 1.0), progress - task.progress
    if TaskKind.HOLD in kinds:
        earned = jnp.where(done & (task.kind == TaskKind.HOLD), 1.0, earned)
    if TaskKind.ONGOING in kinds:
        earned = jnp.where((task.kind == TaskKind.ONGOING) & looked_at, progress, earned)
    task = task.replace(
        progress=progress,
        max_progress=jnp.maximum(task.max_progress, progress),
        completed_at=jnp.where(done, jnp.minimum(task.completed_at, world.tick), task.completed_at),
        gains=task.gains + (earned > 0).astype(jnp.int32),
        losses=task.losses + (earned < 0).astype(jnp.int32),
    )
    reward = jnp.where(current & (world.body.freeze <= 0), earned, 0.0)
    reward = jnp.where(world.body.died[: cfg.players], DEAD_REWARD, reward)
    return world.replace(task=task), reward


def _held(task: Task, values: jax.Array, running: jax.Array) -> tuple[Task, jax.Array]:
    """Returns tasks with the ticks counted that HOLD tasks were true, and values (P,) with these.

    Args:
      task: of all players.
      values: (P,) float32, of the predicates.
      running: (P,) bool, tasks that are looked at and not completed.
    """
    held = jnp.where(values >= 1.0, task.held + 1, 0)
    task = task.replace(held=jnp.where(running, held, task.held))
    share = exact.divide(task.held, jnp.maximum(task.hold, 1))
    return task, jnp.where(task.kind == TaskKind.HOLD, share, values)


def restart(task: Task, rows: jax.Array) -> Task:
    """Returns the tasks with those of the players `rows` (P,) bool reset.

    Their highest progress starts from 0 too, as in the original.
    """
    return task.replace(
        held=jnp.where(rows, 0, task.held),
        progress=jnp.where(rows, 0.0, task.progress),
        max_progress=jnp.where(rows, 0.0, task.max_progress),
        completed_at=jnp.where(rows, NEVER, task.completed_at),
        gains=jnp.where(rows, 0, task.gains),
        losses=jnp.where(rows, 0, task.losses),
    )


def is_completed(world: World) -> jax.Array:
    """Returns (P,) bool, which players have completed their task."""
    return world.task.completed_at < NEVER


def _values(world: World, table, cfg: Config) -> jax.Array:
    """Returns (P,) float32 in 0..1, each player's predicate as it is now."""
    task, value = world.task, jnp.zeros(cfg.players, jnp.float32)
    for index, (predicate, subjects) in enumerate(
        zip(table.predicates, table.subjects, strict=True)
    ):
        only = next(iter(subjects)) if len(subjects) == 1 else None
        here = predicate(world, subject_of(world, only), task.args, cfg)
        value = jnp.where(task.predicate == index, jnp.asarray(here, jnp.float32), value)
    return jnp.clip(value, 0.0, 1.0)
