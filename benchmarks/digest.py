"""Hashes of whole games, the same on every device and version: `python -m benchmarks.digest`.

Each game is played under random valid actions from fixed keys. After every tick each leaf of
worlds, observations and rewards is hashed byte for byte on the host.
`benchmarks/digest.json` holds what they shall be; `--write` makes it again, where worlds were
meant to change.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import metammo_jax as mm

GAMES = {"tiny": ("sandwich", "radio_raid"), "tiny_full": ("team_battle", "multi_task")}
"""By config, what is played, side by side: soldiers, waves, revivals, trade and tasks occur."""

WORLDS = 2
"""Worlds of each game."""

TICKS = 64

EXPECTED = Path(__file__).with_name("digest.json")


def digests(ticks: int = TICKS) -> dict[str, str]:
    """Returns for each game, by "name config", the SHA-256 of `ticks` ticks in hexadecimal."""
    found = {}
    for config in GAMES:
        found |= _played(config, ticks)
    return found


def _played(config: str, ticks: int) -> dict[str, str]:
    """Returns the digests of the games of a config, compiled together."""
    env, names = mm.make(list(GAMES[config]), config), GAMES[config]
    game = jnp.repeat(jnp.arange(len(names)), WORLDS)
    reset_key, play_key = jax.random.split(jax.random.key(0))
    keys = jax.random.split(reset_key, len(game))
    hashes = [hashlib.sha256() for _ in names]
    made = jax.jit(jax.vmap(env.reset))(keys, game)
    _absorb(hashes, made)
    tick = jax.jit(lambda key, obs, world: _tick(env, key, obs, world))
    for key in jax.random.split(play_key, ticks):
        made = tick(key, *made[:2])
        _absorb(hashes, made)
    digests = (found.hexdigest() for found in hashes)
    return {f"{name} {config}": value for name, value in zip(names, digests, strict=True)}


def expected() -> dict[str, str]:
    """Returns the digests that are kept in `digest.json`."""
    return json.loads(EXPECTED.read_text())


def _tick(env, key, obs, world):
    """Returns observations, worlds, rewards, who died and who was cut off."""
    act_keys, step_keys = (jax.random.split(k, len(world.tick)) for k in jax.random.split(key))
    action = jax.vmap(env.sample)(act_keys, obs)
    return jax.vmap(env.step)(step_keys, world, action)[:5]


def _absorb(hashes: list, tree) -> None:
    """Adds shape, type and bytes of every leaf (games * WORLDS, ...) to the hash of each game."""
    for leaf in map(np.asarray, jax.tree.leaves(jax.device_get(tree))):
        for found, part in zip(hashes, np.split(leaf, len(hashes)), strict=True):
            found.update(f"{part.shape} {part.dtype.str}".encode())
            found.update(np.ascontiguousarray(part).tobytes())


def main(arguments: list[str] | None = None) -> int:
    """Prints the digests; returns 1 if one is not what it shall be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.digest", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--write", action="store_true", help="keep them in benchmarks/digest.json")
    options = parser.parse_args(arguments)
    found = digests()
    if options.write:
        EXPECTED.write_text(json.dumps(found, indent=2) + "\n")
    kept = expected()
    for name, value in found.items():
        print(f"{name:24}{value}  {'as expected' if kept.get(name) == value else 'DIFFERS'}")
    return int(found != kept)


if __name__ == "__main__":
    sys.exit(main())
