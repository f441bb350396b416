"""Timed workloads: pure functions that play some ticks and reduce all results to a few numbers.

Nothing that a row claims to compute may be deleted by the compiler. By default every element of
every output of every tick goes into a hash, and all hashes into a checksum that is returned. The
hash goes through the worlds one by one, which a GPU with thousands of worlds cannot do in
reasonable time; with `hashed=False` the outputs of each tick are part of the carry of the loop over
ticks instead: they are written to memory, as an agent would get them, and the checksum reads those
of the last tick.
"""

import math

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.adapters import nmmo
from metammo_jax.env import Env
from metammo_jax.lib import threefry
from metammo_jax.vector import VectorEnv

ROWS = ("step", "step + observations", "step + original layout", "step + policy")
"""What a measurement consumes: the state and rewards alone; observations and masks as well;
instead of them the arrays of the original's layout; observations that a policy acts on."""
STEP, OBSERVATIONS, ORIGINAL_LAYOUT, POLICY = ROWS

WORKLOADS = ("moves", "valid")
"""moves: the first ticks of fresh episodes, everybody walks at random; nearly all live.
valid: uniform over all masks, episode after episode with automatic reset.
In row "step + policy" the policy acts in both, as well as it can when nothing is learned."""

Totals = dict[str, jax.Array]


def play_moves(env: Env, ticks: int, row: str, hashed: bool = True):
    """Returns the timed function of workload "moves".

    Everybody steps in a direction drawn uniformly from four, whether there is a way or not, so
    that no row needs masks to choose; the same keys give the same episode in every row.

    Args:
      env: the environment.
      ticks: ticks to play.
      row: one of `ROWS` but the last; the compiler may leave out what only observations need that
        the row does not consume.
      hashed: hash every output of every tick; False: write them to memory (see the module).

    Returns:
      (key, worlds with leading axis B) -> totals: `checksum` () uint32, `living` () int32
      living agents' steps, `ended` () int32 episodes ended.
    """
    players = env.cfg.players

    def play(key, world):
        batch = world.tick.shape[0]

        def tick(world, tick_key):
            living = _living(world, players)
            move_key, step_key = jax.random.split(tick_key)
            move = (threefry.bits(move_key, (batch, players)) >> 30).astype(jnp.int32)
            action = jax.vmap(lambda move: env.noop().replace(move=move))(move)
            keys = jax.random.split(step_key, batch)
            was_over = world.verdict.over
            obs, world, *outcome = jax.vmap(env.step)(keys, world, action)
            made = (outcome, _seen(row, obs, world, env.cfg))
            return world, made, living, (world.verdict.over & ~was_over).sum()

        return _play(tick, world, jax.random.split(key, ticks), hashed)[1]

    return play


def play_valid(batch: VectorEnv, ticks: int, row: str, hashed: bool = True):
    """Returns the timed function of workload "valid", which needs observations to act.

    Args:
      batch: the environment, vectorized.
      ticks: ticks to play.
      row: "step + observations", or "step + original layout", which is then consumed as well as
        the observations that the actions are drawn from.
      hashed: as of `play_moves`.

    Returns:
      (key, observation, state) -> (observation, state, totals as in `play_moves`), to go on
      from where it stopped.
    """
    players = batch.cfg.players

    def play(key, obs, state):
        def tick(carry, tick_key):
            obs, state = carry
            living = _living(state.world, players)
            act_key, step_key = jax.random.split(tick_key)
            action = batch.sample(act_key, obs)
            obs, state, *outcome, info = batch.step(step_key, state, action)
            made = [obs, outcome, info.done, info.episode, info.info]
            if row == ORIGINAL_LAYOUT:
                made.append(_seen(row, obs, state.world, batch.cfg))
            return (obs, state), made, living, info.done.sum()

        (obs, state), total = _play(tick, (obs, state), jax.random.split(key, ticks), hashed)
        return obs, state, total

    return play


