import builtins
import dataclasses
import re

import pytest

from agents import cli, evaluate
from agents.config import TrainConfig
from agents.training import command


@pytest.fixture(params=["tyro", "argparse"])
def parser(request, monkeypatch):
    """Options are parsed by tyro, or as where tyro is not installed."""
    real = builtins.__import__

    def without_tyro(name, *args, **kwargs):
        if name == "tyro" and request.param == "argparse":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_tyro)
    if request.param == "tyro":
        pytest.importorskip("tyro")


@pytest.fixture
def parse(parser):
    return lambda *words: cli.parse(TrainConfig, TrainConfig(seed=5), list(words), "train")


def test_options_of_every_type(parse):
    cfg = parse(
        "--game",
        "sandwich",
        "survive",
        "--weights",
        "1",
        "2",
        "--total-steps",
        "100_000_000",
        "--learning-rate",
        "1e-4",
        "--no-anneal",
        "--network",
        "paper",
    )
    assert cfg == TrainConfig(
        game=("sandwich", "survive"),
        weights=(1, 2),
        total_steps=100_000_000,
        learning_rate=1e-4,
        anneal=False,
        network="paper",
        seed=5,
    )


def test_help_explains_options(parse, capsys):
    with pytest.raises(SystemExit) as stop:
        parse("--help")
    assert stop.value.code == 0
    assert "living agent-steps" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("parser", ["argparse"], indirect=True)
def test_the_help_of_every_option_is_that_of_its_attribute(parse, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")  # one line each
    with pytest.raises(SystemExit):
        parse("--help")
    shown = " ".join(capsys.readouterr().out.split())
    described = " ".join((TrainConfig.__doc__ or "").split())
    for field in dataclasses.fields(TrainConfig):
        words = described.partition(f" {field.name}: ")[2].split()[:3]
        option = re.search(rf" --{field.name.replace('_', '-')}[ ,](.*?)\(default:", shown)
        assert len(words) == 3 and option and " ".join(words) in option[1], field.name


@pytest.mark.parametrize("words", [("--clp", "1"), ("--seed", "many"), ("--network", "big")])
def test_what_is_unknown_ends_with_an_error(parse, words, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(*words)
    assert stop.value.code == 2


LAUNCH = ("resume", "preset", "seeds", "coordinator", "processes", "process")


def test_help_of_train_lists_launch_options(parser, capsys):
    with pytest.raises(SystemExit) as stop:
        command.parse(["--help"])
    shown = capsys.readouterr().out
    assert stop.value.code == 0
    assert all(f"--{name} " in shown for name in (*LAUNCH, "total-steps"))
    assert "index of this process" in " ".join(shown.split())


def test_launch_options_are_parsed_beside_those_of_training(parser):
    words = ["--seeds", "0-3", "--epochs=2", "--coordinator", "host:1", "--processes", "2"]
    launch, cfg = command.parse([*words, "--process", "1"])
    assert launch == command.LaunchOptions("", "", "0-3", "host:1", "2", "1")
    assert cfg == TrainConfig(epochs=2)


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (["--preset", "tiny", "--config", "mini"], "preset 'tiny' were chosen for config 'tiny'"),
        (["--config", "large"], "this run has config 'large'"),
        (["--config", "mini"], ""),
        (["--preset", "paper"], ""),
    ],
    ids=str,
)
def test_a_preset_of_another_config_is_reported(words, note, capsys):
    command.parse(words)
    found = capsys.readouterr().err
    assert note in found and bool(found) == bool(note)


def test_take():
    words = ["--a", "1", "--resume", "runs/x", "--b=2"]
    assert cli.take(words, "--resume") == "runs/x"
    assert cli.take(words, "--b") == "2"
    assert cli.take(words, "--c") is None
    assert words == ["--a", "1"]
    with pytest.raises(ValueError, match="--a needs a value"):
        cli.take(["--a"], "--a")


@pytest.mark.parametrize(
    ("main", "words", "said"),
    [
        (command.main, ["--resume", "nowhere"], "'nowhere' is no run"),
        (command.main, ["--preset", "huge"], "preset='huge' is unknown"),
        (command.main, ["--preset", "mini", "--resume", "x"], "--preset is for new runs"),
        (command.main, ["--game", "chess"], "chess"),
        (evaluate.main, ["nowhere"], "'nowhere' is no run"),
        (evaluate.main, [], "must be the folder of a run"),
    ],
)
def test_main_ends_cleanly(main, words, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "start_quickly", lambda: None)
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "width", "config"),
    [
        (["--config", "mini"], 128, "mini"),
        (["--config=tiny_full"], 64, "tiny_full"),
        (["--preset", "tiny", "--config", "mini"], 64, "mini"),
        (["--preset", "mini", "--config", "large"], 128, "large"),
        (["--config", "mini", "--width", "32"], 32, "mini"),
    ],
    ids=str,
)
def test_options_suit_the_config_unless_a_preset_is_named(arguments, width, config, monkeypatch):
    asked = []
    monkeypatch.setattr(command, "train", asked.append)
    assert command.main([*arguments, "--game", "survive"]) == 0
    assert (asked[0].width, asked[0].config, asked[0].game) == (width, config, ("survive",))
