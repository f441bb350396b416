"""Training with several processes by `jax.distributed`; a single process needs none of it.

Each process calls the same functions in the same order. The first one writes the run's folder,
which all must see.
"""

import jax
import numpy as np
from jax.experimental import multihost_utils

AUTO = "auto"
"""Value of --coordinator for a cluster that `jax.distributed` detects."""


def join(coordinator: str | None, processes: str | None, process: str | None) -> None:
    """Initializes `jax.distributed`; does nothing without a coordinator.

    To be called before anything is computed.

    Args:
      coordinator: HOST:PORT of the first process, the same for all; "auto" where a cluster
        that `jax.distributed` knows (Slurm, MPI, Kubernetes, TPU) sets all three.
      processes: number of processes, at least 1.
      process: index of this process, from 0.

    Raises:
      ValueError: a value is missing or not allowed.
      RuntimeError: the other processes did not connect.
    """
    if coordinator is None:
        if processes is not None or process is not None:
            raise ValueError("--processes and --process need --coordinator HOST:PORT")
        return
    if coordinator == AUTO:
        jax.distributed.initialize()
        return
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--coordinator {coordinator} must be HOST:PORT or {AUTO}")
    count, number = _whole("--processes", processes), _whole("--process", process)
    if not 0 <= number < count:
        raise ValueError(f"--process {number} must be from 0 to {count - 1}")
    jax.distributed.initialize(coordinator, count, number)


def is_first_process() -> bool:
    """Returns whether this is the process that writes files."""
    return jax.process_index() == 0


def wait_for_all(name: str) -> None:
    """Waits until all processes have called it with the same `name`."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def any_process(flag: bool) -> bool:
    """Returns whether the flag is set in any process; all processes must call it."""
    if jax.process_count() == 1:
        return flag
    return bool(multihost_utils.process_allgather(np.array(flag)).any())


def broadcast_text(text: str) -> str:
    """Returns the text of the first process."""
    if jax.process_count() == 1:
        return text
    buffer = np.zeros(MAX_TEXT_BYTES, np.uint8)
    coded = np.frombuffer(text.encode(), np.uint8)
    if len(coded) > MAX_TEXT_BYTES:
        raise ValueError(f"{text!r} is longer than {MAX_TEXT_BYTES} bytes")
    buffer[: len(coded)] = coded
    return bytes(multihost_utils.broadcast_one_to_all(buffer)).rstrip(b"\0").decode()


MAX_TEXT_BYTES = 1024
"""Largest size in bytes of a text for `broadcast_text`."""


def _whole(option, value):
    if value is None or not value.isdigit():
        raise ValueError(f"{option} must be given with --coordinator, a whole number; not {value}")
    return int(value)
