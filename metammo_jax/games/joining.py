"""Musters and refills: functions by which NPCs join a game, or players change.

They return a world, of which they may have changed `JOINED` alone. Whatever else they change is an
error and not dropped.
"""

from collections.abc import Callable

import jax

from metammo_jax.config import Config
from metammo_jax.games.base import Minigame
from metammo_jax.games.switch import Switch
from metammo_jax.games.universe.pick import Pick
from metammo_jax.vocab import System
from metammo_jax.world import World

JOINED = ("body", "npc")
"""Fields of the world that a muster or a refill may change."""


def joining(game: Minigame, function: Callable | None, cfg: Config) -> Callable:
    """Returns a game's muster or refill, or where it has none, or no NPCs, one that does nothing.

    One that is marked as `base.for_players` runs without NPCs too.
    """
    if isinstance(function, Pick):
        return function.mapped(lambda one: joining(game, one, cfg))
    has_npcs = cfg.has_npcs and (game.systems is None or System.NPC in game.systems)
    if function is None or not (has_npcs or getattr(function, "is_for_players", False)):
        return _nobody_joins
    return function


def join(name: str, switch: Switch, key: jax.Array, world: World, cfg: Config) -> World:
    """Returns the world after the muster or the refill of its game.

    Args:
      name: "muster" or "refill", for error messages.
      switch: between the games' functions.
      key: () key.
      world: the world before.
      cfg: sizes.

    Raises:
      ValueError: a function returns no world, or changes more of it than `JOINED`.
    """

    def with_key(function):
        def change(key, world):
            new = function(key, world, cfg)
            _check(name, function, new, key, world, cfg)
            return {field: getattr(new, field) for field in JOINED}

        return change

    return world.replace(**switch.wrapped(with_key).call(world.params, key, world))


def _nobody_joins(key: jax.Array, world: World, cfg: Config) -> World:
    return world


def _check(name: str, function: Callable, new, key, world: World, cfg: Config) -> None:
    """Raises ValueError unless `new`, what a function returned, is the world but for `JOINED`."""
    called = f"{name} {getattr(function, '__name__', function)!r}"
    if not isinstance(new, World):
        raise ValueError(f"{called} returns a {type(new).__name__}, it must return a World")
    if not _changed(world, new):
        return
    changed = []  # looked at without jit, whose results are always new arrays

    def trace(key, world):
        changed.extend(_changed(world, function(key, world, cfg)))

    with jax.disable_jit():
        jax.eval_shape(trace, key, world)
    if changed:
        raise ValueError(
            f"{called} changes {', '.join(f'world.{field}' for field in changed)}; it may change "
            f"{' and '.join(f'world.{field}' for field in JOINED)} alone"
        )


def _changed(world: World, new: World) -> list[str]:
    """Returns the fields of the world, without `JOINED`, that are not the same arrays in both."""
    return [
        name
        for name, value in vars(world).items()
        if name not in JOINED and not _is_same(value, getattr(new, name))
    ]


def _is_same(one, other) -> bool:
    """Returns whether two pytrees hold the same arrays, not only equal ones."""
    leaves, others = jax.tree.leaves(one), jax.tree.leaves(other)
    return len(leaves) == len(others) and all(map(lambda a, b: a is b, leaves, others))
