"""A training run in memory: its worlds, policy, state and counts."""

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
from ..learners.algorithms import get_learner, with_algorithm
from ..learners.state import SPECS, TrainState, init_state
from ..parallel import meshes, processes
from ..policy import Policy, make_policy
from . import checkpoint, folder

Counts = dict[str, Any]
"""updates, steps (living agent-steps), slot_steps (with the dead), seconds; host numbers."""


@dataclasses.dataclass
class TrainingRun:
    """A training run in memory: all that the training loop needs.

    Attributes:
      cfg: options.
      run: folder.
      batch: the worlds.
      policy: that is trained.
      state: input of the next update.
      counts: updates and steps so far, see `Counts`.
      evaluation_env: environment of evaluations, without the wrappers of training.
      mesh: of the devices over which the worlds are sharded.
      saved_at: update of the newest checkpoint, -1 if there is none.
      algorithm: a custom algorithm; None for one of the package's.
    """

    cfg: TrainConfig
    run: Path
    batch: mm.VectorEnv
    policy: Policy
    state: TrainState
    counts: Counts
    evaluation_env: mm.Env
    mesh: jax.sharding.Mesh
    saved_at: int = -1
    algorithm: Any = None

    @property
    def is_complete(self) -> bool:
        """Whether all steps have been taken."""
        return self.counts["steps"] >= self.cfg.total_steps

    @property
    def learning_rate(self) -> np.float32:
        """The learning rate of the next update."""
        left = max(0.0, 1.0 - self.counts["steps"] / self.cfg.total_steps)
        return np.float32(self.cfg.learning_rate * (left if self.cfg.anneal else 1.0))

    @property
    def params(self):
        """The policy's parameters; they are donated to the next update."""
        return meshes.local_data(self.state.params)

    def save(self) -> Path:
        """Saves a checkpoint and deletes old ones; returns its folder."""
        state, place = self.state, self.run / checkpoint.FOLDER
        update = self.counts["updates"]
        path = checkpoint.save(place, update, state.params, state.trainer, self.counts)
        if processes.is_first_process():
            checkpoint.prune(place, self.cfg.keep)
        self.saved_at = update
        return path


def begin(cfg: TrainConfig, env: mm.Env | None = None, network=None, algorithm=None) -> TrainingRun:
    """Creates a run: its folder, worlds and initial state.

    Args:
      cfg: options.
      env: a custom environment instead of the one that `cfg.game` and `cfg.config` name.
      network: a custom Flax module; see `agents.networks.lean`.
      algorithm: a custom algorithm, see `agents.learners.algorithms`.

    Raises:
      ValueError: an option is not allowed, or the run's folder is in use.
    """
    cfg = with_algorithm(with_network(cfg, network), algorithm)
    mesh, parts = meshes.make_mesh(cfg), prepare(cfg, env, network, algorithm)
    made = str(folder.create(cfg, parts.evaluation_env.cfg)) if processes.is_first_process() else ""
    state = init_state(parts.batch, parts.policy, cfg, mesh)
    if cfg.start_from:
        state = state.with_params(load_start_params(cfg, state.params), cfg)
    return parts.new_run(cfg, Path(processes.broadcast_text(made)), state, mesh)


def load_start_params(cfg: TrainConfig, like):
    """Returns the parameters of the run that `cfg.start_from` names.

    Args:
      cfg: options; if `start_from` is a group, its run with the same seed is used.
      like: parameters of the same shapes and shardings.

    Raises:
      ValueError: there is no such run, or its network has other parameters.
    """
    run, update = parse_run(cfg.start_from)
    own = Path(run) / f"seed{cfg.seed}"
    run = own if own.is_dir() else Path(run)
    shapes = jax.eval_shape(lambda: like)
    found = read_params(run, update, shapes)
    return jax.tree.map(lambda leaf, old: jax.device_put(leaf, old.sharding), found, like)


def parse_run(name: str) -> tuple[str, int | None]:
    """Returns folder and update of a name such as "runs/NAME" or "runs/NAME@100".

    Raises:
      ValueError: no number follows the @.
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
      batch: the worlds.
      policy: that is trained.
      evaluation_env: environment of evaluations.
      algorithm: a custom algorithm, or None.
    """

    batch: mm.VectorEnv
    policy: Policy
    evaluation_env: mm.Env
    algorithm: Any = None

    def new_run(self, cfg: TrainConfig, run: Path, state: Any, mesh: Any) -> TrainingRun:
        """Returns a new run at update 0."""
        counts = {"updates": 0, "steps": 0, "slot_steps": 0, "seconds": 0.0}
        parts = self.batch, self.policy, state, counts, self.evaluation_env, mesh
        return TrainingRun(cfg, run, *parts, algorithm=self.algorithm)


def with_network(cfg: TrainConfig, network) -> TrainConfig:
    """Returns the options, with `network="own"` if a custom network is given.

    Raises:
      ValueError: the options name another network.
    """
    if network is None:
        return cfg
    if cfg.network == "paper":
        raise ValueError("network='paper' is asked for, and a custom network is given too")
    return dataclasses.replace(cfg, network="own")


