"""What the tests of several devices and processes run in processes of their own.

python -m tests.agents.several play WORLD OUT.npz DEVICES
python -m tests.agents.several update WORLD OUT.npz DEVICES
python -m tests.agents.several train WORLD RUN UPDATES [ADDRESS PROCESSES PROCESS]
python -m tests.agents.several resume WORLD RUN UPDATES [ADDRESS PROCESSES PROCESS]
"""

import dataclasses
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
from jax.sharding import PartitionSpec as Spec

import metammo_jax as mm
from agents.config import TrainConfig
from agents.learners import state as states
from agents.learners import update as updating
from agents.learners.rollout import begin_rollout, collect
from agents.parallel import meshes, processes
from agents.runs import checkpoint, training_run
from agents.train import resume, train
from tests.agents.fake import FakeEnv

ROOT = Path(__file__).parents[2]

FAKE = TrainConfig(
    game="remember", num_worlds=8, rollout=18, sequence=9, minibatches=2, epochs=1, width=8,
    paper_reward=False, progress=False, past_selves=0.5,
)  # fmt: skip
TINY = TrainConfig(
    game="king_of_the_hill", num_worlds=8, rollout=8, sequence=4, minibatches=2, epochs=1, width=8,
    progress=False, verify=True,
)  # fmt: skip

MIXED = dataclasses.replace(
    TINY,
    game=("king_of_the_hill", "sandwich"),
    weigh="samples",
    share_difficulty=True,
    team_credit=True,
)
"""Options by which the worlds of a batch depend on each other."""


REPLAY = dataclasses.replace(
    TINY,
    game=("king_of_the_hill", "universe/train"),
    curriculum="replay",
    level_buffer=4,
)
"""Options by which what is played next depends on all worlds."""


def make_world(name: str):
    """Returns options and environment: of the fake world, or a real one with short episodes."""
    if name == "fake":
        return FAKE, FakeEnv()
    cfg = {"tiny": TINY, "mixed": MIXED, "replay": REPLAY}[name]
    return cfg, mm.make(cfg.game, config="tiny", horizon=5)


def start(*words, devices: int = 1) -> subprocess.Popen:
    """Starts this module in a process with so many virtual devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    changes = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.agents.several", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **changes},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(*started: subprocess.Popen, seconds: int = 600) -> list[dict]:
    """Returns what processes sent last, once they have ended well; none outlives this call."""
    try:
        said = [process.communicate(timeout=seconds)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    for process, text in zip(started, said, strict=True):
        assert process.returncode == 0, text[-3000:]
    return [json.loads(text.strip().splitlines()[-1]) for text in said]


def free_address() -> str:
    """Returns a loopback address that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def after_play(cfg: TrainConfig, env) -> dict[str, np.ndarray]:
    """Returns the stage after a rollout, and what happened in it, by their place."""
    mesh, (batch, policy) = meshes.make_mesh(cfg), training_run.assemble(cfg, env)
    part, key = batch.shard(meshes.WORLD_AXIS, mesh.size), jax.random.key(cfg.seed)

    def play():
        stage = begin_rollout(policy, part, key, cfg.past_selves)
        params = policy.init(key, stage.obs)
        stage, steps, _, finished = collect(
            policy, part, params, key, stage, 1, cfg.rollout, params, cfg.past_selves
        )
        steps = (steps.choice, steps.alive, steps.reward, steps.ended, finished)
        return {"stage": stage}, {"steps": steps}

    specs = (Spec(meshes.WORLD_AXIS), Spec(None, None, meshes.WORLD_AXIS))
    return _by_place(jax.jit(meshes.shard_map(play, mesh, (), specs))())


def after_update(cfg: TrainConfig, env) -> dict[str, np.ndarray]:
    """Returns state and metrics after one update, by their place."""
    mesh, (batch, policy) = meshes.make_mesh(cfg), training_run.assemble(cfg, env)
    state = states.init_state(batch, policy, cfg, mesh)
    rate = np.float32(cfg.learning_rate)
    state, metrics = updating.make_update(batch, policy, cfg, mesh)(state, rate)
    return _by_place(checkpoint.to_plain_arrays({"state": vars(state), "metrics": metrics}))


def _by_place(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(place): np.asarray(leaf) for place, leaf in leaves}


def _play(name, out, devices, what=after_play):
    cfg, env = make_world(name)
    np.savez(out, **what(dataclasses.replace(cfg, devices=int(devices)), env))
    return {"devices": jax.device_count()}


def _update(name, out, devices):
    return _play(name, out, devices, after_update)


def _train(name, run, updates, *together):
    processes.join(*(together or (None, None, None)))
    cfg, env = make_world(name)
    return _summarize(train(dataclasses.replace(cfg, run_dir=run), env, int(updates)))


def _resume(name, run, updates, *together):
    processes.join(*(together or (None, None, None)))
    return _summarize(resume(run, make_world(name)[1], int(updates)))


def _summarize(result):
    params = [float(np.abs(leaf).sum()) for leaf in jax.tree.leaves(result.params)]
    counts = {"devices": jax.device_count(), "here": jax.local_device_count()}
    return {"steps": result.steps, "params": params, "run": str(result.run), **counts}


if __name__ == "__main__":
    jax.config.update("jax_disable_most_optimizations", True)
    command, *rest = sys.argv[1:]
    commands = {"play": _play, "update": _update, "train": _train, "resume": _resume}
    print(json.dumps(commands[command](*rest)))
