"""The table of phases names every phase that a config has."""

import numpy as np
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


def test_bytes_are_those_that_are_read_and_made():
    """A leaf that nothing reads does not count."""
    args = ({"used": np.zeros((4, 10), np.float32), "unused": np.zeros((4, 99), np.float32)},)
    seconds, touched = phases.timed(lambda tree: tree["used"] > 0, args, runs=1)
    assert seconds > 0 and touched == 4 * 10 * 4 + 4 * 10
