"""Every citation of a page of the documentation leads to a file and a heading of it."""

import ast
import functools
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
QUIRKS = "docs/rules/quirks.md"

CITATION = re.compile(r"(docs/[\w./-]+\.md)(?:#([\w-]+))?")
"""A page, and a heading if one is named: `docs/rules/world.md#fog`."""

LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]+))?\)")
"""A link of a page: another file, a heading of it or of the same page, or both."""

SYMBOL = re.compile(r"`([\w./]+\.pyx?)::(\w+(?:\.\w+)*)`")
"""A file and what is defined there: `nmmo/core/realm.py::Realm.step`."""

OLD_FORM = re.compile(
    r"(world )?rules,? (section )?\d|minigames \d|quirk \d|(training|interface|rules|tasks),? "
    r"(section|appendix)|source: (tasks|training|interface|minigames) \d|interface, section"
    r"|\bthe spec('s)?\b|interface \d",
    re.IGNORECASE,
)
"""Numbered sections of a text that is not in the repository."""


def tracked(*patterns: str) -> list[str]:
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no git repository")
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


@functools.cache
def headings(page: str) -> frozenset[str]:
    """Returns the anchors of a page's headings, as GitHub and MkDocs make them."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return frozenset(
        re.sub(r"[^\w\s-]", "", title).strip().lower().replace(" ", "-") for title in titles
    )


def broken(page: str, anchor: str | None) -> bool:
    if not (ROOT / page).is_file():
        return True
    return anchor is not None and anchor not in headings(page)


def files() -> list[str]:
    own = Path(__file__).relative_to(ROOT).as_posix()
    return [name for name in tracked("*.py", "*.md", "*.ipynb") if name != own]


def test_citations_lead_to_headings():
    found, lost = 0, []
    for name in files():
        for page, anchor in CITATION.findall((ROOT / name).read_text()):
            found += 1
            if broken(page, anchor or None):
                lost.append(f"{name}: {page}#{anchor}")
    assert not lost
    assert found > 100


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs/rules").glob("*.md")))
def test_links_between_the_rules_lead_to_headings(page):
    folder, lost = ROOT / "docs/rules", []
    for target, anchor in LINK.findall((folder / page).read_text()):
        file = (folder / (target or page)).resolve()
        if not file.is_file() or broken(str(file.relative_to(ROOT)), anchor or None):
            lost.append(f"{target}#{anchor}")
    assert not lost


def test_anchors_of_the_rules_are_unique():
    """Renderers make up an anchor for the second of two equal headings, and treat signs apart."""
    for page in (ROOT / "docs/rules").glob("*.md"):
        titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
        assert all(re.fullmatch(r"\w+( \w+)*", title) for title in titles), page.name
        assert len(titles) == len(headings(f"docs/rules/{page.name}")), page.name


def test_nothing_cites_numbered_sections():
    old = [
        f"{name}:{number}: {line.strip()}"
        for name in files()
        if not name.startswith("benchmarks/results/")
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if OLD_FORM.search(line)
    ]
    assert not old


@functools.cache
def defined(path: str) -> frozenset[str]:
    """Returns the names that a module of ours defines, methods with their class."""
    names = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{child.name}" for child in node.body if hasattr(child, "name")}
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(names)


def quirks() -> list:
    sections = re.split(r"^### ", (ROOT / QUIRKS).read_text(), flags=re.MULTILINE)[1:]
    return [pytest.param(text, id=text.split("\n", 1)[0]) for text in sections]


@pytest.mark.parametrize("text", quirks())
def test_quirks_name_where_they_are(text):
    """The original's place is well formed; ours exists."""
    places = re.search(r"\n\* Original: (.+?)\n\* Code: (.+?)(?=\n\n|\n*\Z)", text, re.DOTALL)
    assert places
    original, here = places.groups()
    theirs, ours = SYMBOL.findall(original), SYMBOL.findall(here)
    assert all(path.startswith("nmmo/") for path, _ in theirs)
    assert theirs or original.endswith("no part of `nmmo`")
    rest = re.sub(r"[\s,]", "", SYMBOL.sub("", original))
    assert not theirs or not rest, "something else than places"
    assert ours and not re.sub(r"[\s,]", "", SYMBOL.sub("", here))
    for path, name in ours:
        assert name in defined(path), f"{path} has no {name}"


FOLDERS = ("core", "entity", "lib", "minigames", "systems", "task")
"""Of the original's package; code cites files in them without the package's name."""


def test_places_in_the_original_exist_where_it_is_installed():
    """As docs/parity-setup.md installs it, for another Python than that of the tests."""
    packages = sorted(ROOT.glob(".venv-nmmo/lib/python*/site-packages/nmmo"))
    if not packages:
        pytest.skip("the original is not installed")
    for name in files():
        for path, symbol in SYMBOL.findall((ROOT / name).read_text()):
            path = path.removeprefix("nmmo/")
            if path.split("/")[0] not in FOLDERS:
                continue
            last = symbol.rsplit(".", 1)[-1]
            pattern = rf"\b(def|class) {last}\b|^{re.escape(symbol)} ="
            text = (packages[0] / path).read_text()
            assert re.search(pattern, text, re.MULTILINE), f"{name}: {path}::{symbol}"
