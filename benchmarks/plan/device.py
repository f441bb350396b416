"""Compiles for an H100 without having one: its topology, and programs for it."""

import os

import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh

from metammo_jax.lib import backend

PLUGIN = 'benchmarks.plan needs XLA\'s CUDA plugin: pip install "jax[cuda13]", of the jax in use'

DESCRIPTION = """
gpu_device_info {
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  threads_per_warp: 32 threads_per_block_limit: 1024 threads_per_core_limit: 2048
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  shared_memory_per_block: 49152 shared_memory_per_block_optin: 232448
  shared_memory_per_core: 233472
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  memory_bandwidth: 3352320000000 l2_cache_size: 52428800 device_memory_size: 84929347584
  cuda_compute_capability { major: 9 }
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 12 }
runtime_version { major: 13 minor: 0 patch: 0 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""
"""What XLA has to know of the device: NVIDIA's data sheet of the H100 SXM."""

BYTES_PER_US = 3.35e6
"""That its memory moves in a microsecond."""

LAUNCH_US = 2.5
"""Microseconds that a kernel takes at least."""


def prepare() -> None:
    """Sets what XLA reads when it starts; call it before JAX is used.

    Matrix products are compiled untuned: to tune them is to run them.
    """
    os.environ.setdefault("JAX_SKIP_CUDA_CONSTRAINTS_CHECK", "1")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_autotune_level=0".strip()


def mesh(axis: str) -> Mesh:
    """Returns a mesh of one device.

    Raises:
      ValueError: the plugin is not installed.
    """
    try:
        topology = topologies.get_topology_desc(
            platform="cuda", target_config=DESCRIPTION, topology="1x1x1"
        )
    except Exception as error:  # noqa: BLE001 - JAX raises several kinds
        raise ValueError(f"{PLUGIN} ({str(error).splitlines()[0]})") from error
    return Mesh(np.array(topology.devices).reshape(1), (axis,))


def compile_for(function, *shapes):
    """Returns the compiled program of a jitted function for shapes of `meshes.with_shardings`."""
    with backend.assumed("gpu"):
        return function.trace(*shapes).lower(lowering_platforms=("cuda",)).compile()
