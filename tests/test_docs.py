"""What the README and the pages of the documentation say is so: code, commands, links and names."""

import ast
import contextlib
import importlib
import importlib.util
import inspect
import io
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from docs import build_site
from metammo_jax import __main__ as command

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks/results/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]  # fmt: skip
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NO_RUN = "{.no-run}"
"""After the language of a code block: it is not run, since it trains for long."""

SHELL = ("bash", "sh", "shell", "console", "")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def python_blocks(page: Path, with_all: bool = False) -> list[str]:
    """Returns a page's blocks of Python that are to be run."""
    found = FENCE.findall(page.read_text())
    return [code for word, info, code in found if word == "python"
            and (with_all or NO_RUN not in info)]  # fmt: skip


WITH_CODE = [page for page in PAGES if python_blocks(page)]


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_code_that_is_shown_is_python(page):
    for code in python_blocks(page, with_all=True):
        compile(code, str(page), "exec")


def test_hardly_any_code_is_not_run():
    count = sum(len(python_blocks(page, True)) - len(python_blocks(page)) for page in PAGES)
    assert count <= 3


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_code_that_is_shown_runs(page, tmp_path, monkeypatch):
    """All blocks of a page, one after the other, in one namespace and one folder."""
    monkeypatch.chdir(tmp_path)  # for what they write
    restored = known_names()
    try:
        space = {"__name__": "shown"}
        for code in python_blocks(page):
            exec(compile(code, name_of(page), "exec"), space)
    finally:
        restore(restored)


def known_names() -> list[tuple[dict, dict]]:
    """Returns the tables of names that pages add to, and copies of them."""
    from agents.config import KNOWN
    from agents.learners.update import LEARNERS
    from metammo_jax import registry
    from metammo_jax.tasks import signature

    tables = [KNOWN, LEARNERS, registry._FACTORIES, signature._BY_NAME]
    return [(table, dict(table)) for table in tables]


def restore(tables: list[tuple[dict, dict]]) -> None:
    for table, before in tables:
        table.clear()
        table.update(before)
