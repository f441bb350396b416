"""The table of layers: every layer is there, and counts are per row."""

import pytest

from benchmarks import layers


@pytest.mark.slow
def test_the_table_is_printed(capsys):
    options = ["--config", "tiny", "--game", "survive", "--rows", "64", "--runs", "1"]
    assert layers.main(options) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    names = ("own", "features", "embeddings,", "all", "core", "heads,", "choice")
    assert all(any(line and line[0] == name for line in lines) for name in names)
    whole = next(line for line in lines if line and line[0] == "all" and line[1] != "that")
    parameters, forward, backward = int(whole[1].replace(",", "")), *map(float, whole[2:4])
    assert parameters > 30_000 and 1.5 * forward < backward < 4 * forward
    # A product takes two operations for each parameter and row, and embeds several in sight.
    assert 2 * parameters / 1e3 < forward < 10 * parameters / 1e3


def test_a_wrong_name_is_refused(capsys):
    assert layers.main(["--game", "surviv"]) == 2
    assert "did you mean 'survive'" in capsys.readouterr().err
