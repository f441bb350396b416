"""What must hold with each supported JAX: worlds of the same bits, training, programs as small.

`make test-versions` runs these with the oldest and the newest one.
"""

import json
import pathlib
import subprocess
import sys

import jax
import pytest

from benchmarks import digest
from tests import modes

ROOT = pathlib.Path(__file__).parents[1]

SIZES = {
    "tiny": {"reset": 14_000, "step": 20_000, "batch reset": 16_000, "batch step": 40_000,
             "update": 65_000},
    "full": {"update": 130_000},
}  # fmt: skip
"""Most instructions of each program: 1.5 times what jax 0.10.2 makes of it."""

MINUTES = 10
"""After which it is clear that a program does not compile at all."""


@pytest.mark.slow
@pytest.mark.parametrize("config", digest.PLAYED)
def test_worlds_have_the_same_bits(config):
    played = digest.make_player(config)(jax.random.key(digest.SEED))
    assert digest.of_games(config, played) == digest.expected()[config]


@pytest.mark.slow
def test_an_update_runs():
    assert len(modes.train("train")) == 64


@pytest.mark.slow
@pytest.mark.parametrize("config", SIZES)
def test_programs_do_not_grow(config, tmp_path):
    """A compiler that works a chain out again at each reader makes millions of instructions."""
    file, most = tmp_path / "found.json", SIZES[config]
    command = [sys.executable, "-m", "benchmarks.compiles", "--json", str(file)]
    command += ["--configs", config, "--programs", *most]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60 * MINUTES, capture_output=True)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    found = {row["program"]: row["instructions"] for row in rows}
    assert found.keys() == most.keys()
    assert all(1_000 < count < most[program] for program, count in found.items()), found
