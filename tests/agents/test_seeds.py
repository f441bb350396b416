import dataclasses

import numpy as np
import pytest

from agents import evaluate
from agents.config import TrainConfig
from agents.evaluate import EvaluateConfig
from agents.learners.state import init_state
from agents.training import command


@pytest.mark.parametrize("kind", [TrainConfig, EvaluateConfig])
def test_one_rule_for_all_seeds(kind):
    for seed in (0, 2**63 - 1, np.int64(5)):
        assert kind(seed=seed).seed == seed
    for seed in (-1, 2**63, True, 1.5):
        with pytest.raises(ValueError, match="seed=.* must be an integer in 0"):
            kind(seed=seed)


def test_a_bad_seed_leaves_nothing_behind(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for main, run in ((command.main, []), (evaluate.main, ["runs/none"])):
        for seed in ("9223372036854775808", "-1"):
            try:
                code = main([*run, f"--seed={seed}"])
            except SystemExit as stopped:  # where the command line is parsed by tyro
                code = stopped.code
            assert code == 2 and f"seed={seed} must be an integer" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_seeds_beyond_32_bits_begin_otherwise(fake_parts, fake_cfg):
    batch, policy = fake_parts[:2]
    keys = [
        init_state(batch, policy, dataclasses.replace(fake_cfg, seed=seed)).key
        for seed in (0, 2**32)
    ]
    assert keys[0] != keys[1]
