"""A training run: its worlds, policy and state, and the counts that the host keeps."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import serialization

import metammo_jax as mm
from metammo_jax.games import ALL_GAMES
from metammo_jax.wrappers import PaperReward

from .. import curriculum
from ..config import TrainConfig
from ..learners.algorithms import learner_of, with_algorithm
from ..learners.state import SPECS, TrainState, start
from ..parallel import meshes, processes
from ..policy import Policy, make_policy
from . import checkpoint, folder

Counts = dict[str, Any]
"""updates, steps (living agent-steps), slot_steps (with the dead), seconds; host numbers."""


@dataclasses.dataclass
class TrainingRun:
    """A training run that is loaded: all that the host loop needs.

    Attributes:
      cfg: options.
      run: folder.
      batch: worlds.
      policy: what learns.
      state: what the next update reads.
      counts: how far the run is.
      arena: worlds to evaluate in, without the wrappers of training.
      mesh: of the devices over which the worlds are sharded.
      saved_at: update of the newest checkpoint, -1 if there is none.
      algorithm: one's own, None where it is one of the package's.
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
    algorithm: Any = None

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
        return meshes.local_data(self.state.params)

    def save(self) -> Path:
        """Saves a checkpoint and drops old ones; returns its folder."""
        state, place = self.state, self.run / "checkpoints"
        update = self.counts["updates"]
        path = checkpoint.save(place, update, state.params, state.trainer, self.counts)
        if processes.is_first():
            checkpoint.prune(place, self.cfg.keep)
        self.saved_at = update
        return path


def begin(cfg: TrainConfig, env: mm.Env | None = None, network=None, algorithm=None) -> TrainingRun:
    """Begins a run: makes its folder and its worlds.

    Args:
      cfg: options.
      env: worlds of one's own instead of those that `cfg.game` and `cfg.config` name.
      network: one's own, a Flax module; see `agents.networks.lean`.
      algorithm: one's own; see `agents.learners.algorithms`.

    Raises:
      ValueError: an option is not allowed, or the run's folder is in use.
    """
    cfg = with_algorithm(with_network(cfg, network), algorithm)
    mesh, parts = meshes.make(cfg), prepare(cfg, env, network, algorithm)
    made = str(folder.create(cfg, parts.arena.cfg)) if processes.is_first() else ""
    state = start(parts.batch, parts.policy, cfg, mesh)
    if cfg.start_from:
        state = state.begun_with(started(cfg, state.params), cfg)
    return parts.training_run(cfg, Path(processes.of_first(made)), state, mesh)


def started(cfg: TrainConfig, like):
    """Returns the parameters of the run that `cfg.start_from` names.

    Args:
      cfg: options; of a group of seeds the run with the same seed is taken.
      like: parameters of the same shapes, whose places they take.

    Raises:
      ValueError: there is no such run, or its network has other parameters.
    """
    run, update = run_and_update(cfg.start_from)
    own = Path(run) / f"seed{cfg.seed}"
    run = own if own.is_dir() else Path(run)
    shapes = jax.eval_shape(lambda: like)
    found = read_params(run, update, shapes)
    return jax.tree.map(lambda leaf, old: jax.device_put(leaf, old.sharding), found, like)


def run_and_update(name: str) -> tuple[str, int | None]:
    """Returns folder and update of a name such as "runs/NAME" or "runs/NAME@100".

    Raises:
      ValueError: what follows the @ is no number.
    """
    run, at, update = name.rpartition("@")
    if not at:
        return name, None
    if not update.isdigit():
        raise ValueError(f"{name!r} must end in the number of an update, as in {run}@100")
    return run, int(update)


@dataclasses.dataclass(frozen=True)
class Parts:
    """Worlds and policy of a run, without its folder and state; several runs can share them.

    Attributes:
      batch: worlds.
      policy: what learns.
      arena: worlds to evaluate in.
      algorithm: one's own, or None.
    """

    batch: mm.VectorEnv
    policy: Policy
    arena: mm.Env
    algorithm: Any = None

    def training_run(self, cfg: TrainConfig, run: Path, state: Any, mesh: Any) -> TrainingRun:
        """Returns a new run at update 0."""
        counts = {"updates": 0, "steps": 0, "slot_steps": 0, "seconds": 0.0}
        parts = self.batch, self.policy, state, counts, self.arena, mesh
        return TrainingRun(cfg, run, *parts, algorithm=self.algorithm)


def with_network(cfg: TrainConfig, network) -> TrainConfig:
    """Returns options that say that the network is one's own, if there is one.

    Raises:
      ValueError: they ask for another.
    """
    if network is None:
        return cfg
    if cfg.network == "paper":
        raise ValueError("network='paper' is asked for, and a network of one's own is given too")
    return dataclasses.replace(cfg, network="own")


