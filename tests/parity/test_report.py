"""The page about parity tells what was counted, and every field has its place in it."""

import numpy as np
import pytest

from tests.parity import report
from tests.parity.fields import Count
from tests.parity.frequencies import Draws
from tests.parity.planting import DATA, loaded


def summary(**fields) -> report.Summary:
    draws = [Draws("a coin", "record", np.array([40]), np.array([50.0]), 25.0)]
    return report.Summary("a-trace", "sandwich", "mini", "fighter", 30, 42, fields, draws, "2.1.2")


def test_the_page_adds_up():
    one = summary(position=Count(1000, 990, {"place of the revived": 10}), tiles=Count(7, 7))
    other = summary(position=Count(2000, 1999, {}, 1))
    page = report.page([one, other])
    assert "**2 traces, 24 transitions, 1 games" in page
    assert "3,007 values compared, 2,996 equal, 10 explained,\n1 unexplained" in page
    assert "| moving, sharing tiles, exploration | 24 | 3,000 | 2,989 | 10 | 1 |" in page
    assert "| harvest and regrowth of tiles | 12 | 7 | 7 | 0 | 0 |" in page
    assert "| place of the revived | position | 10 |" in page
    assert "of these, 0 are of systems" in page.lower()
    assert "| a coin | record | 80 | 100.0 | 0.00" in page
    assert "| a-trace | sandwich | mini | fighter | 30 to 42 | 1,007 | 10 | 0 |" in page
    assert "Whole episodes" not in page


def test_what_a_configuration_lacks_is_reported_apart():
    one = summary(gold=Count(500, 500), position=Count(7, 7))
    page = report.page([one])
    assert "507 values compared" in page and "Of these, 500 are of systems" in page
    assert f"| {report.ABSENT.name} | 12 | 500 |" in page
    one.config = "full"
    page = report.page([one])
    assert "Of these, 0 are" in page and "| gold, gifts, market | 12 | 500 |" in page


def test_the_page_tells_of_whole_episodes():
    name = ["survive mini random_move", "alive", "tick 4", "level"]
    made = [dict(name=name, differs=p < 0.01, p=p) for p in (0.5, 0.0001)]
    assert "| survive mini random_move | 2 | 1 | 0.0001 |" in report.page([summary()], made)


def test_the_page_tells_of_agents_that_play_the_original():
    lines = [
        {"label": "life span", "original": 1234.5, "here": 7.25, "effect": -0.314, "p": 0.02},
        {"label": "NPCs killed", "original": 0.0, "here": 0.0, "effect": None, "p": None},
    ]
    game = {
        "game": "survive", "config": "full", "difficulty": None, "set": ["NPC_N=64"],
        "steps": 8_000_000, "seconds": 600.0, "episodes": [16, 32], "compared": 99, "differ": 2,
        "equal": 5, "least_p": 0.00123, "headlines": lines,
    }  # fmt: skip
    page = report.page([summary()], None, [game])
    assert "**survive, full, `NPC_N=64`**, trained with 8.0 million" in page
    assert "in 10 minutes: 99 statistics compared, 2 differ, 5 more" in page
    assert "| | original, 16 episodes | metammo_jax, 32 | d | p |" in page
    assert "| life span | 1,234.500 | 7.250 | -0.31 | 0.020 |" in page
    assert "| NPCs killed | 0.000 | 0.000 | equal | - |" in page
    assert page.count("equal | - |\n\n## Traces") == 1
    assert "equal | - |\n\nNoted." in report.page([summary()], None, [{**game, "note": "Noted."}])
    assert "play the original" not in report.page([summary()])


@pytest.mark.parametrize(
    "field, mechanic",
    [
        ("position", "moving, sharing tiles, exploration"),
        ("npc: steps by chance", "decisions of NPCs"),
        ("npc: style", "what NPCs are and remember"),
        ("event: kill_npc", "combat"),
        ("seen: Tile", "observations and masks"),
        ("start: map", "map, places and NPCs of the first state"),
        ("something new", "everything else"),
    ],
)
def test_fields_find_their_mechanic(field, mechanic):
    assert report.mechanic_of(field).name == mechanic


def test_every_field_of_a_trace_has_a_mechanic_and_every_mechanic_names_tests(tmp_path, capsys):
    """A field that nobody placed would be hidden under "everything else"."""
    path = tmp_path / "page.md"
    trace = DATA / "king_of_the_hill-late.npz"
    assert report.main([str(trace), "--out", str(path)]) == 0
    page = path.read_text()
    assert "everything else" not in page and "| death fog |" in page
    assert f"{len(loaded(trace.stem))} transitions" in page
    assert "0 unexplained; written to" in capsys.readouterr().out


def test_the_tests_that_are_named_exist():
    tests = DATA.parent
    for mechanic in report.MECHANICS:
        for name in mechanic.tests:
            assert (tests / name).exists(), name
    for name in (report.TICKS, report.CAUSES, report.EPISODES):
        assert (tests / "parity" / name).exists(), name
