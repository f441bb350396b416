"""Experiments: tasks are done once, by one worker each; statistics and verdicts by hand."""

import dataclasses
import json
import threading

import numpy as np
import pytest

from agents.experiments import multi, report, single, statistics, tasks
from agents.experiments.__main__ import main
from agents.experiments.options import ExperimentConfig


@dataclasses.dataclass(frozen=True)
class Note:
    """A task that writes a file and tells when it worked."""

    name: str
    needs: tuple[str, ...] = ()
    worked: list = dataclasses.field(default_factory=list, compare=False)

    def is_complete(self, out):
        return (out / self.name).is_file()

    def work(self, out):
        self.worked.append(self.name)
        (out / self.name).write_text("done")


def test_tasks_wait_for_what_they_need_and_are_done_once(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "WAIT", 0.01)
    worked = []
    todo = [Note("c", ("a", "b"), worked), Note("b", ("a",), worked), Note("a", (), worked)]
    tasks.work_through(todo, tmp_path)
    assert worked == ["a", "b", "c"]
    tasks.work_through(todo, tmp_path)
    assert worked == ["a", "b", "c"], "what is complete is not done again"


def test_two_workers_share_tasks(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "WAIT", 0.01)
    worked = []
    todo = [Note(f"task{number}", (), worked) for number in range(20)]
    workers = [threading.Thread(target=tasks.work_through, args=(todo, tmp_path)) for _ in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(worked) == sorted(task.name for task in todo)


def test_the_update_nearest_to_a_share_of_the_steps(tmp_path):
    from agents.config import TrainConfig

    described = {"train": dataclasses.asdict(TrainConfig(total_steps=1000)), "world": {}}
    (tmp_path / "config.json").write_text(json.dumps(described))
    lines = [{"update": u, "steps": 100 * u} for u in range(1, 11)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "past").mkdir()
    for update in (0, 3, 5, 10):
        (tmp_path / "past" / f"{update:08d}.msgpack").touch()
    found = [tasks.update_at(tmp_path, share) for share in (0.1, 0.25, 0.5, 0.7, 1.0)]
    assert found == [0, 3, 5, 5, None]


def test_a_generalist_takes_as_many_steps_of_each_game_as_a_specialist():
    cfg = ExperimentConfig(steps=1000, seeds=5)
    runs = multi.generalists(cfg)
    assert {run.cfg.total_steps for run in runs} == {8000}
    assert [run.seeds for run in runs] == [(0, 1, 2), (3, 4)] * 2
    assert {run.cfg.weigh for run in runs} == {"episodes", "samples"}
    specialists = single.trainings(cfg)
    assert {run.cfg.total_steps for run in specialists} == {1000, 500}
    assert len({run.name for run in specialists}) == len(specialists) == 11
    needs = {name for one in multi.matches(cfg) for name in one.needs}
    assert needs <= {run.name for run in [*runs, *specialists]} and len(needs) == 12
    assert len({one.name for one in multi.matches(cfg)}) == 8 * 5


@pytest.mark.parametrize("count", [1, 2, 3])
def test_entrants_of_a_tournament_have_names_of_their_own(count):
    """Of two games, a share of all samples is half of them, which is compared in any case."""
    cfg = ExperimentConfig(
        steps=1000, seeds=2, games=("survive", "sandwich", "team_battle")[:count]
    )
    for one in multi.matches(cfg):
        names = [entrant.name for entrant in one.entrants]
        assert len(set(names)) == len(names)


def test_interquartile_mean_by_hand():
    values = np.array([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 100.0]])
    assert statistics.interquartile_mean(values) == pytest.approx((2 + 3 + 4 + 5) / 4)


def test_a_bootstrap_holds_the_mean_and_draws_within_games():
    """Two games of very different means: drawn across games the interval would be wide."""
    values = np.stack([np.arange(10) / 10, 100 + np.arange(10) / 10])
    mean, low, high = statistics.bootstrap(lambda rows: float(rows.mean()), values)
    assert low < mean < high and mean == pytest.approx(50.45) and high - low < 0.5
    again = statistics.bootstrap(lambda rows: float(rows.mean()), values)
    assert again == (mean, low, high)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        ((0.6, 0.55, 0.65), "reproduced"),
        ((0.4, 0.35, 0.45), "not reproduced"),
        ((0.55, 0.45, 0.65), "undecided"),
    ],
)
def test_verdicts(measured, verdict):
    claim = report.Claim("It wins.", "it wins", measured, 0.5)
    assert claim.verdict == verdict
    assert f"**{verdict.capitalize()}**: it wins {measured[0]:.2f}" in str(claim)


def test_an_experiment_without_results_says_so(tmp_path, capsys):
    assert main(["multi", "--out", str(tmp_path), "--report", "--seeds", "2"]) == 0
    text = (tmp_path / "README.md").read_text()
    assert "Nothing is complete yet" in text and "python -m agents.experiments multi" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["paper"], "'paper' is no experiment; it must be one of"),
        ([], "is no experiment"),
        (["single", "--games", "chess"], "games='chess' is unknown"),
        (["single", "--workers", "0"], "workers=0"),
    ],
)
def test_experiments_that_cannot_be(words, said, refused):
    assert said in refused(main, words)


@pytest.mark.slow
def test_a_small_experiment_is_done_once_and_reports(tmp_path, capsys):
    """Two games, two seeds, a few thousand steps: trained, played, reported; again nothing is."""
    words = ["--out", str(tmp_path), "--steps", "4000", "--seeds", "2", "--matches", "4"]
    words += ["--games", "race_to_the_center", "team_battle"]
    assert main(["multi", *words]) == 0
    text = (tmp_path / "README.md").read_text()
    assert "specialist 100%" in text and "| race_to_the_center |" in text
    assert text.count("**Undecided**") + text.count("eproduced**") == 2
    runs = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.jsonl")}
    assert len(runs) == 2 * 2 + 2 * 2
    capsys.readouterr()
    assert main(["multi", *words]) == 0 and "s\n" not in capsys.readouterr().err
    assert runs == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.jsonl")}
