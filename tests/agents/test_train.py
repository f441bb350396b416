import dataclasses
import json
import os
import signal
import threading

import jax
import numpy as np
import pytest

from agents.config import TrainConfig
from agents.runs import checkpoint, folder, training_run
from agents.train import resume, train
from agents.training import loop
from metammo_jax import preset
from tests.agents.fake import FakeEnv


@pytest.fixture
def cfg(fake_cfg, tmp_path) -> TrainConfig:
    return dataclasses.replace(
        fake_cfg,
        run_dir=str(tmp_path / "run"),
        anneal=True,
        num_worlds=8,
        rollout=16,
        sequence=8,
        epochs=1,
        minibatches=2,
        width=8,
    )


def equal(first, second) -> bool:
    return jax.tree.all(jax.tree.map(lambda a, b: np.array_equal(a, b), first, second))


def without_time(run) -> list[dict]:
    timed = ("seconds", "steps_per_second")
    return [{k: v for k, v in r.items() if k not in timed} for r in folder.read_metrics(run)]


def test_stopping_and_resuming_changes_nothing(cfg, tmp_path):
    whole = train(cfg, FakeEnv(), updates=5)
    halves = train(dataclasses.replace(cfg, run_dir=str(tmp_path / "b")), FakeEnv(), updates=2)
    halves = resume(halves.run, FakeEnv(), updates=3)
    assert (halves.updates, halves.steps) == (whole.updates, whole.steps) == (5, whole.steps)
    assert equal(halves.params, whole.params)
    assert without_time(halves.run) == without_time(whole.run)
    ends = [training_run.resume(run, FakeEnv()).state for run in (whole.run, halves.run)]
    data = [checkpoint.to_plain_arrays(end) for end in ends]
    assert equal(*data)


def test_a_run_can_go_on_from_an_earlier_checkpoint(cfg):
    cfg = dataclasses.replace(cfg, save_every=1)
    whole = train(cfg, FakeEnv(), updates=3)
    saved = [whole.run / "checkpoints" / f"0000000{update}" for update in (1, 2, 3)]
    for path in saved[1:]:  # cut the largest file of each
        file = max((f for f in path.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="00000003 is damaged") as error:
        resume(whole.run, FakeEnv())
    assert f"the newest intact checkpoint is {saved[0]}, which --resume takes" in str(error.value)
    with pytest.raises(ValueError, match="no checkpoint of update 7; it has those of 1, 2, 3"):
        resume(saved[0].with_name("00000007"), FakeEnv())
    again = resume(saved[0], FakeEnv(), updates=1)
    assert again.run == whole.run and again.updates == 2
    names = {path.name for path in saved[0].parent.iterdir() if path.is_dir()}
    assert names == {"00000001", "00000002", "00000002-set-aside", "00000003-set-aside"}
    again = resume(whole.run, FakeEnv(), updates=1)
    assert again.updates == 3 and equal(again.params, whole.params)
    assert len(folder.read_metrics(whole.run)) == 3


def test_a_run_explains_itself_and_completes(cfg):
    result = train(dataclasses.replace(cfg, total_steps=600), FakeEnv())
    assert result.complete and result.updates == 2 and result.steps >= 600
    assert {p.name for p in result.run.iterdir()} == {
        "README.txt",
        "config.json",
        "metrics.jsonl",
        "curve.png",
        "checkpoints",
    }
    assert str(result.run) in (result.run / "README.txt").read_text()
    record = folder.read_metrics(result.run)[-1]
    assert record["slot_steps"] == 2 * 8 * 16 * 4 > record["steps"], "the dead take no steps"
    assert record["steps"] == result.steps and record["games"]["remember"]["episodes"] > 0
    assert result.curve.read_bytes()[:4] == b"\x89PNG"
    again = resume(result.run, FakeEnv())
    assert again.updates == 2, "nothing is left to do"
    longer = resume(result.run, FakeEnv(), total_steps=900)
    assert longer.updates == 3


def test_ctrl_c_stops_after_the_update_and_saves(cfg, monkeypatch):
    assert threading.current_thread() is threading.main_thread()
    advance = loop.advance

    def interrupted(work, update):
        record = advance(work, update)
        if record["update"] == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return record

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(loop, "advance", interrupted)
    result = train(cfg, FakeEnv())
    assert not result.complete and result.updates == 2
    assert "--resume" in str(result)
    assert training_run.resume(result.run, FakeEnv()).counts["updates"] == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_old_checkpoints_are_dropped_and_undone_updates_forgotten(cfg):
    cfg = dataclasses.replace(cfg, save_every=1, keep=2)
    run = train(cfg, FakeEnv(), updates=3).run
    assert sorted(p.name for p in (run / "checkpoints").iterdir()) == [
        "00000002",
        "00000002.json",
        "00000003",
        "00000003.json",
    ]
    (run / "checkpoints" / "00000003.json").unlink()  # as if it had been interrupted
    resume(run, FakeEnv(), updates=1)
    assert [r["update"] for r in folder.read_metrics(run)] == [1, 2, 3]


def test_values_that_are_not_finite_stop_the_run(cfg):
    batch, policy = training_run.assemble(cfg, FakeEnv())
    work = training_run.Parts(batch, policy, FakeEnv()).new_run(cfg, cfg.run_dir, "before", None)
    sums = {
        "episodes": {"episodes": np.zeros(1)},
        "played": np.ones(1),
        "living_steps": 9,
        "slot_steps": 9,
    }

    def update(state, learning_rate):
        return "after", {**sums, "value_loss": np.float32(value_loss)}

    value_loss = 0.5
    assert loop.advance(work, update)["value_loss"] == 0.5
    value_loss = np.nan
    with pytest.raises(FloatingPointError, match="value_loss is not finite at update 2"):
        loop.advance(work, update)


def test_runs_refuse_what_they_should(cfg, tmp_path):
    run = folder.create(cfg, FakeEnv.cfg)
    with pytest.raises(ValueError, match="exists already; it must be new or empty"):
        folder.create(cfg, FakeEnv.cfg)
    with pytest.raises(ValueError, match="seed=9 differs from the run"):
        folder.check_options(run, dataclasses.replace(cfg, seed=9))
    folder.check_options(run, dataclasses.replace(cfg, total_steps=9))
    with pytest.raises(ValueError, match="differs from the world of"):
        folder.check_world(run, preset("tiny"))
    with pytest.raises(ValueError, match="no complete checkpoint"):
        training_run.resume(run, FakeEnv())
    with pytest.raises(ValueError, match="is no run"):
        folder.read_config(tmp_path)
    assert folder.read_config(run) == cfg


def test_a_damaged_config_is_named(cfg):
    run = folder.create(cfg, FakeEnv.cfg)
    text = (run / "config.json").read_text()
    for bad in (text[:-20], "[]", json.dumps({"train": {"sed": 1}, "world": {}})):
        (run / "config.json").write_text(bad)
        with pytest.raises(ValueError, match="config.json"):
            folder.read_config(run)
