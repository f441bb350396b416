"""README and documentation are right: their code and commands run, links and names exist."""

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
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks/results/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NO_RUN = "{.no-run}"
"""After the language of a code block: it is not run, since it trains for long."""

SHELL = ("bash", "sh", "shell", "console", "")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def python_blocks(page: Path, with_all: bool = False) -> list[str]:
    """Returns a page's blocks of Python that are to be run."""
    found = FENCE.findall(page.read_text())
    return [
        code for word, info, code in found if word == "python" and (with_all or NO_RUN not in info)
    ]


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

    tables = [KNOWN, LEARNERS, registry._FACTORIES, signature._REGISTERED]
    return [(table, dict(table)) for table in tables]


def restore(tables: list[tuple[dict, dict]]) -> None:
    for table, before in tables:
        table.clear()
        table.update(before)


# Commands


def shell_lines(page: Path) -> list[str]:
    """Returns the commands that a page shows: of shell blocks, indented blocks, and in a line."""
    text = page.read_text()
    blocks = [code for word, _, code in FENCE.findall(text) if word in SHELL]
    rest = FENCE.sub("", text)
    blocks += re.findall(r"(?:^ {4}(?:\S*python\S* -m|metammo-jax) .*\n(?: {5,}.*\n)*)", rest, re.M)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spans = re.findall(r"`((?:metammo-jax|python -m|make) [^`]+)`", rest)
    return [line.partition(" #")[0].strip() for line in [*lines, *spans]]


def command_of(line: str) -> tuple[str, list[str]] | None:
    """Returns the program that a line runs, as words, and its arguments; None for others."""
    words = shlex.split(line.replace("…", "").replace("'", "").replace("[--", "--"))
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words.pop(0)
    for index, word in enumerate(words):
        if word in (";", "&&", "|"):
            words = words[:index]
            break
    if words[:1] == ["metammo-jax"] and len(words) > 1:
        return f"metammo-jax {words[1]}", words[2:]
    if len(words) > 2 and re.search(r"(^|/)python[\d.]*$", words[0]) and words[1] == "-m":
        return f"python -m {words[2]}", words[3:]
    if words[:1] == ["make"]:
        return "make", words[1:]
    return None


SHOWN = sorted(
    {
        (name_of(page), *found[:1], tuple(found[1]))
        for page in PAGES
        for line in shell_lines(page)
        if (found := command_of(line))
    }
)
OURS = ("agents", "benchmarks", "metammo_jax", "tests")


def test_pages_show_commands():
    programs = {program for _, program, _ in SHOWN}
    assert {"metammo-jax train", "python -m benchmarks.step", "make"} <= programs
    assert len(SHOWN) > 60


@pytest.mark.parametrize("page, program, words", [case for case in SHOWN if case[1] == "make"])
def test_targets_that_are_shown_exist(page, program, words):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = [word for word in words if re.fullmatch(r"[a-z-]+", word)]
    assert set(named[:1]) <= targets, f"{page}: make {' '.join(words)}"


@pytest.mark.parametrize(
    "program", sorted({program for _, program, _ in SHOWN if program != "make"})
)
def test_commands_that_are_shown_have_their_options(program):
    """Every command exists, and its help names every option that some page gives it."""
    kind, _, name = program.rpartition(" ")
    if kind == "metammo-jax":
        assert name in command.COMMANDS or name.startswith("-") or name.isupper(), name
    elif name.split(".")[0] not in OURS:
        return
    given = {
        re.split(r"[=|\]]", word)[0]: page
        for page, shown, words in SHOWN
        if shown == program
        for word in words
        if word.startswith("--")
    }
    if not given or (kind == "metammo-jax" and name not in command.COMMANDS):
        assert kind == "metammo-jax" or importlib.util.find_spec(name), name
        return
    said = help_of(kind, name)
    unknown = {word: page for word, page in given.items() if not re.search(rf"{word}\b", said)}
    assert not unknown


def help_of(kind: str, name: str) -> str:
    """Returns the help of a command; where its packages are not installed, its source."""
    module = command.COMMANDS[name][0] if kind == "metammo-jax" else name
    module = module if module.split(".")[0] in OURS else f"metammo_jax.{module}"
    found = importlib.util.find_spec(module)
    assert found and found.origin, module
    if found.submodule_search_locations:
        found = importlib.util.find_spec(f"{module}.__main__") or found
    try:
        main = importlib.import_module(found.name).main
    except (ImportError, AttributeError):
        return Path(found.origin).read_text()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main(["--help"])
    return out.getvalue()


# Links


def anchors_of(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.M)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w -]", "", heading).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(page):
    text = FENCE.sub("", page.read_text())
    for path, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} does not exist"
        if anchor and target.suffix == ".md":
            assert anchor in anchors_of(target), f"{path} has no heading {anchor}"


def test_every_page_can_be_found_from_the_navigation():
    listed = set(re.findall(r"[:-] ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    reports = {page for page in pages - listed if page.startswith("results/")}  # listed there
    assert listed == (pages | set(build_site.COPIES.values())) - reports


def test_reports_are_listed_where_there_are_some(tmp_path):
    assert "no report" in build_site.report_list(tmp_path)
    (tmp_path / "index.md").write_text("# Results\n")
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/multi.md").write_text("text\n\n# One against eight\n")
    (tmp_path / "pool.md").write_text("no heading\n")
    assert build_site.report_list(tmp_path).splitlines() == [
        "* [pool](pool.md)",
        "* [One against eight](tiny/multi.md)",
    ]


def test_the_site_finds_what_a_page_links_to_outside_of_docs():
    text, outside = build_site.with_links(ROOT / "docs/performance.md", "performance.md")
    assert outside and all(path.is_file() for path in outside)
    assert "](../" not in text and "](repository/benchmarks/results/" in text


def test_versions_agree():
    import metammo_jax

    version = metammo_jax.__version__
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text()
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"version = {{{version}}}" in (ROOT / "docs/citation.md").read_text()


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / ".github").rglob("*.yml")), ROOT / "CITATION.cff",
     ROOT / ".pre-commit-config.yaml"],
    ids=name_of,
)  # fmt: skip
def test_project_files_are_yaml(path):
    yaml = pytest.importorskip("yaml")
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict) and content
    for job in content.get("jobs", {}).values():
        assert job["runs-on"] and all({"uses", "run"} & set(step) for step in job["steps"])


def test_commands_are_all_in_the_reference():
    text = (ROOT / "docs/api/commands.md").read_text()
    assert not [name for name in command.COMMANDS if f"`metammo-jax {name}" not in text]


def test_the_tests_see_the_files_that_they_check():
    assert os.path.samefile(inspect.getfile(command), ROOT / "metammo_jax/__main__.py")
    assert sys.version_info >= (3, 11)
