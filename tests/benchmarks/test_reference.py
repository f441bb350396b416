"""The comparison with the original: same workload, honest ratio, clean exits."""

import ast
import dataclasses
import json
import pathlib
import stat
import sys

import pytest

from benchmarks import reference
from benchmarks.measure import Measurement
from benchmarks.reference import SpeedComparison
from benchmarks.workloads import WORKLOADS
from metammo_jax.games import GAMES

SOURCE = pathlib.Path(reference.ORIGINAL).read_text(encoding="utf-8")


def ours() -> Measurement:
    return Measurement(
        workload="moves",
        row="step + observations",
        game="survive",
        config="mini",
        batch=1,
        ticks=24,
        seconds=[1.0],
        living=[1000],
        slots=1000,
        ended=0,
        trace_s=1.0,
        compile_s=1.0,
        observation_bytes=1.0,
        state_bytes=1.0,
        temporary_bytes=0,
        peak_bytes=0,
        shards=1,
        checksum=0,
    )


def theirs(rate, living=3072):
    return {"living": living, "slots": 3072, "seconds": living / rate}


def test_ratio_is_two_cores_of_ours_over_the_sum_of_two_originals():
    rounds = [[theirs(1000), theirs(2000)], [theirs(2000), theirs(4000)], [theirs(500)] * 2]
    comparison = SpeedComparison("survive", rounds, [30000, 30000, 3000], ours(), "2.1.2")
    assert comparison.ratios == pytest.approx([10, 5, 3])
    assert comparison.ratio == pytest.approx(5)
    assert comparison.original_rates == pytest.approx([1000, 2000])


def test_dead_agents_of_the_original_do_not_count():
    rounds = [[{"living": 1536, "slots": 3072, "seconds": 1.0}] * 2]
    comparison = SpeedComparison("survive", rounds, [3072], ours(), "2.1.2")
    assert comparison.ratio == pytest.approx(1)
    assert comparison.original_alive == pytest.approx(0.5)


def test_turns_that_are_not_alike_are_taken_together():
    valid = dataclasses.replace(ours(), workload="valid")
    rounds = [[theirs(1000, living=3000)] * 2, [theirs(100, living=100)] * 2]  # 3 s and 1 s
    comparison = SpeedComparison("survive", rounds, [31000, 31000], valid, "2.1.2")
    assert comparison.original_rates == pytest.approx([775, 775])
    assert comparison.ratio == pytest.approx(20)


def test_geometric_mean():
    assert reference.geometric_mean([1.0, 100.0]) == pytest.approx(10)


ALONE = ("--devices", "1")  # jax may have counted its devices before these tests

FAKE = """
import json, sys
if "--game" in sys.argv and "sandwich" in sys.argv:
    sys.exit("no sandwich here")
core = int(sys.argv[sys.argv.index("--core") + 1])
print("loading")
print(json.dumps({"nmmo": "2.1.2"}), flush=True)
for line in sys.stdin:
    play = {"living": 3000, "slots": 3072, "seconds": 1.0 + core}
    play |= {"line": line, "given": sys.argv[1:]}
    print(json.dumps(play), flush=True)
"""
"""Stands for the original: 3000 steps a second on core 0, 1500 on core 1."""


asked = []
"""What was asked of ours."""


@pytest.fixture
def staged(tmp_path, monkeypatch):
    """Options for an interpreter that plays `FAKE`; ours makes 45000 steps a second."""

    class Bench:
        def __init__(self, *given, seed, devices):
            asked.append(given)

        def run(self):
            return 45000.0

        def measurement(self, skip):
            return ours()

    asked.clear()
    monkeypatch.setattr(reference, "Bench", Bench)
    monkeypatch.setattr(reference, "take_cores", lambda: [0, 1])
    return ["--python", interpreter(tmp_path, FAKE), *ALONE, "--rounds", "2", "--games"]


def test_exit_code_says_whether_the_floor_was_reached(staged, capsys):
    assert reference.main([*staged, "survive", "team_battle", "--floor", "9.9"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("geometric mean of 2 games: 10.0")
    assert reference.main([*staged, "survive", "--floor", "10.1"]) == 1
    assert "below the floor of 10.1" in capsys.readouterr().out


def test_every_round_is_kept(staged, tmp_path):
    file = tmp_path / "out.json"
    assert reference.main([*staged, "survive", "radio_raid", "--json", str(file)]) == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["game"] for line in lines] == ["survive", "radio_raid"]
    assert all(line["ratios"] == [10, 10] and line["nmmo"] == "2.1.2" for line in lines)
    assert [len(cores) for cores in lines[0]["original"]] == [2, 2]
    assert lines[0]["original"][0][0]["line"] == "play\n"


@pytest.mark.parametrize(
    "options, workload, row, ticks",
    [
        ([], "moves", "step + observations", 24),
        (["--layout", "original"], "moves", "step + original layout", 24),
        (["--workload", "valid"], "valid", "step + observations", 128),
        (["--workload", "valid", "--ticks", "9"], "valid", "step + observations", 9),
    ],
    ids=str,
)
def test_both_sides_play_the_workload_asked_for(staged, tmp_path, options, workload, row, ticks):
    file = tmp_path / "out.json"
    reference.main([*staged, "survive", *options, "--json", str(file)])
    assert asked == [("survive", "mini", 16, ticks, workload, row)]
    given = json.loads(file.read_text())["original"][0][0]["given"]
    assert given[given.index("--workload") + 1] == workload
    assert given[given.index("--ticks") + 1] == str(ticks)


def test_an_original_that_fails_is_reported_with_its_last_output(staged, capsys):
    assert reference.main([*staged, "sandwich"]) == 2
    error = capsys.readouterr().err
    assert "no sandwich here" in error and "Traceback" not in error


def test_an_interpreter_that_is_not_there_is_named(staged, capsys, tmp_path):
    assert reference.main(["--python", str(tmp_path / "missing"), *ALONE]) == 2
    assert "missing cannot be run" in capsys.readouterr().err


def test_unknown_games_and_numbers_end_cleanly(staged, capsys):
    assert reference.main([*staged, "survivor"]) == 2
    assert "survivor" in capsys.readouterr().err
    assert reference.main([*staged, "survive", "--rounds", "0"]) == 2
    assert "rounds=0" in capsys.readouterr().err


def interpreter(folder, text) -> str:
    """Returns a program that stands for an interpreter, whatever script it is to run."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_script_for_the_original_stands_alone():
    tree = ast.parse(SOURCE, feature_version=(3, 8))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(node.module.split(".")[0])
    assert roots - set(sys.stdlib_module_names) == {"nmmo"}


def test_the_script_knows_every_game_and_workload():
    tree = ast.parse(SOURCE)
    tables = {
        node.targets[0].id: {key.value for key in node.value.keys}
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    }
    compared = set().union(*reference.COMPARED.values())
    assert tables["GAMES"] == compared >= set(GAMES)
    assert tables["WORKLOADS"] == set(WORKLOADS)
