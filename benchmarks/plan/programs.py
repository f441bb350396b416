"""What is compiled for the device: a step, a step with observations, an update of training."""

import dataclasses

import jax
import numpy as np
from jax.sharding import PartitionSpec as Spec

import metammo_jax as mm
from agents.parallel import meshes

from . import device

STEP, OBSERVATIONS, UPDATE = "step", "observations", "update"
PROGRAMS = (STEP, OBSERVATIONS, UPDATE)


@dataclasses.dataclass(frozen=True)
class ProgramSetting:
    """Games, config and sizes of a program.

    Attributes:
      config: preset of the world's sizes.
      games: mixed in the batch.
      worlds: of the batch.
      network: "lean" or "paper", of an update.
      minibatches: of an epoch of an update.
      matmul_precision: of an update, as of `agents.config.TrainConfig`.
    """

    config: str
    games: tuple[str, ...]
    worlds: int
    network: str = "lean"
    minibatches: int = 16
    matmul_precision: str = "float32"


def compiled(program: str, setting: ProgramSetting):
    """Returns a compiled program, and how many ticks of the worlds it plays."""
    if program == UPDATE:
        return _update(setting)
    return _step(setting, program == OBSERVATIONS), 1


def _step(setting: ProgramSetting, observed: bool):
    env = mm.make(list(setting.games), setting.config)
    keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), setting.worlds))
    _, world = jax.eval_shape(jax.vmap(env.reset), keys)
    action = jax.eval_shape(lambda: jax.vmap(lambda _: env.noop())(np.zeros(setting.worlds)))

    def step(keys, world, action):
        obs, world, *outcome = jax.vmap(env.step)(keys, world, action)
        return world, outcome, obs if observed else None

    mesh = device.mesh(meshes.WORLD_AXIS)
    shapes = [meshes.with_shardings(tree, Spec(), mesh) for tree in (keys, world, action)]
    return device.compile_for(jax.jit(step, donate_argnums=1), *shapes)


def _update(setting: ProgramSetting):
    from agents.config import PRESETS, preset
    from agents.learners.state import SPECS, make_init
    from agents.learners.update import make_update
    from agents.runs.training_run import assemble

    base = setting.config if setting.config in PRESETS else "tiny"
    cfg = preset(
        "paper" if setting.network == "paper" else base,
        game=setting.games,
        config=setting.config,
        network=setting.network,
        matmul_precision=setting.matmul_precision,
        num_worlds=setting.worlds,
        minibatches=setting.minibatches,
        devices=1,
    )
    batch, policy = assemble(cfg, mm.make(list(cfg.game), cfg.config))
    start, seed = make_init(batch, policy, cfg, meshes.make_mesh(cfg))
    mesh = device.mesh(meshes.WORLD_AXIS)
    state = meshes.with_shardings(jax.eval_shape(start, seed), SPECS, mesh)
    rate = meshes.with_shardings(jax.ShapeDtypeStruct((), np.float32), Spec(), mesh)
    update = make_update(batch, policy, cfg, mesh)
    return device.compile_for(update, state, rate), cfg.rollout
