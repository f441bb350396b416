"""What is built and installed works far from the checkout: wheel, sdist, trainer and command."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRAIN = """
import importlib.util, sys
from pathlib import Path
import metammo_jax
from metammo_jax.agents import TrainConfig, train

assert importlib.util.find_spec("agents") is None
for name, module in list(sys.modules.items()):
    if name.split(".")[0] == "metammo_jax":
        assert Path(module.__file__).is_relative_to(sys.prefix), module
options = TrainConfig(
    num_worlds=2, rollout=8, sequence=4, minibatches=1, epochs=1, width=8, run_dir="run",
    progress=False,
)
result = train(options, updates=2)
assert result.updates == 2 and not result.complete
print(result.steps)
"""

pytestmark = pytest.mark.slow


def run(*words, cwd: Path) -> str:
    """Runs a program that sees nothing of this environment's packages; returns what it printed."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "METAMMO_JAX_CACHE")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**environment, "JAX_PLATFORMS": "cpu"},
        text=True,
        capture_output=True,
        timeout=1800,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(words, cwd=folder, text=True, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def home(built, tmp_path_factory) -> Path:
    """A fresh environment with the wheel and what training needs."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home / "env", with_pip=True)
    run(home / "env/bin/pip", "install", "--quiet", f"{built[1]}[train]", cwd=home)
    return home


def sources(folder: str) -> set[str]:
    """Returns the files of a folder of the checkout, but for what Python makes itself."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_package_and_the_agents_in_it(built):
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        described = wheel.read(metadata).decode()
    package = sources("metammo_jax") - {"metammo_jax/agents.py"}
    assert names == package | {f"metammo_jax/{name}" for name in sources("agents")}
    assert "metammo_jax/py.typed" in names and "metammo_jax/agents/train/__main__.py" in names
    assert "Provides-Extra: train" in described and "License-File: LICENSE" in described


def test_the_sdist_holds_the_sources_and_the_tests(built):
    with tarfile.open(built[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for folder in ("metammo_jax", "agents", "docs"):
        assert sources(folder) <= names
    files = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "hatch_build.py")
    assert {*files, "tests/test_install.py", "tests/data/survive-first.npz"} <= names
    assert not {name for name in names if name.startswith((".git/", ".venv", "runs/", ".ci"))}


def test_what_is_installed_trains_resumes_and_evaluates(home):
    place = home / "elsewhere"
    place.mkdir()
    programs = home / "env/bin"
    steps = int(run(programs / "python", "-c", TRAIN, cwd=place))
    run(
        programs / "metammo-jax",
        "train",
        "--resume",
        "run",
        "--total-steps",
        steps + 1,
        "--no-progress",
        cwd=place,
    )
    lines = [json.loads(line) for line in (place / "run/metrics.jsonl").read_text().splitlines()]
    assert [line["update"] for line in lines] == [1, 2, 3] and lines[2]["steps"] > steps
    assert (place / "run/curve.png").is_file()
    said = run(programs / "metammo-jax", "evaluate", "run", "--episodes", "2", cwd=place)
    assert "race_to_the_center" in said and "trained" in said and "random" in said
    for module in ("metammo_jax", "metammo_jax.agents.train", "metammo_jax.agents.evaluate"):
        assert "usage: metammo-jax" in run(programs / "python", "-m", module, "-h", cwd=place)
    assert "252 training tasks" in run(
        programs / "metammo-jax", "tasks", "--category", "item", cwd=place
    )
