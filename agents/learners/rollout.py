"""Collecting what agents see, do and get, over L ticks in B worlds.

An agent's episode ends, for the return and for the memory alike, when it dies (even if the game
revives it), when the game is over, or at a time limit. Who is dead takes part in all arrays and
is masked by `alive`.

Axes: G = L / S sequences, S ticks each, B worlds, P players.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib.node import Node
from metammo_jax.vector import EpisodeStats

from ..networks.distributions import Choice
from ..policy import Memory, Policy, base


@struct.dataclass
class Stage(Node):
    """Where the worlds and the agents stand between two ticks.

    Attributes:
      state: of the batch of worlds.
      obs: (B, ...) observations.
      memory: (B, P, ...) of the recurrent core.
      fresh: (B, P) bool, the agent's episode starts with this observation.
    """

    state: Any
    obs: Any
    memory: Memory
    fresh: jax.Array


@struct.dataclass
class Transition(Node):
    """One tick.

    Attributes:
      obs: (B, ...) what was seen.
      fresh: (B, P) bool, the memory was emptied before.
      alive: (B, P) bool, who acted; nothing else of the others means anything.
      choice: `Choice` (B, P).
      log_prob: (B, P) float32, of the choice.
      value: (B, P) float32, of what was seen.
      reward: (B, P) float32, of the tick.
      ended: (B, P) bool, the agent's episode ended with the tick.
      bootstrap: (B, P) float32, value of the state after a time limit, 0 elsewhere.
      game: (B,) int32, what was played.
      shaping: by name, (B, P) float32, terms of the reward (`wrappers.ShapedInfo`); empty where
        the reward is the game's own.
    """

    obs: Any
    fresh: jax.Array
    alive: jax.Array
    choice: Choice
    log_prob: jax.Array
    value: jax.Array
    reward: jax.Array
    ended: jax.Array
    bootstrap: jax.Array
    game: jax.Array
    shaping: dict[str, jax.Array]


@struct.dataclass
class Finished(Node):
    """Episodes that ended with a tick.

    Attributes:
      done: (B,) bool, the world's did; the rest means something there.
      episode: statistics (B,).
    """

    done: jax.Array
    episode: EpisodeStats


def begin(policy: Policy, batch, key: jax.Array) -> Stage:
    """Returns the start of an episode in every world."""
    obs, state = batch.reset(key)
    shape = base(obs).alive.shape
    return Stage(state, obs, policy.initial(*shape), jnp.ones(shape, bool))


def play_tick(
    policy: Policy, batch, params, key: jax.Array, stage: Stage
) -> tuple[Stage, Transition, Finished]:
    """Plays one tick in every world.

    Args:
      policy: chooses.
      batch: the worlds, `metammo_jax.VectorEnv` or alike.
      params: of the policy.
      key: () key.
      stage: before.

    Returns:
      stage after, what happened, episodes that ended.
    """
    act_key, step_key = jax.random.split(key)
    choice, log_prob, value, memory = policy.act(
        batch.keys(act_key), params, stage.obs, stage.memory, stage.fresh
    )
    action = jax.vmap(policy.to_action)(choice, stage.obs)
    obs, state, reward, terminated, truncated, info = batch.step(step_key, stage.state, action)
    alive = base(stage.obs).alive
    ended = terminated | truncated | ~alive
    bootstrap = jnp.zeros_like(reward)
    if getattr(batch.env, "truncates", True):
        bootstrap = _value_beyond(policy, params, info.final_observation, memory, truncated)
    transition = Transition(
        obs=stage.obs, fresh=stage.fresh, alive=alive, choice=choice, log_prob=log_prob,
        value=value, reward=reward, ended=ended, bootstrap=bootstrap, game=info.info.game,
        shaping=getattr(info.info, "shaping", {}),
    )  # fmt: skip
    return Stage(state, obs, memory, ended), transition, Finished(info.done, info.episode)


def collect(
    policy: Policy, batch, params, key: jax.Array, stage: Stage, sequences: int, ticks: int
) -> tuple[Stage, Transition, Memory, Finished]:
    """Plays G sequences of S ticks.

    Returns:
      stage after; transitions (G, S, B, ...); the memory (G, B, P, ...) before each sequence;
      finished episodes (G, S, B).
    """

    def tick(stage, key):
        stage, transition, finished = play_tick(policy, batch, params, key, stage)
        return stage, (transition, finished)

    def sequence(stage, keys):
        memory = stage.memory
        stage, (transitions, finished) = jax.lax.scan(tick, stage, keys)
        return stage, (transitions, memory, finished)

    keys = jax.random.split(key, (sequences, ticks))
    stage, (transitions, memory, finished) = jax.lax.scan(sequence, stage, keys)
    return stage, transitions, memory, finished


def _value_beyond(policy, params, final_obs, memory, limit):
    """Value (B, P) of the states that a time limit cut off, 0 for all others."""

    def values():
        return policy.value(params, final_obs, memory, jnp.zeros_like(limit), wanted=limit)

    return jax.lax.cond(limit.any(), values, lambda: jnp.zeros(limit.shape, jnp.float32))
