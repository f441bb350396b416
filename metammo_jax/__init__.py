"""Many-agent minigames on Neural MMO, rebuilt in JAX: the world is a pytree, a step a function.

    import jax, metammo_jax as mm

    env = mm.make("king_of_the_hill")
    obs, world = env.reset(jax.random.key(0))
    action = env.sample(jax.random.key(1), obs)
    obs, world, reward, terminated, truncated, info = env.step(jax.random.key(2), world, action)

    batch = mm.vectorize(env, 64)   # vmap, automatic reset, episode statistics
"""

__version__ = "0.1.0"

_HOMES = {
    "Action": "action", "Config": "config", "preset": "config", "Env": "env", "Info": "env",
    "Column": "observe", "Observation": "observe", "make": "registry", "register": "registry",
    "VectorEnv": "vector", "vectorize": "vector", "World": "world",
}  # fmt: skip


def __getattr__(name):
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"metammo_jax.{_HOMES[name]}"), name)
    if name == "games":
        return importlib.import_module("metammo_jax.games")
    raise AttributeError(name)
