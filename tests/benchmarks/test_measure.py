"""What is timed is what is claimed: nothing deleted, the dead not counted."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.runs import training_run
from benchmarks import measure as measuring
from benchmarks import workloads
from benchmarks.measure import machine, measure
from benchmarks.workloads import ROWS, absorb, checksum, play_moves
from tests.agents.fake import FakeEnv
from tests.benchmarks.counting import Counting


@pytest.fixture
def counted(tiny, monkeypatch):
    """Benchmarks measure `Counting`, whatever game they ask for."""
    made = []

    def make(games, config):
        made.append((games, config))
        return Counting(tiny)

    monkeypatch.setattr(measuring.mm, "make", make)
    return made


def test_checksum_depends_on_every_array():
    tree = {
        "small": jnp.array([1, -2], jnp.int8),
        "flags": jnp.array([True, False]),
        "real": jnp.array([0.5, 2.0]),
        "none": jnp.zeros(0),
    }
    whole = int(checksum(tree))
    assert whole == int(jax.jit(checksum)(tree))
    for name, changed in (
        ("small", jnp.array([1, -3], jnp.int8)),
        ("flags", jnp.array([True, True])),
        ("real", jnp.array([0.5, 2.0000002])),
    ):
        assert int(checksum({**tree, name: changed})) != whole


def test_every_element_of_every_tick_counts():
    made = np.random.default_rng(0).integers(0, 100, (5, 3, 2, 4)).astype(np.int16)

    @jax.jit
    def hashed(made):
        hashes = jnp.zeros(8, jnp.uint16)
        for now in made:
            hashes = absorb([hashes], [now])[0]
        return checksum(hashes)

    def total(made):
        return int(hashed(made))

    assert total(made) == total(made.copy())
    for place in np.ndindex(made.shape):
        changed = made.copy()
        changed[place] += 1
        assert total(changed) != total(made)


def run_moves(env, row, batch=3, ticks=4, seed=0):
    worlds = jax.vmap(env.reset)(jax.random.split(jax.random.key(9), batch))[1]
    function = jax.jit(play_moves(env, ticks, row))
    return function, jax.random.key(seed), worlds


def test_living_steps_are_those_of_the_living_at_the_start_of_each_tick(tiny):
    function, key, worlds = run_moves(Counting(tiny), ROWS[0])
    total = function(key, worlds)
    assert int(total["living"]) == 3 * (16 + 15 + 14 + 13)
    assert int(total["ended"]) == 0


def test_steps_after_the_end_of_a_game_do_not_count(tiny):
    function, key, worlds = run_moves(Counting(tiny, length=2), ROWS[0])
    total = function(key, worlds)
    assert int(total["living"]) == 3 * (16 + 15)
    assert int(total["ended"]) == 3


@pytest.mark.parametrize("row", ROWS[:3])
def test_observations_are_computed_in_the_workloads_that_claim_it_alone(tiny, row, monkeypatch):
    monkeypatch.setattr(
        workloads.nmmo, "observe", lambda world, cfg: jnp.exp(world.tick.astype(jnp.float32) * 0.1)
    )
    function, key, worlds = run_moves(Counting(tiny), row)
    text = function.lower(key, worlds).compile().as_text()
    assert ("cosine" in text) == (row == "step + observations")
    assert ("exponential" in text) == (row == "step + original layout")


@pytest.mark.parametrize("row", workloads.ROWS[:2])
def test_every_tick_writes_the_outputs_of_its_workload_alone(tiny, row):
    env = Counting(tiny)
    play = jax.jit(workloads.play_moves(env, 3, row, hashed=False))
    world = jax.vmap(env.reset)(jax.random.split(jax.random.key(0), 2))[1]
    text = play.lower(jax.random.key(1), world).compile().as_text()
    assert ("cosine" in text) == (row == workloads.OBSERVATIONS)
    reported = play(jax.random.key(1), world)
    hashed = jax.jit(workloads.play_moves(env, 3, row))(jax.random.key(1), world)
    assert reported["living"] == hashed["living"] and reported["ended"] == hashed["ended"]
    assert reported["checksum"] != play(jax.random.key(2), world)["checksum"]


def test_rows_play_the_same_episode_and_keys_differ(tiny):
    env = Counting(tiny)
    moved = {}
    for row in ROWS[:2]:
        for seed in (0, 1):
            function, key, worlds = run_moves(env, row, seed=seed)
            moved[row, seed] = int(function(key, worlds)["checksum"])
    assert len(set(moved.values())) == 4
    again, key, worlds = run_moves(env, ROWS[0])
    assert int(again(key, worlds)["checksum"]) == moved[ROWS[0], 0]


def test_measurement_counts_runs_slots_and_bytes(tiny, counted):
    measured = measure("survive+sandwich", "tiny", batch=3, ticks=4, runs=5)
    assert counted == [(["survive", "sandwich"], "tiny")]
    assert len(measured.seconds) == len(measured.living) == 5
    assert measured.slots == 3 * 4 * 16
    assert measured.living == [3 * (16 + 15 + 14 + 13)] * 5
    assert measured.alive == pytest.approx(58 / 64)
    assert measured.observation_bytes == 4  # one float32 a player
    assert measured.state_bytes == pytest.approx((4 + 16 * (1 + 4 + 4) + 1) / 16, abs=0.1)
    assert measured.trace_s > 0 and measured.compile_s > 0


def test_summary_takes_medians(tiny, counted):
    measured = measure("survive", "tiny", batch=2, ticks=2, runs=1)
    measured = dataclasses.replace(measured, seconds=[1.0, 4.0, 2.0], living=[40, 40, 40], slots=64)
    summary = measured.summary()
    assert summary["agent_steps_per_s"] == 20
    assert summary["agent_steps_per_s_min"] == 10 and summary["agent_steps_per_s_max"] == 40
    assert summary["slot_steps_per_s"] == 32
    assert summary["world_steps_per_s"] == 2
    assert summary["alive"] == pytest.approx(40 / 64)


def test_equal_seeds_give_equal_checksums(counted):
    first, again, other = (measure("survive", "tiny", 2, 3, 1, seed=seed) for seed in (0, 0, 1))
    assert first.checksum == again.checksum != other.checksum


@pytest.mark.parametrize(
    "wrong",
    [{"batch": 0}, {"ticks": 0}, {"devices": 0}, {"runs": 0}, {"workload": "rest"}, {"row": "all"}],
    ids=str,
)
def test_wrong_numbers_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        measure("survive", "tiny", **wrong)


@pytest.fixture
def fake(monkeypatch):
    """Benchmarks measure the fake world that agents are tested with, as it is."""
    monkeypatch.setattr(measuring.mm, "make", lambda games, config: FakeEnv())
    monkeypatch.setattr(training_run, "PaperReward", lambda env: env)


@pytest.mark.slow
def test_a_policy_plays_and_the_living_are_counted(fake):
    bench = measuring.Bench("remember", "tiny", 3, 4, "moves", ROWS[3], seed=0)
    totals = []
    for _ in range(5):
        bench.run()
        totals.append(bench.totals[-1])
    # Every run is a fresh episode of 16 ticks, in which 2 of 4 players never stay dead.
    assert all(3 * 4 * 2 < total["living"] <= 3 * 4 * 4 for total in totals)
    assert [total["ended"] for total in totals] == [0] * 5
    assert totals[0]["checksum"] != totals[1]["checksum"]
    assert bench.measurement(skip=1).checksum == totals[1]["checksum"]


def test_valid_actions_need_observations():
    with pytest.raises(ValueError, match="drawn from observations"):
        measure("survive", "tiny", workload="valid", row=ROWS[0])


def test_machine_says_what_it_was():
    on = machine()
    assert on["jax"] == jax.__version__ and on["device"].startswith(jax.default_backend())
    assert on["date"].endswith("+00:00")


@pytest.mark.slow
def test_a_real_game_at_tiny():
    measured = measure("king_of_the_hill", "tiny", batch=2, ticks=3, runs=2)
    assert measured.living == [2 * 3 * 16] * 2
    assert np.all(np.array(measured.seconds) > 0)


@pytest.mark.slow
def test_valid_actions_over_many_episodes():
    measured = measure("king_of_the_hill", "tiny", 2, ticks=200, runs=2, workload="valid")
    assert measured.ended > 2
    assert 0.1 < measured.alive < 1


@pytest.mark.slow
@pytest.mark.parametrize("workload", workloads.WORKLOADS)
@pytest.mark.parametrize("row", ROWS[2:])
@pytest.mark.parametrize("config", ["tiny", "tiny_full"])
def test_the_other_rows_with_a_real_game(workload, row, config):
    measured = measure("survive", config, 2, ticks=3, runs=2, workload=workload, row=row)
    assert 0 < min(measured.living) <= max(measured.living) <= measured.slots == 2 * 3 * 16
    layout = measure("survive", config, 2, ticks=3, runs=1, workload=workload)
    assert (measured.observation_bytes > layout.observation_bytes) == (row == ROWS[2])


@pytest.mark.slow
def test_a_policy_in_workload_valid_goes_on_from_run_to_run(fake):
    measured = measure("remember", "tiny", 3, ticks=4, runs=7, workload="valid", row=ROWS[3])
    assert measured.ended == 2 * 3  # two episodes of 16 ticks in each world
