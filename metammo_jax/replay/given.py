"""Validation of arguments of replays, and operations on actions of several ticks."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import action as actions
from metammo_jax.action import Action
from metammo_jax.action_heads import HEADS
from metammo_jax.config import Config
from metammo_jax.lib import checks
from metammo_jax.vector import VectorEnv
from metammo_jax.vocab import NOBODY
from metammo_jax.wrappers import Wrapper

NEEDS = {head.name: head.detail_of for head in HEADS if head.needs_items and head.detail_of}
"""Trade fields of an action that mean nothing where another one is negative, and that other."""


def inner_env(env: Any, call: str) -> Any:
    """Returns the environment within wrappers; ValueError for a batch of worlds."""
    while isinstance(env, Wrapper):
        env = env.inner
    if isinstance(env, VectorEnv):
        raise ValueError(f"{call} takes one environment, given a batch of worlds; pass batch.env")
    return env


def as_one_key(key: Any, call: str) -> jax.Array:
    """Returns () key, also of words as `jax.random.PRNGKey` makes them; ValueError otherwise."""
    checks.check_one_key(key, call, "give one, or call it once for each")
    is_key = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    return key if is_key else jax.random.wrap_key_data(jnp.asarray(key))


def game_index(env, game) -> np.int32 | None:
    """Returns the index of a game given by name or index, None for None; ValueError if unknown."""
    if game is None:
        return None
    names = [each.name for each in env.games]
    index = names.index(game) if game in names else checks.as_int(game)
    if index is None or not 0 <= index < len(names):
        raise ValueError(f"game={game!r} is not among {', '.join(names)}")
    return np.int32(index)


def difficulties(env, difficulty) -> np.ndarray | None:
    """Returns (G,) int32 of a number for all games, or of (G,) numbers; None for None.

    Raises:
      ValueError: these are no integers, or not as many as there are games.
    """
    if difficulty is None:
        return None
    given, shape = np.asarray(difficulty), (len(env.games),)
    if given.dtype.kind not in "iu" or given.shape not in ((), shape):
        raise ValueError(f"difficulty={difficulty!r} must be an integer, or integers {shape}")
    return np.broadcast_to(given, shape).astype(np.int32)


def ticks_of(action: Any, cfg: Config) -> Action:
    """Returns actions (T, P) int32 in NumPy, of actions (T, P) or (P,) of one tick.

    Raises:
      ValueError: they have another shape, or no integer dtype.
    """
    if not isinstance(action, Action):
        raise ValueError(f"actions is a {type(action).__name__}, it must be an Action")
    action = jax.tree.map(lambda leaf: np.atleast_2d(np.asarray(leaf)), action)
    ticks = len(action.move)
    for name, value in vars(action).items():
        if value is not None and value.shape != (ticks, cfg.players):
            raise ValueError(
                f"actions.{name} has shape {value.shape}, it must be {(ticks, cfg.players)}"
            )
    if ticks:
        actions.check(jax.tree.map(lambda leaf: leaf[0], action), cfg)
    return jax.tree.map(lambda leaf: leaf.astype(np.int32), action)


def no_ticks(cfg: Config) -> Action:
    """Returns empty actions (0, P) int32."""
    return jax.tree.map(lambda leaf: np.zeros((0, *leaf.shape), np.int32), actions.noop(cfg))


def joined(parts: list[Action]) -> Action:
    """Returns concatenated actions of several spans of ticks."""
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def cut(action: Action, start: int, stop: int | None) -> Action:
    """Returns the actions of ticks start .. stop - 1 that exist."""
    return jax.tree.map(lambda leaf: leaf[start:stop], action)


def effective(action: Action, alive: np.ndarray, cfg: Config) -> Action:
    """Returns actions (T, P) with parts that have no effect replaced by no-ops.

    The dead do nothing. Without a slot to give, to sell, or a player to give gold to, there is no
    receiver, price or amount either; policies and `env.sample` draw one at random all the same.
    """
    nothing = jax.device_get(actions.noop(cfg))
    kept = jax.tree.map(lambda a, none: np.where(alive, a, none[None]), action, nothing)
    if not cfg.has_items:
        return kept
    needed = {name: getattr(kept, needs) >= 0 for name, needs in NEEDS.items()}
    return kept.replace(
        **{name: np.where(is_set, getattr(kept, name), NOBODY) for name, is_set in needed.items()}
    )
