"""The experiment on generalization: its trainings, and its report from results made by hand."""

import json

import pytest

from agents.experiments import generalization
from agents.experiments.options import ExperimentConfig

CFG = ExperimentConfig(steps=1000, seeds=2)


def write_result(task, out, won):
    """Writes an evaluation in which each game of a set is won by the same share."""
    found = {
        game: {name: {"won": won[games], "score": 0.5} for name in ("random", "untrained")}
        for games, names in task.sets.items()
        for game in names
    }
    task.file(out).parent.mkdir(parents=True, exist_ok=True)
    task.file(out).write_text(json.dumps(found))


def test_every_generalist_takes_as_many_steps():
    runs = generalization.trainings(CFG)
    assert {run.cfg.total_steps for run in runs} == {4000}
    assert len({run.name for run in runs}) == len(runs) == 9
    universe = next(run for run in runs if run.name == "universe-replay")
    assert universe.cfg.game == ("universe/train",) and universe.cfg.curriculum == "replay"
    found = {task.name: task for task in generalization.tasks(CFG)}
    assert len(found) == 9 + 18 + 2
    assert found["eight-uniform-1"].needs == ("eight-uniform",)
    assert found["untrained-1"].needs == ()


def test_the_report_compares_curricula_and_marks_games_that_were_not_seen(tmp_path):
    rows = generalization.evaluations(CFG)
    for name in ("eight-uniform", "eight-progress"):
        for task in rows[name]:
            more, better = 0.02 * task.seed, 0.2 * (name == "eight-progress")
            won = {"eight": 0.5 + better + more, "new games": 0.25 + more, "universe/test": more}
            write_result(task, tmp_path, won)
            assert task.is_complete(tmp_path)
            assert task.means(tmp_path, "won") == pytest.approx(won)
    text = generalization.write(CFG, tmp_path, "the command")
    assert "| eight, uniform | 51.0% ± 12.7% | 26.0% ± 12.7% * | 1.0% ± 12.7% * |" in text
    assert "| eight, progress | +20.0% (p < 0.01) | +0.0% (p = 1.00) | +0.0% (p = 1.00) |" in text
    assert "catalog" not in text


def test_games_of_ones_own_are_refused():
    with pytest.raises(ValueError, match="games=.*survive.* must be empty"):
        generalization.trainings(ExperimentConfig(games=("survive",)))
