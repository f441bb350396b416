"""Compiled programs are kept, and found again by the next process."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from agents import cli
from agents.config import TrainConfig
from agents.learners import state as states
from agents.learners import update as updating
from agents.parallel import meshes
from agents.runs import training_run

ROOT = Path(__file__).parents[2]
CFG = TrainConfig(num_worlds=2, rollout=2, sequence=2, minibatches=1, epochs=1, width=8)


def program(seed: int = 0) -> str:
    """Returns a digest of the program of an update, by which the cache finds what was compiled."""
    cfg = TrainConfig(**{**vars(CFG), "seed": seed})
    mesh = meshes.make_mesh(cfg)
    batch, policy = training_run.assemble(cfg, training_run.mm.make(cfg.game, config=cfg.config))
    state = jax.eval_shape(lambda: states.init_state(batch, policy, cfg, mesh))
    state = meshes.with_shardings(state, states.SPECS, mesh)
    update = updating.make_update(batch, policy, cfg, mesh)
    text = update.lower(state, np.float32(cfg.learning_rate)).as_text()
    return hashlib.sha256(text.encode()).hexdigest()


def python(*words, **variables) -> str:
    """Runs Python in another process; returns what it printed."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **variables}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_another_process_and_seed_make_the_same_program():
    """No order of a set, no address and no seed gets into it.

    Both are fresh: a process with other checks of types (as that of the tests) names the parts
    of the program otherwise.
    """
    digests = [
        python(
            "-c",
            f"from tests.agents import test_cache; print(test_cache.program(seed={seed}))",
            PYTHONHASHSEED=hashed,
        )
        for seed, hashed in ((0, "1"), (7, "123"))
    ]
    assert len(digests[0].strip()) == 64 and digests[0] == digests[1]


def test_the_folder_can_be_chosen_and_is_left_alone_if_set(monkeypatch, tmp_path):
    before = jax.config.jax_compilation_cache_dir
    try:
        jax.config.update("jax_compilation_cache_dir", str(tmp_path / "mine"))
        cli.cache_compilations()
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "mine")
        jax.config.update("jax_compilation_cache_dir", None)
        monkeypatch.setenv("METAMMO_JAX_CACHE", str(tmp_path / "cache"))
        cli.cache_compilations()
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "cache" / "compiled")
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


@pytest.mark.slow
def test_a_second_run_compiles_nothing_anew(tmp_path):
    """Not even with another seed, another learning rate and another length."""

    def compiled(run: str, *words) -> set[str]:
        options = "--num-worlds 2 --rollout 2 --sequence 2 --minibatches 1 --epochs 1 --width 8"
        python(
            "-m",
            "agents.train",
            *options.split(),
            "--run-dir",
            str(tmp_path / run),
            *words,
            METAMMO_JAX_CACHE=str(tmp_path / "cache"),
            JAX_COMPILATION_CACHE_DIR="",
        )
        folder = tmp_path / "cache" / "compiled"
        return {path.name for path in folder.iterdir() if path.name.endswith("-cache")}

    first = compiled("first", "--total-steps", "1")
    assert any("update" in name for name in first) and any("fresh" in name for name in first)
    more = ("--total-steps", "50", "--seed", "5", "--learning-rate", "0.01")
    assert compiled("second", *more) == first
