"""`agents` in a checkout and `metammo_jax.agents`, as it is installed, are the same modules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = ("train", "evaluate", "quickstart")
SLOW = pytest.mark.slow
MODULES = sorted(path.stem for path in (ROOT / "agents").glob("*.py") if path.stem != "__init__")


def python(*words, folder=ROOT, paths=(ROOT,)) -> str:
    """Runs Python; returns what it printed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("first", [pytest.param("agents", marks=SLOW), "metammo_jax.agents"])
def test_both_names_mean_the_same_modules(first, tmp_path):
    code = f"""
from importlib import import_module
import {first}
names = ["", ".train", *("." + name for name in {MODULES})]
for name in names:
    pair = [import_module(package + name) for package in ("metammo_jax.agents", "agents")]
    assert pair[0] is pair[1], name
    assert pair[0].__name__ == pair[0].__spec__.name == "agents" + name, name
import agents, metammo_jax.agents
assert metammo_jax.agents is agents
from metammo_jax.agents import TrainConfig, train
from metammo_jax.agents.train import train as same
from agents.training import loop
assert train is same is agents.train is loop.train
assert TrainConfig is loop.TrainConfig
try:
    import metammo_jax.agents.nothing
except ModuleNotFoundError as error:
    assert error.name == "metammo_jax.agents.nothing"
else:
    raise AssertionError
"""
    python("-c", code, folder=tmp_path)


@pytest.mark.slow
def test_a_package_of_another_is_left_alone(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("WHOSE = 'theirs'\n")
    code = """
import agents
from metammo_jax.agents import train
from metammo_jax.agents.evaluate import compare
import metammo_jax.agents.train, metammo_jax
assert agents.WHOSE == "theirs" and not hasattr(agents, "train")
assert train.__module__ == "metammo_jax.agents.training.loop"
assert metammo_jax.agents.train is train
"""
    python("-c", code, folder=tmp_path, paths=(tmp_path, ROOT))


@pytest.mark.parametrize(
    "module",
    [
        "agents.train",
        "agents.evaluate",
        pytest.param("agents.quickstart", marks=SLOW),
        *(pytest.param(f"metammo_jax.agents.{name}", marks=SLOW) for name in COMMANDS),
    ],
)
def test_commands_run_under_both_names(module):
    assert f"metammo-jax {module.split('.')[-1]}" in python("-m", module, "--help")
