"""Executes notebooks from top to bottom and keeps their outputs, but for warnings and large pages.

    python notebooks/execute.py                 # every notebook
    python notebooks/execute.py 1_world 6_tasks

Runs and files that a notebook makes go to a folder that is deleted afterwards.
"""

import base64
import io
import os
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat
from PIL import Image

FOLDER = Path(__file__).parent
MOST_BYTES = 600_000
"""Of a notebook with its outputs."""

PAGE, PICTURE = "text/html", "image/png"
"""Types of outputs. Large pages are dropped: the viewer's of a replay has hundreds of kilobytes."""


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
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                _shrink(output)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{path.name} has {size:,} bytes, it may have {MOST_BYTES:,}")
    return size


def _shrink(output) -> None:
    """Reduces pictures to 256 colours and removes the page of a replay, which keeps its text."""
    data = output.get("data", {})
    if len(data.get(PAGE, "")) > 50_000:
        del data[PAGE]
    if PICTURE in data:
        image = Image.open(io.BytesIO(base64.b64decode(data[PICTURE]))).convert("RGB")
        buffer = io.BytesIO()
        image.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
        data[PICTURE] = base64.b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    names = sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    for name in names:
        print(f"{name}: {execute(FOLDER / f'{name}.ipynb'):,} bytes", flush=True)
