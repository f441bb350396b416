"""Builds the documentation site: `make docs`, or `python docs/build_site.py`.

Copies the pages to build/docs, with what they link to outside of `docs/`, builds them strictly
into build/site, and checks the result: every local link and anchor exists, and every public name
is in the API reference.
"""

import html.parser
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES, SITE = ROOT / "build/docs", ROOT / "build/site"

COPIES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/results/README.md": "results/benchmarks.md",
}
"""Files outside of `docs/` that are pages of the site, and their names there."""

REPORTS = "<!-- reports -->"
"""In docs/results/index.md: where the list of the reports goes."""

TABLE = "<!-- benchmarks -->"
"""In docs/speed.md: where the table of the README goes."""

PUBLIC = (
    "metammo_jax",
    "metammo_jax.games",
    "metammo_jax.tasks",
    "metammo_jax.tasks.predicates",
    "metammo_jax.adapters",
    "agents",
)
"""Packages whose `__all__` is public."""

LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
"""A Markdown link or picture: its path and its anchor."""


def main() -> int:
    """Builds and checks the site; returns the exit status."""
    copy_pages()
    shutil.rmtree(SITE, ignore_errors=True)
    command = [Path(sys.executable).parent / "zensical", "build", "--strict", "--clean"]
    if subprocess.run(list(map(str, command)), cwd=ROOT).returncode:
        return 1
    faults = [*broken_links(SITE), *missing_names(SITE / "api")]
    print(*faults, sep="\n", file=sys.stderr)
    print(f"{SITE}: {'not ' if faults else ''}complete")
    return bool(faults)


def copy_pages() -> None:
    """Writes the pages of the site into build/docs."""
    shutil.rmtree(PAGES, ignore_errors=True)
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(ROOT / "docs", PAGES, ignore=ignored)
    todo = [(path, page_of(path)) for path in sorted((ROOT / "docs").rglob("*.md"))]
    todo += [(ROOT / source, page) for source, page in COPIES.items()]
    done = set()
    while todo:
        source, page = todo.pop()
        done.add(page)
        text, linked = with_links(source, page)
        if page == "results/index.md":
            text = text.replace(REPORTS, report_list(source.parent))
        if page == "speed.md":
            text = text.replace(TABLE, readme_table(ROOT / "README.md"))
        (PAGES / page).parent.mkdir(parents=True, exist_ok=True)
        (PAGES / page).write_text(text)
        for path in linked:
            if path.suffix == ".md" and page_of(path) not in done:
                todo.append((path, page_of(path)))
            elif path.suffix != ".md":
                (PAGES / page_of(path)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, PAGES / page_of(path))


def page_of(path: Path) -> str:
    """Returns the path in the site of a file of the repository."""
    name = path.relative_to(ROOT).as_posix()
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    return COPIES.get(name, f"repository/{name}")


def with_links(source: Path, page: str) -> tuple[str, list[Path]]:
    """Returns a page's text with links as the site needs them, and the files outside of `docs/`.

    Args:
      source: the page's file in the repository.
      page: its path in the site.
    """
    outside = []

    def rewritten(link: re.Match) -> str:
        target = (source.parent / urllib.parse.unquote(link[2])).resolve()
        if "://" in link[2] or link[2].startswith("mailto:") or not target.is_file():
            return link[0]  # what is missing, the strict build reports
        if not target.is_relative_to(ROOT / "docs"):
            outside.append(target)
        path = os.path.relpath(PAGES / page_of(target), (PAGES / page).parent)
        return f"{link[1]}{Path(path).as_posix()}{link[3] or ''}{link[4]}"

    return LINK.sub(rewritten, source.read_text()), outside


def report_list(folder: Path) -> str:
    """Returns a Markdown list of the reports in a folder, with their titles."""
    reports = [path for path in sorted(folder.rglob("*.md")) if path.name != "index.md"]
    lines = [f"* [{title_of(path)}]({path.relative_to(folder).as_posix()})" for path in reports]
    return "\n".join(lines) or "There is no report in this copy of the repository yet."


def readme_table(readme: Path) -> str:
    """Returns the table of measurements in the README, with what is said below it."""
    begin, end = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
    table = readme.read_text().partition(begin)[2].partition(end)[0].strip()
    results = table.replace("](benchmarks/results/README.md)", "](results/benchmarks.md)")
    return results.replace("](docs/", "](")


def title_of(page: Path) -> str:
    """Returns the first heading of a page, or the name of its file."""
    heading = re.search(r"^# (.+)$", page.read_text(), re.MULTILINE)
    return heading[1] if heading else page.stem


def public_names() -> dict[str, set[str]]:
    """Returns all public names, and under which names each may be documented.

    These are the other public names of the same thing, and that of where it is defined.
    """
    places, values = {}, {}
    for package in PUBLIC:
        module = importlib.import_module(package)
        homes = module._HOMES if package.endswith("adapters") else {}
        for name in module.__all__:
            full = f"{package}.{name}"
            if name in homes:  # not imported: each needs a package of its own
                places[full] = {full, f"{package}.{homes[name]}.{name}"}
                continue
            value = values[full] = getattr(module, name)
            places[full] = {full} | homes_of(value, module, name)
    for full, value in values.items():
        for other, same in values.items():
            if value is same and not isinstance(value, int):
                places[full] |= places[other]
    return places


def homes_of(value, module, name: str) -> set[str]:
    """Returns the full names under which a public thing may be defined."""
    if inspect.ismodule(value):
        return {value.__name__}
    if inspect.isclass(value) or inspect.isfunction(value):
        return {f"{value.__module__}.{value.__qualname__}"}
    modules = [inner for _, inner in inspect.getmembers(module, inspect.ismodule)]
    return {f"{m.__name__}.{name}" for m in modules if getattr(m, name, None) is value}


def missing_names(folder: Path) -> list[str]:
    """Returns what is said of public names that no page of a folder documents."""
    anchors = set().union(*(read_page(path).anchors for path in folder.rglob("*.html")))
    return [
        f"{name} is not in the API reference"
        for name, places in public_names().items()
        if not anchors & places
    ]


def broken_links(site: Path) -> list[str]:
    """Returns what is said of local links of a built site that lead nowhere."""
    pages = {path: read_page(path) for path in site.rglob("*.html")}
    faults = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)) if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = urllib.parse.unquote(parts.fragment)
            known = pages[target.resolve()].anchors if target.resolve() in pages else None
            if not target.exists() or (anchor and known is not None and anchor not in known):
                faults.append(f"{path.relative_to(site)} links to {link}, which does not exist")
    return faults


class Page(html.parser.HTMLParser):
    """The links and the anchors of a page.

    Attributes:
      links: addresses of links, pictures and other files.
      anchors: what links can point to.
    """

    def __init__(self):
        super().__init__()
        self.links, self.anchors = set(), set()

    def handle_starttag(self, tag, attrs):
        """Notes what a tag links to, and its anchor."""
        found = dict(attrs)
        self.links |= {found[name] for name in ("href", "src") if found.get(name)}
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}


def read_page(path: Path) -> Page:
    """Returns the links and anchors of an HTML file."""
    page = Page()
    page.feed(path.read_text())
    return page


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
