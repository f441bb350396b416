"""Folders of runs: nobody gets another's."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.config import TrainConfig
from agents.runs import folder
from metammo_jax.config import preset


def created(cfg):
    try:
        return folder.create(cfg, preset("tiny"))
    except ValueError:
        return None


def test_runs_of_one_second_have_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(folder.time, "strftime", lambda form: "20260101-120000")
    rates = [TrainConfig(learning_rate=rate) for rate in (1e-3, 1e-4, 1e-5)]
    folders = [created(cfg) for cfg in rates]
    assert len(set(folders)) == 3 and folders[0].name.endswith("-120000")
    assert [folder.read_config(run) for run in folders] == rates


def test_of_several_that_begin_in_one_folder_one_succeeds(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        for attempt in range(40):
            cfg = TrainConfig(run_dir=str(tmp_path / str(attempt)))
            assert sum(run is not None for run in pool.map(created, [cfg] * 8)) == 1


def test_an_empty_folder_may_be_used_and_a_full_one_not(tmp_path):
    assert created(TrainConfig(run_dir=str(tmp_path))) == tmp_path
    with pytest.raises(ValueError, match="exists already"):
        folder.create(TrainConfig(run_dir=str(tmp_path)), preset("tiny"))
