"""Metrics on boards, read back from what TensorBoard, W&B and MLflow have written."""

import dataclasses
import sys

import pytest

from agents import resume, train
from agents.config import TrainConfig
from agents.training import boards
from tests.agents.fake import FakeEnv

RECORD = {
    "update": 3, "steps": 500, "loss": 0.25, "bad": float("nan"), "name": "x", "pair": (1, 2),
    "games": {"survive": {"return": -1.5, "episodes": 2}},
}  # fmt: skip


def test_numbers_of_a_record():
    assert boards.flatten_numbers(RECORD) == {
        "update": 3,
        "steps": 500,
        "loss": 0.25,
        "games/survive/return": -1.5,
        "games/survive/episodes": 2,
    }


def test_log_to_names_boards():
    assert boards.board_names(TrainConfig()) == ()
    both = TrainConfig(log=("wandb", "tensorboard"), tensorboard=True)
    assert boards.board_names(both) == ("wandb", "tensorboard")
    assert boards.board_names(TrainConfig(tensorboard=True)) == ("tensorboard",)
    assert TrainConfig(log="mlflow").log == ("mlflow",)
    with pytest.raises(ValueError, match="log='comet' is unknown; allowed are tensorboard"):
        TrainConfig(log=("comet",))


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "mlflow"])
def test_what_is_not_installed_is_said_at_once(name, monkeypatch):
    monkeypatch.setitem(sys.modules, boards.PACKAGES[name], None)
    with pytest.raises(ValueError, match=f"log='{name}' needs the package {boards.PACKAGES[name]}"):
        boards.check_installed(TrainConfig(log=(name,)))


def shown(cfg, run, *records):
    for board in boards.open_boards(cfg, run):
        for record in records:
            board.add(boards.flatten_numbers(record), record["steps"])
        board.close()


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    shown(TrainConfig(log=("tensorboard",)), tmp_path, RECORD)
    (file,) = (tmp_path / "tensorboard").iterdir()
    assert b"games/survive/return" in file.read_bytes()


@pytest.mark.slow
def test_wandb_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    cfg = TrainConfig(log=("wandb",), seed=77)
    shown(cfg, tmp_path, RECORD)
    number = (tmp_path / "wandb_id").read_text()
    shown(cfg, tmp_path, {**RECORD, "steps": 600})  # a resumed run goes on with the same id
    assert (tmp_path / "wandb_id").read_text() == number
    files = list((tmp_path / "wandb").glob(f"offline-run-*-{number}/*.wandb"))
    assert len(files) in (1, 2)
    written = b"".join(file.read_bytes() for file in files)
    assert b"games/survive/return" in written and b"-1.5" in written


@pytest.mark.slow
def test_mlflow_in_files(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file:{tmp_path / 'store'}")
    mlflow.set_tracking_uri(f"file:{tmp_path / 'store'}")
    cfg, run = TrainConfig(log=("mlflow",), seed=77), tmp_path / "run"
    run.mkdir()
    shown(cfg, run, RECORD)
    shown(cfg, run, {**RECORD, "steps": 600, "loss": 0.125})
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("metammo_jax")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.run_name == "run" and found.data.params["seed"] == "77"
    assert found.info.status == "FINISHED"
    history = client.get_metric_history(found.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(500, 0.25), (600, 0.125)]
    assert found.data.metrics["games/survive/return"] == -1.5


@pytest.mark.slow
def test_a_run_and_its_resumption_are_shown(fake_cfg, tmp_path, monkeypatch):
    reported = []

    class Recorder:
        def __init__(self, cfg, run):
            reported.append(("open", run))

        def add(self, values, step):
            reported.append((step, values["update"]))
            assert values["steps"] == step and "slot_steps" in values

        def close(self):
            reported.append("close")

    monkeypatch.setitem(boards.BOARDS, "mlflow", Recorder)
    monkeypatch.setitem(boards.PACKAGES, "mlflow", "json")
    cfg = dataclasses.replace(fake_cfg, log=("mlflow",), run_dir=str(tmp_path / "run"))
    done = train(cfg, FakeEnv(), updates=2)
    again = resume(done.run, FakeEnv(), updates=1)
    one, two, three = (record["steps"] for record in done.history + again.history)
    opened = ("open", done.run)
    assert reported[:4] == [opened, (one, 1), (two, 2), "close"]
    assert reported[4:] == [opened, (three, 3), "close"]
