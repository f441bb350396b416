"""Plays and trains a little in a mode of JAX, in a process of its own, and prints digests.

python -m tests.modes PART [OPTION=VALUE ...], where an option is one of JAX's settings, or
platform=gpu for the code for GPUs on whatever device there is, and PART is "mini", "full", "train"
or "paper". The digests of a part are to be the same in every mode.
"""

import hashlib
import sys

import jax
import numpy as np

import metammo_jax as mm
from metammo_jax.lib import backend

GAMES = {"mini": ["survive", "race_to_the_center", "radio_raid"], "full": ["multi_task", "survive"]}
TICKS = 12


def digest(tree) -> str:
    """Returns a digest of the leaves of a tree: types, shapes and, of arrays, bits."""
    code = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        code.update(f"{jax.tree_util.keystr(path)} {leaf.dtype} {leaf.shape}".encode())
        if not isinstance(leaf, jax.ShapeDtypeStruct):
            code.update(np.asarray(leaf).tobytes())
    return code.hexdigest()


def alone(env, key: jax.Array):
    """Returns what the functions of an environment give that is not in a batch."""
    reset_key, sample_key, step_key = jax.random.split(key, 3)
    obs, world = env.reset(reset_key)
    action = env.sample(sample_key, obs)
    return obs, world, action, env.step(step_key, world, action), env.observe(world), env.noop()


def play(part: str, keys=jax.random.key) -> str:
    """Returns the digest of a batch of worlds and all that its steps gave, with resets.

    Of a world alone the types and shapes are in it too.
    """
    env = mm.make(GAMES[part], config="tiny" if part == "mini" else "tiny_full", horizon=5)
    types = digest(jax.eval_shape(lambda key: alone(env, key), keys(0)))
    batch = mm.vectorize(env, 3)
    reset, sample, step = jax.jit(batch.reset), jax.jit(batch.sample), jax.jit(batch.step)
    obs, state = reset(keys(0))
    made, resets = [types, digest((obs, state))], 0
    for tick in range(TICKS):
        action = sample(keys(2 * tick + 1), obs)
        obs, state, *rest = step(keys(2 * tick + 2), state, action)
        made.append(digest((obs, state, action, *rest)))
        resets += int(rest[-1].done.sum())
    assert resets >= 3
    return hashlib.sha256("".join(made).encode()).hexdigest()


def train(part: str) -> str:
    """Returns the digest of what an agent knows, and of its worlds, after an update."""
    from agents.config import TrainConfig
    from agents.learners.state import init_state
    from agents.learners.update import make_update
    from agents.runs.training_run import assemble

    full = dict(network="paper", game=("multi_task", "team_battle"), config="tiny_full")
    cfg = TrainConfig(
        num_worlds=2,
        rollout=8,
        sequence=4,
        minibatches=2,
        epochs=1,
        **(full if part == "paper" else {}),
    )
    env = mm.make(cfg.game, config=cfg.config, horizon=6)
    batch, policy = assemble(cfg, env)
    state = init_state(batch, policy, cfg)
    return digest(make_update(batch, policy, cfg)(state, np.float32(1e-3)))


def main(part: str, *options: str) -> None:
    """Sets the options and prints the digest of a part."""
    platform = backend.platform()
    for option in options:
        name, value = option.split("=")
        if name == "platform":
            platform = value
        else:
            jax.config.update(name, {"True": True, "False": False}.get(value, value))
    with backend.assumed(platform):
        print(play(part) if part in GAMES else train(part))


if __name__ == "__main__":
    main(*sys.argv[1:])
