"""Environments by name: `make`, and `register` for new games."""

from collections.abc import Callable, Sequence

import jax
import numpy as np

from metammo_jax.config import Config, preset
from metammo_jax.env import Env
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog import ALL_GAMES
from metammo_jax.games.universe import PREFIX, UNIVERSES, from_code
from metammo_jax.lib import instance_cache
from metammo_jax.lib.hints import did_you_mean

_FACTORIES: dict[str, Callable[[], Minigame]] = dict(ALL_GAMES)


def games(config: str | Config | None = None) -> tuple[str, ...]:
    """Returns the names of games that `make` knows; with a config, of those that it can play.

    It knows distributions over games too: `games.universe.UNIVERSES`, and `universe/` with a code.

    Raises:
      ValueError: the config is unknown.
    """
    if config is None:
        return tuple(_FACTORIES)
    systems = preset(config).systems
    return tuple(name for name, factory in _FACTORIES.items() if factory().needs <= systems)


def register(name: str, factory: Callable[[], Minigame], *, replace: bool = False) -> None:
    """Registers a game under a name for `make`.

    Args:
      name: a new name.
      factory: returns the `Minigame`.
      replace: the name may be taken, by an earlier factory that is forgotten.

    Raises:
      ValueError: the name is empty, no string, or taken; the factory cannot be called.
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"name={name!r} must be a non-empty string")
    if name in UNIVERSES or name.startswith(PREFIX):
        raise ValueError(f"name={name!r} is taken by the universe of games")
    if name in _FACTORIES and not replace:
        raise ValueError(f"name={name!r} is taken; register(..., replace=True) replaces it")
    if not callable(factory):
        raise ValueError(f"factory={factory!r} must be a function that returns a Minigame")
    _FACTORIES[name] = factory


def make(
    games: "str | Minigame | Sequence[str | Minigame]",
    config: str | Config = "mini",
    weights: Sequence[float] | None = None,
    maps: "np.ndarray | jax.Array | int | None" = None,
    **changes,
) -> Env:
    """Returns an environment of one game, or of several that a reset draws from.

    Args:
      games: a name, a `Minigame`, or a sequence of them; "universe", "universe/train" and the like
        draw a new game at every reset (`games.universe`).
      config: "mini", "full", "tiny", "tiny_full", "large", or a `Config`.
      weights: how often each game is drawn; equally often if None.
      maps: maps of one's own, of which each episode draws one: (M, H, W) integers, `vocab.Tile` of
        each tile, H = W = `Config.map_size`; or (M, H, W) floats in 0..1, fractals, which the games
        turn into tiles as they do with the made ones. Or how many maps are made, as `Config.maps`.
      **changes: fields of the config to replace.

    Returns:
      The environment; see `Env`, and `vectorize` for batches with automatic reset. The same one
      for equal arguments, while it lives, with all that `jax.jit` has compiled of it.

    Raises:
      ValueError: an unknown game, size, system or weight, or maps that cannot be played on; the
        text says what is allowed.
    """
    if isinstance(games, str | Minigame):
        games = (games,)
    if not isinstance(games, Sequence) or not games:
        raise ValueError(f"games={games!r} must be a game or a non-empty sequence of games")
    own = None
    if maps is not None and not isinstance(maps, int) and np.ndim(maps):
        own, maps = maps, len(maps)
    if maps is not None:
        changes["maps"] = maps
    cfg = preset(config, **changes)
    return instance_cache.intern(Env(tuple(resolve(game) for game in games), weights, cfg, own))


def resolve(game: "str | Minigame") -> Minigame:
    """Returns the game of a name, or the one given.

    Raises:
      ValueError: the name is unknown; the text says which there are.
    """
    if isinstance(game, Minigame):
        return game
    if not isinstance(game, str):
        raise ValueError(f"game={game!r} must be a name or a Minigame")
    if game in UNIVERSES:
        return UNIVERSES[game]()
    if game.startswith(PREFIX):
        return _universe(game)
    if game not in _FACTORIES:
        hint = did_you_mean(game, _FACTORIES)
        raise ValueError(f"game={game!r} is unknown; allowed are {', '.join(_FACTORIES)}{hint}")
    return _FACTORIES[game]()


def _universe(name: str) -> Minigame:
    """Returns the game of a name that is `universe/` and a code."""
    try:
        return from_code(name.removeprefix(PREFIX))
    except ValueError as error:
        splits = ", ".join(UNIVERSES)
        raise ValueError(f"game={name!r} is unknown; allowed are {splits}; {error}") from None
