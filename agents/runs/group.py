"""Runs of several seeds that are trained together: their folder, and their states in one pytree.

The folder holds seeds.json, a README, the learning curve over all seeds, and a run for each seed
in `seed0/` and so on, each of which can be evaluated and resumed on its own.
"""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

import jax
import jax.numpy as jnp

import metammo_jax as mm
from metammo_jax.lib import checks

from ..config import TrainConfig
from ..learners.algorithms import with_algorithm
from ..learners.seeds import make_init
from ..learners.state import TrainState
from ..parallel import meshes
from . import checkpoint, folder, training_run
from .training_run import TrainingRun

README = """Training runs of metammo_jax that differ in the seed alone: {seeds}.

curve.png   the learning curve: means over the seeds, 95% intervals
seed*/      a run each

resume:    metammo-jax train --resume {run}
evaluate:  metammo-jax evaluate {run}/seed{first}
"""


@dataclasses.dataclass
class Group:
    """Runs with different seeds that share their compiled programs.

    Attributes:
      run: folder.
      members: a run for each seed; their states are those of the last `sync_member`.
      state: with a leading axis of seeds; what the next update reads.
      mesh: of the devices that the seeds are sharded over.
    """

    run: Path
    members: tuple[TrainingRun, ...]
    state: TrainState
    mesh: jax.sharding.Mesh

    @property
    def is_complete(self) -> bool:
        """All seeds have taken all their steps."""
        return all(member.is_complete for member in self.members)

    def sync_member(self, index: int) -> TrainingRun:
        """Copies the current state of a seed into its run, and returns the run."""
        self.members[index].state = _select_seed(self.state, index)
        return self.members[index]


def begin(
    cfg: TrainConfig,
    seeds: Iterable[int],
    env: mm.Env | None = None,
    network=None,
    algorithm=None,
) -> Group:
    """Creates a run for each seed.

    Args:
      cfg: options of all runs; `cfg.seed` is not used, `cfg.run_dir` is the folder of the group.
      seeds: of the runs, all different.
      env: a custom environment instead of the one that `cfg.game` and `cfg.config` name.
      network: a custom Flax module; see `agents.networks.lean`.
      algorithm: a custom algorithm, see `agents.learners.algorithms`.

    Raises:
      ValueError: a seed or an option is not allowed, or the folder is in use.
    """
    seeds = check_seeds(seeds)
    _require_one_process()
    mesh = meshes.make_seed_mesh(len(seeds), cfg.devices)
    base = with_algorithm(training_run.with_network(cfg, network), algorithm)
    base = dataclasses.replace(base, devices=0)
    prepared = training_run.prepare(base, env, network, algorithm)
    run = folder.create_group(base, seeds, README)
    options = [dataclasses.replace(base, seed=s, run_dir=str(run / f"seed{s}")) for s in seeds]
    for one in options:
        folder.create(one, prepared.evaluation_env.cfg)
    start, words = make_init(prepared.batch, prepared.policy, options, mesh)
    state = start(words)
    if base.start_from:
        state = _with_start_params(state, base, options, mesh)
    members = [prepared.new_run(one, Path(one.run_dir), None, mesh) for one in options]
    return Group(run, tuple(members), state, mesh)


def _with_start_params(state, base: TrainConfig, options: list[TrainConfig], mesh):
    """Returns the state of all runs with the parameters that they start from."""
    own = [
        training_run.load_start_params(one, _select_seed(state, index).params)
        for index, one in enumerate(options)
    ]
    params = jax.tree.map(lambda *leaves: jnp.stack(leaves), *own)
    begun = jax.vmap(lambda state, params: state.with_params(params, base))(state, params)
    return meshes.shard_seeds(begun, mesh)


def resume(
    run: str | Path, env: mm.Env | None = None, network=None, algorithm=None, **changes
) -> Group:
    """Loads all runs of a group, each at its newest checkpoint; see `training_run.resume`.

    Raises:
      ValueError: the folder is no group, a checkpoint is damaged, or options differ.
    """
    run, seeds = Path(run), read_seeds(run)
    _require_one_process()
    mesh = meshes.make_seed_mesh(len(seeds), changes.pop("devices", 0))
    for own in ("run_dir", "seed"):
        changes.pop(own, None)
    own = env, network, algorithm
    works = [training_run.resume(run / f"seed{seed}", *own, **changes) for seed in seeds]
    shared = works[0]
    members = [
        dataclasses.replace(
            work, batch=shared.batch, policy=shared.policy, evaluation_env=shared.evaluation_env
        )
        for work in works
    ]
    state = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[work.state for work in works])
    return Group(run, tuple(members), meshes.shard_seeds(state, mesh), mesh)


def is_group(run: str | Path) -> bool:
    """Returns whether a folder holds runs of several seeds."""
    return (Path(run) / folder.SEEDS_FILE).is_file()


def read_seeds(run: str | Path) -> tuple[int, ...]:
    """Returns the seeds of a group.

    Raises:
      ValueError: its list of seeds is damaged.
    """
    path = Path(run) / folder.SEEDS_FILE
    try:
        return check_seeds(json.loads(path.read_text())["seeds"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def read_config(run: str | Path) -> TrainConfig:
    """Returns the options of a run, of the run of a checkpoint, or of the first run of a group.

    Raises:
      ValueError: the folder is none of these.
    """
    run, _ = checkpoint.split(run)
    return folder.read_config(run / f"seed{read_seeds(run)[0]}" if is_group(run) else run)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Returns the seeds of a text such as "0,1,2" or "0-9".

    Raises:
      ValueError: the text has another form.
    """
    try:
        low, to, high = text.partition("-")
        return check_seeds(range(int(low), int(high) + 1) if to else map(int, text.split(",")))
    except ValueError as error:
        raise ValueError(
            f"--seeds {text} must be different seeds, such as 0,1,2 or 0-9 ({error})"
        ) from None


def check_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Returns seeds as a tuple of integers.

    Raises:
      ValueError: there is none, one is not allowed, or two are equal.
    """
    found = tuple(checks.whole("a seed", seed, 0, checks.SEEDS - 1) for seed in seeds)
    if not found or len(set(found)) < len(found):
        raise ValueError(f"seeds={found} must be one or more, all different")
    return found


def _require_one_process():
    if jax.process_count() > 1:
        raise ValueError(
            f"{jax.process_count()} processes train together; several seeds must be trained by "
            "a process alone"
        )


@jax.jit
def _select_seed(state, index):
    return jax.tree.map(lambda leaf: leaf[index], state)
