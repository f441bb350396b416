"""What `print` shows of a training."""

import shlex
from pathlib import Path

import pytest

from agents.training.result import GroupResult, TrainResult


def record(return_, progress, episodes, wins=None):
    """Returns a line of a log of two games, of which one had no episode."""
    found = {"games": {"race": {"return": return_, "progress": progress, "episodes": episodes}}}
    if wins:
        found["evaluation"] = {
            "race": {name: {"won": won} for name, won in wins.items()},
            "survive": {name: {"won": won} for name, won in wins.items()},
        }
    return found


HISTORY = [
    record(-9.0, 0.0, 100),
    record(0.5, 0.25, 50, {"random": 0.5, "untrained": 0.25}),
    record(1.5, 0.75, 50, {"random": 0.75, "untrained": 0.5}),
]


def result(complete=True, history=HISTORY, curve=Path("runs/x/curve.png")) -> TrainResult:
    return TrainResult(Path("runs/x"), complete, 3, 2_000_000, curve, None, None, history)


def test_a_complete_training_is_a_paragraph():
    text = str(result())
    assert max(map(len, text.splitlines())) <= 88
    assert " ".join(text.split()) == (
        "Training is complete after 3 updates and 2,000,000 living agent-steps. The last episodes "
        "had a mean return of 1.00 and a mean task progress of 0.50. In the last evaluation it won "
        "75% of games against random and 50% against untrained. The run is in runs/x, with the "
        "learning curve curve.png."
    )


def test_a_stopped_training_ends_with_the_command_to_resume_it():
    *_, last = str(result(complete=False)).splitlines()
    assert last == "metammo-jax train --resume runs/x"


def test_a_training_without_finished_episodes_and_evaluations():
    assert " ".join(str(result(history=[], curve=None)).split()) == (
        "Training is complete after 3 updates and 2,000,000 living agent-steps. "
        "The run is in runs/x."
    )


def test_seeds_are_averaged():
    second = [record(3.0, 1.0, 10, {"random": 0.25, "untrained": 0.5})]
    group = GroupResult(Path("runs/y"), (result(), result(history=second)), None)
    text = " ".join(str(group).split())
    assert "after 4,000,000 living agent-steps of 2 seeds." in text
    assert "mean return of 2.00 and a mean task progress of 0.75" in text
    assert "50% of games against random and 50% against untrained" in text


@pytest.mark.parametrize("path", ["runs/" + "long-name-" * 12, "runs/two words"])
def test_the_command_is_one_line_for_a_shell(path):
    stopped = TrainResult(Path(path), False, 1, 1, None, None, None, [])
    *_, last = str(stopped).splitlines()
    assert shlex.split(last) == ["metammo-jax", "train", "--resume", path]
