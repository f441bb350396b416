"""Worlds of an episode, recomputed on demand from keyframes.

Worlds are played in stretches of `STRIDE` ticks by one compiled function, and kept as NumPy arrays:
the first world of each stretch for good, the rest of the last few stretches.
"""

import collections
import functools

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import action as actions
from metammo_jax.action import Action
from metammo_jax.lib import instance_cache
from metammo_jax.lib.narrow import narrow
from metammo_jax.world import World

STRIDE = 32
"""Ticks of a stretch."""

STRETCHES = 2
"""Stretches whose worlds are kept."""


def keys_of(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns the key of the reset and the key of all ticks."""
    first, rest = jax.random.split(key)
    return first, rest


def tick_keys(key: jax.Array, tick) -> tuple[jax.Array, jax.Array]:
    """Returns the keys with which a tick is decided and played.

    Args:
      key: () key of all ticks.
      tick: () integer, ticks played before.
    """
    act, step = jax.random.split(jax.random.fold_in(key, tick))
    return act, step


def stretch_of(env):
    """Returns a compiled function that plays `STRIDE` ticks.

    (world, key of all ticks, actions (n, P), () int32 ticks played before) -> worlds (n, ...) after
    each tick; (n,) bool, the game is over after it.
    """
    return instance_cache.get_or_make(
        env, "stretch", lambda: jax.jit(functools.partial(_stretch, env))
    )


@narrow
def _stretch(env, world: World, key: jax.Array, action: Action, first: jax.Array):
    def tick(world, each):
        chosen, number = each
        step_key = tick_keys(key, number)[1]
        _, world, _, _, _, info = env.step(step_key, world, chosen)
        return world, (world, info.over)

    count = action.move.shape[0]
    return jax.lax.scan(tick, world, (action, first + jnp.arange(count, dtype=jnp.int32)))[1]


class Course:
    """Worlds of an episode by tick, recomputed on demand.

    Attributes:
      env: the environment.
      key: () key of the episode.
      action: Action (T, P) int32 in NumPy.
      game: () int32, index of the game.
      difficulty: (G,) int32, or None for the lowest.
    """

    def __init__(self, env, key: jax.Array, action: Action, game, difficulty):
        self.env, self.key, self.action = env, key, action
        self.game, self.difficulty = game, difficulty
        self._frames: dict[int, World] = {}
        self._stretches: collections.OrderedDict[int, tuple] = collections.OrderedDict()

    @property
    def ticks(self) -> int:
        """T, number of ticks with actions."""
        return len(self.action.move)

    def extend(self, action: Action) -> None:
        """Appends actions (n, P); worlds after the last tick must not have been requested yet."""
        self.action = jax.tree.map(
            lambda old, new: np.concatenate([old, new.astype(np.int32)]), self.action, action
        )

    def frame(self, number: int) -> World:
        """Returns the world at tick `number * STRIDE`."""
        if number not in self._frames:
            if number == 0:
                reset_key, _ = keys_of(self.key)
                _, world = jax.jit(self.env.reset)(reset_key, self.game, self.difficulty)
                self._frames[0] = jax.tree.map(np.asarray, jax.device_get(world))
            else:
                self.stretch(number - 1)
        return self._frames[number]

    def stretch(self, number: int) -> tuple[World, np.ndarray]:
        """Returns the worlds after each tick of a stretch, and whether the game was over then.

        Those past the last tick are of players that do nothing: they mean nothing.
        """
        found = self._stretches.pop(number, None)
        if found is None:
            before = max(known for known in {0, *self._frames} if known <= number)
            for earlier in range(before, number):  # not by recursion: an episode may be long
                self._play(earlier)
            found = self._play(number)
        self._stretches[number] = found
        while len(self._stretches) > STRETCHES:
            self._stretches.popitem(last=False)
        return found

    def worlds(self, start: int, stop: int) -> World:
        """Returns the worlds at ticks start .. stop - 1, 0 <= start < stop <= T + 1."""
        parts = []
        if start == 0:
            parts.append(jax.tree.map(lambda leaf: leaf[None], self.frame(0)))
            start = 1
        while start < stop:
            number, place = divmod(start - 1, STRIDE)
            take = min(stop - start, STRIDE - place)
            cut = slice(place, place + take)
            parts.append(jax.tree.map(lambda leaf, cut=cut: leaf[cut], self.stretch(number)[0]))
            start += take
        return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)

    def share(self, other: "Course", tick: int) -> None:
        """Copies the keyframes of an episode that is equal up to a tick."""
        frames = other._frames.items()
        self._frames.update({n: world for n, world in frames if n * STRIDE <= tick})

    def span(self, first: int) -> Action:
        """Returns actions (STRIDE, P) from a tick on, no-ops after the last."""
        action = jax.tree.map(lambda leaf: leaf[first : first + STRIDE], self.action)
        missing = STRIDE - len(action.move)
        if missing:
            idle = jax.device_get(actions.noop(self.env.cfg))
            action = jax.tree.map(
                lambda leaf, none: np.concatenate([leaf, np.tile(none, (missing, 1))]), action, idle
            )
        return action

    def _play(self, number: int) -> tuple[World, np.ndarray]:
        first = number * STRIDE
        action = self.span(first)
        _, key = keys_of(self.key)
        play = stretch_of(self.env)
        worlds, over = jax.device_get(play(self.frame(number), key, action, np.int32(first)))
        self._frames[number + 1] = jax.tree.map(lambda leaf: leaf[-1].copy(), worlds)
        return worlds, over


def alive_of(worlds: World) -> np.ndarray:
    """Returns (..., P) bool, the players that act in worlds (...)."""
    players, body = worlds.params.group.shape[-1], worlds.body
    return (np.asarray(body.present) & (np.asarray(body.health) > 0))[..., :players]
