"""What must hold with each supported JAX: worlds of the same bits, training, programs as small.

`make test-versions` runs these with the oldest and the newest one.
"""

import json
import pathlib
import subprocess
import sys

import jax
import pytest

from benchmarks import compiles, digest
from tests import modes

ROOT = pathlib.Path(__file__).parents[1]

SIZES = {"reset": 14_000, "step": 20_000, "batch reset": 16_000, "batch step": 40_000,
         "update": 56_000}  # fmt: skip
"""Most instructions of each program at `tiny`: 1.5 times what jax 0.10.2 makes of it."""

MINUTES = 10
"""After which it is clear that a program does not compile at all."""


@pytest.mark.slow
@pytest.mark.parametrize("config", digest.PLAYED)
def test_worlds_have_the_same_bits(config):
    played = digest.player(config)(jax.random.key(digest.SEED))
    assert digest.of_games(config, played) == digest.expected()[config]


@pytest.mark.slow
def test_an_update_runs():
    assert len(modes.train("train")) == 64


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> dict[str, int]:
    """Instructions of each program, counted after the compiler's optimizations."""
    file = tmp_path_factory.mktemp("compiles") / "found.json"
    command = [sys.executable, "-m", "benchmarks.compiles", "--json", str(file)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60 * MINUTES, capture_output=True)
    rows = map(json.loads, file.read_text().splitlines())
    return {row["program"]: row["instructions"] for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("program", compiles.PROGRAMS)
def test_programs_do_not_grow(program, compiled):
    """A compiler that works a chain out again at each reader makes millions of instructions."""
    assert 1_000 < compiled[program] < SIZES[program]
