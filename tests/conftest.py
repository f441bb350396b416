"""What every test shares: a small config, and a compilation cache for the session."""

import contextlib
import gc
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

import metammo_jax
from metammo_jax.config import Config, preset
from metammo_jax.lib import backend


def pytest_addoption(parser):
    parser.addoption(
        "--platform", choices=("cpu", "gpu"), help="test the code for it, wherever it runs"
    )


@pytest.fixture(scope="session", autouse=True)
def _platform(request):
    """Traces everything as for the device that is asked for (`metammo_jax.lib.backend`)."""
    asked = request.config.option.platform
    with backend.assumed(asked) if asked else contextlib.nullcontext():
        yield


def pytest_configure(config):
    """Compiles quickly rather than well, except where the slow tests run too; mixes no types.

    What holds without implicit promotion of types and ranks holds with it. Numbers of 64 bits are
    not asked for where there are none.
    """
    config.addinivalue_line("filterwarnings", "error:Explicitly requested dtype")
    jax.config.update("jax_numpy_dtype_promotion", "strict")
    jax.config.update("jax_numpy_rank_promotion", "raise")
    if config.option.markexpr == "not slow":
        jax.config.update("jax_disable_most_optimizations", True)
        if jax.__version_info__ < (0, 11):  # halves compilation; later ones do not know it
            flags = os.environ.get("XLA_FLAGS", ""), "--xla_cpu_use_fusion_emitters=false"
            os.environ["XLA_FLAGS"] = " ".join(flags).strip()


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory):
    """Compiles what several tests play or train with only once, also for several workers.

    From the first test on: whether there is a cache, jax asks at its first compilation alone.
    """
    if not jax.config.jax_compilation_cache_dir:
        folder = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            folder = folder.parent  # that of all workers
        jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


@pytest.fixture(scope="module", autouse=True)
def _few_programs():
    """Lets go of compiled programs long before there are too many for the process.

    Each has dozens of memory maps, of which Linux allows a process 65,530.
    """
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_bytes().splitlines()) > MOST_MAPS:
        jax.clear_caches()
        gc.collect()


MOST_MAPS = 20_000


@pytest.fixture(scope="session")
def tiny() -> Config:
    return preset("tiny")


@pytest.fixture(scope="session")
def tiny_full() -> Config:
    return preset("tiny_full")


@pytest.fixture(scope="session")
def key() -> jax.Array:
    return jax.random.key(0)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keeps the tests away from the user's cache of maps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METAMMO_JAX_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def all_games():
    """An environment of all games at `tiny`."""
    return metammo_jax.make(list(metammo_jax.games.GAMES), config="tiny")


@pytest.fixture(scope="session")
def played(all_games):
    """Compiled functions of that environment, shared by all tests of a worker."""
    return Played(all_games)


@pytest.fixture(scope="session")
def played_full():
    """Compiled functions of the full game's `multi_task` and `team_battle` at its tiny size."""
    return Played(metammo_jax.make(["multi_task", "team_battle"], config="tiny_full"))


@pytest.fixture(scope="session")
def fought(all_games) -> metammo_jax.Replay:
    """Forty random ticks of team_battle at `tiny`: more than a stretch of a replay."""
    return metammo_jax.record(all_games, jax.random.key(3), ticks=40, game="team_battle")


class Played:
    """reset, step, sample and a whole random step of an environment, compiled once."""

    def __init__(self, env):
        self.env = env
        self.reset = jax.jit(env.reset)
        self.step = jax.jit(env.step)
        self.sample = jax.jit(env.sample)

    def start(self, name: str, seed: int = 0):
        """Returns observation and world of a new episode of a game."""
        index = [game.name for game in self.env.games].index(name)
        return self.reset(jax.random.key(seed), jnp.int32(index))

    def random_steps(self, obs, world, ticks: int, seed: int = 1):
        """Yields what each of some random steps returned."""
        for tick in range(ticks):
            key = jax.random.fold_in(jax.random.key(seed), tick)
            act_key, step_key = jax.random.split(key)
            out = self.step(step_key, world, self.sample(act_key, obs))
            obs, world = out[:2]
            yield out
