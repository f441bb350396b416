"""The command for an accelerator: what is in line, what is recorded, what is done when it fails."""

import json
import os
import subprocess
import sys
import threading
import time

import jax
import jax.numpy as jnp
import pytest

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import digests, limits, pages, plan
from benchmarks.gpu.programs import Programs
from benchmarks.gpu.record import LONGEST_MESSAGE, Record
from benchmarks.gpu.tasks import LAST_SECONDS, Clock, MeasuringTask, run_all
from benchmarks.gpu.worlds import Series

NUMBER = jax.ShapeDtypeStruct((), jnp.float32)
HEAD = {"device": "cpu none", "command": "python -m benchmarks.gpu", "plan": {"steps": "1"}}


def doubled(x):
    return 2 * x


@pytest.fixture
def programs():
    return Programs(threads=2)


@pytest.fixture
def record(tmp_path):
    return Record(tmp_path / "report", HEAD)


def lines(record):
    return [json.loads(line) for line in (record.folder / "figures.jsonl").read_text().splitlines()]


def test_a_program_is_compiled_and_tells_its_shapes(programs):
    first = programs.add("first", lambda: jax.jit(doubled).trace(NUMBER))
    second = programs.add("second", lambda: jax.jit(doubled).trace(first.shapes()))
    assert first.result()(2.0) == 4.0 and second.result()(3.0) == 6.0
    assert first.is_ready and second.wait(0) and programs.idle
    assert first.compile_s > 0


def test_programs_are_traced_one_at_a_time_and_in_order():
    order, busy = [], threading.Lock()

    def trace(number):
        assert busy.acquire(blocking=False)  # no other is being traced
        order.append(number)
        time.sleep(0.01)
        busy.release()
        return jax.jit(doubled).trace(NUMBER)

    programs = Programs(threads=4)
    added = [programs.add(str(n), lambda n=n: trace(n)) for n in range(8)]
    assert [program.result()(1.0) for program in added] == [2.0] * 8
    assert order == list(range(8))


def test_a_program_that_cannot_be_traced_raises_where_it_is_asked_for(programs):
    broken = programs.add("broken", lambda: jax.jit(lambda x: x + "word").trace(NUMBER))
    with pytest.raises(TypeError):
        broken.result()
    with pytest.raises(RuntimeError, match="broken could not be traced"):
        broken.shapes()
    assert programs.add("after", lambda: jax.jit(doubled).trace(NUMBER)).result()(1.0) == 2.0


def test_the_earliest_task_that_is_ready_runs_and_one_that_fails_is_recorded(programs, record):
    gate, ran = threading.Event(), []

    def late():
        gate.wait()
        return jax.jit(doubled).trace(NUMBER)

    quick = programs.add("quick", lambda: jax.jit(doubled).trace(NUMBER))
    slow = programs.add("slow", late)

    def fail():
        ran.append("fails")
        raise MemoryError("out of memory")

    def finish():
        ran.append("quick")
        gate.set()

    tasks = [
        MeasuringTask("steps", "slow", (slow,), lambda: ran.append("slow")),
        MeasuringTask("steps", "fails", (quick,), fail),
        MeasuringTask("steps", "quick", (quick,), finish),
        MeasuringTask("steps", "quiet", (), lambda: ran.append("quiet"), quiet=True),
    ]
    run_all(tasks, programs, Clock(1.0), 0.0, record)
    assert ran == ["fails", "quick", "slow", "quiet"]
    (failure,) = [figure for figure in lines(record) if figure["part"] == "failure"]
    assert failure["name"] == "fails" and failure["why"] == "MemoryError: out of memory"


def test_what_is_not_compiled_in_time_is_said(programs, record):
    stuck = threading.Event()
    never = programs.add("never", stuck.wait)
    tasks = [MeasuringTask("steps", "waits", (never,), lambda: None)]
    begun = time.monotonic()
    run_all(tasks, programs, Clock(0.01), 0.3, record)
    assert time.monotonic() - begun < 5  # time was up at once: less is left than the reserve
    assert "still compiling: never" in (record.folder / "report.md").read_text()
    stuck.set()


