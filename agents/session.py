"""A training run in the making: its worlds, its policy, its state, and the counts of the host."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import numpy as np

import metammo_jax as mm
from metammo_jax.games import FULL_GAMES, GAMES
from metammo_jax.wrappers import PaperReward

from . import checkpoint, meshes, processes, runs
from .config import TrainConfig
from .policy import Policy, make_policy
from .update import SPECS, TrainState, start

Counts = dict[str, Any]
"""updates, steps (living agent-steps), slot_steps (with the dead), seconds; host numbers."""


@dataclasses.dataclass
class Session:
    """What the host loop works on.

    Attributes:
      cfg: options.
      run: folder.
      batch: worlds.
      policy: what learns.
      state: what the next update reads.
      counts: how far the run is.
      arena: worlds to evaluate in, without the wrappers of training.
      mesh: of the devices that the worlds are parted over.
      saved_at: update of the newest checkpoint, -1 if there is none.
    """

    cfg: TrainConfig
    run: Path
    batch: mm.VectorEnv
    policy: Policy
    state: TrainState
    counts: Counts
    arena: mm.Env
    mesh: jax.sharding.Mesh
    saved_at: int = -1

    @property
    def complete(self) -> bool:
        """All steps have been taken."""
        return self.counts["steps"] >= self.cfg.total_steps

    @property
    def learning_rate(self) -> np.float32:
        """The learning rate of the next update."""
        left = max(0.0, 1.0 - self.counts["steps"] / self.cfg.total_steps)
        return np.float32(self.cfg.learning_rate * (left if self.cfg.anneal else 1.0))

    @property
    def params(self):
        """What the policy has learned, until the next update."""
        return meshes.here(self.state.params)

    def save(self) -> Path:
        """Saves a checkpoint and drops old ones; returns its folder."""
        state, folder = self.state, self.run / "checkpoints"
        trainer = {"moments": state.moments, "stage": state.stage, "key": state.key}
        update = self.counts["updates"]
        path = checkpoint.save(folder, update, state.params, trainer, self.counts)
        if processes.is_first():
            checkpoint.prune(folder, self.cfg.keep)
        self.saved_at = update
        return path


def begin(cfg: TrainConfig, env: mm.Env | None = None) -> Session:
    """Begins a run: makes its folder and its worlds.

    Args:
      cfg: options.
      env: worlds of one's own instead of those that `cfg.game` and `cfg.config` name.

    Raises:
      ValueError: an option is not allowed, or the run's folder is in use.
    """
    checkpoint.require()
    fair = env or arena(cfg.game, cfg.config)
    env = env or worlds(cfg)
    mesh, (batch, policy) = meshes.make(cfg), assemble(cfg, env)
    run = Path(processes.of_first(str(runs.create(cfg, env.cfg)) if processes.is_first() else ""))
    counts = {"updates": 0, "steps": 0, "slot_steps": 0, "seconds": 0.0}
    state = start(batch, policy, cfg, mesh)
    return Session(cfg, run, batch, policy, state, counts, fair, mesh)


def resume(run: str | Path, env: mm.Env | None = None, **changes) -> Session:
    """Takes up a run at its newest checkpoint, on as many devices as there are now.

    Args:
      run: folder.
      env: the worlds the run was begun with, if they were one's own.
      **changes: options to change; only those of `config.HOST_FIELDS` may differ from the run's.

    Raises:
      ValueError: the folder is no run, its checkpoint is damaged, or options differ.
    """
    cfg = dataclasses.replace(runs.read_config(run), **changes)
    runs.check_same(run, cfg)
    fair = env or arena(cfg.game, cfg.config)
    env = env or worlds(cfg)
    runs.check_world(run, env.cfg)
    mesh, (batch, policy) = meshes.make(cfg), assemble(cfg, env)
    state = jax.eval_shape(lambda: start(batch, policy, cfg, mesh))
    state = meshes.placed(state, SPECS, mesh)
    trainer = {"moments": state.moments, "stage": state.stage, "key": state.key}
    path = checkpoint.latest(Path(run) / "checkpoints")
    params, trainer, counts = checkpoint.load(path, state.params, trainer)
    state = TrainState(params, trainer["moments"], trainer["stage"], trainer["key"])
    return Session(cfg, Path(run), batch, policy, state, counts, fair, mesh, counts["updates"])


def worlds(cfg: TrainConfig) -> mm.Env:
    """Returns the worlds that the options name."""
    return mm.make(cfg.game, config=cfg.config, weights=cfg.weights or None)


def arena(games: str | tuple[str, ...], config: str) -> mm.Env:
    """Returns worlds of games with the numbers that their evaluation fixes, if they have any."""
    names = (games,) if isinstance(games, str) else games
    known = {**GAMES, **FULL_GAMES}
    made = [known[name](evaluation=True) if name in known else name for name in names]
    return mm.make(made, config=config)


def assemble(cfg: TrainConfig, env: mm.Env) -> tuple[mm.VectorEnv, Policy]:
    """Returns the batch of worlds that the options make of an environment, and the policy."""
    policy = make_policy(cfg, env.cfg)
    wrapped = PaperReward(env) if cfg.paper_reward else env
    batch = mm.vectorize(
        show(wrapped, policy), cfg.num_worlds,
        weigh=cfg.weigh, share_difficulty=cfg.share_difficulty,
    )  # fmt: skip
    return batch, policy


def show(env, *policies: Policy):
    """Returns the environment with the observations that all the policies need."""
    if not any(policy.sees_original for policy in policies):
        return env
    from .views import ShowOriginal

    return ShowOriginal(env)


def load_policy(run: str | Path, env: mm.Env | None = None):
    """Returns the options, the policy and the newest parameters of a run.

    Raises:
      ValueError: the folder is no run, or its checkpoint is damaged.
    """
    cfg = runs.read_config(run)
    env = env or mm.make(cfg.game, config=cfg.config)
    policy = make_policy(cfg, env.cfg)
    shown = show(env, policy)

    def parameters():
        obs, _ = jax.vmap(shown.reset)(jax.random.split(jax.random.key(0), 1))
        return policy.init(jax.random.key(0), obs)

    path = checkpoint.latest(Path(run) / "checkpoints")
    return cfg, policy, checkpoint.load_policy(path, jax.eval_shape(parameters))
