"""Digests of worlds: the same on every device and under every version of JAX, bit for bit.

    python -m benchmarks.digest            # plays, and compares with benchmarks/digest.json
    python -m benchmarks.digest --write    # rewrites that file, when worlds are meant to change

Two worlds of each of four games, two of them of the full game, are played for 64 ticks under
random valid actions. The digest of a game is over every byte of its last worlds and observations,
and of the rewards and ends of all ticks.
"""

import argparse
import hashlib
import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np

import metammo_jax as mm
from metammo_jax.config import preset

FILE = pathlib.Path(__file__).with_name("digest.json")
"""The expected digests, by config and game."""

PLAYED = {"tiny": ("king_of_the_hill", "radio_raid"), "tiny_full": ("team_battle", "multi_task")}
"""Games by config."""

WORLDS, TICKS, SEED = 2, 64, 0


def make_player(config: str):
    """Returns the jitted function that plays all games of a config.

    Args:
      config: one of `PLAYED`.

    Returns:
      (key) -> world and observation after the last tick, with a leading axis over games and then
      worlds; rewards, terminated and truncated, with a leading axis over ticks before that.
    """
    env = mm.make(list(PLAYED[config]), preset(config, original_embeddings=True))
    count = len(PLAYED[config])

    def play(key):
        reset_key, key = jax.random.split(key)
        keys = jax.random.split(reset_key, (count, WORLDS))
        game = jnp.broadcast_to(jnp.arange(count)[:, None], keys.shape)
        first = _over(env.reset)(keys, game)

        def tick(carry, key):
            obs, world = carry
            act_key, step_key = jax.random.split(key)
            action = _over(env.sample)(jax.random.split(act_key, keys.shape), obs)
            obs, world, *outcome, _ = _over(env.step)(
                jax.random.split(step_key, keys.shape), world, action
            )
            return (obs, world), outcome

        (obs, world), outcomes = jax.lax.scan(tick, first, jax.random.split(key, TICKS))
        return world, obs, outcomes

    return jax.jit(play)


def _over(function):
    """Returns a function of all worlds of all games."""
    return jax.vmap(jax.vmap(function))


def of_games(config: str, played) -> dict[str, str]:
    """Returns the digest of each game, a hexadecimal SHA-256.

    Args:
      config: one of `PLAYED`.
      played: what the function of `make_player` returned.
    """
    world, obs, outcomes = jax.device_get(played)
    outcomes = jax.tree.map(lambda leaf: np.moveaxis(leaf, 0, 2), outcomes)
    return {
        game: _digest(jax.tree.map(lambda leaf, row=row: leaf[row], (world, obs, outcomes)))
        for row, game in enumerate(PLAYED[config])
    }


def _digest(tree) -> str:
    found = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        found.update(f"{leaf.dtype} {leaf.shape}".encode())
        found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()


def digests() -> dict[str, dict[str, str]]:
    """Plays everything; returns the digests by config and game."""
    key = jax.random.key(SEED)
    return {config: of_games(config, make_player(config)(key)) for config in PLAYED}


def expected() -> dict[str, dict[str, str]]:
    """Returns the digests of the committed file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 1 if a digest differs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.digest", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--write", action="store_true", help=f"rewrite {FILE.name}")
    options = parser.parse_args(arguments)
    found = digests()
    if options.write:
        FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    known, code = expected(), 0
    for config, games in found.items():
        for game, digest in games.items():
            is_same = known.get(config, {}).get(game) == digest
            print(f"{config:10} {game:20} {digest[:16]} {'equal' if is_same else 'DIFFERS'}")
            code |= not is_same
    return code


if __name__ == "__main__":
    sys.exit(main())
