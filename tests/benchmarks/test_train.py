"""An update is timed as training runs it, and what it made is reduced into the checksum."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import pytest

from agents.config import TrainConfig
from agents.learners import state as states
from agents.learners import update as updating
from benchmarks import memory, train
from tests.agents.fake import FakeEnv

QUICK = TrainConfig(
    game="remember", num_worlds=4, rollout=4, sequence=2, epochs=1, minibatches=2, width=8,
    paper_reward=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def measured():
    """Four updates of the fake world, compiled and run for real."""
    return train.measure(QUICK, runs=4, warm_up=1, env=FakeEnv())


def test_runs_are_updates(measured):
    assert len(measured.seconds) == len(measured.living) == 4
    assert all(seconds > 0 for seconds in measured.seconds)
    assert measured.slots == 4 * 4 * 4  # worlds, ticks, players
    assert measured.ticks == 4 and measured.batch == 4
    assert measured.trace_s > 0 and measured.compile_s > 0
    assert measured.peak_bytes > measured.temporary_bytes > 0


def test_the_dead_are_slots_but_not_living(measured):
    # Of 4 players 2 come back at once, the others stay dead until the game ends.
    assert all(0.5 <= living / measured.slots < 1 for living in measured.living)
    assert measured.alive == pytest.approx(sum(measured.living) / 4 / measured.slots)


def test_episodes_end_while_it_runs(measured):
    assert measured.ended == 4  # after 16 ticks each: in the fourth of five updates, every world


class Staged:
    """Stands for `agents.learners.update`; an update adds the learning rate to the parameter."""

    broken = False

    def start(self, batch, policy, cfg):
        return states.TrainState({"w": jnp.float32(cfg.seed)}, (), (), jax.random.key(0))

    def make_update(self, batch, policy, cfg):
        def update(state, rate):
            params = {"w": state.params["w"] + rate}
            entropy = jnp.float32(jnp.nan if self.broken else params["w"])
            sums = {"living_steps": jnp.int32(10), "slot_steps": jnp.int32(16)}
            episodes = {"episodes": jnp.array([2.0]), "won": jnp.array([1.0])}
            metrics = sums | {"entropy": entropy, "episodes": episodes}
            return state.replace(params=params), metrics

        return jax.jit(update)


@pytest.fixture
def staged(monkeypatch):
    """Updates are `Staged`; no network is compiled."""
    stage = Staged()
    monkeypatch.setattr(states, "init_state", stage.start)
    monkeypatch.setattr(updating, "make_update", stage.make_update)
    return stage


def play(**options):
    cfg = dataclasses.replace(QUICK, seed=options.pop("seed", 0), learning_rate=0.5)
    return train.measure(cfg, **{"runs": 2, "warm_up": 3, **options}, env=FakeEnv())


def test_only_what_follows_the_warm_up_counts(staged):
    measured = play()
    assert measured.living == [10, 10] and measured.slots == 16 and measured.ended == 4
    assert measured.metrics["entropy"] == 0.5 * 5  # all five updates went on from one another


def test_the_checksum_is_over_what_the_first_timed_update_made(staged):
    first, again, other = play(), play(runs=4), play(seed=1)
    assert first.checksum == again.checksum != other.checksum
    assert play(warm_up=1).checksum != first.checksum


def test_a_loss_that_is_not_finite_is_reported(staged):
    staged.broken = True
    with pytest.raises(ValueError, match="entropy=nan after the last update"):
        play()


@pytest.mark.parametrize("wrong", [{"runs": 0}, {"warm_up": 0}], ids=str)
def test_wrong_numbers_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        train.measure(QUICK, **wrong)


def options(*arguments):
    return train.parser().parse_args(arguments)


def test_every_game_network_and_batch_is_planned():
    plan = train.planned(
        options(
            "--games",
            "survive",
            "mix",
            "--network",
            "lean",
            "paper",
            "--batch",
            "8",
            "16",
            "--rollout",
            "16",
        )
    )
    assert [(len(cfg.game), cfg.network, cfg.num_worlds) for cfg in plan] == [
        (games, network, batch)
        for games in (1, 8)
        for network in ("lean", "paper")
        for batch in (8, 16)
    ]
    assert {cfg.rollout for cfg in plan} == {16} and {cfg.config for cfg in plan} == {"tiny"}


def test_sizes_come_from_the_preset_of_the_config():
    (mini,) = train.planned(options("--games", "survive", "--config", "mini"))
    (full,) = train.planned(options("--games", "survive", "--config", "tiny_full"))
    assert (mini.width, mini.config) == (128, "mini")
    assert (full.width, full.config) == (64, "tiny_full")
    each = train.planned(options("--games", "all", "--config", "full"))
    assert ("multi_task",) in [cfg.game for cfg in each]


@pytest.fixture
def faked(monkeypatch, measured):
    """The command line measures nothing anew."""

    def measure(cfg, *_):
        return dataclasses.replace(measured, game="+".join(cfg.game), network=cfg.network)

    monkeypatch.setattr(train, "measure", measure)


def test_each_measurement_is_a_line_of_json_and_a_row(faked, tmp_path, capsys):
    file = tmp_path / "out.json"
    code = train.main(["--games", "survive", "--network", "lean", "paper", "--json", str(file)])
    assert code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["network"] for line in lines] == ["lean", "paper"]
    needed = {"agent_steps_per_s", "alive", "metrics", "peak_of", "device", "command", *train.KEY}
    assert all(needed <= set(line) for line in lines)
    assert "training, 7 updates after 4" in capsys.readouterr().out


def test_compare_keeps_networks_apart(faked, tmp_path, capsys):
    one, both = tmp_path / "one.json", tmp_path / "both.json"
    train.main(["--games", "survive", "--network", "paper", "--json", str(one)])
    train.main(["--games", "survive", "--network", "lean", "paper", "--json", str(both)])
    capsys.readouterr()
    assert train.main(["--compare", str(one), str(both)]) == 0
    table = capsys.readouterr().out
    assert table.count("survive") == 1 and "1.000  equal" in table


def test_the_plan_says_how_many_worlds_fit(monkeypatch, capsys):
    own, of_world, of_sequence = 5_000_000, 2_000_000, 500_000
    sizes = [(worlds, n, own + of_world * worlds + of_sequence * n) for worlds, n in PLANNED]
    footprint = memory.Footprint("tiny", "lean", 32, 32, 1, 1.0, 1, 1, 8, sizes)
    monkeypatch.setattr(memory, "measure", lambda cfg, worlds: footprint)
    assert train.main(["--games", "survive", "--plan", "1"]) == 0
    # 995 MB left, each world 2 MB and a quarter of a sequence; a multiple of 8 / 2 minibatches.
    assert (
        "survive at tiny" in (reported := capsys.readouterr().out)
        and ": 468 worlds fit" in reported
    )
    assert train.main(["--plan", "0"]) == 2


PLANNED = ((2, 1), (4, 1), (4, 2))


def test_wrong_options_end_before_anything_is_measured(capsys, tmp_path):
    file = tmp_path / "out.json"
    for wrong in (
        ["--games", "survivor"],
        ["--preset", "huge"],
        ["--config", "huge"],
        ["--batch", "3"],
        ["--sequence", "5"],
        ["--compare", "a", "b"],
    ):
        assert train.main([*wrong, "--json", str(file)]) == 2
        assert "benchmarks.train:" in capsys.readouterr().err
    assert not file.exists()


@pytest.mark.slow
@pytest.mark.parametrize("network", ["lean", "paper"])
def test_a_real_game_is_trained(network):
    cfg = TrainConfig(network=network, num_worlds=4, rollout=8, sequence=8, minibatches=1)
    measured = train.measure(cfg, runs=2, warm_up=1)
    assert measured.row == f"step + learning, {network}" and measured.alive > 0.5
