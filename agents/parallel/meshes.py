"""Meshes of devices, over which the worlds of a run are sharded along one axis.

Each device simulates a shard of the worlds and computes gradients from it; only gradients and some
sums are exchanged. Random numbers and minibatches depend on the options alone, so that training is
the same on any number of devices, up to the rounding of sums.
"""

import warnings

import jax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as Spec

from ..config import TrainConfig

WORLD_AXIS = "worlds"
"""Name of the mesh axis."""

SEED_AXIS = "seeds"
"""Name of the mesh axis of seeds that are trained together."""


def make_mesh(cfg: TrainConfig) -> Mesh:
    """Returns the mesh of a run's devices, with the axis `WORLD_AXIS`.

    With `cfg.devices` 0 it has as many local devices as the options allow; with several processes
    it always has all devices of all processes.

    Raises:
      ValueError: there are fewer devices, or the worlds cannot be sharded over them.
    """
    found, together = jax.devices(), jax.process_count() > 1
    count = cfg.devices or (len(found) if together else _most(cfg, len(found)))
    if count > len(found) or (together and count < len(found)):
        rule = "must be" if together else "is more than"
        raise ValueError(f"devices={count} {rule} the {len(found)} of {found[0].platform} in use")
    if count not in cfg.allowed_devices:
        raise ValueError(cfg.refusal(count))
    if count < len(found) and not cfg.devices:
        warnings.warn(
            f"{count} of {len(found)} devices are used: {cfg.refusal(len(found))}", stacklevel=2
        )
    return jax.make_mesh(
        (count,), (WORLD_AXIS,), axis_types=(AxisType.Auto,), devices=found[:count]
    )


def make_seed_mesh(count: int, devices: int = 0) -> Mesh:
    """Returns a mesh for sharding seeds, each with all its worlds on one device.

    Args:
      count: number of seeds.
      devices: number of devices; 0 for as many local ones as divide the seeds equally.

    Raises:
      ValueError: there are fewer devices, or they do not divide the seeds.
    """
    found = jax.devices()
    allowed = [n for n in range(1, len(found) + 1) if count % n == 0]
    if devices and devices not in allowed:
        raise ValueError(
            f"devices={devices} must divide the {count} seeds, with at most the {len(found)} of "
            f"{found[0].platform} in use; allowed are {', '.join(map(str, allowed))}"
        )
    used = devices or allowed[-1]
    types = (AxisType.Auto, AxisType.Auto)
    return jax.make_mesh((used, 1), (SEED_AXIS, WORLD_AXIS), axis_types=types, devices=found[:used])


def shard_seeds(states, mesh: Mesh):
    """Returns states with a leading axis of seeds, sharded over a mesh of `make_seed_mesh`."""
    return jax.device_put(states, NamedSharding(mesh, Spec(SEED_AXIS)))


def shard_map(function, mesh: Mesh, in_specs, out_specs):
    """Returns a function of global arrays that runs on each device on its own shard.

    Args:
      function: of the shards, and of what is replicated.
      mesh: of the devices.
      in_specs: for each argument `Spec(AXIS)`, sharded by worlds, or `Spec()`, replicated;
        or a pytree of these.
      out_specs: of what it returns, likewise.
    """
    return jax.shard_map(
        function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False
    )


def with_shardings(shapes, specs, mesh: Mesh):
    """Returns the shapes of arrays with their shardings.

    Args:
      shapes: pytree of `jax.ShapeDtypeStruct`.
      specs: a prefix of it, see `shard_map`.
      mesh: of the devices.
    """

    def place(spec, tree):
        whole = NamedSharding(mesh, Spec())
        its = NamedSharding(mesh, spec)
        return jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(
                leaf.shape, leaf.dtype, sharding=its if leaf.size else whole
            ),
            tree,
        )

    return jax.tree.map(place, specs, shapes, is_leaf=lambda node: isinstance(node, Spec))


def local_data(tree):
    """Returns replicated arrays as arrays on this process's first device."""
    return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)


def _most(cfg, available):
    return max(count for count in cfg.allowed_devices if count <= available)
