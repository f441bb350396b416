"""Runs with a curriculum: options, what is refused, going on, and the picture."""

import dataclasses
import json
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import curriculum
from agents.config import TrainConfig
from agents.runs import folder, training_run
from agents.runs.training_run import assemble
from agents.train import resume, train
from agents.training import curriculum_picture
from metammo_jax.config import preset
from tests.agents.fake import FakeEnv
from tests.agents.fake_levels import LevelEnv


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(curriculum="hard"), "curriculum='hard' is unknown; allowed are uniform, weights"),
        (dict(curriculum="weights"), "curriculum='weights' needs weights"),
        (dict(curriculum="replay", weights=1), r"weights=\(1.0,\) must be left out"),
        (dict(curriculum="progress", weigh="samples"), "weigh='samples' must be 'episodes'"),
        (dict(curriculum_random=1.5), "curriculum_random=1.5 must be from 0 to 1"),
        (dict(level_buffer=0), "level_buffer=0 must be greater than 0"),
        (dict(level_temperature=0), "level_temperature=0.0 must be greater than 0"),
        (dict(level_score="best"), "level_score='best' is unknown"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        TrainConfig(**options)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("replay", "one game must be a universe, such as universe/train; the games are remember"),
        ("progress", "there must be two or more, not remember"),
        ("learnability", "there must be two games or more, or a universe, not remember"),
    ],
)
def test_a_curriculum_without_a_choice_is_refused(name, words, fake_cfg):
    with pytest.raises(ValueError, match=words):
        assemble(dataclasses.replace(fake_cfg, curriculum=name), FakeEnv())


def test_weights_stand_for_their_curriculum_and_nothing_is_learnt_by_default():
    assert TrainConfig(weights=2).curriculum == "weights"
    assert TrainConfig().curriculum == "uniform"
    for cfg in (TrainConfig(), TrainConfig(weights=2)):
        assert curriculum.start(cfg, types.SimpleNamespace(env=LevelEnv())) == (None, None)


def test_a_run_of_before_is_taken_up(tmp_path):
    cfg = TrainConfig(run_dir=str(tmp_path))
    folder.create(cfg, preset("tiny"))
    path = tmp_path / "config.json"
    described = json.loads(path.read_text())
    for name in ("curriculum", "level_buffer"):
        del described["train"][name]
    path.write_text(json.dumps(described))
    folder.check_options(tmp_path, cfg)
    with pytest.raises(ValueError, match="level_buffer=7 differs from the run"):
        folder.check_options(tmp_path, dataclasses.replace(cfg, level_buffer=7))


def test_the_picture_shows_shares_of_all_resets():
    def record(steps, resets, **more):
        own = {"resets": resets, "success": {"a": 0.5, "b": 0.0}, "entropy": 1.0, **more}
        return {"steps": steps, "curriculum": own}

    records = [record(10, {"a": 1, "b": 0}), record(20, {"a": 0, "b": 3}), {"steps": 30}]
    points = curriculum_picture.curriculum_points(records)
    assert points["steps"] == [10, 20] and points["share"] == {"a": [1, 0], "b": [0, 1]}
    assert points["held"] == {} and points["entropy"] == {"": [1, 1]}
    many = curriculum_picture.curriculum_points(
        [record(i, {"a": i % 2, "b": 3 * (i % 2)}, held=2) for i in range(100)]
    )
    assert many["share"]["b"] == [0.75] * 50 and many["held"][""] == [2] * 50


@pytest.mark.slow
@pytest.mark.parametrize("name", ["replay", "progress"])
def test_a_run_with_a_curriculum_goes_on_exactly(name, fake_cfg, tmp_path):
    def cfg(place):
        return dataclasses.replace(
            fake_cfg,
            curriculum=name,
            level_buffer=8,
            rollout=16,
            total_steps=4_000,
            run_dir=str(tmp_path / place),
            eval_every=0,
        )

    whole = train(cfg("whole"), LevelEnv())
    train(cfg("parts"), LevelEnv(), updates=2)
    parts = resume(tmp_path / "parts", LevelEnv())
    assert whole.complete and parts.complete and parts.steps == whole.steps
    one, other = (
        training_run.resume(tmp_path / place, LevelEnv()).state for place in ("whole", "parts")
    )
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        if not jnp.issubdtype(left.dtype, jax.dtypes.prng_key):
            np.testing.assert_array_equal(left, right)
    assert one.stage.state.levels is None
    assert (one.running is None) == (name == "progress")
    record = whole.history[-1]["curriculum"]
    assert set(record["share"]) == {"remember", "universe"}
    assert (tmp_path / "whole" / "curriculum.png").stat().st_size > 10_000
    if name == "replay":
        assert record["held"] == 8 and record["age"] > 0 and 0 < record["new"] < 1
    if name == "progress":
        return
    together = train(dataclasses.replace(cfg("seeds"), seed=0), LevelEnv(), seeds=[0, 1], updates=3)
    jax.tree.map(
        np.testing.assert_array_equal,
        *[r.history[2]["curriculum"]["resets"] for r in (whole, together.results[0])],
    )