def prepare(cfg: TrainConfig, env: mm.Env | None = None, network=None, algorithm=None) -> Parts:
    """Returns worlds and policy of a run that is to begin; arguments as of `begin`."""
    checkpoint.require()
    batch, policy = assemble(cfg, env or worlds(cfg), network)
    return Parts(batch, policy, env or arena(cfg.game, cfg.config), algorithm)


def resume(
    run: str | Path, env: mm.Env | None = None, network=None, algorithm=None, **changes
) -> TrainingRun:
    """Takes up a run at its newest checkpoint, on as many devices as there are now.

    Args:
      run: folder.
      env: the worlds the run was begun with, if they were one's own.
      network: likewise.
      algorithm: likewise.
      **changes: options to change; only those of `config.HOST_FIELDS` may differ from the run's.

    Raises:
      ValueError: the folder is no run, its checkpoint is damaged, or options differ.
    """
    cfg = dataclasses.replace(folder.read_config(run), **changes)
    folder.check_same(run, cfg)
    learner_of(cfg, algorithm)
    fair = env or arena(cfg.game, cfg.config)
    env = env or worlds(cfg)
    folder.check_world(run, env.cfg)
    mesh, (batch, policy) = meshes.make(cfg), assemble(cfg, env, network)
    state = jax.eval_shape(lambda: start(batch, policy, cfg, mesh))
    state = meshes.with_shardings(state, SPECS, mesh)
    path = checkpoint.latest(Path(run) / "checkpoints")
    params, trainer, counts = checkpoint.load(path, state.params, state.trainer)
    state = TrainState(params, **trainer)
    parts, saved_at = (batch, policy, state, counts, fair, mesh), counts["updates"]
    return TrainingRun(cfg, Path(run), *parts, saved_at, algorithm)


def worlds(cfg: TrainConfig) -> mm.Env:
    """Returns the worlds that the options name."""
    return mm.make(cfg.game, config=cfg.config, weights=cfg.weights or None)


def arena(games: str | tuple[str, ...], config: str) -> mm.Env:
    """Returns worlds of games with the numbers that their evaluation fixes, if they have any."""
    names = (games,) if isinstance(games, str) else games
    made = [ALL_GAMES[name](evaluation=True) if name in ALL_GAMES else name for name in names]
    return mm.make(made, config=config)


def assemble(cfg: TrainConfig, env: mm.Env, network=None) -> tuple[mm.VectorEnv, Policy]:
    """Returns the batch of worlds that the options make of an environment, and the policy.

    Raises:
      ValueError: the curriculum has nothing to choose from in this environment.
    """
    curriculum.check(cfg, env)
    policy = make_policy(cfg, env.cfg, network)
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
    from ..networks.views import ShowOriginal

    return ShowOriginal(env)


def load_policy(
    run: str | Path, env: mm.Env | None = None, update: int | None = None, network=None
):
    """Returns the options, the policy and the parameters of a run.

    Args:
      run: folder.
      env: the worlds the run was begun with, if they were one's own.
      update: at which it had the parameters; None for the newest checkpoint.
      network: that the run was begun with, if it was one's own.

    Raises:
      ValueError: the folder is no run, or its checkpoint is damaged or absent.
    """
    cfg = folder.read_config(run)
    env = env or mm.make(cfg.game, config=cfg.config)
    policy = make_policy(cfg, env.cfg, network)
    return cfg, policy, read_params(Path(run), update, shapes_of(policy, env))


def shapes_of(policy: Policy, env: mm.Env):
    """Returns the shapes of a policy's parameters in an environment."""
    shown = show(env, policy)

    def parameters():
        obs, _ = jax.vmap(shown.reset)(jax.random.split(jax.random.key(0), 1))
        return policy.init(jax.random.key(0), obs)

    return jax.eval_shape(parameters)


def read_params(run: Path, update: int | None, shapes):
    """Returns the parameters that a run had at an update, or has in its newest checkpoint.

    Raises:
      ValueError: there are none, or they are damaged or of other shapes.
    """
    folders = run / "checkpoints"
    if update is None:
        return checkpoint.load_policy(checkpoint.latest(folders), shapes)
    kept = past(run, update)
    if kept.is_file():
        return serialization.from_bytes(shapes, kept.read_bytes())
    return checkpoint.load_policy(checkpoint.at(folders, update), shapes)


def past(run: str | Path, update: int) -> Path:
    """Returns the file with the parameters that a run had at an update, if it keeps them."""
    return Path(run) / "past" / f"{update:08d}.msgpack"
