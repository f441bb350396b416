"""The README's table says what the results say."""

import json
import pathlib

import pytest

from benchmarks import readme

REFERENCE = {
    "game": "survive", "ratio": 20.0, "ours": [60000.0, 90000.0, 80000.0], "cores": 2,
    "original": [[{"living": 100, "seconds": 0.05}, {"living": 300, "seconds": 0.1}]],
    "measurement": {"batch": 16, "ticks": 24}, "processor": "Abacus", "jax": "0.10",
    "commit": "abc", "date": "2030-01-02T03:04:05+00:00",
}  # fmt: skip
STEP = {
    "workload": "moves", "row": "step", "game": "survive", "config": "mini", "batch": 16,
    "ticks": 24, "agent_steps_per_s": 123456,
}  # fmt: skip


@pytest.fixture
def files(tmp_path):
    """Paths of a reference, a step file and a README."""
    paths = [tmp_path / name for name in ("reference.json", "step.json", "README.md")]
    second = REFERENCE | {"game": "sandwich", "ratio": 5.0}
    paths[0].write_text("\n".join(map(json.dumps, (REFERENCE, second))))
    with_obs = STEP | {"row": "step + observations", "agent_steps_per_s": 1}
    lines = (STEP, with_obs, STEP | {"game": "sandwich"})
    paths[1].write_text("\n".join(map(json.dumps, lines)))
    paths[2].write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n")
    return [str(path) for path in paths]


def text_of(files) -> str:
    return pathlib.Path(files[2]).read_text()


def write(files) -> int:
    return readme.main([files[0], files[1], "--readme", files[2]])


def test_table_replaces_what_stood_between_the_marks(files):
    assert write(files) == 0
    text = text_of(files)
    assert "| `survive` | 2,500 | 80,000 | 20 | 123,456 |" in text
    assert "| geometric mean | | | **10** | |" in text
    assert "Abacus" in text and "2030-01-02" in text and "commit abc" in text
    assert text.startswith("before\n<!--") and text.endswith("-->\nafter\n") and "old" not in text
    assert write(files) == 0 and text_of(files) == text


@pytest.mark.parametrize(
    "which, content",
    [(2, "no marks"), (2, f"{readme.END}{readme.BEGIN}"), (0, "{}"), (0, "hello"), (1, "")],
)
def test_bad_files_leave_the_readme_as_it_was(files, which, content, capsys):
    pathlib.Path(files[which]).write_text(content)
    before = text_of(files)
    assert write(files) == 2
    assert "benchmarks.readme:" in capsys.readouterr().err
    assert text_of(files) == before


def test_a_game_without_its_row_is_named(files, capsys):
    pathlib.Path(files[1]).write_text(json.dumps(STEP))
    assert write(files) == 2
    assert "sandwich" in capsys.readouterr().err