def prepare(cfg: TrainConfig, env: mm.Env | None = None, network=None, algorithm=None) -> Parts:
    """Returns worlds and policy of a run; arguments as of `begin`."""
    checkpoint.require_orbax()
    batch, policy = assemble(cfg, env or make_env(cfg), network)
    return Parts(batch, policy, env or make_evaluation_env(cfg.game, cfg.config), algorithm)


def resume(
    run: str | Path, env: mm.Env | None = None, network=None, algorithm=None, **changes
) -> TrainingRun:
    """Loads a run at its newest checkpoint, or at one that is given, on any number of devices.

    Args:
      run: folder of the run, or of one of its checkpoints; later ones are then set aside, with
        "-set-aside" at the end of their names.
      env: the environment the run was started with, if it was a custom one.
      network: the network it was started with, if it was a custom one.
      algorithm: the algorithm it was started with, if it was a custom one.
      **changes: options to change; only those of `config.HOST_FIELDS` may differ from the run's.

    Raises:
      ValueError: the folder is no run, its checkpoint is damaged, or options differ.
    """
    run, update = checkpoint.split(run)
    cfg = dataclasses.replace(folder.read_config(run), **changes)
    folder.check_options(run, cfg)
    get_learner(cfg, algorithm)
    mesh, parts = meshes.make_mesh(cfg), prepare(cfg, env, network, algorithm)
    folder.check_world(run, parts.evaluation_env.cfg)
    shapes = jax.eval_shape(lambda: init_state(parts.batch, parts.policy, cfg, mesh))
    shapes = meshes.with_shardings(shapes, SPECS, mesh)
    path = checkpoint.find_checkpoint(run / checkpoint.FOLDER, update)
    params, trainer, counts = checkpoint.load(path, shapes.params, shapes.trainer)
    if update is not None and processes.is_first_process():
        checkpoint.set_aside(run / checkpoint.FOLDER, update)
    loaded = parts.new_run(cfg, run, TrainState(params, **trainer), mesh)
    return dataclasses.replace(loaded, counts=counts, saved_at=counts["updates"])


def make_env(cfg: TrainConfig) -> mm.Env:
    """Returns the environment of a run's options."""
    return mm.make(cfg.game, config=cfg.config, weights=cfg.weights or None)


def make_evaluation_env(games: str | tuple[str, ...], config: str) -> mm.Env:
    """Returns an environment of games with the parameters that evaluations of them use."""
    names = (games,) if isinstance(games, str) else games
    made = [ALL_GAMES[name](evaluation=True) if name in ALL_GAMES else name for name in names]
    return mm.make(made, config=config)


def assemble(cfg: TrainConfig, env: mm.Env, network=None) -> tuple[mm.VectorEnv, Policy]:
    """Returns the batch of worlds and the policy of a run's options for an environment.

    Raises:
      ValueError: the curriculum has nothing to choose from in this environment.
    """
    curriculum.check(cfg, env)
    policy = make_policy(cfg, env.cfg, network)
    wrapped = PaperReward(env) if cfg.paper_reward else env
    batch = mm.vectorize(
        add_original_view(wrapped, policy),
        cfg.num_worlds,
        weigh=cfg.weigh,
        share_difficulty=cfg.share_difficulty,
    )
    return batch, policy


def add_original_view(env, *policies: Policy):
    """Returns the environment, wrapped so that its observations suit all the policies."""
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
      env: the environment the run was started with, if it was a custom one.
      update: whose parameters are loaded; None for the newest checkpoint.
      network: the network the run was started with, if it was a custom one.

    Raises:
      ValueError: the folder is no run, or its checkpoint is damaged or absent.
    """
    cfg = folder.read_config(run)
    env = env or mm.make(cfg.game, config=cfg.config)
    policy = make_policy(cfg, env.cfg, network)
    return cfg, policy, read_params(Path(run), update, param_shapes(policy, env))


def param_shapes(policy: Policy, env: mm.Env):
    """Returns the shapes of a policy's parameters in an environment."""
    shown = add_original_view(env, policy)

    def parameters():
        obs, _ = jax.vmap(shown.reset)(jax.random.split(jax.random.key(0), 1))
        return policy.init(jax.random.key(0), obs)

    return jax.eval_shape(parameters)


def read_params(run: Path, update: int | None, shapes):
    """Returns a run's parameters at an update, or of its newest checkpoint.

    Raises:
      ValueError: there are none, or they are damaged or of other shapes.
    """
    if update is not None and (kept := past_file(run, update)).is_file():
        return serialization.from_bytes(shapes, kept.read_bytes())
    saved = checkpoint.find_checkpoint(run / checkpoint.FOLDER, update)
    return checkpoint.load_policy(saved, shapes)


def past_file(run: str | Path, update: int) -> Path:
    """Returns the path of the file with a run's parameters at an update."""
    return Path(run) / "past" / f"{update:08d}.msgpack"
