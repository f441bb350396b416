"""Many-agent minigames on Neural MMO, rebuilt in JAX: the world is a pytree, a step a function.

import jax, metammo_jax as mm

env = mm.make("king_of_the_hill")
obs, world = env.reset(jax.random.key(0))
action = env.sample(jax.random.key(1), obs)
obs, world, reward, terminated, truncated, info = env.step(jax.random.key(2), world, action)

batch = mm.vectorize(env, 64)   # vmap, automatic reset, episode statistics
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metammo_jax import games
    from metammo_jax.action import Action
    from metammo_jax.config import Config, preset
    from metammo_jax.draw.picture import animate, render, strip
    from metammo_jax.env import Env, Info
    from metammo_jax.flat import (
        FlatLayout,
        flat_action,
        flat_mask,
        flat_observation,
        flat_sample,
    )
    from metammo_jax.observe import Column, Observation
    from metammo_jax.registry import make, register
    from metammo_jax.replay.counterfactual import counterfactual
    from metammo_jax.replay.episode import Replay
    from metammo_jax.replay.log import events
    from metammo_jax.replay.recording import record
    from metammo_jax.vector import VectorEnv, vectorize
    from metammo_jax.view.html import to_html
    from metammo_jax.world import World
    from metammo_jax.wrappers import PaperReward

__version__ = "0.1.0"

_HOMES = {
    "action": ("Action",),
    "config": ("Config", "preset"),
    "draw.picture": ("animate", "render", "strip"),
    "env": ("Env", "Info"),
    "flat": ("FlatLayout", "flat_action", "flat_mask", "flat_observation", "flat_sample"),
    "observe": ("Column", "Observation"),
    "registry": ("make", "register"),
    "replay.counterfactual": ("counterfactual",),
    "replay.episode": ("Replay",),
    "replay.log": ("events",),
    "replay.recording": ("record",),
    "vector": ("VectorEnv", "vectorize"),
    "view.html": ("to_html",),
    "world": ("World",),
    "wrappers": ("PaperReward",),
}
"""Modules and the names that they give the package. They are imported when a name is first asked
for: the command `metammo-jax --help` needs none of them, and no JAX."""


def __getattr__(name: str):
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(f"metammo_jax.{module}"), name)
            return globals().setdefault(name, value)
    if not name.startswith("_") and importlib.util.find_spec(f"metammo_jax.{name}"):
        return importlib.import_module(f"metammo_jax.{name}")
    raise AttributeError(f"module 'metammo_jax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Action",
    "Column",
    "Config",
    "Env",
    "FlatLayout",
    "Info",
    "Observation",
    "PaperReward",
    "Replay",
    "VectorEnv",
    "World",
    "animate",
    "counterfactual",
    "events",
    "flat_action",
    "flat_mask",
    "flat_observation",
    "flat_sample",
    "games",
    "make",
    "preset",
    "record",
    "register",
    "render",
    "strip",
    "to_html",
    "vectorize",
]
