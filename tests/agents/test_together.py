"""Several seeds trained together: each is the run that it would be alone."""

import dataclasses

import jax
import numpy as np
import pytest

from agents.runs import checkpoint, folder, group, training_run
from agents.train import main, resume, train
from agents.training.curve import mean_curves
from tests.agents.fake import FakeEnv

SEEDS = (3, 0)


@pytest.fixture(scope="module")
def cfg(fake_cfg, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "together"
    return dataclasses.replace(fake_cfg, run_dir=str(run), total_steps=6000, anneal=True)


@pytest.fixture(scope="module")
def together(cfg):
    """Stopped after an update, and gone on with to the end."""
    stopped = train(cfg, FakeEnv(), updates=1, seeds=SEEDS)
    assert not stopped.complete and "--resume" in str(stopped)
    return resume(stopped.run, FakeEnv())


def without_time(run) -> list[dict]:
    timed = ("seconds", "steps_per_second")
    return [{k: v for k, v in r.items() if k not in timed} for r in folder.read_metrics(run)]


@pytest.mark.slow
def test_each_seed_is_the_run_that_it_would_be_alone(cfg, together, tmp_path):
    """Also what is logged of it, and the state that it goes on from."""
    assert together.complete and len(together.results) == len(SEEDS)
    for seed, result in zip(SEEDS, together.results, strict=True):
        alone = train(
            dataclasses.replace(cfg, seed=seed, run_dir=str(tmp_path / str(seed))), FakeEnv()
        )
        assert (result.updates, result.steps) == (alone.updates, alone.steps)
        assert without_time(result.run) == without_time(alone.run)
        ends = [training_run.resume(run, FakeEnv()).state for run in (alone.run, result.run)]
        first, second = (jax.tree.leaves(checkpoint.to_plain_arrays(end)) for end in ends)
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len({result.steps for result in together.results}) > 1, "seeds differ"


@pytest.mark.slow
def test_a_seed_that_is_complete_stays_as_it_is(cfg, together):
    """Seeds die at different times, so one takes its steps in fewer updates than others."""
    again = resume(together.run, FakeEnv())
    assert [one.steps for one in again.results] == [one.steps for one in together.results]
    for before, after in zip(together.results, again.results, strict=True):
        assert jax.tree.all(jax.tree.map(np.array_equal, before.params, after.params))


@pytest.mark.slow
def test_the_folder_explains_itself(together):
    names = {path.name for path in together.run.iterdir()}
    assert names == {"README.txt", "seeds.json", "curve.png", "seed3", "seed0"}
    assert "3, 0" in (together.run / "README.txt").read_text()
    assert together.curve.read_bytes()[:4] == b"\x89PNG"


def test_the_curve_has_means_and_intervals_where_all_seeds_are():
    """Two seeds: 0 and 2 at step 1, 1 and 5 at step 2; the second goes on to step 3."""
    curves = [
        {"a game": {"steps": [1, 2], "won": [0.0, 1.0]}},
        {"a game": {"steps": [1, 2, 3], "won": [2.0, 5.0, 9.0]}, "another": {}},
    ]
    [(game, points)] = mean_curves(curves).items()
    assert game == "a game" and points["steps"].tolist() == [1, 2]
    assert points["won"].tolist() == [1.0, 3.0]
    half = 12.706 * np.array([2**0.5, 8**0.5]) / 2**0.5
    np.testing.assert_allclose(points["won ±"], half, rtol=1e-3)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ((), r"seeds=\(\) must be one or more, all different"),
        ((1, 1), "all different"),
        ((-1,), "a seed=-1"),
        ((1.5,), "a seed=1.5"),
    ],
)
def test_seeds_that_cannot_be_are_refused(cfg, seeds, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        train(dataclasses.replace(cfg, run_dir=str(tmp_path / "run")), FakeEnv(), seeds=seeds)
    assert not (tmp_path / "run").exists(), "nothing is left behind"


def test_seeds_of_a_command():
    assert group.parse_seeds("0-3") == (0, 1, 2, 3) and group.parse_seeds("5,2") == (5, 2)
    for text in ("", "a", "3-1", "1,1", "-1"):
        with pytest.raises(ValueError, match="must be different seeds, such as"):
            group.parse_seeds(text)


def test_the_command_refuses_what_does_not_fit(capsys):
    assert main(["--seeds", "1,x"]) == 2 and "different seeds" in capsys.readouterr().err
    assert main(["--resume", "somewhere", "--seeds", "1"]) == 2
    assert "--seeds is for new runs" in capsys.readouterr().err
    assert main(["--seeds", "0,1", "--devices", "4"]) == 2
    assert "devices=4 must divide the 2 seeds" in capsys.readouterr().err


def test_a_damaged_list_of_seeds_is_named(tmp_path):
    (tmp_path / "seeds.json").write_text('{"seeds": [1, 1]}')
    with pytest.raises(ValueError, match="seeds.json is damaged: .* all different"):
        resume(tmp_path, FakeEnv())
