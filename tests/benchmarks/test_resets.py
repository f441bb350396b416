"""The cost of automatic reset: the same tick with and without it, and nothing else."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import pytest

from benchmarks import resets
from benchmarks.resets import Pair, ResetCost
from tests.agents.fake import CFG, FakeEnv

COST = ResetCost(
    game="survive", config="tiny", batch=4, block=1, ticks=2, ended=[[0, 2], [0, 0], [1, 0]],
    plain=[[1.0, 1.0], [1.0, 1.0], [1.0, 3.0]],
    with_resets=[[1.0, 1.5], [1.0, 1.02], [2.0, 3.0]],
    block_s=0.5, opening_s=0.25,
)  # fmt: skip


def test_what_follows_from_the_seconds():
    reported = COST.summary()
    assert reported["cost_min"] == pytest.approx(0.01)
    assert reported["cost"] == reported["cost_max"] == pytest.approx(0.25)
    assert reported["resets_per_world_step"] == pytest.approx(3 / 6 / 4)
    assert reported["ticks_with_reset"] == pytest.approx(2 / 6)
    assert reported["idle_cost"] == pytest.approx(0.02 / 6)  # of the four ticks without an end
    assert reported["ms_per_reset"] == pytest.approx(1e3 * 1.52 / 3)


def test_nothing_ended():
    quiet = dataclasses.replace(COST, ended=[[0, 0]] * 3)
    assert quiet.summary()["ms_per_reset"] is None and "-" in quiet.row()
    busy = dataclasses.replace(COST, ended=[[1, 1]] * 3)
    assert busy.summary()["idle_cost"] is None


@pytest.fixture(scope="module")
def pair():
    """Four fake worlds, staggered over their 16 ticks."""
    pair = Pair(FakeEnv(), 4, jax.random.key(0))
    pair.stagger(CFG.horizon)
    return pair


def test_staggered_worlds_end_one_after_another(pair):
    assert sorted(pair.state.world.tick.tolist()) == [0, 4, 8, 12]
    ended = [pair.tick() for _ in range(CFG.horizon)]
    assert [count for count, *_ in ended].count(1) == 4
    assert all(plain > 0 and slow > 0 for _, plain, slow in ended)


def test_both_ways_differ_in_nothing_but_the_reset(pair):
    while not (pair.state.world.tick == CFG.horizon - 1).any():
        pair.tick()
    action = pair.sample(pair.key, pair.obs)
    plain, full = (step(pair.key, pair.state, action) for step in pair.steps)
    done = plain[3]
    assert done.sum() == 1 and (full[3] == done).all()
    assert plain[1].world.tick[done] == CFG.horizon and full[1].world.tick[done] == 0
    for one, other in zip(jax.tree.leaves(plain), jax.tree.leaves(full), strict=True):
        if one.shape[:1] == done.shape:
            assert (one[~done] == other[~done]).all()
    same = jax.tree.map(lambda one, other: (one == other).all(), plain[2], full[2])
    assert all(jax.tree.leaves(same))


def test_a_pair_that_compares_something_else_is_refused(monkeypatch):
    pair = Pair(FakeEnv(), 2, jax.random.key(0))
    pair.steps[0] = pair.steps[1]  # as if resets could not be left out
    with pytest.raises(RuntimeError, match="not so many were reset"):
        for _ in range(CFG.horizon):
            pair.tick()


@pytest.mark.parametrize("wrong", ["batch", "ticks", "runs", "age"])
def test_wrong_numbers_are_named(wrong):
    with pytest.raises(ValueError, match=f"{wrong}=0"):
        resets.measure("survive", "tiny", **{wrong: 0})


def test_exit_code_and_file(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(resets, "measure", lambda game, *_: dataclasses.replace(COST, game=game))
    file = tmp_path / "out.json"
    given = ["--config", "tiny", "--games", "survive", "sandwich", "--json", str(file)]
    assert resets.main([*given, "--most", "0.26"]) == 0
    assert "adds 25.0% to a step, mean of 2 games" in capsys.readouterr().out
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["game"] for line in lines] == ["survive", "sandwich"]
    assert all(line["cost"] == pytest.approx(0.25) and line["device"] for line in lines)
    assert resets.main([*given, "--most", "0.24"]) == 1
    assert "above 24%" in capsys.readouterr().out


def test_a_wrong_name_ends_cleanly(capsys):
    assert resets.main(["--games", "survivor"]) == 2
    assert "survivor" in capsys.readouterr().err


@pytest.mark.slow
def test_a_real_game():
    cost = resets.measure("survive", "tiny", batch=4, ticks=32, runs=2, age=32)
    assert sum(map(sum, cost.ended)) > 0
    assert cost.block_s > 0 and cost.opening_s > 0 and cost.block == 1
    assert jnp.isfinite(cost.summary()["cost"])
