"""Experiments: tasks are done once, by one worker each; statistics and verdicts by hand."""

import dataclasses
import json
import threading

import numpy as np
import pytest
from PIL import Image

from agents.experiments import comparison, multi, pictures, report, single, statistics, tasks
from agents.experiments.__main__ import EXPERIMENTS, main
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
    tasks.complete_tasks(todo, tmp_path)
    assert worked == ["a", "b", "c"]
    tasks.complete_tasks(todo, tmp_path)
    assert worked == ["a", "b", "c"], "what is complete is not done again"


def test_two_workers_share_tasks(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "WAIT", 0.01)
    worked = []
    todo = [Note(f"task{number}", (), worked) for number in range(20)]
    workers = [threading.Thread(target=tasks.complete_tasks, args=(todo, tmp_path)) for _ in "ab"]
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
    matches = comparison.matches(cfg, multi.plan(cfg))
    needs = {name for one in matches for name in one.needs}
    assert needs <= {run.name for run in [*runs, *specialists]} and len(needs) == 12
    assert len({one.name for one in matches}) == 8 * 5


PLANS = {name: one.plan for name, one in EXPERIMENTS.items() if hasattr(one, "plan")}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("count", [0, 2, 3])
def test_entrants_have_names_of_their_own_and_policies_that_are_trained(name, count):
    games = ("survive", "sandwich", "team_battle")[:count]
    cfg = ExperimentConfig(steps=1000, seeds=2, games=games)
    plan = PLANS[name](cfg)
    runs = {run.name: run for run in plan.trainings}
    assert len(runs) == len(plan.trainings)
    assert plan.games == games if games else len(plan.games) in (4, 8)
    for one in comparison.matches(cfg, plan):
        names = [entrant.name for entrant in one.entrants]
        assert len(set(names)) == len(names)
        trained = {e.training for e in one.entrants} - {"", "untrained"}
        assert trained == set(one.needs) <= set(runs)
        assert all(one.seed in runs[training].seeds for training in trained)
        assert {pair.first for pair in plan.pairs} | {pair.second for pair in plan.pairs} <= {
            *names
        }
    for run in plan.trainings:
        assert set(run.needs) <= set(runs) and (not run.begins_with or run.begins_with in run.needs)


def test_a_generalist_that_never_saw_a_game_is_where_learning_it_begins():
    cfg = ExperimentConfig(steps=1000, seeds=2, games=("survive", "sandwich", "team_battle"))
    runs = {run.name: run for run in PLANS["unseen"](cfg).trainings}
    assert runs["without-sandwich"].cfg.game == ("survive", "team_battle")
    assert runs["without-sandwich"].cfg.total_steps == 2000
    assert runs["then-sandwich"].cfg.game == ("sandwich",) == runs["scratch-sandwich"].cfg.game
    assert runs["then-sandwich"].begins_with == "without-sandwich"
    assert runs["then-sandwich"].cfg == runs["scratch-sandwich"].cfg
    assert runs["scratch-sandwich"].cfg.total_steps == 100