def test_who_waits_for_quiet_runs_in_the_last_seconds_all_the_same(programs, record):
    stuck, ran = threading.Event(), []
    programs.add("never", stuck.wait)
    tasks = [MeasuringTask("profile", "quiet", (), lambda: ran.append("quiet"), quiet=True)]
    run_all(tasks, programs, Clock((LAST_SECONDS - 1) / 60), 0.0, record)
    assert ran == ["quiet"] and not programs.idle
    stuck.set()


def test_figures_are_on_disk_as_soon_as_they_are_known(record):
    record.add("ceiling", what="copy", bytes_per_s=2e9, megabytes=64)
    assert lines(record)[-1]["what"] == "copy"
    assert "| 2 GB/s |" in (record.folder / "report.md").read_text()
    record.failure("steps", "row", "x" * 9999)
    assert len(lines(record)[-1]["why"]) < LONGEST_MESSAGE + 10


def test_doubling_stops_where_it_no_longer_pays():
    series = Series()
    for worlds, rate in ((512, 10.0), (1024, 18.0), (2048, 17.0)):
        series.add(worlds, rate)
        assert not series.stopped
    series.add(4096, 9.0)
    assert series.stopped and series.best == 1024


def test_each_plan_knows_its_worlds_beforehand():
    assert plan.doubling(512, 32768) == (512, 1024, 2048, 4096, 8192, 16384, 32768)
    for each in plan.PLANS.values():
        for config in each.configs:
            assert each.middle(config) in each.worlds[each.at(config)]
            assert each.middle(config) % each.block == 0
        assert {learning.config for learning in each.learning} <= set(each.configs)


def test_limits_are_measured(record):
    limits.ceilings(plan.PLANS["tiny"], record).run()
    found = {figure["what"]: figure for figure in lines(record) if figure["part"] == "ceiling"}
    assert set(found) == {"copy", "float32", "tf32", "bfloat16"}
    assert found["copy"]["bytes_per_s"] > 1e8 and found["float32"]["flops"] > 1e8


def test_a_program_is_timed_for_its_rounds():
    seen = []

    def step(x):
        jax.debug.callback(lambda: seen.append(1))
        return x + 1

    seconds = limits.best(step, jnp.zeros(4), rounds=5, runs=2)
    jax.effects_barrier()
    assert len(seen) == 5 * 3 and 0 < seconds < 1


def test_a_profile_tells_kernels():
    product = jax.jit(lambda x: jnp.sin(x) @ x)
    matrix = jnp.ones((300, 300))
    product(matrix)
    kernels, trace = limits.profiled(lambda: product(matrix).block_until_ready())
    assert kernels and all(seconds >= 0 and count for seconds, count in kernels.values())
    assert trace[:2] == b"\x1f\x8b"


def test_versions_are_summarize():
    assert {"jaxlib", "flax", "platform"} <= set(digests.software())


def test_a_wrong_number_of_minutes_is_refused(capsys):
    assert command.main(["--minutes", "0"]) == 2
    assert "minutes=0.0 must be above 0" in capsys.readouterr().err


def test_failures_of_several_lines_are_a_block(record):
    record.failure("training", "lean", "RESOURCE_EXHAUSTED:\nout of memory")
    text = pages.report(record.figures)
    assert "```\n  RESOURCE_EXHAUSTED:\n  out of memory\n  ```" in text


@pytest.mark.slow
def test_a_rehearsal_is_complete_and_ends_in_time(tmp_path):
    """On two cores that do nothing else: every part, no failure, within three minutes."""
    begun = time.monotonic()
    arguments = ["--config", "tiny", "--minutes", "2", "--out", str(tmp_path)]
    environment = os.environ | {"METAMMO_JAX_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert time.monotonic() - begun < 180
    figures = [json.loads(line) for line in (tmp_path / "figures.jsonl").read_text().splitlines()]
    parts = {figure["part"] for figure in figures}
    assert {"machine", "digest", "ceiling", "step", "training", "profile", "run"} <= parts, (
        done.stderr
    )
    assert done.returncode == 0 and "failure" not in parts
    assert all(figure["equal"] for figure in figures if figure["part"] == "digest")
    sizes = [path.stat().st_size for path in tmp_path.iterdir() if path.is_file()]
    assert len(sizes) <= 6 and max(sizes) < 12e6
