"""The comparison with the original: same workload, honest ratio, clean exits."""

import ast
import json
import pathlib
import stat
import sys

import pytest

from benchmarks import reference
from benchmarks.measure import Measurement
from benchmarks.reference import Original
from metammo_jax.registry import games

SOURCE = pathlib.Path(reference.ORIGINAL).read_text(encoding="utf-8")


def ours(rates):
    seconds = [1000 / rate for rate in rates]
    return Measurement(
        workload="moves", row="step + observations", game="survive", config="mini", batch=1,
        ticks=24, seconds=seconds, living=[1000] * len(rates), slots=1000, ended=0, trace_s=1.0,
        compile_s=1.0, observation_bytes=1.0, state_bytes=1.0, temporary_bytes=0, checksum=0,
    )  # fmt: skip


def theirs(*rates):
    return Original(
        living=[3072] * len(rates), ticks=[24] * len(rates), seconds=[3072 / r for r in rates],
        players=128, nmmo="2.1.2",
    )  # fmt: skip


def test_ratio_is_two_cores_of_ours_over_the_sum_of_two_originals():
    pair = [theirs(1000, 3000, 2000), theirs(4000)]
    assert pair[0].rate == pytest.approx(2000)
    assert reference.ratio(pair, ours([30000, 90000, 60000])) == pytest.approx(10)


def test_dead_agents_of_the_original_do_not_count():
    half = Original([1536], [24], [1.0], 128, "2.1.2")
    assert half.alive == pytest.approx(0.5) and half.rate == pytest.approx(1536)


def test_geometric_mean():
    assert reference.geometric_mean([1.0, 100.0]) == pytest.approx(10)


@pytest.fixture
def staged(monkeypatch):
    """Neither the original nor a benchmark of ours is run: theirs 4000 a second, ours 60000."""
    asked = []

    def run_original(options, game, folder, cores, ticks, episodes=None):
        asked.append((game, len(cores), ticks))
        return [theirs(2000) for _ in cores]

    monkeypatch.setattr(reference, "run_original", run_original)
    monkeypatch.setattr(reference, "measure_ours", lambda options, game: ours([60000]))
    monkeypatch.setattr(reference, "take_cores", lambda: [0, 1])
    return asked


def test_exit_code_says_whether_the_floor_was_reached(staged, capsys):
    assert reference.main(["--floor", "14.9"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("geometric mean of 8 games: 15.0")
    assert reference.main(["--floor", "15.1", "--games", "survive"]) == 1
    assert "below the floor of 15.1" in capsys.readouterr().out


def test_every_game_is_played_by_two_processes_and_maps_are_made_once(staged, tmp_path):
    file = tmp_path / "out.json"
    assert reference.main(["--json", str(file), "--ticks", "5"]) == 0
    assert staged[0] == (games()[0], 1, 1)  # the maps
    assert staged[1:] == [(game, 2, 5) for game in games()]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["game"] for line in lines] == list(games())
    assert all(line["ratio"] == 15 and len(line["original"]) == 2 for line in lines)


def interpreter(folder, text) -> str:
    """Returns a program that stands for an interpreter."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_original_is_run_with_its_own_interpreter(tmp_path):
    text = (
        "import json, sys\n"
        "print('loading')\n"
        "a = sys.argv\n"
        "core = int(a[a.index('--core') + 1])\n"
        "print(json.dumps(dict(living=[9], ticks=[2], seconds=[3.0 * (1 + core)], players=128,\n"
        "                      nmmo='2.1.2', game=a[a.index('--game') + 1])))\n"
    )
    options = reference.parser().parse_args(["--python", interpreter(tmp_path, text)])
    runs = reference.run_original(options, "survive", str(tmp_path), [0, 1], 24)
    assert [run.rate for run in runs] == [3.0, 1.5]


def test_an_interpreter_without_the_original_ends_cleanly(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(reference, "take_cores", lambda: [0, 1])
    without = interpreter(tmp_path, "import sys\nsys.exit('no nmmo here')\n")
    assert reference.main(["--python", without]) == 2
    assert "no nmmo here" in capsys.readouterr().err
    assert reference.main(["--python", str(tmp_path / "missing")]) == 2
    assert "missing cannot be run" in capsys.readouterr().err


def test_an_unknown_game_ends_cleanly(staged, capsys):
    assert reference.main(["--games", "survivor"]) == 2
    assert "survivor" in capsys.readouterr().err and not staged


def test_the_script_for_the_original_stands_alone():
    tree = ast.parse(SOURCE, feature_version=(3, 8))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(node.module.split(".")[0])
    assert roots - set(sys.stdlib_module_names) == {"nmmo"}


def test_the_script_knows_every_game():
    tree = ast.parse(SOURCE)
    tables = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "GAMES"
    ]
    assert {key.value for key in tables[0].keys} == set(games())
