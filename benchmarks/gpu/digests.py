"""Comparison of worlds on this device with those of a CPU, bit for bit; versions of software."""

import importlib.metadata
import subprocess

import jax

from benchmarks import digest
from benchmarks.gpu.programs import Programs
from benchmarks.gpu.tasks import MeasuringTask

PACKAGES = ("jaxlib", "flax", "optax", "orbax-checkpoint", "jax-cuda13-plugin", "jax-cuda12-plugin")


def software() -> dict[str, str]:
    """Returns versions of packages, of the compiler's platform, and of the driver."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    platform = getattr(jax.devices()[0].client, "platform_version", "")
    found["platform"] = " ".join(str(platform).split())
    driver = _driver()
    return found | ({"driver": driver} if driver else {})


def _driver() -> str:
    """Returns name, driver and memory of an NVIDIA device; nothing where there is none."""
    query = "--query-gpu=name,driver_version,memory.total"
    try:
        reported = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return reported.stdout.strip()


def tasks(programs: Programs, record) -> list[MeasuringTask]:
    """Returns the tasks that compare worlds with those of a CPU, a config each."""
    return [_task(config, programs, record) for config in digest.PLAYED]


def _task(config: str, programs: Programs, record) -> MeasuringTask:
    play, key = digest.make_player(config), jax.eval_shape(lambda: jax.random.key(0))
    program = programs.add(f"digest of {config}", lambda: play.trace(key))

    def run():
        played = program.result()(jax.random.key(digest.SEED))
        known = digest.expected()
        for game, found in digest.of_games(config, played).items():
            wanted = known.get(config, {}).get(game, "")
            record.add(
                "digest",
                config=config,
                game=game,
                digest=found,
                expected=wanted,
                equal=found == wanted,
            )

    return MeasuringTask("digest", config, (program,), run)
