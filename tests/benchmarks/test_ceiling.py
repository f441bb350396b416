"""Operations are counted right, and limits are what the device did."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import pytest
from jax import lax
from jax.sharding import PartitionSpec as Spec

from agents.config import TrainConfig
from agents.learners.state import init_state
from agents.learners.update import make_update
from agents.runs.training_run import assemble
from benchmarks import ceiling
from benchmarks.ceiling import Ceilings, ProgramCost, count_products
from tests.agents.fake import FakeEnv

A, B = jnp.ones((3, 4)), jnp.ones((4, 5))
ONE = 2 * 3 * 4 * 5
"""Operations of A @ B."""


def twice(a, b):
    return lax.cond(a.sum() > 0, lambda: a @ b + a @ b, lambda: a @ b)


def scanned(a, b):
    return lax.scan(lambda carry, _: (carry + (a @ b).sum(), None), 0.0, None, length=7)


def unbounded(a, b):
    return lax.while_loop(lambda x: x < 9.0, lambda x: x + (a @ b).sum(), 0.0)


def nested(a, b):
    return lax.scan(lambda carry, _: (carry + scanned(a, b)[0], None), 0.0, None, length=2)


def batched(a, b):
    return jax.vmap(lambda a: a @ b)(jnp.stack([a, a]))


def shared(a, b):
    mesh = jax.make_mesh((1,), ("worlds",))
    return jax.shard_map(lambda a: a @ b, mesh=mesh, in_specs=Spec(), out_specs=Spec())(a)


def convolved(a, b):
    image, kernel = jnp.ones((1, 6, 6, 3)), jnp.ones((2, 2, 3, 5))
    return lax.conv_general_dilated(
        image, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


@pytest.mark.parametrize(
    "function, expected",
    [
        (lambda a, b: a + 1, 0),
        (lambda a, b: a @ b, ONE),
        (jax.jit(lambda a, b: a @ b), ONE),
        (twice, 2 * ONE),
        (scanned, 7 * ONE),
        (nested, 14 * ONE),
        (unbounded, ONE),
        (batched, 2 * ONE),
        (shared, ONE),
        (jax.grad(lambda a, b: (a @ b).sum(), argnums=(0, 1)), 3 * ONE),
        (convolved, 2 * 5 * 5 * 5 * 2 * 2 * 3),
    ],
)
def test_products_are_counted_with_their_rounds(function, expected):
    assert count_products(function, A, B) == expected


def test_xla_tells_bytes_and_operations_of_what_it_compiled():
    matrix = jnp.ones((64, 64))
    compiled = jax.jit(lambda x: x @ x).lower(matrix).compile()
    read_and_written, operations = ceiling.cost(compiled)
    assert operations == pytest.approx(2 * 64**3, rel=0.01)
    assert read_and_written >= 2 * 64 * 64 * 4


def test_limits_grow_with_nothing_but_the_device():
    most = ceiling.measure_ceilings(megabytes=4, side=128, runs=3)
    assert 1e8 < most.bandwidth < 1e13 and 1e8 < most.flops < 1e15


def test_limits_are_the_best_run(monkeypatch):
    seconds = iter([9.0, 2.0, 4.0, 9.0, 3.0, 5.0])
    monkeypatch.setattr(ceiling, "timed", lambda function, array: (next(seconds), array))
    most = ceiling.measure_ceilings(megabytes=1, side=10, runs=2)
    assert most.bandwidth == 2 * 1e6 / 2 and most.flops == 2 * 10**3 / 3


def test_shares_of_the_limits():
    limits = Ceilings(bandwidth=1e9, flops=1e12)
    row = ProgramCost("step", seconds=0.01, bytes=5e6, flops=1e9).row(limits)
    assert row == ["step", "10.00", "5.0", "0.50", "50.00%", "1,000.0", "100.00", "10.00%"]
    assert ProgramCost("update", 1.0, None, 5e11).row(limits)[2:5] == ["-", "-", "-"]


CFG = TrainConfig(
    num_worlds=2, rollout=2, sequence=2, minibatches=1, epochs=3, width=8, paper_reward=False
)


def test_a_step_of_all_worlds_is_timed():
    (step,) = ceiling.measure_programs(CFG, ["step"], runs=2, age=1, env=FakeEnv())
    assert step.program == "step + observations"
    assert step.seconds > 0 and step.bytes > 0 and step.flops > 0


def test_programs_are_chosen_and_summarize(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(ceiling, "measure_ceilings", lambda megabytes: Ceilings(1e9, 1e12))
    monkeypatch.setattr(
        ceiling, "_tick", lambda cfg, *_: ProgramCost(f"tick {cfg.config}", 1.0, 1.0, 2.0)
    )
    file = tmp_path / "out.json"
    options = ["--config", "tiny", "--game", "survive", "--batch", "8", "--json", str(file)]
    assert ceiling.main([*options, "--programs", "tick"]) == 0
    (line,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert line["program"] == "tick tiny" and line["flops"] == 2.0 and line["device"]
    assert line["ceilings"] == {"bandwidth": 1e9, "flops": 1e12}
    assert "copies 1.0 GB/s, products 1,000 GFLOP/s" in capsys.readouterr().out


def test_wrong_options_end_cleanly(monkeypatch, capsys):
    monkeypatch.setattr(ceiling, "measure_ceilings", lambda megabytes: Ceilings(1e9, 1e12))
    for wrong in (["--game", "survivor"], ["--batch", "0"], ["--runs", "0"], ["--age", "0"]):
        assert ceiling.main(["--config", "tiny", *wrong]) == 2
        assert "benchmarks.ceiling:" in capsys.readouterr().err


@pytest.mark.slow
def test_ticks_and_updates_are_timed():
    tick, update = ceiling.measure_programs(CFG, ["tick", "update"], runs=2, age=1, env=FakeEnv())
    assert tick.bytes > 0 and tick.flops > 0
    # Three epochs learn from the rollout, each with a pass and its gradient, and two play it.
    assert update.bytes is None and update.flops > 0 and update.seconds > 0


@pytest.mark.slow
def test_operations_of_an_update_grow_with_its_epochs():
    def flops(epochs):
        cfg = dataclasses.replace(CFG, epochs=epochs)
        batch, policy = assemble(cfg, FakeEnv())
        state = jax.eval_shape(lambda: init_state(batch, policy, cfg))
        return count_products(make_update(batch, policy, cfg), state, jnp.float32(0))

    one, two, three = map(flops, (1, 2, 3))
    assert three - two == two - one > 0
