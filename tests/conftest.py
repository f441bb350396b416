"""What every test shares: a small config, and a compilation cache for the session."""

import jax
import pytest

from metammo_jax.config import Config, preset


@pytest.fixture(scope="session")
def tiny() -> Config:
    return preset("tiny")


@pytest.fixture(scope="session")
def key() -> jax.Array:
    return jax.random.key(0)
