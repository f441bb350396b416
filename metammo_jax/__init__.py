"""Many-agent minigames on Neural MMO, rebuilt in JAX: the world is a pytree, a step a function.

    import jax, metammo_jax as mm

    env = mm.make("king_of_the_hill")
    obs, world = env.reset(jax.random.key(0))
    action = env.sample(jax.random.key(1), obs)
    obs, world, reward, terminated, truncated, info = env.step(jax.random.key(2), world, action)

    batch = mm.vectorize(env, 64)   # vmap, automatic reset, episode statistics
"""

from metammo_jax import games
from metammo_jax.action import Action
from metammo_jax.config import Config, preset
from metammo_jax.env import Env, Info
from metammo_jax.observe import Column, Observation
from metammo_jax.registry import make, register
from metammo_jax.vector import VectorEnv, vectorize
from metammo_jax.world import World

__version__ = "0.1.0"

__all__ = [
    "Action",
    "Column",
    "Config",
    "Env",
    "Info",
    "Observation",
    "VectorEnv",
    "World",
    "games",
    "make",
    "preset",
    "register",
    "vectorize",
]
