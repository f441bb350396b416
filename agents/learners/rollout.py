"""Rollouts: transitions of all agents over L ticks in B worlds.

An agent's episode ends, for its return and for its memory, when it dies (even if the game revives
it), when the game is over, or at a time limit. Agents that are dead or controlled by a past self
(`agents.learners.pool`) have entries in all arrays, masked by `alive`.

Axes: G = L / S sequences, S ticks each, B worlds, P players.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.lib import threefry
from metammo_jax.lib.node import Node
from metammo_jax.observe import Column
from metammo_jax.vector import EpisodeStats
from metammo_jax.wrappers import ShapedInfo

from ..networks.distributions import Choice
from ..policy import Memory, Policy, base_observation
from . import pool


@struct.dataclass
class RolloutState(Node):
    """State of the worlds and of the agents' memory between two ticks.

    Attributes:
      state: of the batch of worlds.
      obs: (B, ...) observations.
      memory: (B, P, ...) of the recurrent core.
      fresh: (B, P) bool, the agent's episode starts with this observation.
      past: (B, P) bool, a past self controls it in this episode; None if there is no pool.
    """

    state: Any
    obs: Any
    memory: Memory
    fresh: jax.Array
    past: jax.Array | None = None

    @property
    def learners(self) -> jax.Array:
        """(B, P) bool, the agent is alive and controlled by the current policy."""
        alive = base_observation(self.obs).alive
        return alive if self.past is None else alive & ~self.past


@struct.dataclass
class Transition(Node):
    """Transitions of one tick.

    Attributes:
      obs: (B, ...) observations.
      fresh: (B, P) bool, the memory was reset before.
      alive: (B, P) bool, the agent was alive and controlled by the current policy; all other
        entries are undefined.
      choice: `Choice` (B, P).
      log_prob: (B, P) float32, of the choice.
      value: (B, P) float32, of the observations.
      reward: (B, P) float32, of the tick.
      ended: (B, P) bool, the agent's episode ended with the tick.
      bootstrap: (B, P) float32, value of the state after a time limit, 0 elsewhere.
      game: (B,) int32, index of the game.
      shaping: by name, (B, P) float32, terms of the reward (`wrappers.ShapedInfo`); empty
        without reward shaping.
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
      done: (B,) bool, the episode ended; the other entries are undefined elsewhere.
      episode: statistics (B,).
      past_matches: of past selves, as `pool.score_matches` returns them; None where none plays.
      choices: (B, X) int32, of a universe the game that was played; None where no game is one, or
        no curriculum asks (`agents.curriculum`).
    """

    done: jax.Array
    episode: EpisodeStats
    past_matches: tuple[jax.Array, jax.Array] | None = None
    choices: jax.Array | None = None


def begin_rollout(policy: Policy, batch, key: jax.Array, past_selves: float = 0.0) -> RolloutState:
    """Returns the state at the start of an episode in every world.

    Args:
      policy: that chooses the actions.
      batch: the worlds.
      key: () key.
      past_selves: share of the teams that past selves play.
    """
    obs, state = batch.reset(key)
    shape = base_observation(obs).alive.shape
    past = _assign_teams(batch, key, obs, past_selves) if past_selves else None
    return RolloutState(state, obs, policy.initial(*shape), jnp.ones(shape, bool), past)


def _assign_teams(batch, key, obs, share):
    """Returns which players past selves control in new episodes, (B, P) bool."""
    players = base_observation(obs).alive.shape[1]
    group = base_observation(obs).entities[:, :players, Column.GROUP]
    return pool.assign_teams(batch.keys(threefry.tagged(key, TEAMS_TAG)), group, share)


TEAMS_TAG, RIVAL_TAG = 2, 3
"""Tags of the keys that assign teams to past selves, and that sample the past self's actions."""