def test_a_training_begins_with_the_parameters_of_another(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(tasks, "train", lambda cfg, seeds: begun.append((cfg, seeds)))
    cfg = ExperimentConfig(steps=1000).training("survive", 100)
    tasks.TrainingTask("then", cfg, (0, 1), ("first",), begins_with="first").work(tmp_path)
    [(cfg, seeds)] = begun
    assert cfg.start_from == str(tmp_path / "runs" / "first") and seeds == (0, 1)
    assert cfg.run_dir == str(tmp_path / "runs" / "then")


def result_of(beats, ratings):
    """A tournament of entrants a and b, as it is written."""
    rows = {name: {"rating": rating} for name, rating in zip("ab", ratings, strict=True)}
    return {"names": ["a", "b"], "entrants": rows, "beats": [[None, beats], [1 - beats, None]]}


def test_two_that_no_match_separates_share_it():
    names = {"names": ["a", "b"]}
    found = [{**names, "beats": [[None, share], [None, None]]} for share in (None, 0.25)]
    assert comparison.win_shares(found, "a", "b").tolist() == [0.5, 0.25]


def test_a_comparison_by_hand(tmp_path):
    """Two games: in the first a is always above b, in the second one of two seeds each."""
    cfg = ExperimentConfig(seeds=3, games=("survive", "sandwich"))

    def entrants(game, seed):
        return tasks.Entrant("a", ""), tasks.Entrant("b", "untrained")

    pair = comparison.Pair("a and b", "a", "b", "{game}: a is better.")
    plan = comparison.Comparison(
        "hand", "By hand", "They play.", cfg.games, 3, (), entrants, (pair,)
    )
    results = {
        ("survive", 0): result_of(0.9, (1100, 900)),
        ("survive", 1): result_of(0.8, (1080, 920)),
        ("sandwich", 0): result_of(0.6, (1010, 990)),
        ("sandwich", 1): result_of(0.4, (990, 1010)),
        ("sandwich", 2): result_of(0.0, (0, 2000)),
    }
    for (game, seed), result in results.items():
        path = tmp_path / "matches" / "hand" / f"{game}-{seed}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result))
    text = comparison.ComparisonExperiment(lambda cfg: plan).write(cfg, tmp_path, "command")
    assert "2 seeds at `tiny`. They play." in text, "seeds that both games have"
    assert "| survive | 0.85 (0.80 to 0.90) |" in text
    assert "| sandwich | 0.50 (0.40 to 0.60) |" in text
    assert "| probability of improvement | 0.75 " in text
    assert "* `survive`: a is better. **Yes**" in text
    assert "* `sandwich`: a is better. **Undecided**" in text
    assert "(hand-shares.png)" in text and is_drawn(tmp_path / "hand-shares.png")


def is_drawn(path):
    """Whether a picture shows more than a blank page."""
    return len(np.unique(np.asarray(Image.open(path).convert("L")))) > 10


def test_learning_curves_of_several_trainings_are_drawn(tmp_path):
    steps = {"steps": np.array([1e5, 2e5]), "won": np.array([0.2, 0.9]), "won ±": np.full(2, 0.1)}
    alone = {"random": {"steps": [1e5], "won": [0.5]}}
    runs = {"survive": {"random": steps, "past": steps}, "sandwich": alone}
    reported = pictures.draw_curves(tmp_path / "curves.png", runs)
    assert reported.endswith("(curves.png)") and is_drawn(tmp_path / "curves.png")


def test_probability_of_improvement_by_hand():
    first, second = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0]])
    assert statistics.probability_of_improvement(first, second) == pytest.approx(
        ((2.5 / 6) + (2 / 6)) / 2
    )


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
    ("measured", "of_paper", "verdict"),
    [
        ((0.6, 0.55, 0.65), True, "reproduced"),
        ((0.4, 0.35, 0.45), True, "not reproduced"),
        ((0.55, 0.45, 0.65), True, "undecided"),
        ((0.6, 0.55, 0.65), False, "yes"),
        ((0.4, 0.35, 0.45), False, "no"),
        ((0.55, 0.45, 0.65), False, "undecided"),
    ],
)
def test_verdicts(measured, of_paper, verdict):
    claim = report.Claim("It wins.", "it wins", measured, 0.5, of_paper)
    assert claim.verdict == verdict
    assert f"**{verdict.capitalize()}**: it wins {measured[0]:.2f}" in str(claim)


def test_an_experiment_without_results_says_so(tmp_path, capsys):
    assert main(["multi", "--out", str(tmp_path), "--report", "--seeds", "2"]) == 0
    text = (tmp_path / "multi.md").read_text()
    assert "Nothing is complete yet" in text and "python -m agents.experiments multi" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["paper"], "'paper' is no experiment; it must be one of"),
        ([], "is no experiment"),
        (["unseen", "--games", "survive"], "must be two or more"),
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
    text = (tmp_path / "multi.md").read_text()
    assert "specialist 100%" in text and "| race_to_the_center |" in text
    assert text.count("**Undecided**") + text.count("eproduced**") == 2
    assert "probability of improvement" in text
    runs = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.jsonl")}
    assert len(runs) == 2 * 2 + 2 * 2
    capsys.readouterr()
    assert main(["multi", *words]) == 0 and "s\n" not in capsys.readouterr().err
    assert runs == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.jsonl")}


@pytest.mark.slow
def test_a_generalist_goes_on_in_a_game_that_it_has_not_seen(tmp_path):
    words = ["--out", str(tmp_path), "--steps", "4000", "--seeds", "2", "--matches", "4"]
    words += ["--games", "race_to_the_center", "team_battle", "--workers", "1"]
    assert main(["unseen", *words]) == 0
    text = (tmp_path / "unseen.md").read_text()
    assert "| team_battle |" in text and "| after a tenth |" in text
    begun = json.loads(
        (tmp_path / "runs" / "then-team_battle" / "seed1" / "config.json").read_text()
    )
    assert begun["train"]["start_from"] == str(tmp_path / "runs" / "without-team_battle")
