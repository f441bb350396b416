"""The reader of programs compiled for a GPU, on one that was recorded.

`small_plan.hlo` is what XLA (jax 0.11.2) compiles for an H100 of five turns of a roll and a flip of
(1024, 256) float32, then a loop of unknown length that adds sorted rows.
"""

import os
import pathlib
import subprocess
import sys

import jax
import pytest

from agents.networks import packing
from benchmarks.plan import device, hlo
from benchmarks.plan.floor import floor
from metammo_jax.lib import backend

TEXT = (pathlib.Path(__file__).parent / "small_plan.hlo").read_text()
ARRAY = 1024 * 256 * 4


def test_sizes_of_shapes():
    assert hlo.size("f32[1024,256]{1,0}") == ARRAY
    assert hlo.size("(s32[], pred[3], /*index=2*/u8[2,2]{1,0}, bf16[5])") == 4 + 3 + 4 + 10
    assert hlo.size("token[]") == 0


def test_instructions_are_read():
    module = hlo.read(TEXT)
    main = module.computations[module.entry]
    known, unknown = main["while.9"], main["while.13"]
    assert (known.opcode, known.trips, known.operands) == ("while", 5, ("tuple",))
    assert known.called == {"condition": "region_1.4", "body": "region_0.3"}
    assert unknown.trips is None and unknown.source == "jit(small)/while"
    assert unknown.bytes == 4 + ARRAY + 4


def test_what_is_no_program_is_refused():
    with pytest.raises(ValueError, match="has no ENTRY"):
        hlo.read("HloModule nothing")


def test_kernels_copies_and_bytes_are_counted():
    """By hand. A turn of the first loop: a counter, both moves as one, a copy, the end."""
    total, rows = floor(hlo.read(TEXT))
    first = 5 * (8 + 2 * ARRAY + 2 * ARRAY + 5)
    second = 8 + 3 * ARRAY + 3 * ARRAY + 9
    before = 2 * 8 + 2 * ARRAY
    assert total.bytes == first + second + before
    assert (total.kernels, total.copies, total.unknown) == (5 * 4 + 4 + 3, 5 + 3, 1)
    assert total.us == pytest.approx(27 * device.LAUNCH_US), "none moves more than a launch's worth"
    assert [row.instruction.name for row in rows[:1]] == ["while.9"]
    assert rows[0].cost.bytes == first


def test_large_arrays_take_as_long_as_memory_takes():
    total, _ = floor(hlo.read(TEXT.replace("1024,256]", "65536,1024]")))
    large = 65536 * 1024 * 4
    moved = (5 * 4 + 6 + 2) * large / device.BYTES_PER_US
    small = (5 * 2 + 2 + 2) * device.LAUNCH_US
    assert total.us == pytest.approx(moved + small)


def test_branches_count_as_the_costliest():
    text = """
%small (p: f32[8]) -> f32[8] {
  %p = f32[8]{0} parameter(0)
  ROOT %n = f32[8]{0} negate(%p)
}

%large (q: f32[8]) -> f32[8] {
  %q = f32[8]{0} parameter(0)
  %m = f32[8]{0} negate(%q)
  ROOT %o = f32[8]{0} negate(%m)
}

ENTRY %main (i: s32[], x: f32[8]) -> f32[8] {
  %i = s32[] parameter(0)
  %x = f32[8]{0} parameter(1)
  %y = f32[8]{0} conditional(%i, %x, %x), branch_computations={%small, %large}
  ROOT %z = f32[8]{0} call(%y), to_apply=%small
}
"""
    total, _ = floor(hlo.read(text))
    assert (total.kernels, total.bytes) == (3, 3 * 64)


def test_programs_are_traced_for_the_device_that_is_assumed():
    here = packing.blocks_at_a_time(4096, 128, 16)
    with backend.assumed("gpu"):
        there = packing.blocks_at_a_time(4096, 128, 16)
        assert backend.platform() == "gpu"
    assert backend.platform() == jax.default_backend()
    assert (here, there) == (1, packing.OTHER_ROWS // (16 * packing.PLACES))


def _run(*arguments):
    command = [sys.executable, "-m", "benchmarks.plan", *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def _has_plugin() -> bool:
    import importlib.util

    return any(importlib.util.find_spec(f"jax_cuda{n}_plugin") for n in (12, 13))


@pytest.mark.skipif(_has_plugin(), reason="the plugin is installed")
def test_without_the_plugin_the_error_says_what_to_install():
    reported = _run("--config", "tiny", "--worlds", "2", "--programs", "step")
    assert reported.returncode == 2 and 'pip install "jax[cuda13]"' in reported.stderr


@pytest.mark.slow
@pytest.mark.skipif(not _has_plugin(), reason="needs XLA's CUDA plugin")
def test_a_step_is_compiled():
    reported = _run("--config", "tiny", "--worlds", "64", "--programs", "step")
    assert reported.returncode == 0, reported.stderr
    figures = dict(line.split(maxsplit=1) for line in reported.stdout.splitlines()[-13:])
    assert int(figures["kernels"]) > int(figures["copies"]) > 0
    assert float(figures["floor_us"]) >= device.LAUNCH_US * int(figures["kernels"])
