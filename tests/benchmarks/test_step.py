"""The command line, its file, its table, and the comparison of two files."""

import builtins
import json
import os
import subprocess
import sys

import pytest

from benchmarks import measure as measuring
from benchmarks import report, step, workloads
from tests.benchmarks.counting import Counting


@pytest.fixture
def counted(tiny, monkeypatch):
    """Benchmarks measure `Counting`, if the game has a name that is known."""
    real = step.mm.make

    def make(games, config):
        real(games, config)
        return Counting(tiny)

    monkeypatch.setattr(measuring.mm, "make", make)


def run(*arguments) -> int:
    return step.main([*arguments, "--config", "tiny", "--ticks", "2", "--runs", "2"])


BOTH = ("--rows", *workloads.ROWS[:2])


def test_each_measurement_is_a_line_of_json_and_a_row(counted, tmp_path, capsys):
    file = tmp_path / "out.json"
    code = run("--games", "survive+sandwich", "--batch", "1", "2", *BOTH, "--json", str(file))
    assert code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["batch"], line["row"]) for line in lines] == [
        (batch, row) for batch in (1, 2) for row in workloads.ROWS[:2]
    ]
    needed = {
        "workload", "row", "config", "ticks", "seconds", "agent_steps_per_s", "slot_steps_per_s",
        "world_steps_per_s", "alive", "trace_s", "compile_s", "observation_bytes", "state_bytes",
        "temporary_bytes", "peak_bytes", "peak_of", "checksum", "jax", "device", "commit", "date",
        "command",
    }  # fmt: skip
    assert all(needed <= set(line) for line in lines)
    assert lines[0]["command"].startswith("python -m benchmarks.step --games survive+")
    printed = capsys.readouterr().out
    assert printed.count("survive+sandwich") == 4 and "step + observations" in printed


def test_rows_can_be_chosen(counted, capsys):
    assert run("--games", "survive", "--rows", "step") == 0
    assert "observations" not in capsys.readouterr().out


def test_worlds_that_devices_cannot_share_are_refused(counted, capsys):
    options = ["--games", "survive", "--rows", "step"]
    assert run(*options, "--batch", "2", "--devices", "999") == 2
    assert "devices=999 is more than" in capsys.readouterr().err
    assert run(*options, "--batch", "2", "--devices", "0") == 2
    assert "devices=0 must be at least 1" in capsys.readouterr().err
    with pytest.raises(ValueError, match="devices=2 must divide batch=3"):
        measuring.measure("survive", "tiny", batch=3, devices=2)


def shared(tmp_path, devices: int, workload: str, rows) -> list[dict]:
    """Returns what a process of its own measures: jax counts its devices only once."""
    file = tmp_path / f"{devices}.json"
    command = [sys.executable, "-m", "benchmarks.step", "--config", "tiny", "--games", "survive",
               "--batch", "4", "--ticks", "40", "--runs", "2", "--workload", workload,
               "--rows", *rows, "--devices", str(devices), "--json", str(file)]  # fmt: skip
    subprocess.run(command, check=True, env={**os.environ, "JAX_PLATFORMS": "cpu"})
    return report.load(file)


@pytest.mark.slow
def test_devices_share_the_worlds(tmp_path):
    rows = workloads.ROWS[1], workloads.ROWS[3]
    one, two = (shared(tmp_path, devices, "valid", rows) for devices in (1, 2))
    assert [line["shards"] for line in one + two] == [1, 1, 2, 2]
    for alone, together in zip(one, two, strict=True):
        assert alone["living"] == together["living"] and alone["ended"] == together["ended"] > 0
    (moves,) = shared(tmp_path, 2, "moves", rows[:1])
    assert moves["slots"] == 4 * 40 * 16 and 0.5 < moves["alive"] <= 1


def test_a_wrong_name_ends_before_anything_is_measured(capsys, tmp_path):
    file = tmp_path / "out.json"
    assert run("--games", "survive", "survivor", "--json", str(file)) == 2
    error = capsys.readouterr().err
    assert "survivor" in error and "Traceback" not in error
    assert not file.exists()
    assert step.main(["--games", "survive", "--config", "huge"]) == 2
    assert "huge" in capsys.readouterr().err


def write(path, **changes):
    line = {
        "workload": "moves", "row": "step", "game": "survive", "config": "mini", "batch": 16,
        "ticks": 24, "agent_steps_per_s": 1000, "checksum": 7,
    }  # fmt: skip
    with path.open("a") as file:
        print(json.dumps(line | changes), file=file)
    return path


def test_compare_matches_like_with_like(tmp_path, capsys):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    write(before)
    write(before, game="sandwich", agent_steps_per_s=500)
    write(after, agent_steps_per_s=1500)
    write(after, game="sandwich", agent_steps_per_s=250, checksum=8)
    write(after, batch=32)
    write(after, shards=2, agent_steps_per_s=9000)
    write(after, parted=4, agent_steps_per_s=9000)  # the field's name in older files
    assert [line["shards"] for line in report.load(after)] == [1, 1, 1, 2, 4]
    _, rows = report.compare(report.load(before), report.load(after))
    assert [row[-2:] for row in rows] == [["1.500", "equal"], ["0.500", "differs"]]
    assert step.main(["--compare", str(before), str(after)]) == 0
    assert "1.500" in capsys.readouterr().out


def test_compare_refuses_what_is_no_measurement(tmp_path, capsys):
    good = write(tmp_path / "good.json")
    empty, text, other = (tmp_path / name for name in ("empty", "text", "other"))
    empty.write_text("")
    text.write_text("hello\n")
    other.write_text('{"game": "survive"}\n')
    unlike = write(tmp_path / "unlike.json", batch=3)
    for bad in (empty, text, other, tmp_path / "missing", unlike):
        assert step.main(["--compare", str(good), str(bad)]) == 2
        assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(ValueError, match="line 1"):
        report.load(text)


def test_table_without_rich_is_plain(monkeypatch, capsys):
    original = builtins.__import__

    def without_rich(name, *args, **kwargs):
        if name.startswith("rich"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_rich)
    report.show((("name", "<"), ("n", ">")), [["a", "1"], ["bcdef", "234"]], "title")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["title", "name     n", "----------", "a        1", "bcdef  234"]
