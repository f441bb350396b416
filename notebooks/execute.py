"""Executes notebooks from top to bottom and keeps their outputs, pictures and all.

    python notebooks/execute.py                 # every notebook
    python notebooks/execute.py 1_world 6_tasks

Runs and files that a notebook makes go to a folder that is deleted afterwards.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

FOLDER = Path(__file__).parent
MOST_BYTES = 600_000
"""Of a notebook with its outputs."""

HEAVY = "text/html"
"""Outputs of this type are dropped where a picture of the same thing follows: pages of a replay."""


def execute(path: Path) -> int:
    """Executes a notebook and writes it with its outputs; returns its size in bytes.

    Raises:
      ValueError: it is larger than `MOST_BYTES`.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        resources = {"metadata": {"path": folder}}
        nbclient.NotebookClient(
            notebook, timeout=3600, resources=resources, record_timing=False
        ).execute()
    for cell in notebook.cells:
        cell.outputs = [_light(output) for output in cell.get("outputs", [])]
        if cell.cell_type != "code":
            del cell["outputs"]
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{path.name} has {size:,} bytes, it may have {MOST_BYTES:,}")
    return size


def _light(output):
    """Returns an output without what is too large to be kept in a repository."""
    data = output.get("data", {})
    if len(data.get(HEAVY, "")) > 50_000:
        del data[HEAVY]
    return output


if __name__ == "__main__":
    names = sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    for name in names:
        print(f"{name}: {execute(FOLDER / f'{name}.ipynb'):,} bytes", flush=True)
