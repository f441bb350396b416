"""The notebooks run from top to bottom, and are kept with their outputs."""

import os
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 600_000
PICTURES = ("image/png", "image/gif", "image/svg+xml")


def read(path):
    return pytest.importorskip("nbformat").read(path, as_version=4)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, monkeypatch, tmp_path, tmp_path_factory):
    """In quick mode, compiled quickly rather than well, away from the repository."""
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("METAMMO_JAX_QUICK", "1")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    cache = os.environ.get("JAX_COMPILATION_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "jax"))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", cache)
    root = str(FOLDER.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
    notebook = read(path)
    nbclient.NotebookClient(
        notebook, timeout=900, resources={"metadata": {"path": tmp_path}}
    ).execute()


def test_notebooks_open_in_colab_and_show_pictures():
    """Each has a badge that opens it, the same cell to install, and pictures, and is listed."""
    assert NOTEBOOKS
    listed, installs = (FOLDER / "README.md").read_text(), set()
    for path in NOTEBOOKS:
        notebook = read(path)
        first, install = notebook.cells[:2]
        assert first.cell_type == "markdown" and first.source.startswith("# "), path.name
        badge = r"colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/main/notebooks/(.+)\)"
        assert re.findall(badge, first.source) == [path.name]
        installs.add(install.source)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        order = [cell.execution_count for cell in code]
        assert order == list(range(1, len(code) + 1)), f"{path.name} ran from top to bottom"
        outputs = [output for cell in code for output in cell.outputs]
        assert not [output for output in outputs if output.output_type == "error"], path.name
        kinds = {kind for output in outputs for kind in output.get("data", {})}
        assert kinds & set(PICTURES), f"{path.name} has no picture"
        assert path.stat().st_size <= MOST_BYTES, path.name
        assert f"({path.name})" in listed, f"{path.name} is not in notebooks/README.md"
    assert len(installs) == 1 and 'find_spec("metammo_jax") is None' in installs.pop()
