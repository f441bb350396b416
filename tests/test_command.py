"""The command `metammo-jax`, and what the package gives when it is asked for."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import metammo_jax
from metammo_jax import __main__ as command

ROOT = Path(metammo_jax.__file__).parent


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_help_names_all_commands_and_imports_no_jax():
    said = python("""
import sys
from metammo_jax.__main__ import main
assert main(["--help"]) == main(["--version"]) == 0 and main(["tain"]) == 2
heavy = {"jax", "numpy", "flax", "tyro", "agents"} & set(sys.modules)
assert not heavy, heavy
""")
    for name, (_, says) in command.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(says)}$", said, re.MULTILINE)
    assert said.endswith(f"metammo-jax {metammo_jax.__version__}\n")


def test_what_is_no_command_is_refused(capsys):
    assert command.main(["tain", "--seed", "1"]) == 2
    names = "train, evaluate, tournament, export, sweep, experiments, quickstart, view, tasks"
    assert f"'tain' must be one of {names}; did you mean 'train'?" in capsys.readouterr().err
    assert command.main([]) == 2
    assert "usage: metammo-jax" in capsys.readouterr().err


@pytest.mark.parametrize("name", command.COMMANDS)
def test_every_command_has_options_and_help(name, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main([name, "--help"])
    said = capsys.readouterr().out
    assert stop.value.code == 0 and f"metammo-jax {name}" in said and "--" in said
    with pytest.raises(SystemExit) as stop:
        command.main([name, "--no-such-option"])
    assert stop.value.code == 2


def test_options_reach_the_command(capsys):
    assert command.main(["tasks", "--predicates"]) == 0
    assert "own_item(" in capsys.readouterr().out
    assert command.main(["evaluate", "no/run"]) == 2
    assert "'no/run' is no run" in capsys.readouterr().err


def test_a_package_that_lacks_is_named(monkeypatch, capsys):
    monkeypatch.setitem(command.COMMANDS, "train", ("agents.gone", ""))
    with pytest.raises(ModuleNotFoundError, match="gone"):
        command.main(["train"])

    def lacks(name):
        raise ModuleNotFoundError("No module named 'optax'", name="optax")

    monkeypatch.setattr(command.importlib, "import_module", lacks)
    assert command.main(["train"]) == 2
    assert 'needs the package optax: pip install "metammo-jax[train]"' in capsys.readouterr().err


def test_names_for_type_checkers_are_those_that_are_given():
    tree = ast.parse((ROOT / "__init__.py").read_text())
    shown = next(node for node in tree.body if isinstance(node, ast.If)).body
    typed = {(node.module, alias.name) for node in shown for alias in node.names}
    given = {
        (f"metammo_jax.{m}", name) for m, names in metammo_jax._HOMES.items() for name in names
    }
    assert typed == given | {("metammo_jax", "games")}
    assert {name for _, name in typed} == set(metammo_jax.__all__)


def test_names_are_given_and_others_refused():
    assert metammo_jax.registry is sys.modules["metammo_jax.registry"]
    assert set(metammo_jax.__all__) <= set(dir(metammo_jax))
    for name in ("mke", "_registry", "agents_"):
        with pytest.raises(AttributeError, match=f"metammo_jax.* has no attribute '{name}'"):
            getattr(metammo_jax, name)
