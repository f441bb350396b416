"""Adapters of environments to other libraries' interfaces, and the original's layout.

Each is imported when it is first asked for: `from metammo_jax.adapters import JaxMARLEnv`.
"""

import importlib

_HOMES = {
    "GymnaxEnv": "gymnax",
    "JaxMARLEnv": "jaxmarl",
    "OriginalEnv": "original",
    "ParallelEnv": "pettingzoo",
    "TorchEnv": "pytorch",
    "VectorEnv": "gymnasium",
}
"""Names of classes and the modules that they are in."""

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(importlib.import_module(f"metammo_jax.adapters.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'metammo_jax.adapters' has no attribute {name!r}")
