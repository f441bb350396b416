"""Limits of the device, and profiles of a step and an update.

Limits are measured: bytes a second of a large copy, and operations a second of a product of large
matrices in float32, TF32 and bfloat16.
"""

import collections
import glob
import gzip
import os
import re
import shutil
import tempfile

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.gpu.tasks import MeasuringTask
from benchmarks.timing import build_ahead, timed

PRECISIONS = {
    "float32": (jnp.float32, jax.lax.Precision.HIGHEST),
    "tf32": (jnp.float32, jax.lax.Precision.DEFAULT),
    "bfloat16": (jnp.bfloat16, jax.lax.Precision.DEFAULT),
}
"""Type of the matrices and precision of their product. On a CPU "tf32" is float32 as well."""

LARGEST = 20
"""Kernels of a profile that are reported."""

LARGEST_TRACE = 10_000_000
"""Bytes of a trace that is kept."""


def ceilings(plan, record) -> MeasuringTask:
    """Returns the task that measures the limits of the device."""

    def run():
        line = jnp.zeros(plan.megabytes * 250_000, jnp.float32)
        size = line.nbytes
        copied = best(lambda x: x + 1, line, plan.rounds)
        record.add("ceiling", what="copy", bytes_per_s=2 * size / copied, megabytes=plan.megabytes)
        for name, (dtype, precision) in PRECISIONS.items():
            key = jax.random.key(0)
            matrix = jax.random.normal(key, (plan.side, plan.side), dtype)
            matrix /= jnp.asarray(plan.side**0.5, dtype)  # so that products of products stay finite

            def product(x, precision=precision):
                return jnp.matmul(x, x, precision=precision)

            spent = best(product, matrix, plan.rounds)
            record.add("ceiling", what=name, flops=2 * plan.side**3 / spent, side=plan.side)

    return MeasuringTask("ceilings", "copies and matrix products", (), run)


def best(function, array, rounds: int, runs: int = 5) -> float:
    """Returns the least seconds of a call, one of many within a program.

    Args:
      function: array -> array of the same shape and type, which is given to the next call.
      array: the first.
      rounds: calls within the program, so that what the host does for one run does not count.
      runs: of which the quickest counts.
    """

    def repeated(array):
        return jax.lax.fori_loop(0, rounds, lambda _, array: function(array), array)

    compiled, _ = build_ahead(jax.jit(repeated, donate_argnums=0), array)
    seconds = []
    for _ in range(runs + 1):
        spent, array = timed(compiled, array)
        seconds.append(spent)
    return min(seconds) / rounds


def profile_steps(row, record, folder) -> MeasuringTask:
    """Returns the task that profiles a row of steps: its kernels by time.

    Args:
      row: `worlds.WorkloadTiming`.
      record: of the figures.
      folder: where the trace is kept, if it is small.
    """

    def run():
        row.time(1, 0.0)  # so that nothing is loaded while the profile is taken
        kernels, trace = profiled(lambda: row.time(0, 0.0))
        if trace and len(trace) <= LARGEST_TRACE:
            with open(os.path.join(folder, "trace.json.gz"), "wb") as file:
                file.write(trace)
        reported = dict(what=row.label, worlds=row.worlds, ticks=row.ticks, per="tick")
        record.add("profile", **reported, **_largest(kernels, row.program))

    return MeasuringTask("profile", f"{row.label}, {row.worlds} worlds", row.needs, run, quiet=True)


def profile_update(learner, record) -> MeasuringTask:
    """Returns the task that profiles an update of training (`training.Learner`)."""
    name, worlds = learner.learning.name, learner.cfg.num_worlds

    def run():
        update, rate = learner.update.result(), np.float32(learner.cfg.learning_rate)
        state, _ = jax.block_until_ready(update(learner.begin.result()(learner.seed), rate))
        kernels, _ = profiled(lambda: jax.block_until_ready(update(state, rate)))
        reported = dict(what=f"update, {name}", worlds=worlds, ticks=1, per="update")
        record.add("profile", **reported, **_largest(kernels, learner.update))

    needs = (learner.begin, learner.update)
    return MeasuringTask("profile", f"update, {name}, {worlds} worlds", needs, run, quiet=True)


def _largest(kernels: dict[str, tuple[float, int]], program) -> dict:
    """Returns the sums over all kernels, and the largest of them.

    Raises:
      ValueError: there are none.
    """
    if not kernels:
        raise ValueError("the profile holds no kernels")
    sources = _sources(program)
    largest = sorted(kernels.items(), key=lambda item: -item[1][0])[:LARGEST]
    return {
        "seconds": sum(seconds for seconds, _ in kernels.values()),
        "launches": sum(count for _, count in kernels.values()),
        "kinds": len(kernels),
        "kernels": [
            {
                "name": name,
                "seconds": seconds,
                "launches": count,
                "source": sources.get(_plain(name), ""),
            }
            for name, (seconds, count) in largest
        ],
    }


def _sources(program) -> dict[str, str]:
    """Returns where in the code each instruction of a compiled program comes from, by its name."""
    found = re.findall(r"%?([\w.\-]+) = .*op_name=\"([^\"]*)\"", program.result().as_text())
    return {_plain(name): source for name, source in found}


def _plain(name: str) -> str:
    """Returns a name as both instructions and kernels have it."""
    return re.sub(r"\W", "_", name)


def profiled(function) -> tuple[dict[str, tuple[float, int]], bytes | None]:
    """Runs a function under the profiler.

    Returns:
      seconds and number of launches of each kernel, by name; the trace, gzipped JSON for a trace
      viewer, None if the profiler wrote none.
    """
    folder = tempfile.mkdtemp()
    try:
        with jax.profiler.trace(folder):
            function()
        found = glob.glob(os.path.join(folder, "**", "*.xplane.pb"), recursive=True)
        kernels = _kernels(jax.profiler.ProfileData.from_file(found[0])) if found else {}
        traces = glob.glob(os.path.join(folder, "**", "*.trace.json.gz"), recursive=True)
        return kernels, _read(traces[0]) if traces else None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read()
    gzip.decompress(data)  # a file cut short is no trace
    return data


def _kernels(data) -> dict[str, tuple[float, int]]:
    """Returns seconds and launches by kernel: of the devices, or of a CPU's worker threads."""
    planes = [plane for plane in data.planes if plane.name.startswith("/device:")]
    on_device = bool(planes)
    if not on_device:
        planes = [plane for plane in data.planes if plane.name == "/host:CPU"]
    sums = collections.defaultdict(lambda: (0.0, 0))
    for plane in planes:
        for line in plane.lines:
            wanted = "Stream" in line.name if on_device else line.name.startswith("tf_XLA")
            for event in line.events if wanted else ():
                if on_device or _is_work(event.name):
                    seconds, count = sums[event.name]
                    sums[event.name] = seconds + event.duration_ns * 1e-9, count + 1
    return dict(sums)


def _is_work(name: str) -> bool:
    """Returns whether an event of a CPU's thread is a kernel, not the thread's bookkeeping."""
    return "::" not in name and not name.startswith(("end: ", "while", "call", "$"))
