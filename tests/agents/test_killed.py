"""A run that is killed at any moment goes on exactly where its newest checkpoint is."""

import os
import pathlib
import random
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from agents.runs import checkpoint, folder, training_run
from tests.agents.fake import FakeEnv

ROOT = pathlib.Path(__file__).parents[2]
UPDATES, KILLS = 12, 6
PROGRAM = """
import sys
from agents.config import TrainConfig
from agents.train import resume, train
from tests.agents.fake import FakeEnv
run, updates = sys.argv[1], int(sys.argv[2])
try:
    done = resume(run, FakeEnv(), updates=0).updates
except ValueError:  # killed before there was a checkpoint
    import shutil
    shutil.rmtree(run, ignore_errors=True)
    done = train(TrainConfig(game="remember", num_worlds=8, rollout=16, width=16, save_every=1,
        keep=2, paper_reward=False, progress=False, anneal=False, run_dir=run), FakeEnv(),
        updates=1).updates
print("running", flush=True)
resume(run, FakeEnv(), updates=max(0, updates - done))
"""


def start(run, updates) -> subprocess.Popen:
    cache = {"JAX_COMPILATION_CACHE_DIR": jax.config.jax_compilation_cache_dir or ""}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(run), str(updates)],
        cwd=ROOT,
        env=os.environ | cache,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(run, updates) -> None:
    assert start(run, updates).wait(timeout=300) == 0


@pytest.mark.slow
def test_a_killed_run_goes_on_exactly(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(whole, UPDATES)
    dice = random.Random(0)
    for number in range(KILLS):
        process = start(killed, 10_000)
        if number:  # the first is killed while it begins
            process.stdout.readline()
        time.sleep(dice.uniform(0.0, 2.0))
        process.kill()
        assert process.wait() == -9
        lines = folder.read_metrics(killed) if killed.exists() else []
        if max((line["update"] for line in lines), default=0) > UPDATES // 2:
            break
    done = max(line["update"] for line in folder.read_metrics(killed))
    finish(whole, max(done, UPDATES) + 1)
    finish(killed, max(done, UPDATES) + 1)
    ends = [training_run.resume(run, FakeEnv()) for run in (whole, killed)]
    assert ends[0].counts["updates"] == ends[1].counts["updates"] > UPDATES
    first, second = (checkpoint.to_plain_arrays(end.state) for end in ends)
    assert jax.tree.all(jax.tree.map(np.array_equal, first, second))
    logs = [[line["reward"] for line in folder.read_metrics(run)] for run in (whole, killed)]
    assert logs[0] == logs[1]
