"""Saving and loading of replays; `files` has the file format."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import metammo_jax
from metammo_jax.action import TRADE, Action
from metammo_jax.lib import checks
from metammo_jax.replay import files, given, origin
from metammo_jax.vocab import NOBODY, Direction
from metammo_jax.world import World

if TYPE_CHECKING:
    from metammo_jax.replay.episode import Replay

_NOTHING = {"move": int(Direction.STAY), "style": 0}
"""What the dead do; -1 in the other fields."""


def save(replay: "Replay", path: Path) -> Path:
    """Writes a replay; returns the path."""
    blocks = {"alive": np.packbits(replay.alive.T, axis=1)}
    for name, values in vars(replay.actions).items():
        if values is not None:
            blocks[f"action/{name}"] = files.squeezed(values, replay.alive)
    if replay.env._maps is not None:
        blocks["maps"] = np.asarray(replay.env._maps)
    for name, values in (replay.policy or {}).items():
        blocks[f"policy/{name}"] = np.asarray(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(files.written(_header(replay), blocks))
    return path


def _header(replay: "Replay") -> dict[str, Any]:
    words = np.asarray(jax.random.key_data(replay.key))
    levels = replay.difficulty
    return {
        "version": metammo_jax.__version__,
        "env": origin.describe_env(replay.env),
        "key": [str(jax.random.key_impl(replay.key)), words.tolist(), _partitionable()],
        "game": replay.game,
        "difficulty": None if levels is None else levels.tolist(),
        "ticks": replay.ticks,
        "over": replay.over,
        "digest": replay.digest,
    }


def load(path: Path, env=None) -> dict[str, Any]:
    """Returns what a file has: env, key, game, difficulty, action, alive, over, policy, digest.

    Args:
      path: of the file.
      env: the environment; made from the file if None.

    Raises:
      ValueError: see `Replay.load`.
    """
    if not path.is_file():
        raise ValueError(f"{path} is no file")
    header, blocks = files.read(path.read_bytes(), str(path))
    version = header.get("version")
    if version != metammo_jax.__version__:
        raise ValueError(
            f"{path} was written by metammo_jax {version}, this is {metammo_jax.__version__}: its "
            "worlds may come out otherwise"
        )
    try:
        return _understood(header, blocks, env)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _understood(header: dict[str, Any], blocks: dict[str, np.ndarray], env) -> dict[str, Any]:
    if env is None:
        env = origin.made(header["env"], blocks.get("maps"))
    else:
        env = given.inner_env(env, "Replay.load")
        origin.check(env, header["env"])
        _check_maps(env._maps, blocks.get("maps"))
    kind, words, partitionable = header["key"]
    if partitionable != _partitionable():
        raise ValueError(
            f"it was played with jax_threefry_partitionable={partitionable}, here it is "
            f"{not partitionable}: keys give other numbers"
        )
    ticks, players = checks.whole("ticks", header["ticks"], 0), env.cfg.players
    packed, shape = blocks["alive"], (players, -(-ticks // 8))
    if packed.shape != shape:
        raise ValueError(f"its bits of the living are {packed.shape}, not {shape} for its ticks")
    alive = np.unpackbits(packed, axis=1, count=ticks).T.astype(bool)
    return {
        "env": env,
        "key": jax.random.wrap_key_data(jnp.asarray(np.array(words, np.uint32)), impl=kind),
        "game": given.game_index(env, header["game"]),
        "difficulty": given.difficulties(env, header["difficulty"]),
        "action": _action(blocks, alive, bool(env.cfg.slots)),
        "alive": alive,
        "over": bool(header["over"]),
        "policy": _named("policy/", blocks) or None,
        "digest": header["digest"],
    }


def _action(blocks: dict[str, np.ndarray], alive: np.ndarray, trades: bool) -> Action:
    names = ("move", "style", "target", "token", *(TRADE if trades else ()))
    columns = _named("action/", blocks)
    read: dict[str, Any] = {
        name: files.stretched(columns[name], alive, _NOTHING.get(name, NOBODY)) for name in names
    }
    return Action(**read)


def _named(prefix: str, blocks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name[len(prefix) :]: x for name, x in blocks.items() if name.startswith(prefix)}


def _check_maps(here, there) -> None:
    if (here is None) != (there is None) or not (here is None or np.array_equal(here, there)):
        raise ValueError("the replay is of other maps than those of the env given")


def _partitionable() -> bool:
    return bool(jax.config.jax_threefry_partitionable)  # pyright: ignore[reportAttributeAccessIssue]


def digest_of(world: World) -> str:
    """Returns the SHA-256 of a world's leaves, their paths, shapes and dtypes, as hex digits."""
    total = hashlib.sha256()
    for place, leaf in jax.tree_util.tree_leaves_with_path(jax.device_get(world)):
        leaf = np.asarray(leaf)
        total.update(f"{jax.tree_util.keystr(place)} {leaf.dtype} {leaf.shape}".encode())
        total.update(np.ascontiguousarray(leaf).tobytes())
    return total.hexdigest()