def play_tick(
    policy: Policy,
    batch,
    params,
    key: jax.Array,
    stage: RolloutState,
    rival=None,
    share: float = 0.0,
) -> tuple[RolloutState, Transition, Finished]:
    """Plays one tick in every world.

    Args:
      policy: that chooses the actions.
      batch: the worlds, `metammo_jax.VectorEnv` or alike.
      params: of the policy.
      key: () key.
      stage: before.
      rival: parameters of the past self, for players with `stage.past`.
      share: of the teams that past selves play in a new episode.

    Returns:
      the next state, transitions, episodes that ended.
    """
    act_key, step_key = jax.random.split(key)
    choice, log_prob, value, memory = _act(policy, batch, params, rival, act_key, stage)
    action = jax.vmap(policy.to_action)(choice, stage.obs)
    obs, state, reward, terminated, truncated, info = batch.step(step_key, stage.state, action)
    alive = stage.learners
    ended = terminated | truncated | ~base_observation(stage.obs).alive
    bootstrap = jnp.zeros_like(reward)
    if batch.env.truncates:
        limit = truncated & alive
        bootstrap = _value_at_limit(policy, params, info.final_observation, memory, limit)
    acted: dict[str, Any] = dict(choice=choice, log_prob=log_prob, value=value)
    shaping = info.info.shaping if isinstance(info.info, ShapedInfo) else {}
    result: dict[str, Any] = dict(reward=reward, ended=ended, bootstrap=bootstrap, shaping=shaping)
    seen: dict[str, Any] = dict(obs=stage.obs, fresh=stage.fresh, alive=alive)
    past, finished = _finished(batch, key, stage, obs, info, share)
    transition = Transition(**seen, **acted, **result, game=info.info.game)
    return RolloutState(state, obs, memory, ended, past), transition, finished


def _finished(batch, key, stage: RolloutState, obs, info, share: float):
    """Returns who of the players is a past self after a tick, and the episodes that ended in it."""
    past, placed = stage.past, None
    if past is not None:
        placed = pool.score_matches(past, info.info, info.done)
        past = jnp.where(info.done[:, None], _assign_teams(batch, key, obs, share), past)
    choices = None if stage.state.levels is None else info.choices
    return past, Finished(info.done, info.episode, placed, choices)


def _act(policy, batch, params, rival, key, stage):
    """Returns choices of all agents, and log-probability, value, memory of the learning ones."""
    keys, learners = batch.keys(key), stage.learners
    choice, log_prob, value, memory = policy.act(
        keys, params, stage.obs, stage.memory, stage.fresh, learners
    )
    if stage.past is None:
        return choice, log_prob, value, memory
    its = stage.past & base_observation(stage.obs).alive
    keys = batch.keys(threefry.tagged(key, RIVAL_TAG))
    other, _, _, memory = policy.act(keys, rival, stage.obs, memory, stage.fresh & stage.past, its)
    choice = jax.tree.map(lambda new, old: jnp.where(its, new, old), other, choice)
    return choice, log_prob, value, memory


def collect(
    policy: Policy,
    batch,
    params,
    key: jax.Array,
    stage: RolloutState,
    sequences: int,
    ticks: int,
    rival=None,
    share: float = 0.0,
) -> tuple[RolloutState, Transition, Memory, Finished]:
    """Collects G sequences of S ticks; see `play_tick`.

    Returns:
      the next state; transitions (G, S, B, ...); the memory (G, B, P, ...) before each sequence;
      finished episodes (G, S, B).
    """

    def tick(stage, key):
        stage, transition, finished = play_tick(policy, batch, params, key, stage, rival, share)
        return stage, (transition, finished)

    def sequence(stage, keys):
        memory = stage.memory
        stage, (transitions, finished) = jax.lax.scan(tick, stage, keys)
        return stage, (transitions, memory, finished)

    keys = jax.random.split(key, (sequences, ticks))
    stage, (transitions, memory, finished) = jax.lax.scan(sequence, stage, keys)
    return stage, transitions, memory, finished


def _value_at_limit(policy, params, final_obs, memory, limit):
    """Returns values (B, P) of states at a time limit, 0 elsewhere."""

    def values():
        return policy.value(params, final_obs, memory, jnp.zeros_like(limit), wanted=limit)

    return jax.lax.cond(limit.any(), values, lambda: jnp.zeros(limit.shape, jnp.float32))
