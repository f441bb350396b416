"""One update of the policy in a single jitted function: rollout, advantages, gradient steps.

It runs on every device of a mesh (`agents.parallel.meshes`), each with its shard of the worlds.

Axes: G sequences, S ticks each, B worlds, P players; N = G * B sequences of one world.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jax.sharding import PartitionSpec as Spec

from metammo_jax.lib import threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Node
from metammo_jax.observe import Column

from .. import curriculum as curricula
from ..config import TrainConfig
from ..networks import packing
from ..networks.distributions import entropy, log_prob
from ..parallel import meshes
from ..parallel.meshes import WORLD_AXIS
from ..policy import Memory, Policy, base_observation, shorten_choice, shorten_lists
from . import credit, losses, pool
from .algorithms import LEARNERS, check_metrics, get_learner
from .minibatch import Minibatch, Replayed
from .rollout import Finished, Transition, collect
from .sequences import merge_sequences
from .state import SPECS, TrainState, make_optimizer

__all__ = ["LEARNERS", "Rows", "make_rows", "make_update", "replay_error", "make_shard_update"]


@struct.dataclass
class Rows(Node):
    """A rollout as N sequences, from which minibatches are drawn.

    Attributes:
      step: `Transition` (N, S, ...).
      memory: (N, P, ...) before each sequence.
      advantage: (N, S, P) float32.
      after: (N, S, P) float32, value of the state after the tick.
      moments: of the advantages of each game, two times (N, S, P) float32; None if
        advantages are not normalized by game.
      living: (N, P) bool, the agent is alive in some tick of the sequence.
      crowd: (N, P) int32, the most entities that it sees in a tick of the sequence.
    """

    step: Transition
    memory: Memory
    advantage: jax.Array
    after: jax.Array
    living: jax.Array
    crowd: jax.Array
    moments: tuple[jax.Array, jax.Array] | None = None


def make_update(batch, policy: Policy, cfg: TrainConfig, mesh=None, algorithm=None) -> Callable:
    """Returns the jitted update of a policy in a batch of worlds.

    Args:
      batch: the worlds, a `metammo_jax.VectorEnv` or compatible.
      policy: to be trained.
      cfg: options.
      mesh: of the devices; None for the one of the options.
      algorithm: the custom algorithm where `cfg.algorithm` is "own"; see `algorithms.Algorithm`.

    Returns:
      update(state, learning_rate) -> state, metrics: `TrainState`, whose old arrays are donated,
      and a dict of arrays: scalars, and under "episodes" sums for each game.

    Raises:
      ValueError: a custom algorithm is asked for and not given, or lacks an attribute.
    """
    mesh, learner = mesh or meshes.make_mesh(cfg), get_learner(cfg, algorithm)
    part, games = batch.shard(WORLD_AXIS, mesh.size), len(batch.env.games)
    update = make_shard_update(part, policy, cfg, games, learner)
    whole = meshes.shard_map(update, mesh, (SPECS, Spec()), (SPECS, Spec()))
    return jax.jit(whole, donate_argnums=0)


def make_shard_update(part, policy: Policy, cfg: TrainConfig, games: int, learner) -> Callable:
    """Returns the update on one device with its shard of the worlds; see `make_update`."""

    @narrow
    def update(state: TrainState, learning_rate: jax.Array):
        key, play_key, learn_key = jax.random.split(state.key, 3)
        rival = (
            pool.draw_rival(threefry.tagged(key, DRAW_TAG), state.pool, cfg) if state.pool else None
        )
        state = curricula.with_levels(threefry.tagged(key, LEVELS_TAG), state, cfg, part.env.table)
        stage, rows, finished = _collect_rows(part, policy, cfg, state, rival, play_key)
        if cfg.normalize == "game":
            rows = _add_game_moments(rows, games)
        metrics = _rollout_metrics(rows, games)
        if cfg.verify:
            error = replay_error(policy, state.params, rows)
            metrics["replay_error"] = jax.lax.pmax(error, WORLD_AXIS)
        learn = policy, cfg, learner, state, rows, learning_rate, learn_key
        params, moments, learned = _run_epochs(*learn)
        metrics |= learned
        metrics["episodes"] = losses.sum_over_devices(_episode_sums(finished, games), WORLD_AXIS)
        past, pool_metrics = _update_pool(cfg, key, state.pool, rival, params, finished)
        own = state, stage, rows, finished, cfg, part.env.table
        learnt, running, chosen = curricula.learn(*own)
        stage = curricula.without_levels(stage)
        after = TrainState(params, moments, stage, key, past, learnt, running)
        return after, metrics | pool_metrics | chosen

    return update


def _add_game_moments(rows: Rows, games: int) -> Rows:
    """Returns rows with the moments of the advantages of each game, over all devices."""
    moments = losses.moments_by_game(
        rows.advantage, rows.step.alive, rows.step.game, games, WORLD_AXIS
    )
    shape = rows.advantage.shape
    mean, deviation = (jnp.broadcast_to(moment, shape) for moment in moments)
    return rows.replace(moments=(mean, deviation))


DRAW_TAG, GROW_TAG, LEVELS_TAG = 0, 1, 2
"""Tags of the keys that draw a past self, a place in the pool, and mutations of levels."""


def _update_pool(cfg, key, before, rival, params, finished):
    """Returns the pool after an update, and its metrics."""
    if before is None:
        return None, {}
    matches, above = losses.sum_over_devices(
        jax.tree.map(jnp.sum, finished.past_matches), WORLD_AXIS
    )
    key = threefry.tagged(key, GROW_TAG)
    after = pool.update_pool(key, before, rival, params, matches, above, cfg)
    won = above / jnp.maximum(matches, 1.0)
    return after, {"past/matches": matches, "past/won": won}


def replay_error(policy: Policy, params, rows: Rows) -> jax.Array:
    """Returns the largest difference () between recomputed and collected log-probabilities."""

    def compare(worst, local, blocks, bound):
        log_probs = _evaluate_choices(policy, params, rows, blocks, bound).log_prob
        step = rows.step
        old, alive = packing.gather((step.log_prob, step.alive), blocks, *_sizes(rows))
        alive &= packing.is_filled(blocks, _sizes(rows)[0])[None]
        return jnp.maximum(worst, jnp.max(jnp.where(alive, jnp.abs(log_probs - old), 0.0)))

    return _fold_rows(compare, jnp.float32(0), rows, jnp.arange(len(rows.advantage)))


def _collect_rows(batch, policy, cfg, state, rival, key):
    """Returns the state after a rollout, its `Rows`, and the finished episodes."""
    sequences = cfg.rollout // cfg.sequence
    stage, steps, memory, finished = collect(
        policy,
        batch,
        state.params,
        key,
        state.stage,
        sequences,
        cfg.sequence,
        rival.params if rival else None,
        cfg.past_selves,
    )
    learners = stage.learners
    last_value = policy.value(state.params, stage.obs, stage.memory, stage.fresh, learners)
    reward, value, ended, bootstrap = jax.tree.map(
        merge_sequences, (steps.reward, steps.value, steps.ended, steps.bootstrap)
    )
    if cfg.team_credit:
        group = base_observation(steps.obs).entities[..., : value.shape[-1], Column.GROUP]
        alive, group, done = jax.tree.map(merge_sequences, (steps.alive, group, finished.done))
        bootstrap += credit.value_after_death(value, alive, last_value, learners, group, done)
    advantage = losses.gae(reward, value, last_value, ended, bootstrap, cfg.gamma, cfg.gae_lambda)
    after = jnp.concatenate([value[1:], last_value[None]])
    parts = (steps, *(leaf.reshape(steps.value.shape) for leaf in (advantage, after)))
    steps, advantage, after = jax.tree.map(_split_worlds, parts)
    memory = jax.tree.map(merge_sequences, memory)
    return stage, make_rows(steps, memory, advantage, after), finished


def make_rows(steps: Transition, memory: Memory, advantage: jax.Array, after: jax.Array) -> Rows:
    """Returns `Rows` of sequences (N, S, ...)."""
    in_sight = (base_observation(steps.obs).visible >= 0).sum(axis=-1, dtype=jnp.int32)
    crowd = jnp.where(steps.alive, in_sight, 0).max(axis=1)
    return Rows(steps, memory, advantage, after, steps.alive.any(axis=1), crowd)


def _split_worlds(leaf):
    """Returns an array (G, S, B, ...) as (N, S, ...)."""
    leaf = jnp.moveaxis(leaf, 2, 1)
    return leaf.reshape(-1, *leaf.shape[2:])


def _run_epochs(policy, cfg, learner, state, rows, learning_rate, key):
    """Runs the epochs; returns parameters, optimizer state and mean metrics."""
    optimizer = make_optimizer(cfg)

    def minibatch(carry, index):
        params, moments = carry
        gradient, metrics = _mean_gradient(policy, params, cfg, learner, rows, index)
        metrics["gradient_norm"] = optax.global_norm(gradient)
        with jax.numpy_dtype_promotion("standard"):  # optax mixes types
            change, moments = optimizer.update(gradient, moments)
        return (optax.apply_updates(params, change), moments), metrics

    def epoch(carry, key):
        return jax.lax.scan(minibatch, carry, _shuffle_rows(cfg, key, len(rows.advantage)))

    keys = jax.random.split(key, cfg.epochs)
    moments = optax.tree_utils.tree_set(state.moments, learning_rate=learning_rate)
    (params, moments), metrics = jax.lax.scan(epoch, (state.params, moments), keys)
    return params, moments, jax.tree.map(jnp.mean, metrics)


def _mean_gradient(policy, params, cfg, learner, rows, index):
    """Returns gradient and metrics of the mean loss over sequences `index` (n,) of all devices."""
    step = rows.step
    batch = Minibatch(
        log_prob=step.log_prob,
        value=step.value,
        advantage=rows.advantage,
        reward=step.reward,
        ended=step.ended,
        bootstrap=step.bootstrap,
        after=rows.after,
        mask=step.alive,
        moments=rows.moments,
    )
    old = learner.samples_of(jax.tree.map(lambda leaf: leaf[index], batch), cfg, WORLD_AXIS)

    def loss(params, local, blocks, bound):
        new = _evaluate_choices(policy, params, rows, blocks, bound)
        some = packing.gather(old, local, *_sizes(rows))
        some = some.replace(mask=some.mask & packing.is_filled(local, _sizes(rows)[0])[None])
        value, metrics = learner.loss(new, some, cfg)
        check_metrics(learner, metrics)
        return value, metrics

    def add(sums, *some):
        return jax.tree.map(jnp.add, sums, jax.grad(loss, has_aux=True)(params, *some))

    zeros = jax.tree.map(jnp.zeros_like, params), {name: jnp.float32(0) for name in learner.METRICS}
    sums = losses.sum_over_devices(_fold_rows(add, zeros, rows, index), WORLD_AXIS)
    count = jnp.maximum(losses.sum_over_devices(jnp.sum(old.mask), WORLD_AXIS), 1).astype(
        jnp.float32
    )
    return jax.tree.map(lambda leaf: leaf / count, sums)


def _fold_rows(work, state, rows, index):
    """Folds a function over all living agents of sequences `index` (n,), some blocks at a time.

    Args:
      work: (state, blocks, the same with worlds counted in all N sequences, bound of crowds) ->
        state.
      state: pytree.
      rows: all of them.
      index: (n,) int32.
    """
    ticks, (players, most) = (
        rows.step.alive.shape[1],
        base_observation(rows.step.obs).visible.shape[2:],
    )
    blocks = packing.pack(rows.living[index])
    crowd = packing.block_crowd(rows.crowd[index], blocks, players)

    def turn(state, some, bound):
        return work(state, some, some.replace(world=index[some.world]), bound)

    at_once = packing.blocks_at_a_time(len(index), players, ticks)
    return packing.fold_blocks(turn, state, blocks, at_once, most, crowd)


def _evaluate_choices(policy, params, rows, blocks, bound):
    """Returns the policy's outputs for the choices of C blocks, `Replayed` (S, C, A)."""
    players, ticks = _sizes(rows)
    step = rows.step
    obs, fresh, choice = packing.gather((step.obs, step.fresh, step.choice), blocks, players, ticks)
    memory, who = packing.gather(rows.memory, blocks, players), packing.player_rows(blocks, players)
    logits, value, _ = policy.unroll(params, shorten_lists(obs, bound), who, memory, fresh)
    choice = shorten_choice(choice, bound)
    return Replayed(log_prob(logits, choice), value, entropy(logits), logits, choice)


