"""Runs a short set of tests with the oldest and the newest JAX that is supported.

    python tests/versions.py [oldest] [newest]

Makes an environment for each in `.venv-oldest` and `.venv-newest`, or brings the one that is there
up to date, and runs `tests/test_versions.py` in it. The oldest is the lower bound of jax in
`pyproject.toml`, under Python 3.11; the newest is what pip installs under the newest Python of this
machine. Only the standard library is needed to start it.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).parents[1]
OLDEST_PYTHON = (3, 11)
NEEDED = ("chex", "hypothesis", "pytest")
"""Packages that the tests need beside those of training."""


def oldest_jax() -> str:
    """Returns the lower bound of jax in `pyproject.toml`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = [re.fullmatch(r"jax>=([\d.]+)", entry) for entry in project["dependencies"]]
    return next(bound.group(1) for bound in bounds if bound)


def pythons() -> dict[tuple[int, int], str]:
    """Returns the Python interpreters of this machine that run, by version.

    Looks in the folders of PATH and in those of pyenv.
    """
    folders = [pathlib.Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    folders += sorted(root.glob("versions/*/bin"))
    found = {sys.version_info[:2]: sys.executable}
    for folder in folders:
        for file in sorted(folder.glob("python3.*")):
            name = re.fullmatch(r"python3\.(\d+)", file.name)
            if name and (version := (3, int(name.group(1)))) not in found and _runs(file):
                found[version] = str(file)
    return found


def _runs(file: pathlib.Path) -> bool:
    """Returns whether an interpreter can make an environment; a shim of pyenv may not."""
    command = [str(file), "-c", "import ensurepip, venv"]
    return subprocess.run(command, capture_output=True).returncode == 0


def choose(which: str) -> tuple[str, list[str]]:
    """Returns the interpreter, and what pip is to install beside the project.

    Raises:
      SystemExit: there is no such choice, or no Python 3.11.
    """
    found = pythons()
    if which == "newest":
        return found[max(found)], ["jax", "jaxlib"]
    if which != "oldest":
        raise SystemExit(f"{which!r} is unknown; allowed are oldest and newest")
    if OLDEST_PYTHON not in found:
        raise SystemExit("Python 3.11 is needed for the oldest jax, and was not found")
    bound = oldest_jax()
    return found[OLDEST_PYTHON], [f"jax=={bound}", f"jaxlib=={bound}"]


def run(which: str) -> int:
    """Makes the environment and runs the tests in it; returns the exit code of pytest."""
    interpreter, packages = choose(which)
    place = ROOT / f".venv-{which}"
    made = place / "pyvenv.cfg"
    if made.exists() and str(pathlib.Path(interpreter).resolve().parent) not in made.read_text():
        shutil.rmtree(place)  # of another Python
    subprocess.run([interpreter, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--upgrade", "--editable", ".[train]", *packages, *NEEDED]
    subprocess.run(install, cwd=ROOT, check=True)
    tests = ["-m", "pytest", "-m", "slow or not slow", "tests/test_versions.py"]
    return subprocess.run([python, *tests], cwd=ROOT).returncode


def main() -> int:
    """Runs the command line; returns the first exit code that is not 0."""
    codes = [run(which) for which in sys.argv[1:] or ["oldest", "newest"]]
    return next(filter(None, codes), 0)


if __name__ == "__main__":
    sys.exit(main())
