"""Replays for the tests of the viewer, from worlds that were played anyway."""

import types

import jax
import numpy as np


def replay_of(played, game: str, ticks: int, policy: bool = False):
    """Returns random play as a replay: `env`, `ticks`, `worlds`, `actions`, `policy`.

    Args:
      played: the fixture of that name, or `played_full`.
      game: name.
      ticks: to be played, also after the game is over.
      policy: with values and probabilities drawn at random.
    """
    obs, world = played.start(game)
    worlds, actions = [world], []
    for tick in range(ticks):
        act_key, step_key = jax.random.split(jax.random.fold_in(jax.random.key(1), tick))
        actions.append(played.sample(act_key, obs))
        obs, world = played.step(step_key, world, actions[-1])[:2]
        worlds.append(world)
    worlds, actions = stacked(worlds), stacked(actions)
    outputs = thoughts(ticks, played.env.cfg) if policy else None
    return types.SimpleNamespace(
        env=played.env,
        ticks=ticks,
        actions=actions,
        policy=outputs,
        worlds=lambda start, stop: jax.tree.map(lambda leaf: leaf[start:stop], worlds),
    )


def stacked(trees: list):
    """Returns pytrees as one with a leading axis, in numpy arrays."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *jax.device_get(trees))


def thoughts(ticks: int, cfg) -> dict[str, np.ndarray]:
    """Returns a value and probabilities of two heads for each tick and player."""
    rng = np.random.default_rng(0)
    move = rng.dirichlet(np.ones(5), (ticks, cfg.players)).astype(np.float16)
    target = rng.dirichlet(np.ones(cfg.visible_rows + 1), (ticks, cfg.players))
    value = rng.normal(size=(ticks, cfg.players)).astype(np.float16)
    return dict(value=value, move=move, target=target.astype(np.float16))
