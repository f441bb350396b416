"""The table of phases names every phase that a config has."""

import pytest

from benchmarks import phases
from metammo_jax import make, tick


def test_every_phase_of_the_config_is_timed():
    for config, count in (("tiny", 12), ("tiny_full", len(tick.PHASES))):
        names = [name for name, *_ in phases.parts(make("survive", config=config), [None] * 5)]
        assert sum("." in name for name in names) == count + 2  # after_tick and tasks
        assert names[0] == "nothing" and names[-1] == "whole step"


@pytest.mark.slow
def test_the_table_is_printed(capsys):
    options = ["--config", "tiny", "--game", "survive", "--batch", "2", "--age", "2", "--runs", "1"]
    assert phases.main(options) == 0
    out = capsys.readouterr().out
    assert "combat.attack" in out and "whole step" in out


def test_a_wrong_name_is_refused(capsys):
    assert phases.main(["--game", "surviv"]) == 2
    assert "did you mean 'survive'" in capsys.readouterr().err
