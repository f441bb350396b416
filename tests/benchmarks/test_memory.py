"""Worlds are small, and a large rollout fits."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import pytest

import metammo_jax as mm
from agents.config import TrainConfig, preset
from benchmarks import memory
from benchmarks.memory import Footprint
from benchmarks.timing import tree_bytes
from metammo_jax.config import preset as sizes
from tests.agents.fake import FakeEnv


def footprint(config):
    """Returns what 8,192 worlds with a rollout of 32 ticks take; the maps are left out."""
    cfg = preset(config, num_worlds=8192, rollout=32, minibatches=1024)
    env = mm.make(cfg.game, config=dataclasses.replace(sizes(config), maps=1))
    return memory.measure(cfg, env=env)


def test_mini_worlds_are_small_and_their_rollout_fits():
    reported = footprint("mini")
    assert 100e3 < reported.world < 300e3
    assert 3e9 < reported.rollout < reported.buffers < 40e9
    assert reported.sequences == 16 and reported.reckoned is None


def test_full_worlds_are_small():
    env = mm.make("multi_task", config=dataclasses.replace(sizes("full"), maps=1))
    _, world = jax.eval_shape(env.reset, jax.random.key(0))
    assert 150e3 < tree_bytes(world) < 1e6


def test_bytes_of_trees_and_keys():
    assert tree_bytes({"a": jnp.zeros(3, jnp.int16), "b": (jnp.zeros((2, 2)),)}) == 6 + 16
    assert tree_bytes(jax.random.key(0)) == 8


def test_a_rollout_is_what_is_kept_of_every_tick():
    cfg = TrainConfig(num_worlds=4, rollout=4, sequence=2, minibatches=2, paper_reward=False)
    once = memory.measure(cfg, env=FakeEnv())
    double = memory.measure(dataclasses.replace(cfg, rollout=8), env=FakeEnv())
    wide = memory.measure(dataclasses.replace(cfg, num_worlds=8), env=FakeEnv())
    assert double.rollout == wide.rollout == 2 * once.rollout
    assert double.state == once.state < wide.state
    # A transition holds at least what was seen: 4 worlds, 4 ticks, 4 players.
    assert once.rollout > 4 * 4 * 4 * once.observation


COMPILED = Footprint(
    config="mini", network="lean", batch=1000, ticks=32, world=10, observation=1.0, state=100,
    rollout=1000, sequences=50, compiled=[(2, 1, 127), (4, 1, 147), (4, 2, 154)],
)  # fmt: skip
"""100 bytes of its own, 10 for each world, 7 for each sequence of a minibatch."""


def test_bytes_of_a_world_and_a_sequence_follow_from_three_compilations():
    assert COMPILED.shares == pytest.approx((100, 10, 7))
    assert COMPILED.reckoned == 100 + 10 * 1000 + 7 * 50
    assert COMPILED.buffers == 1100


def test_the_most_worlds_that_fit():
    """A world costs 10 bytes, and 7 / 20 more: it brings a twentieth of a minibatch's sequence."""
    most = memory.most_worlds(COMPILED, 100 + 10.35 * 77)
    assert most == 77 and memory.most_worlds(COMPILED, 100 + 10.35 * 76.9) == 76
    assert memory.most_worlds(COMPILED, 100 + 10.35 * 77, step=8) == 72
    assert memory.most_worlds(COMPILED, 50) == 0


@pytest.fixture
def measured(monkeypatch):
    """The command line measures nothing; collects what it was to measure."""
    asked = []

    def measure(cfg, worlds):
        asked.append((cfg.config, cfg.network, cfg.num_worlds, cfg.minibatches, worlds))
        return dataclasses.replace(COMPILED, batch=cfg.num_worlds)

    monkeypatch.setattr(memory, "measure", measure)
    return asked


def test_exit_code_says_whether_it_fits(measured, tmp_path, capsys):
    file = tmp_path / "out.json"
    small = ["--configs", "tiny", "--networks", "lean", "paper", "--batch", "16"]
    options = [*small, "--minibatches", "8", "--compile", "2", "--json", str(file)]
    assert memory.main([*options, "--limit", "0.000001"]) == 0
    assert measured == [("tiny", network, 16, 8, 2) for network in ("lean", "paper")]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["reckoned"] for line in lines] == [100 + 160 + 350] * 2
    assert memory.main([*options, "--limit", "0.0000006"]) == 1
    assert "is more than" in capsys.readouterr().out


def test_wrong_options_end_cleanly(capsys):
    for wrong in (["--configs", "huge"], ["--minibatches", "7"], ["--batch", "0"]):
        assert memory.main(wrong) == 2
        assert "benchmarks.memory:" in capsys.readouterr().err


@pytest.mark.slow
def test_the_compiled_update_grows_with_worlds_and_with_minibatches():
    cfg = TrainConfig(
        num_worlds=8, rollout=4, sequence=2, minibatches=2, width=8, paper_reward=False
    )
    reported = memory.measure(cfg, worlds=2, env=FakeEnv())
    assert [size[:2] for size in reported.compiled] == [(2, 1), (4, 1), (4, 2)]
    own, of_world, of_sequence = reported.shares
    assert of_world > 0 and of_sequence >= 0 and reported.reckoned > reported.buffers
