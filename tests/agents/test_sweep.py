"""Sweeps: settings, jobs, results that are kept, and their table."""

import json

import pytest

from agents import sweep
from agents.evaluation.intervals import mean_over_seeds
from agents.experiments.sweep_table import table
from agents.sweep import SweepConfig, jobs, read_results, settings
from metammo_jax.registry import games


def test_settings_are_all_combinations():
    assert settings(()) == [{}]
    assert settings(("epochs=1,2", "learning_rate=1e-3", "talk=false,true")) == [
        {"epochs": epochs, "learning_rate": 1e-3, "talk": talk}
        for epochs in (1, 2)
        for talk in (False, True)
    ]


def test_trials_are_drawn_without_repetition_and_the_same_each_time():
    vary = ("epochs=1,2,3,4", "minibatches=1,2,4,8")
    drawn = settings(vary, 5)
    assert drawn == settings(vary, 5) and len(drawn) == 5
    assert all(one in settings(vary) for one in drawn)
    assert len({json.dumps(one) for one in drawn}) == 5
    assert settings(vary, 99) == settings(vary)


@pytest.mark.parametrize("vary", ["epocs=1", "epochs", "epochs=", "epochs=1,x", "talk=maybe"])
def test_what_cannot_be_varied_is_refused(vary):
    with pytest.raises(ValueError, match="vary="):
        settings((vary,))


def test_jobs_are_games_times_settings():
    cfg = SweepConfig(game=("survive", "sandwich+survive"), vary=("epochs=1,2",), total_steps=9)
    found = [(job.cfg.game, job.cfg.epochs, job.cfg.total_steps) for job in jobs(cfg)]
    together = ("sandwich", "survive")
    assert found == [
        (("survive",), 1, 9),
        (together, 1, 9),
        (("survive",), 2, 9),
        (together, 2, 9),
    ]
    assert len(jobs(SweepConfig(game=("all",)))) == len(games("tiny")) > 8


@pytest.mark.parametrize("wrong", [dict(seeds=0), dict(workers=0), dict(trials=-1)])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SweepConfig(**wrong)


def result(seed, won=0.5, **setting):
    end = {"steps": 10, "updates": 1, "seconds": 2.0}
    against = {name: [{"won": won}, {"won": 1 - won}] for name in ("random", "untrained")}
    tail = {"score": 1.0, "progress": 0.5, "return": -1.0, "won": 1.0}
    return {
        "setting": setting,
        "game": "survive",
        "seed": seed,
        "games": {"survive": tail},
        "marks": [end | {"games": {"survive": against}}],
    }


def test_runs_that_have_a_result_are_not_repeated(tmp_path, monkeypatch):
    asked = []

    def runs(job, seeds, marks, episodes):
        for seed in seeds:
            asked.append((job.setting["epochs"], seed))
            yield result(seed, **job.setting)
            if len(asked) == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "train_seeds", runs)
    cfg = SweepConfig(out=str(tmp_path), game=("survive",), seeds=2, vary=("epochs=1,2",))
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(cfg)
    (tmp_path / "results-0.jsonl").open("a").write('{"setting": {"epo')  # cut off while writing
    monkeypatch.setattr(sweep, "train_seeds", lambda *args: iter(runs(*args)))
    asked.append("again")
    sweep.sweep(cfg)
    assert asked == [(1, 0), (1, 1), (2, 0), "again", (2, 1)]
    assert len(read_results(tmp_path)) == 4


def test_workers_share_the_jobs(tmp_path, monkeypatch):
    asked = {}

    def runs(job, seeds, marks, episodes):
        asked.setdefault(job.setting["epochs"], []).extend(seeds)
        return iter([result(seed, **job.setting) for seed in seeds])

    monkeypatch.setattr(sweep, "train_seeds", runs)
    cfg = SweepConfig(out=str(tmp_path), seeds=2, vary=("epochs=1,2,3",), workers=2)
    sweep.sweep(cfg, worker=1)
    assert asked == {2: [0, 1]}
    sweep.sweep(cfg, worker=0)
    assert asked == {1: [0, 1], 2: [0, 1], 3: [0, 1]}


def test_intervals_over_seeds_are_students():
    mean, half = mean_over_seeds([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (mean, half) == (3.0, pytest.approx(2.7764 * (2.5 / 5) ** 0.5, rel=1e-4))
    assert mean_over_seeds([2.0])[1] != mean_over_seeds([2.0])[1], "of one seed nothing is known"


def test_the_table_has_a_line_for_each_setting():
    rows = [
        result(seed, won, epochs=epochs)
        for epochs, won in ((1, 0.25), (2, 0.75))
        for seed in range(3)
    ]
    text = table(rows)
    lines = [line for line in text.splitlines() if line.startswith("epochs=")]
    assert [line.split()[:5] for line in lines] == [
        ["epochs=1", "3", "0.250", "±", "0.000"],
        ["epochs=2", "3", "0.750", "±", "0.000"],
    ]


def test_results_of_other_options_are_not_mixed(tmp_path, monkeypatch):
    monkeypatch.setattr(
        sweep, "train_seeds", lambda job, seeds, *_: (result(seed) for seed in seeds)
    )
    cfg = dict(out=str(tmp_path), game=("survive",), seeds=1)
    sweep.sweep(SweepConfig(**cfg, total_steps=1000))
    sweep.sweep(SweepConfig(**cfg, total_steps=1000, workers=2), worker=1)
    with pytest.raises(ValueError, match="total_steps=2000 differs from the results"):
        sweep.sweep(SweepConfig(**cfg, total_steps=2000))


@pytest.mark.slow
def test_a_small_sweep_from_the_command_line(tmp_path, capsys):
    words = ["--out", str(tmp_path), "--total-steps", "3000", "--seeds", "2", "--marks", "1"]
    words += ["--episodes", "2", "--vary", "num_worlds=4"]
    assert sweep.main(words) == 0
    assert "num_worlds=4" in capsys.readouterr().out
    found = read_results(tmp_path)
    assert [one["seed"] for one in found] == [0, 1]
    assert all(one["marks"][-1]["steps"] >= 3000 for one in found)
    assert sweep.main(["--vary", "epochs=0"]) == 2
