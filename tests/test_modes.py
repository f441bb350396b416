"""JAX's modes change nothing: the same worlds, observations, rewards and training, bit for bit."""

import functools
import os
import pathlib
import subprocess
import sys

import jax
import pytest

from tests import modes

ROOT = pathlib.Path(__file__).parents[1]
OPTIONS = (
    "jax_enable_x64=True",
    "jax_numpy_dtype_promotion=strict",
    "jax_numpy_rank_promotion=raise",
    "jax_debug_nans=True",
    "jax_check_tracer_leaks=True",
    "jax_debug_key_reuse=True",
)


def printed(part: str, *options: str) -> str:
    """Returns the digest of a part in a process with these options."""
    quick = jax.config.values["jax_disable_most_optimizations"]
    options = (*options, f"jax_disable_most_optimizations={quick}")
    cache = {"JAX_COMPILATION_CACHE_DIR": jax.config.jax_compilation_cache_dir or ""}
    done = subprocess.run(
        [sys.executable, "-m", "tests.modes", part, *options],
        cwd=ROOT,
        env=os.environ | cache,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.split()[-1]


@functools.cache
def plain(part: str) -> str:
    return printed(part)


needs_newer_jax = pytest.mark.skipif(
    jax.__version_info__ < (0, 7, 2), reason="64-bit mode needs jax 0.7.2"
)


@needs_newer_jax
def test_64_bits_change_nothing():
    assert printed("mini", "jax_enable_x64=True") == modes.play("mini")


def test_worlds_of_the_code_for_gpus_are_the_same():
    assert printed("mini", "platform=gpu") == modes.play("mini")


@pytest.mark.slow
def test_worlds_of_the_full_game_of_the_code_for_gpus_are_the_same():
    assert printed("full", "platform=gpu") == plain("full")


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("part", ["mini", "full", "train", "paper"])
def test_no_mode_changes_anything(part, option):
    assert printed(part, option) == plain(part)


@pytest.mark.slow
@pytest.mark.parametrize("impl", ["rbg", "unsafe_rbg"])
def test_agents_learn_with_other_generators(impl):
    assert printed("train", f"jax_default_prng_impl={impl}") != plain("train")


@pytest.mark.slow
def test_keys_of_the_old_style_are_as_good():
    """`jax.random.PRNGKey`: plain arrays of words."""
    assert modes.play("mini", jax.random.PRNGKey) == modes.play("mini")
