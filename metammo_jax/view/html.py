"""A replay as one self-contained HTML file, for a browser."""

import html
import importlib.resources
import json
import pathlib
import re

import numpy as np

from metammo_jax.view import collect, pack
from metammo_jax.view.facts import facts

MODULES = (
    "data", "words", "palette", "camera", "ground", "fog", "spots", "figures", "effects", "scene",
    "clock", "timeline", "charts", "sight", "agent", "teams", "market", "feed", "layers", "keys",
    "app",
)  # fmt: skip
"""Modules of the page (`page/js`), each after those that it imports."""

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def to_html(replay, path, title: str | None = None) -> pathlib.Path:
    """Writes a replay as one HTML file, to be opened in a browser.

    The file holds all that it shows; it needs no network and no server.

    Args:
      replay: an `mm.Replay`, or what has its attributes: `env`; `ticks`, int T; `worlds(start,
        stop)`, worlds with a leading axis, world t being that after t of the ticks 0..T; `actions`,
        Action fields (T, P); and `policy`, None or a dict of "value" (T, P) and of probabilities
        by head, such as "move" (T, P, 5).
      path: where to, ending in .html.
      title: of the page; the game's name if None.

    Returns:
      The path.

    Raises:
      ValueError: the path has another ending, or the replay lacks an attribute.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path={str(path)!r} must end in .html")
    text = page(replay, title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def notebook_html(replay, height: int = 640, title: str | None = None) -> str:
    """Returns the page in a frame, as a notebook shows it (`_repr_html_`).

    Args:
      replay: as `to_html` takes it.
      height: pixels of the frame.
      title: as `to_html` takes it.

    Raises:
      ValueError: the replay lacks an attribute.
    """
    inside = html.escape(page(replay, title), quote=True)
    style = f"width:100%;height:{int(height)}px;border:0;border-radius:8px"
    return f'<iframe srcdoc="{inside}" style="{style}" allow="fullscreen"></iframe>'


def page(replay, title: str | None = None) -> str:
    """Returns the text of the HTML file. Arguments and errors are those of `to_html`."""
    _check(replay)
    columns, tables, world = collect.columns_of(replay)
    packer = pack.Packer()
    for name, values in columns.items():
        packer.add(name, values)
    for name, rows in tables.items():
        rows = np.concatenate([np.diff(rows[:, :1], axis=0, prepend=0), rows[:, 1:]], axis=1)
        for index, column in enumerate(rows.T):
            packer.add(f"{name}/{index}", column, over_time=False)
    packer.add("material", np.ravel(world.terrain.material), over_time=False)
    about = facts(replay, world, columns, title)
    about["columns"] = packer.columns
    return fill(about, packer.base64())


def fill(about: dict, data: str) -> str:
    """Returns the HTML of the page with style, scripts and data."""
    folder = importlib.resources.files("metammo_jax.view") / "page"
    about_json = json.dumps(about, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    parts = {
        "title": html.escape(about["title"]),
        "style": (folder / "style.css").read_text(encoding="utf-8"),
        "about": about_json,
        "data": data,
        "script": script(),
    }
    text = (folder / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], text)


def script() -> str:
    """Returns all modules as one script: each is a function that is called once, for its exports.

    Between modules there are only imports of names, and exports of functions, classes and
    constants.
    """
    folder = importlib.resources.files("metammo_jax.view") / "page" / "js"
    return "const modules = {};\n" + "\n".join(
        _wrapped(name, (folder / f"{name}.js").read_text(encoding="utf-8")) for name in MODULES
    )


def _wrapped(name: str, text: str) -> str:
    exports = ", ".join(found[1] for found in _EXPORT.findall(text))
    text = _EXPORT.sub(r"\1", _IMPORT.sub(r"const \1 = modules.\2;", text))
    return f"modules.{name} = (() => {{\n{text}return {{ {exports} }};\n}})();"


def _check(replay) -> None:
    for name in ("env", "ticks", "worlds", "actions", "policy"):
        if not hasattr(replay, name):
            raise ValueError(f"replay is a {type(replay).__name__} without {name!r}: not a Replay")
    if replay.ticks < 1:
        raise ValueError(f"replay.ticks={replay.ticks} must be 1 or more: nothing was played")
