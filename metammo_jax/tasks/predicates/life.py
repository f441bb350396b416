"""Predicates of time, life and death.

Source: docs/rules/tasks.md#predicates.
"""

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.lib import exact
from metammo_jax.tasks.predicates.measure import TARGET, TICKS, alive, share, target_of
from metammo_jax.tasks.signature import one_of, register
from metammo_jax.tasks.subject import SubjectMembers
from metammo_jax.world import World


@register(original=("Success",), says="be there")
def success(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: always 1 (Success)."""
    return jnp.ones(cfg.players, jnp.float32)


@register(
    arguments=dict(num_tick=TICKS.replace(default="horizon")),
    original=("TickGE",),
    says="last until tick {num_tick}",
)
def tick_ge(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: share of num_tick ticks that have passed, whoever lives (TickGE)."""
    return share(world.tick, args[:, 0])


@register(original=("StayAlive",), says="keep everybody alive")
def stay_alive(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: 1 while every member lives (StayAlive)."""
    return (subject.alive_count() == subject.size()).astype(jnp.float32)


@register(original=("AllDead",), says="see everybody dead")
def all_dead(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: the share of dead members (AllDead)."""
    return 1.0 - exact.divide(subject.alive_count(), jnp.maximum(subject.size(), 1))


@register(
    arguments=dict(target=TARGET, status=one_of({"ALIVE": 0, "DEAD": 1}, default=0)),
    original=("CheckAgentStatus",),
    says="see {target} {status}",
)
def check_agent_status(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: share of the target that lives, or is dead (CheckAgentStatus).

    Args:
      world: reads who lives.
      subject: not used.
      args: target (`vocab.Subject`), status (0 asks for the living, 1 for the dead).
      cfg: sizes.
    """
    target = SubjectMembers(members=target_of(world, args), alive=alive(world, cfg))
    living = exact.divide(target.alive_count(), jnp.maximum(target.size(), 1))
    return jnp.where(args[:, 1] > 0, 1.0 - living, living)


@register(original=("ProtectLeader",), says="keep the leader alive")
def protect_leader(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: horizon passed, 0 if the leader is dead (ProtectLeader)."""
    lives = alive(world, cfg)[world.params.leader]
    return jnp.where(lives, exact.divide(world.tick, cfg.horizon), 0.0)
