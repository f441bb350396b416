"""Two configs of one game, timed by turns."""

import json

import pytest

from benchmarks import versus
from benchmarks.versus import Versus


def test_the_ratio_is_of_neighbouring_runs():
    """A machine that gets slower on the way slows both."""
    one = Versus("survive", "step", "full", "mini", 2, 5, [2.0, 20.0, 3.0], [1.0, 10.0, 1.0])
    assert one.ratios == [2.0, 2.0, 3.0]
    name, row, mine, other, times, spread = one.line()
    assert (name, row, times, spread) == ("survive", "step", "2.00", "2.00 .. 3.00")
    assert (mine, other) == ("300000", "100000")


@pytest.mark.slow
def test_both_are_played(tmp_path, capsys):
    file = tmp_path / "versus.json"
    sizes = ["--config", "tiny_full", "--against", "tiny", "--batch", "2", "--ticks", "2"]
    options = [*sizes, "--games", "survive", "--rows", "step", "--runs", "3", "--json", str(file)]
    assert versus.main(options) == 0
    assert "geometric mean of 1 games" in capsys.readouterr().out
    (line,) = map(json.loads, file.read_text().splitlines())
    assert len(line["seconds"]) == len(line["against_seconds"]) == 3
    assert line["times"] > 0 and line["commit"]


@pytest.mark.parametrize("option", [["--games", "surviv"], ["--runs", "0"]])
def test_bad_options_are_refused(option, capsys):
    assert versus.main([*option, "--config", "tiny_full", "--against", "tiny"]) == 2
    assert option[1] in capsys.readouterr().err
