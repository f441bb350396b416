"""Many-agent minigames on Neural MMO, rebuilt in JAX: the world is a pytree, a step a function.

import jax, metammo_jax as mm

env = mm.make("king_of_the_hill")
obs, world = env.reset(jax.random.key(0))
action = env.sample(jax.random.key(1), obs)
obs, world, reward, terminated, truncated, info = env.step(jax.random.key(2), world, action)

batch = mm.vectorize(env, 64)   # vmap, automatic reset, episode statistics
"""

import importlib

from metammo_jax import games
from metammo_jax.action import Action
from metammo_jax.config import Config, preset
from metammo_jax.env import Env, Info
from metammo_jax.observe import Column, Observation
from metammo_jax.registry import make, register
from metammo_jax.vector import VectorEnv, vectorize
from metammo_jax.world import World
from metammo_jax.wrappers import PaperReward

__version__ = "0.1.0"

_PICTURES = ("animate", "record", "render", "strip")
"""Functions of `draw.picture`, imported when they are first asked for."""


def __getattr__(name: str):
    if name in _PICTURES:
        return getattr(importlib.import_module("metammo_jax.draw.picture"), name)
    raise AttributeError(f"module 'metammo_jax' has no attribute {name!r}")


__all__ = [
    "Action",
    "Column",
    "Config",
    "Env",
    "Info",
    "Observation",
    "PaperReward",
    "VectorEnv",
    "World",
    "animate",
    "games",
    "make",
    "preset",
    "record",
    "register",
    "render",
    "strip",
    "vectorize",
]