def play_policy(policy, batch: VectorEnv, ticks: int):
    """Returns the timed function of row "step + policy": what training does to collect.

    Observations, the network, the draws of its choices with their probabilities and values, the
    step, and automatic reset where a game ends.

    Args:
      policy: `agents.policy.Policy`.
      batch: the environment, vectorized.
      ticks: ticks to play.

    Returns:
      (key, stage, parameters) -> (stage, totals as in `play_moves`); stages are those of
      `agents.learners.rollout`.
    """
    from agents.learners.rollout import play_tick

    def play(key, stage, params):
        def tick(stage, tick_key):
            stage, step, finished = play_tick(policy, batch, params, tick_key, stage)
            return stage, (step, finished), step.alive.sum(), finished.done.sum()

        return _play(tick, stage, jax.random.split(key, ticks))

    return play


def shown(row: str, obs, world, cfg):
    """Returns what a row shows the players of one world: observations in the row's layout."""
    return nmmo.observe(world, cfg) if row == ORIGINAL_LAYOUT else obs


def _seen(row: str, obs, worlds, cfg):
    """Returns the hashes of the observations that a row consumes."""
    if row == STEP:
        return ()
    return jax.vmap(lambda obs, world: shown(row, obs, world, cfg))(obs, worlds)


def _play(tick, state, keys: jax.Array, hashed: bool = True):
    """Plays ticks in a row.

    Args:
      tick: (state, key) -> state, what is made in this tick with leading axis B, living agents,
        ended episodes.
      state: before the first tick.
      keys: (T,) keys.
      hashed: whether what is made is hashed, or carried to the next tick.

    Returns:
      state, totals.
    """
    made = jax.eval_shape(tick, state, keys[0])[1]
    kept = jax.tree.map(_first_hash if hashed else _zeros, made)

    def play(carry, key):
        state, kept, living, ended = carry
        state, made, now_living, now_ended = tick(state, key)
        kept = absorb(kept, made) if hashed else made
        return (state, kept, living + now_living, ended + now_ended), None

    carry = (state, kept, jnp.int32(0), jnp.int32(0))
    (state, kept, living, ended), _ = jax.lax.scan(play, carry, keys)
    return state, {"checksum": checksum((kept, state)), "living": living, "ended": ended}


def _first_hash(shape) -> jax.Array:
    """Returns hashes of 0, one for each element that a world makes."""
    return _bits(jnp.zeros(math.prod(shape.shape[1:]), shape.dtype))


def _zeros(shape) -> jax.Array:
    return jnp.zeros(shape.shape, shape.dtype)


def absorb(hashes, made):
    """Returns the hashes, one for each element that a world makes, with those of this tick.

    It reads one world after the other, as a training program would. So the compiler must write all
    arrays to memory, and cannot fuse the step with its reader. The elements are hashed and not
    summed: a sum takes longer than the step itself. They are read as one row, since the compiler
    reads arrays whose last axis is short element by element.

    Args:
      hashes: of each array (n,) unsigned integers of its width.
      made: arrays (B, ...) of n elements a world.
    """
    worlds = jax.tree.leaves(made)[0].shape[0]

    def read(world, hashes):
        def mix(old, leaf):
            now = jax.lax.dynamic_index_in_dim(leaf.reshape(worlds, -1), world, keepdims=False)
            return old * old.dtype.type(31) + _bits(now)

        return jax.tree.map(mix, hashes, made)

    return jax.lax.fori_loop(0, worlds, read, hashes)


def checksum(tree) -> jax.Array:
    """Returns () uint32, a sum over every bit of every array."""
    leaves = jax.tree.leaves(tree)
    return sum((_bits(leaf).sum(dtype=jnp.uint32) for leaf in leaves), start=jnp.uint32(0))


def _bits(leaf: jax.Array) -> jax.Array:
    """Returns the elements as unsigned integers of the same width."""
    if leaf.dtype == bool:
        return leaf.astype(jnp.uint8)
    return jax.lax.bitcast_convert_type(leaf, f"uint{8 * leaf.dtype.itemsize}")


def _living(world, players: int) -> jax.Array:
    """Returns () int32, players alive in games that go on, as a tick begins."""
    alive = jax.vmap(query.is_alive)(world)[:, :players]
    return (alive & ~world.verdict.over[:, None]).sum()
