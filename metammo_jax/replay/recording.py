"""Recording of episodes."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np

from metammo_jax.action import Action
from metammo_jax.lib import checks
from metammo_jax.replay import course as courses
from metammo_jax.replay import given, stored
from metammo_jax.replay.course import Course, alive_of
from metammo_jax.replay.episode import Replay
from metammo_jax.world import World


@runtime_checkable
class Restarts(Protocol):
    """A policy with a memory, which is reset before an episode."""

    def restart(self) -> None:
        """Forgets the ticks before."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A policy whose outputs can be recorded."""

    def explain(self, key: jax.Array, obs: Any) -> tuple[Action, dict[str, jax.Array]]:
        """Returns the action, and outputs by name, arrays (P, ...)."""
        ...


def record(
    env,
    key: jax.Array,
    policy: Callable | None = None,
    ticks: int | None = None,
    game: str | int | None = None,
    difficulty=None,
    outputs: bool = False,
) -> Replay:
    """Plays one episode; returns its `Replay`.

    Args:
      env: an environment, without batch; of a wrapper the replay is of the environment within.
      key: () key.
      policy: (key, observation) -> Action, called once a tick outside of jit, so that it may
        remember things, such as `agents.load(name).player`; its `restart()` is called first, if it
        has one. Uniform over the masks if None, as `env.sample` is.
      ticks: most ticks to play; to the end of the game if None.
      game: name or index of one of `env.games`; drawn by weight if None.
      difficulty: of each game (G,) int32, or one of all; the lowest if None.
      outputs: keeps what the policy thinks in `Replay.policy`; it needs a method
        `explain(key, observation) -> (Action, dict of arrays (P, ...))`.

    Returns:
      `Replay`, to the end of the game, or of the ticks.

    Raises:
      ValueError: a batch of worlds or several keys are given, there is no such game or difficulty,
        ticks is no positive number, or the policy has no outputs.
    """
    inner, key = given.inner_env(env, "record"), given.as_one_key(key, "record")
    ticks = env.cfg.horizon if ticks is None else checks.whole("ticks", ticks, 1)
    if outputs and not isinstance(policy, Explains):
        raise ValueError("outputs=True needs a policy with a method explain, such as agent.player")
    reset_key, _ = courses.keys_of(key)
    index, levels = given.game_index(env, game), given.difficulties(env, difficulty)
    obs, world = jax.jit(env.reset)(reset_key, index, levels)
    course = Course(inner, key, given.no_ticks(inner.cfg), np.int32(world.params.game), levels)
    alive = np.zeros((0, inner.cfg.players), bool)
    return _play(env, course, obs, world, policy, range(ticks), alive, outputs)


def go_on(replay: Replay, policy: Callable, ticks: int | None = None) -> Replay:
    """Returns a replay continued by a policy from its last tick; see `record`.

    Args:
      replay: whose game is not over.
      policy: as in `record`.
      ticks: most ticks of all; the horizon if None.
    """
    env, world = replay.env, replay.at(replay.ticks)
    course = Course(env, replay.key, replay.actions, np.int32(replay.game), replay.difficulty)
    course.share(replay.course, replay.ticks)
    ticks = env.cfg.horizon if ticks is None else ticks
    if ticks <= replay.ticks:
        return replay
    obs = jax.jit(env.observe)(world)
    return _play(env, course, obs, world, policy, range(replay.ticks, ticks), replay.alive)


def _play(
    env, course: Course, obs, world: World, policy, ticks: range, alive: np.ndarray, outputs=False
) -> Replay:
    """Plays until the game is over or the horizon is reached.

    Args:
      env: what the policy sees; maybe a wrapper.
      course: of the ticks before.
      obs: what is seen now.
      world: as it is now.
      policy: see `record`.
      ticks: their numbers, one at least.
      alive: (T, P) bool, who acted in the ticks before.
      outputs: see `record`.
    """
    step, keys_of, sample = jax.jit(env.step), jax.jit(courses.tick_keys), jax.jit(env.sample)
    choose = sample if policy is None else policy.explain if outputs else policy
    if isinstance(policy, Restarts):
        policy.restart()
    _, key = courses.keys_of(course.key)
    taken, lived, policy_outputs = [], [alive], []
    for tick in ticks:
        act_key, step_key = keys_of(key, np.int32(tick))
        chosen = choose(act_key, obs)
        action, thoughts = chosen if outputs else (chosen, {})
        lived.append(alive_of(world)[None])
        obs, world, _, _, _, info = step(step_key, world, action)
        taken.append(action)
        policy_outputs.append(jax.device_get(thoughts))
        if bool(info.over):
            break
    course.extend(_stacked(jax.device_get(taken)))
    digest = stored.digest_of(world)
    alive, policy_outputs = np.concatenate(lived), _stacked(policy_outputs) if outputs else None
    return Replay.known(course, alive, bool(info.over), policy_outputs, digest)


def _stacked(ticks: list) -> Any:
    """Returns pytrees of arrays, one for each tick, as one with a leading axis of ticks."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *ticks)
