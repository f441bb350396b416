"""Plays episodes of several sides in one jitted function, and returns their results.

Axes: n episodes, S sides, P players.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.environment import Environment
from metammo_jax.lib import threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Node

from ..policy import base_observation, noop_choice
from .sides import Chooser, random_action


@struct.dataclass
class EpisodeResults(Node):
    """Results of n episodes, for each side.

    Attributes:
      players: (n, S) int32, players of the side.
      winners: (n, S) int32, how many of them are among the winners.
      progress: (n, S) float32, mean over the side's players.
      score: (n, S) float32, what winning was worth, 0 for a side that did not win.
      return_: (n, S) float32, mean over the side's players of the sum of rewards.
      length: (n,) float32, ticks.
      difficulty: (n,) float32.
      most: (n, P) float32, largest progress of each player's task.
    """

    players: jax.Array
    winners: jax.Array
    progress: jax.Array
    score: jax.Array
    return_: jax.Array
    length: jax.Array
    difficulty: jax.Array
    most: jax.Array

    @property
    def won(self) -> jax.Array:
        """(n, S) bool, a player of the side is among the winners."""
        return self.winners > 0

    @classmethod
    def empty(cls, count: int, sides: int, players: int) -> "EpisodeResults":
        """Returns the results of n episodes that have not ended, all zeros."""
        each, one = jnp.zeros((count, sides)), jnp.zeros(count)
        number = each.astype(jnp.int32)
        return cls(number, number, each, each, each, one, one, jnp.zeros((count, players)))


@struct.dataclass
class Played(Node):
    """Results of finished episodes.

    Attributes:
      result: `EpisodeResults` (n, ...).
      goal: (n, P) int32, indices of the players' goals.
      seat: (n, P) int32, their sides.
    """

    result: EpisodeResults
    goal: jax.Array
    seat: jax.Array


@narrow
def play_episodes(env: Environment, choosers, params, key, numbers, game, levels, lineup):
    """Plays n episodes; returns their results.

    Args:
      env: the environment.
      choosers: ((`Chooser`, count), ...); sides are counted through all of them.
      params: for each chooser, parameters of its policy with `count` in front; None for random.
      key: () key of all episodes.
      numbers: (n,) int, of the episodes.
      game: () int32.
      levels: (G,) int32, or None.
      lineup: (n, P) int32, side of each group of teammates, by the group's number.

    Returns:
      `Played`.
    """
    begin_key, play_key = threefry.split(key)
    begin_keys, keys = (threefry.fold_in(key, numbers) for key in (begin_key, play_key))
    obs, world = jax.vmap(env.reset, in_axes=(0, None, None))(begin_keys, game, levels)
    seat = jnp.take_along_axis(lineup, world.params.group, axis=1)
    count, sides = seat.shape[0], sum(count for _, count in choosers)
    stage = EvaluationState(
        number=jnp.int32(0),
        obs=obs,
        world=world,
        memory=tuple(c.policy.initial(*seat.shape) if c.policy else () for c, _ in choosers),
        fresh=jnp.ones(seat.shape, bool),
        over=jnp.zeros(count, bool),
        returns=jnp.zeros(seat.shape),
        result=EpisodeResults.empty(count, sides, seat.shape[1]),
    )

    def tick(stage):
        return _tick(env, choosers, params, keys, seat, stage)

    def goes_on(stage):
        return ~stage.over.all() & (stage.number < env.cfg.horizon)

    return Played(jax.lax.while_loop(goes_on, tick, stage).result, world.task.goal, seat)


@struct.dataclass
class EvaluationState(Node):
    """State of n episodes between two ticks.

    Attributes:
      number: () int32, ticks played.
      obs: (n, ...) observations.
      world: (n, ...) worlds.
      memory: of each chooser, (n, P, ...) for its own players; undefined for the others.
      fresh: (n, P) bool, the memory is reset.
      over: (n,) bool.
      returns: (n, P) float32, sums of rewards.
      result: of the episodes that are over.
    """

    number: jax.Array
    obs: Any
    world: Any
    memory: tuple
    fresh: jax.Array
    over: jax.Array
    returns: jax.Array
    result: EpisodeResults


def _tick(env, choosers, params, keys, seat, stage):
    keys = jax.vmap(threefry.fold_in, in_axes=(0, None))(keys, stage.number)
    split = jax.vmap(threefry.split, in_axes=(0, None), out_axes=1)
    step_keys, *act_keys = split(keys, 1 + len(choosers))
    acts = base_observation(stage.obs).alive & ~stage.over[:, None]
    first, action, memories = 0, None, []
    for (chooser, count), own, key, memory in zip(
        choosers, params, act_keys, stage.memory, strict=True
    ):
        side = jnp.where(acts, seat - first, -1)
        chosen, memory = _choose(env, chooser, own, key, memory, stage, side)
        is_its = (seat >= first) & (seat < first + count)
        action = chosen if action is None else _where(is_its, chosen, action)
        memories.append(memory)
        first += count
    obs, world, reward, terminated, _, info = jax.vmap(env.step)(step_keys, stage.world, action)
    returns, ends = stage.returns + reward, info.over & ~stage.over
    result = _result(info, returns, seat, first, stage.number + 1)
    return EvaluationState(
        stage.number + 1,
        obs,
        world,
        tuple(memories),
        terminated,
        stage.over | ends,
        returns,
        _where(ends, result, stage.result),
    )


def _choose(env, chooser: Chooser, params, keys, memory, stage, side):
    """Returns actions (n, P) of all sides of a chooser, and their memory.

    Args:
      env: the environment.
      chooser: that chooses the actions.
      params: with its sides in front.
      keys: (n,) keys.
      memory: (n, P, ...).
      stage: `EvaluationState`.
      side: (n, P) int32, counted from the chooser's first; of others, and the dead, any other.
    """
    policy = chooser.policy
    if policy is None:
        return random_action(env, keys, stage.obs), memory

    def one(carry, side_and_params):
        choice, memory = carry
        number, own = side_and_params
        its = side == number
        new, _, _, memory = policy.act(
            keys, own, stage.obs, memory, stage.fresh, its, chooser.greedy
        )
        return (_where(its, new, choice), memory), None

    count = len(jax.tree.leaves(params)[0])
    start = (noop_choice(stage.obs), memory)
    (choice, memory), _ = jax.lax.scan(one, start, (jnp.arange(count), params))
    return jax.vmap(policy.to_action)(choice, stage.obs), memory


def _where(condition, first, second):
    """Returns `jnp.where` of pytrees whose leaves have more axes than the condition."""

    def pick(a, b):
        return jnp.where(
            condition.reshape(*condition.shape, *[1] * (a.ndim - condition.ndim)), a, b
        )

    return jax.tree.map(pick, first, second)


def _result(info, returns, seat, sides: int, length) -> EpisodeResults:
    """Returns the results of episodes, as they are at the end."""
    of_side = seat[..., None] == jnp.arange(sides).reshape(1, 1, -1)
    players = of_side.sum(axis=1, dtype=jnp.int32)
    count = jnp.maximum(players, 1).astype(jnp.float32)

    def mean(values):
        return jnp.where(of_side, values[..., None], 0.0).sum(axis=1) / count

    winners = (info.winners[..., None] & of_side).sum(axis=1, dtype=jnp.int32)
    return EpisodeResults(
        players=players,
        winners=winners,
        progress=mean(info.max_progress),
        score=jnp.where(winners > 0, info.score[:, None], 0.0),
        return_=mean(returns),
        length=jnp.full(seat.shape[:1], length, jnp.float32),
        difficulty=info.difficulty.astype(jnp.float32),
        most=info.max_progress,
    )
