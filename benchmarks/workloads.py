"""What is timed: pure functions that play some ticks and reduce all they made to a few numbers.

Nothing that a row claims to compute may be deleted by the compiler: every output goes through an
optimization barrier, which makes it be written out, and then into a checksum that is returned.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.env import Env
from metammo_jax.vector import VectorEnv

ROWS = ("step", "step + observations")
"""What a measurement consumes: the state and rewards alone, or observations and masks as well."""

WORKLOADS = ("moves", "valid")
"""moves: the first ticks of fresh episodes, everybody walks at random; nearly all live.
valid: uniform over all masks, episode after episode with automatic reset."""

Totals = dict[str, jax.Array]


def play_moves(env: Env, ticks: int, row: str):
    """Returns the timed function of workload "moves".

    Everybody steps in a direction drawn uniformly from four, whether there is a way or not, so
    that no row needs masks to choose; the same keys give the same episode in every row.

    Args:
      env: the environment.
      ticks: ticks to play.
      row: one of `ROWS`; without observations the compiler may leave out what only they need.

    Returns:
      (key, worlds with leading axis B) -> totals: `checksum` () uint32, `living` () int32
      living agents' steps, `ended` () int32 episodes ended.
    """
    players = env.cfg.players

    def play(key, world):
        batch = world.tick.shape[0]

        def tick(carry, tick_key):
            world, total = carry
            living = _living(world, players)
            move_key, step_key = jax.random.split(tick_key)
            move = jax.random.randint(move_key, (batch, players), 0, 4)
            action = jax.vmap(lambda move: env.noop().replace(move=move))(move)
            keys = jax.random.split(step_key, batch)
            was_over = world.verdict.over
            obs, world, *outcome = jax.vmap(env.step)(keys, world, action)
            made = (outcome, obs) if row == ROWS[1] else outcome
            ended = (world.verdict.over & ~was_over).sum()
            return (world, _add(total, checksum(made), living, ended)), None

        (world, total), _ = jax.lax.scan(tick, (world, _nothing()), jax.random.split(key, ticks))
        return _add(total, checksum(world), 0, 0)

    return play


def play_valid(batch: VectorEnv, ticks: int):
    """Returns the timed function of workload "valid", which needs observations to act.

    Args:
      batch: the environment, vectorized.
      ticks: ticks to play.

    Returns:
      (key, observation, state) -> (observation, state, totals as in `play_moves`), to go on
      from where it stopped.
    """
    players = batch.cfg.players

    def play(key, obs, state):
        def tick(carry, tick_key):
            obs, state, total = carry
            living = _living(state.world, players)
            act_key, step_key = jax.random.split(tick_key)
            action = batch.sample(act_key, obs)
            obs, state, *outcome, info = batch.step(step_key, state, action)
            made = checksum((obs, outcome, info.done, info.episode, info.info))
            return (obs, state, _add(total, made, living, info.done.sum())), None

        carry = (obs, state, _nothing())
        (obs, state, total), _ = jax.lax.scan(tick, carry, jax.random.split(key, ticks))
        return obs, state, _add(total, checksum(state), 0, 0)

    return play


def checksum(tree) -> jax.Array:
    """Returns () uint32, a sum over every bit of every array; all of them get written out."""
    leaves = jax.lax.optimization_barrier(jax.tree.leaves(tree))
    return sum((_bits(leaf).sum(dtype=jnp.uint32) for leaf in leaves), start=jnp.uint32(0))


def _bits(leaf: jax.Array) -> jax.Array:
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        leaf = jax.lax.bitcast_convert_type(leaf.astype(jnp.float32), jnp.uint32)
    return leaf.astype(jnp.uint32)


def _living(world, players: int) -> jax.Array:
    """Returns () int32, players alive in games that go on, as a tick begins."""
    alive = jax.vmap(query.is_alive)(world)[:, :players]
    return (alive & ~world.verdict.over[:, None]).sum()


def _nothing() -> Totals:
    return {"checksum": jnp.uint32(0), "living": jnp.int32(0), "ended": jnp.int32(0)}


def _add(total: Totals, made, living, ended) -> Totals:
    return {
        "checksum": total["checksum"] * jnp.uint32(31) + made,
        "living": total["living"] + living,
        "ended": total["ended"] + ended,
    }