def _sizes(rows):
    """Returns the numbers of players and ticks."""
    _, ticks, players = rows.step.alive.shape
    return players, ticks


def _shuffle_rows(cfg, key, count):
    """Returns (minibatches, n) int32, the rows of each minibatch, of this device's `count` rows.

    Each block of worlds (`TrainConfig.blocks`) is shuffled with its own key.
    """
    sequences = cfg.rollout // cfg.sequence
    worlds, width = count // sequences, cfg.num_worlds // cfg.blocks
    block = jnp.arange(worlds // width)
    number = jax.lax.axis_index(WORLD_AXIS) * len(block) + block
    keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, number)
    order = jax.vmap(lambda key: jax.random.permutation(key, width * sequences))(keys)
    world = block[:, None] * width + order // sequences
    row = order % sequences * worlds + world  # rows are ordered by sequence, then by world
    return jnp.moveaxis(row.reshape(len(block), cfg.minibatches, -1), 1, 0).reshape(
        cfg.minibatches, -1
    )


def _rollout_metrics(rows, games):
    """Returns metrics of the rollout: scalars, and the living agent-steps of each game."""
    step, alive = rows.step, rows.step.alive
    target = rows.advantage + step.value
    shaping = {
        f"shaping/{name}": losses.masked_mean(term, alive, WORLD_AXIS)
        for name, term in step.shaping.items()
    }
    return {
        "living_steps": losses.sum_over_devices(alive.sum(dtype=jnp.int32), WORLD_AXIS),
        "played": losses.sum_over_devices(_steps_by_game(step, games), WORLD_AXIS),
        "slot_steps": losses.sum_over_devices(jnp.int32(alive.size), WORLD_AXIS),
        "reward": losses.masked_mean(step.reward, alive, WORLD_AXIS),
        **shaping,
        "value": losses.masked_mean(step.value, alive, WORLD_AXIS),
        "explained_variance": losses.explained_variance(step.value, target, alive, WORLD_AXIS),
    }


def _steps_by_game(step: Transition, games: int) -> jax.Array:
    """Returns (games,) int32, living agent-steps of each game."""
    living = step.alive.sum(axis=-1, dtype=jnp.int32)
    of_game = step.game[..., None] == jnp.arange(games).reshape(1, 1, -1)
    return jnp.where(of_game, living[..., None], 0).sum(axis=(0, 1))


def _episode_sums(finished: Finished, games: int):
    """Returns sums over the episodes that ended, by name, each (games,) float32.

    In the full game they include the achievements, by `Achievements.as_dict`.
    """
    episode, done = finished.episode, finished.done.reshape(-1)
    of_game = jax.nn.one_hot(episode.game.reshape(-1), games) * done[:, None].astype(jnp.float32)

    def total(values):
        return jnp.where(done, values.reshape(-1).astype(jnp.float32), 0.0) @ of_game

    achieved = episode.achieved.as_dict() if episode.achieved else {}
    return {
        "episodes": of_game.sum(axis=0),
        "return": total(episode.return_),
        "won": total(episode.won),
        "score": total(episode.score),
        "progress": total(episode.max_progress),
        "length": total(episode.length),
        "difficulty": total(episode.difficulty),
        **{name: total(values) for name, values in achieved.items()},
    }
