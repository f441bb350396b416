"""Several devices, and several processes: the same worlds, and the same learning."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from agents.config import TrainConfig, preset
from agents.learners import update as updating
from agents.parallel import meshes, processes
from agents.train import main
from metammo_jax import vectorize
from tests.agents import several
from tests.agents.fake import FakeEnv


def check_same(one: dict, many: dict) -> None:
    """Worlds bit for bit; parameters, and what the network remembers, but for rounding."""
    assert one.keys() == many.keys()
    exact = ("stage", "steps")
    worlds = [n for n in one if any(w in n for w in exact) and not n.endswith(".memory")]
    assert len(worlds) > 10
    for name in worlds:
        np.testing.assert_array_equal(one[name], many[name], err_msg=name)
    for name in one.keys() - set(worlds):
        np.testing.assert_allclose(one[name], many[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_one_and_eight_devices_play_alike(tmp_path):
    """In the fake world, with deaths, an end of every game, and what comes after it."""
    started = several.start("play", "fake", tmp_path / "eight.npz", 8, devices=8)
    one = several.after_play(dataclasses.replace(several.FAKE, devices=1), FakeEnv())
    assert several.finish(started) == [{"devices": 8}]
    assert (
        one["[1]['steps'][4].done"].sum() == 8 and (one["[0]['stage'].state.world.tick"] == 2).all()
    )
    check_same(one, dict(np.load(tmp_path / "eight.npz")))


@pytest.mark.parametrize("devices", [2, 4])
def test_any_number_of_devices_shuffles_alike(devices):
    """Every sequence once an epoch; minibatches of all devices hold the rows of one device's."""
    cfg = TrainConfig(num_worlds=8, rollout=6, sequence=2, minibatches=6)
    assert cfg.blocks == 4

    def rows(devices):
        """The (world, sequence) of each row of each minibatch."""
        count = cfg.segments // devices
        row = jax.vmap(
            lambda _: updating._shuffle_rows(cfg, jax.random.key(3), count),
            axis_name=meshes.WORLD_AXIS,
        )(np.arange(devices))
        worlds = cfg.num_worlds // devices
        first = np.arange(devices)[:, None, None] * worlds
        pairs = np.stack([first + row % worlds, row // worlds], axis=-1)
        return [sorted(map(tuple, pairs[:, i].reshape(-1, 2).tolist())) for i in range(6)]

    one, many = rows(1), rows(devices)
    assert one == many and sum(one, []) != sorted(sum(one, []))
    assert sorted(sum(one, [])) == [(world, part) for world in range(8) for part in range(3)]


@pytest.mark.slow
@pytest.mark.parametrize("world", ["tiny", "mixed", "replay"])
def test_one_and_eight_devices_learn_a_real_game_alike(world, tmp_path):
    for devices in (1, 8):
        started = several.start("update", world, tmp_path / f"{devices}", devices, devices=devices)
        several.finish(started)
    one, eight = (dict(np.load(tmp_path / f"{devices}.npz")) for devices in (1, 8))
    assert one["['metrics']['episodes']['episodes']"].sum() >= 8, "all were reset"
    check_same(one, eight)


@pytest.mark.slow
def test_two_processes_train_together_and_any_number_of_devices_goes_on(tmp_path):
    """Two processes of two devices, and one of four; each goes on with the run of the other."""
    alone, together = str(tmp_path / "alone"), str(tmp_path / "together")

    def pair(command, run, updates):
        group = (several.free_address(), 2)
        words = (command, "fake", run, updates, *group)
        return several.finish(*[several.start(*words, i, devices=2) for i in (0, 1)])

    [one] = several.finish(several.start("train", "fake", alone, 2, devices=4))
    two = pair("train", together, 2)
    assert [reported["here"] for reported in two] == [2, 2] and one["here"] == 4
    assert two[0]["params"] == two[1]["params"], "both hold the same parameters"
    for reported in two:
        assert reported["steps"] == one["steps"] and reported["devices"] == 4
        assert reported["run"] == together
        assert reported["params"] == pytest.approx(one["params"], rel=1e-6)
    log = [json.loads(line) for line in (tmp_path / "together" / "metrics.jsonl").open()]
    assert [line["update"] for line in log] == [1, 2], "only one of them writes"
    [one] = several.finish(several.start("resume", "fake", together, 1))
    two = pair("resume", alone, 1)
    for reported in two:
        assert reported["steps"] == one["steps"] > log[-1]["steps"]
        assert reported["params"] == pytest.approx(one["params"], rel=1e-6)


@pytest.mark.parametrize(
    ("sizes", "allowed"),
    [
        (dict(num_worlds=8, rollout=32, sequence=16, minibatches=4), (1, 2, 4)),
        (dict(num_worlds=6, rollout=16, sequence=16, minibatches=1), (1, 2, 3, 6)),
        (dict(num_worlds=8, rollout=16, sequence=16, minibatches=8), (1,)),
    ],
)
def test_devices_that_options_allow(sizes, allowed):
    cfg = TrainConfig(**sizes)
    assert cfg.allowed_devices == allowed
    assert cfg.segments // cfg.blocks % cfg.minibatches == 0
    with pytest.raises(
        ValueError, match=f"devices=5 .*allowed are {', '.join(map(str, allowed))}$"
    ):
        dataclasses.replace(cfg, devices=5)


def test_devices_that_are_not_there(monkeypatch):
    with pytest.raises(ValueError, match="devices=128 is more than the [0-9]+ of cpu"):
        meshes.make_mesh(TrainConfig(num_worlds=256, minibatches=4, devices=128))
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(ValueError, match=r"devices=4 (must be|is more than) the"):
        meshes.make_mesh(preset("mini", devices=4))


def test_idle_devices_are_named(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: jax.local_devices() * 3)
    with pytest.warns(UserWarning, match="2 of 3 devices are used: devices=3 must divide"):
        monkeypatch.setattr(jax, "make_mesh", lambda sizes, *_, **__: sizes)
        assert meshes.make_mesh(TrainConfig(num_worlds=4, minibatches=4)) == (2,)


def test_a_share_of_the_worlds_must_be_whole():
    with pytest.raises(ValueError, match="shards=3 must divide num_worlds=8"):
        vectorize(FakeEnv(), 8).shard("worlds", 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((None, "2", None), "need --coordinator"),
        (("here", "2", "0"), "--coordinator here must be HOST:PORT"),
        (("here:1", None, "0"), "--processes must be given"),
        (("here:1", "2", "x"), "--process must be given .* not x"),
        (("here:1", "2", "2"), "--process 2 must be from 0 to 1"),
    ],
)
def test_bad_groups_are_refused(words, said, capsys):
    with pytest.raises(ValueError, match=said):
        processes.join(*words)
    options = zip(("--coordinator", "--processes", "--process"), words, strict=True)
    arguments = [word for pair in options if pair[1] is not None for word in pair]
    assert main(arguments) == 2
    assert "error: --" in capsys.readouterr().err
