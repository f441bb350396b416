"""Effect of the actions of one tick: for each player, the same tick without its action."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.action import Action, noop
from metammo_jax.lib import checks, instance_cache
from metammo_jax.lib.narrow import narrow
from metammo_jax.replay import course as courses
from metammo_jax.replay import given
from metammo_jax.replay.episode import Replay
from metammo_jax.world import World


@dataclasses.dataclass(frozen=True)
class Influence:
    """Changes for each player if the action of one is left out; NumPy arrays.

    Row i, column j: what player j has with the action of player i, minus what it has without.
    Positive: the action was good for j. Rows of players that did not act are 0.

    Attributes:
      health: (P, P) int32, points of health after `ticks` ticks, 0 for the dead.
      survival: (P, P) int8, 1: j lives because of it; -1: j is dead because of it; else 0.
      acted: (P,) bool, who was alive and acted.
      ticks: after which it is measured.
    """

    health: np.ndarray
    survival: np.ndarray
    acted: np.ndarray
    ticks: int

    def __repr__(self) -> str:
        changed = int((self.health != 0).sum())
        return f"Influence({len(self.acted)} players, {self.ticks} ticks, {changed} pairs changed)"


def counterfactual(
    source,
    at: int | World,
    ticks: int = 1,
    replace: Action | None = None,
    *,
    actions: Action | None = None,
    key: jax.Array | None = None,
) -> Influence:
    """Returns the effect of each player's action in one tick on all players.

    The tick is played once as recorded and once for each player without its action, with the same
    random numbers, in one vmapped call. In the ticks after it everybody acts as recorded.

    Args:
      source: a `Replay`; or an environment, then `actions` and `key` are needed.
      at: the tick of the replay whose actions are left out, 0 .. T - 1; or a world of the
        environment.
      ticks: n, 1 or more, after which health and survival are compared; a replay must have as many
        from `at` on.
      replace: Action (P,), what each player does instead; None for nothing at all.
      actions: Action (n, P), or (P,) for one tick, of the environment's players.
      key: () key of all ticks of the environment; tick t, counted from `at`, is played with
        `jax.random.split(jax.random.fold_in(key, t))[1]`.

    Returns:
      `Influence`.

    Raises:
      ValueError: there are no such ticks, or actions have a wrong shape or dtype.
    """
    ticks = checks.whole("ticks", ticks, 1)
    env, first, world, key, taken = _played(source, at, ticks, actions, key)
    compare = instance_cache.get_or_make(
        env, "influence", lambda: jax.jit(functools.partial(_influence, env))
    )
    worlds = compare(world, key, taken, _instead(replace, env), np.int32(first))
    health, alive = jax.device_get(worlds)
    return _difference(health, alive, courses.alive_of(world), ticks)


def _difference(health: np.ndarray, alive: np.ndarray, acted: np.ndarray, ticks: int) -> Influence:
    """Returns the influence by health and survival (P + 1, P); the last row is as recorded."""
    survived = alive.astype(np.int8)
    return Influence(
        health=health[-1][None] - health[:-1],
        survival=survived[-1][None] - survived[:-1],
        acted=acted,
        ticks=ticks,
    )


def _played(source, at, ticks: int, actions, key):
    """Returns the environment, the first tick's number, its world, the key, and actions (n, P)."""
    if isinstance(source, Replay):
        first = checks.whole("at", at, 0, source.ticks - 1)
        if actions is not None or key is not None:
            raise ValueError("a replay has its own actions and key: give neither")
        if first + ticks > source.ticks:
            raise ValueError(f"ticks={ticks} from at={at} on, the replay has {source.ticks}")
        taken = given.cut(source.actions, first, first + ticks)
        return source.env, first, source.at(first), courses.keys_of(source.key)[1], taken
    env = given.inner_env(source, "counterfactual")
    if not isinstance(at, World):
        raise ValueError(f"at={at!r} must be a World where source is an environment")
    if actions is None or key is None:
        raise ValueError("an environment needs actions and key beside the world")
    key, taken = given.as_one_key(key, "counterfactual"), given.ticks_of(actions, env.cfg)
    if len(taken.move) != ticks:
        raise ValueError(f"actions are of {len(taken.move)} ticks, ticks={ticks}")
    return env, 0, at, key, taken


def _instead(replace: Action | None, env) -> Action:
    """Returns the replacement actions, Action (P,)."""
    if replace is None:
        return jax.device_get(noop(env.cfg))
    one = given.ticks_of(replace, env.cfg)
    if len(one.move) != 1:
        raise ValueError(f"replace is of {len(one.move)} ticks, it must be Action (P,)")
    return jax.tree.map(lambda leaf: leaf[0], one)


@narrow
def _influence(env, world: World, key: jax.Array, taken: Action, instead: Action, first):
    """Returns (P + 1, P) health and life after the ticks: without each player's action, and with.

    Args:
      env: the environment.
      world: before the first tick.
      key: () key of all ticks.
      taken: (n, P) actions.
      instead: (P,) actions.
      first: () int32, number of the first tick.
    """
    players, ticks = env.cfg.players, taken.move.shape[0]
    rows = jnp.arange(players, dtype=jnp.int32)

    def without(who):
        left_out = rows == who
        changed = jax.tree.map(
            lambda recorded, other: recorded.at[0].set(jnp.where(left_out, other, recorded[0])),
            taken,
            instead,
        )

        def tick(world, each):
            action, number = each
            _, step_key = courses.tick_keys(key, number)
            return env.step(step_key, world, action)[1], None

        numbers = first + jnp.arange(ticks, dtype=jnp.int32)
        body = jax.lax.scan(tick, world, (changed, numbers))[0].body
        alive = (body.present & (body.health > 0))[:players]
        return jnp.where(alive, body.health[:players], 0), alive

    return jax.vmap(without)(jnp.arange(players + 1, dtype=jnp.int32))
