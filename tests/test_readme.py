"""What the README and the pages beside it show works."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md", "docs/adapters.md", "docs/replays.md", "docs/viewer.md", "docs/worlds.md",
    "docs/games.md",
)  # fmt: skip
BLOCKS = [
    pytest.param(block, id=f"{page}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    )
]


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_code_that_is_shown_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # for what it writes
    exec(compile("import jax, metammo_jax as mm\n" + block, "shown", "exec"), {})


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_exists(page):
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    assert links
    missing = [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
    assert not missing
