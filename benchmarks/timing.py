"""Compiling apart from running, seconds of a run, bytes, and devices."""

import contextlib
import os
import platform
import time

import jax


@contextlib.contextmanager
def no_compilation_cache():
    """Keeps compiled programs from being read from disk: the time to compile is measured."""
    before = jax.config.jax_enable_compilation_cache
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", before)


def build_ahead(function, *args):
    """Returns the compiled function, and the seconds to trace and to compile it.

    The function may be jitted already, with arguments that it gives up.
    """
    start = time.perf_counter()
    lowered = (function if hasattr(function, "lower") else jax.jit(function)).lower(*args)
    traced = time.perf_counter()
    compiled = lowered.compile()
    return compiled, (traced - start, time.perf_counter() - traced)


def timed(function, *args):
    """Returns seconds until all results are there, and the results."""
    start = time.perf_counter()
    result = jax.block_until_ready(function(*args))
    return time.perf_counter() - start, result


def tree_bytes(shapes) -> int:
    """Returns the size of all arrays, or shapes of arrays, together."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))


def temporary_bytes(compiled) -> int | None:
    """Returns what a compiled function allocates beside inputs and outputs, if it is known."""
    analysis = compiled.memory_analysis()
    return None if analysis is None else int(analysis.temp_size_in_bytes)


def peak_memory() -> tuple[int | None, str]:
    """Returns the most bytes ever in use, and of what.

    Of the device, where it counts (GPU): arrays and temporaries since the process began. Else of
    the process: its largest resident set, Python and the compiler included.
    """
    statistics = jax.devices()[0].memory_stats() or {}
    if "peak_bytes_in_use" in statistics:
        return statistics["peak_bytes_in_use"], "device"
    try:
        import resource
    except ImportError:  # not a Unix
        return None, "unknown"
    unit = 1 if platform.system() == "Darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "process"


def cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_cpu_devices(count: int) -> None:
    """Makes JAX use the processor as several devices; must precede its initialization.

    With a device for every core each works alone: threads that share the work of one step among
    cores would then only be in each other's way, so there is one (`NPROC`, read by XLA).

    Raises:
      ValueError: jax has counted its devices already, and there are fewer.
    """
    if count > 1:
        if count >= cores():
            os.environ.setdefault("NPROC", "1")
        with contextlib.suppress(RuntimeError):  # it has counted them
            jax.config.update("jax_num_cpu_devices", count)
    if count > jax.device_count():
        raise ValueError(f"devices={count} is more than the {jax.device_count()} that jax uses")
