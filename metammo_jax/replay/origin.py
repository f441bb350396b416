"""Description of an environment as JSON, and an environment from it: names and numbers, no code.

A game is described by its name, its numbers, and a fingerprint of the rest (goals, functions by
name, teams). A restored game must have the same description, else the game has changed.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

import numpy as np

from metammo_jax import registry
from metammo_jax.config import ADDED, Config
from metammo_jax.env import Env
from metammo_jax.games import knobs as kinds
from metammo_jax.games.base import Minigame
from metammo_jax.vocab import System

_KINDS = {kind.__name__: kind for kind in kinds.Knob.__args__}


def describe_env(env: Env) -> dict[str, Any]:
    """Returns the description of an environment for a replay's header, without custom maps."""
    return {
        "config": _describe_config(env.cfg),
        "games": [describe_game(game) for game in env.games],
        "weights": env.table.weights.tolist(),
    }


def describe_game(game: Minigame) -> dict[str, Any]:
    """Returns name, numbers and fingerprint of a game."""
    fields = {f.name: getattr(game, f.name) for f in dataclasses.fields(game) if f.name != "knobs"}
    text = json.dumps(_plain(fields), sort_keys=True)
    return {
        "name": game.name,
        "knobs": {name: _describe_knob(knob) for name, knob in sorted(game.knobs.items())},
        "fingerprint": hashlib.sha256(text.encode()).hexdigest()[:16],
    }


def made(header: Mapping[str, Any], maps: np.ndarray | None) -> Env:
    """Returns the environment of a replay's header.

    Args:
      header: as `describe_env` returned it.
      maps: custom maps, if there were any.

    Raises:
      ValueError: the config or a game is unknown here, or is not what it was.
    """
    games = [_game(saved) for saved in header["games"]]
    return registry.make(games, _config(header["config"]), header["weights"], maps)


def check(env: Env, header: Mapping[str, Any]) -> None:
    """Raises ValueError unless an environment matches a replay's header."""
    own = describe_env(env)
    for name, value in header["config"].items():
        if own["config"].get(name) != value:
            raise ValueError(
                f"the replay is of another config: {name}={value} there, "
                f"{own['config'].get(name)} in the env given"
            )
    names = [[game["name"] for game in games] for games in (header["games"], own["games"])]
    if names[0] != names[1]:
        raise ValueError(f"the replay is of the games {names[0]}, the env given has {names[1]}")
    for there, game in zip(header["games"], own["games"], strict=True):
        _check_game(there, game)


def _check_game(there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    for name in sorted({*there["knobs"], *here["knobs"]}):
        numbers = [game["knobs"].get(name) for game in (there, here)]
        if numbers[0] != numbers[1]:
            raise ValueError(
                f"the replay is of another {there['name']}: {name}={numbers[0]} there, "
                f"{numbers[1]} here"
            )
    if there["fingerprint"] != here["fingerprint"]:
        raise ValueError(
            f"the replay is of another {there['name']}: its goals, teams or functions differ; if "
            "it is a game of your own, give its environment: Replay.load(path, env)"
        )


def _game(saved: Mapping[str, Any]) -> Minigame:
    try:
        game = registry.resolve(saved["name"])
    except ValueError as error:
        raise ValueError(
            f"the replay is of a game that is not known here ({error}); if it is your own, give "
            "its environment: Replay.load(path, env)"
        ) from None
    game = game.with_numbers(**{name: _knob(knob) for name, knob in saved["knobs"].items()})
    _check_game(saved, describe_game(game))
    return game


def _describe_config(cfg: Config) -> dict[str, Any]:
    fields = {field.name: getattr(cfg, field.name) for field in dataclasses.fields(cfg)}
    systems = sorted(system.name for system in cfg.systems)
    return json.loads(json.dumps({**fields, "systems": systems}))


def _config(saved: Mapping[str, Any]) -> Config:
    known = {field.name for field in dataclasses.fields(Config)}
    saved = {**ADDED, **saved}
    if known != set(saved):
        differs = ", ".join(sorted(known ^ set(saved)))
        raise ValueError(f"the replay is of another version of Config, which differs in {differs}")
    sizes = saved["team_sizes"]
    return Config(
        **{
            **saved,
            "systems": frozenset(System[name] for name in saved["systems"]),
            "team_sizes": None if sizes is None else tuple(sizes),
        }
    )


def _describe_knob(knob: kinds.Knob) -> dict[str, Any]:
    fields = {field.name: getattr(knob, field.name) for field in dataclasses.fields(knob)}
    return {
        "kind": type(knob).__name__,
        **{name: _number(value) for name, value in fields.items()},
    }


def _number(value: Any) -> Any:
    """Returns a value of a knob for JSON: the name of a unit, a number, a word or None."""
    if isinstance(value, kinds.Unit):
        return value.value
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    return int(value) if float(value).is_integer() else float(value)


def _knob(saved: Mapping[str, Any]) -> kinds.Knob:
    fields = {name: value for name, value in saved.items() if name != "kind"}
    for name in ("unit", "step_unit"):
        if fields.get(name) is not None:
            fields[name] = kinds.Unit(fields[name])
    return _KINDS[saved["kind"]](**fields)


def _plain(thing: Any) -> Any:
    """Returns a value for JSON: numbers, words, and functions by their names."""
    if isinstance(thing, Enum):
        return f"{type(thing).__name__}.{thing.name}"
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        fields = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing) if f.compare}
        return [type(thing).__name__, _plain(fields)]
    if isinstance(thing, Mapping):
        return {str(name): _plain(value) for name, value in thing.items()}
    if isinstance(thing, np.ndarray | np.generic):
        return thing.tolist()
    if isinstance(thing, frozenset | set):
        return sorted(json.dumps(_plain(each)) for each in thing)
    if isinstance(thing, Collection):
        return [_plain(each) for each in thing]
    if isinstance(thing, functools.partial):
        return [_plain(thing.func), _plain(thing.args), _plain(thing.keywords)]
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', type(thing))}"
