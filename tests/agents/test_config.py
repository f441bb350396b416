import dataclasses

import pytest

from agents.config import PRESETS, TrainConfig, preset


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(total_steps=0), "total_steps=0 must be greater than 0"),
        (dict(num_worlds=-1), "num_worlds=-1"),
        (dict(num_worlds=2.5), "num_worlds=2.5 must be of type int"),
        (dict(anneal=1), "anneal=1 must be of type bool"),
        (dict(gamma=1.5), "gamma=1.5 must be from 0 to 1"),
        (dict(entropy=-0.1), "entropy=-0.1 must not be negative"),
        (dict(rollout=30, sequence=16), "sequence=16 must divide rollout=30"),
        (dict(minibatches=7), "minibatches=7 must divide"),
        (dict(weights=(1, 2)), "weights=(1.0, 2.0) has 2 numbers"),
        (dict(game=()), "game=()"),
        (dict(network="big"), "network='big' is unknown; allowed are lean, paper"),
        (dict(network="paper", paper_reward=False), "needs paper_reward=True"),
    ],
)
def test_bad_options_name_value_and_rule(options, words):
    with pytest.raises(ValueError) as error:
        TrainConfig(**options)
    assert words in str(error.value)


def test_a_name_and_integers_are_taken_for_what_they_mean():
    cfg = TrainConfig(game="sandwich", weights=3, learning_rate=1)
    assert cfg.game == ("sandwich",) and cfg.weights == (3.0,) and cfg.learning_rate == 1.0
    assert hash(cfg) == hash(dataclasses.replace(cfg))


def test_presets_are_valid_and_unknown_ones_are_named():
    assert all(preset(name) for name in PRESETS)
    with pytest.raises(ValueError, match="preset='huge' is unknown; allowed are tiny"):
        preset("huge")
    with pytest.raises(ValueError, match="'clp' is no option"):
        preset("tiny", clp=0.1)


def test_the_papers_preset_collects_about_as_many_living_rows():
    cfg = preset("paper")
    assert cfg.num_worlds * cfg.rollout * 128 / 2 == 32768  # half of the players are alive
    assert cfg.segments / cfg.minibatches * cfg.sequence * 128 / 2 == 1024
