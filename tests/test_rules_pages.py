"""The numbers of the pages on the rules are those of the code."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from agents.evaluation import ratings
from metammo_jax import tables, tick, vocab, wrappers
from metammo_jax.config import MINI_SYSTEMS, NEEDS, Config
from metammo_jax.games import FULL_GAMES, MORE_GAMES, garrison, knobs
from metammo_jax.games import GAMES as PAPER_GAMES
from metammo_jax.rules import fog, resource, terrain
from metammo_jax.tasks import curriculum, predicates, progress, scoring
from metammo_jax.tasks.predicates import seizing as seizing_tasks
from metammo_jax.tasks.predicates import skills
from metammo_jax.tasks.signature import signature_of
from metammo_jax.vocab import Event, Item, Skill, Style, System, Tile, Wear

PAGES = Path(__file__).parent.parent / "docs" / "rules"

GAMES = PAPER_GAMES | MORE_GAMES | FULL_GAMES
"""The games that the pages describe; docs/games.md has our own."""

MODULES = dict(
    Config=Config, curriculum=curriculum, fog=fog, garrison=garrison, progress=progress,
    ratings=ratings, resource=resource, seizing_tasks=seizing_tasks, skills=skills, tables=tables,
    terrain=terrain, wrappers=wrappers,
)  # fmt: skip
"""What the column Code of the pages' tables speaks of."""


def tables_of(page: str) -> list[tuple[str, list[dict[str, str]]]]:
    """Returns the tables of a page: the heading above each, and its rows by column."""
    found, heading, rows = [], "", []
    for line in [*(PAGES / page).read_text().splitlines(), ""]:
        if line.startswith("#"):
            heading = line.strip("# ")
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif rows:
            columns, _, *body = rows
            assert all(len(row) == len(columns) for row in body), (page, heading)
            found.append((heading, [dict(zip(columns, row, strict=True)) for row in body]))
            rows = []
    return found


def table(page: str, heading: str, column: str) -> list[dict[str, str]]:
    """Returns the one table under a heading that has a column."""
    (rows,) = [rows for title, rows in tables_of(page) if title == heading and column in rows[0]]
    return rows


CONSTANTS = [
    pytest.param(row["Value"], row["Code"].strip("`"), id=row["Code"])
    for page in sorted(path.name for path in PAGES.glob("*.md"))
    for _, rows in tables_of(page)
    if "Code" in rows[0]
    for row in rows
]


@pytest.mark.parametrize("value, code", CONSTANTS)
def test_numbers_beside_names_of_the_code_are_its_numbers(value, code):
    said = [float(number) for number in value.split(",")]
    np.testing.assert_allclose(said, np.ravel(eval(code, dict(MODULES))))


def test_there_are_numbers_beside_names():
    assert len(CONSTANTS) > 60


def test_phases_of_a_tick_are_in_their_order():
    said = [row["Phase"].strip("`") for row in table("world.md", "A tick", "Phase")]
    assert said == [phase.name for phase in tick.PHASES]


def test_systems():
    rows = {System[row["System"]]: row for row in table("world.md", "Systems", "Needs")}
    assert list(rows) == list(System)
    assert {s for s, row in rows.items() if row["In `mini`"] == "yes"} == MINI_SYSTEMS
    needs = {s: row["Needs"].split(", ") for s, row in rows.items() if row["Needs"]}
    needs[System.PROFESSION].remove("ITEM")  # which the config asks for by itself
    assert needs == {system: [base.name] for system, base in NEEDS.items()}


@pytest.mark.parametrize(
    "row", table("world.md", "Materials", "Becomes"), ids=lambda r: r["Material"]
)
def test_materials(row):
    tile = Tile[row["Material"]]
    assert int(row["Number"]) == tile
    assert (row["One can stand on it"] == "yes") == tables.PASSABLE[tile]
    assert Tile[row["Becomes"] or tile.name] == tables.DEPLETED[tile]
    chance = float(row["Regrows, chance per tick"] or 0)
    regrowth = knobs.SETTINGS["regrowth"].default.value
    assert chance == pytest.approx(regrowth if tile == Tile.FOILAGE else tables.REGROWTH[tile])
    skill = tables.HARVEST_SKILL[tile]
    assert (row["Harvested by"] in Skill.__members__) == (skill >= 0)
    assert skill < 0 or Skill[row["Harvested by"]] == skill


def test_weaknesses():
    rows = table("world.md", "Damage", "Weak against")
    said = {Style[row["Most experience in"]]: Style[row["Weak against"]] for row in rows}
    assert said == dict(zip(Style, tables.WEAK_AGAINST, strict=True))


def test_items():
    rows = {Item[row["Item"]]: row for row in table("world.md", "Items", "Worn")}
    assert list(rows) == [item for item in Item if item != Item.NOTHING]
    for item, row in rows.items():
        skill = tables.ITEM_SKILL[item]
        assert row["Needs the level in"] == (Skill(skill).name if skill >= 0 else "best level")
        assert Wear[row["Worn"]] == tables.WEAR[item]


@pytest.mark.parametrize("row", table("world.md", "Professions", "Tool"), ids=lambda r: r["Skill"])
def test_professions(row):
    skill = Skill[row["Skill"]]
    assert tables.HARVEST_SKILL[Tile[row["Material"]]] == skill
    assert tables.TOOL[skill] == Item[row["Tool"]]
    assert tables.HARVEST_ITEM[skill] == Item[row["Yields"]]
    assert tables.HARVEST_WEAPON[skill] == Item[row["Sometimes also"] or "NOTHING"]
    assert tables.HARVEST_EXP[skill] == int(row["Experience"])


def test_events():
    rows = table("world.md", "Events", "Event")
    said = {Event[row["Event"]]: int(row["Code in the original"]) for row in rows}
    assert said == tables.EVENT_CODE


def words(knob: knobs.Knob, field: str = "", dial: str | None = None) -> str:
    """Returns a knob as the pages write it."""
    match knob:
        case knobs.Fixed(value) if isinstance(value, knobs.Place | vocab.Revival):
            return value.name
        case knobs.Fixed(value) if field in ("revival", "seize_target"):
            kind = vocab.Revival if field == "revival" else knobs.Place
            return kind(int(value)).name
        case knobs.Fixed(value) if knobs.SETTINGS[field].kind is bool:
            return "yes" if value else "no"
        case knobs.Fixed(value):
            return "never" if value == vocab.NEVER else f"{value:g}"
        case knobs.Uniform(low, high):
            return f"{low} to {high}"
        case knobs.OneOver(low, high):
            return f"1/{low} to 1/{high}"
        case knobs.Chance(probability):
            return f"chance {probability}"
        case knobs.Same("difficulty"):
            return str(dial)
        case knobs.Adaptive(low, high, step, wins):
            text = f"{low} to {high} in steps of {step}, after {wins} win{'s' * (wins > 1)}"
            return f"{text}, down after {knob.losses} losses" if knob.losses else text
    raise ValueError(knob)


def unit(knob: knobs.Knob) -> str:
    found = getattr(knob, "unit", knobs.Unit.PLAIN)
    return "" if found is knobs.Unit.PLAIN else found.name


def test_defaults_of_knobs():
    rows = table("minigames.md", "Knobs", "Knob")
    said = {row["Knob"]: (row["Default"], row["Scales with"]) for row in rows}
    assert said == {
        name: (words(setting.default, name), unit(setting.default))
        for name, setting in knobs.SETTINGS.items()
    }


def heading_of(game: str) -> str:
    name = game.removesuffix("_eval").replace("_", " ")
    return name[0].upper() + name[1:]


@pytest.mark.parametrize("name", GAMES)
def test_numbers_of_games(name):
    """What a game sets, and what `evaluation=True` changes of it."""
    rows = table("minigames.md", heading_of(name), "Evaluation")
    said = {row["Number"]: (row["Value"], row["Scales with"], row["Evaluation"]) for row in rows}
    game, fixed = GAMES[name](), GAMES[name](evaluation=True)
    expected = {}
    for field, knob in game.knobs.items():
        pinned = fixed.knobs[field]
        shown = "" if pinned == knob else words(pinned, field)
        own = game.dial if field == "difficulty" and game.dial else field
        expected[own] = words(knob, field, game.dial), unit(knob), shown
    assert said == expected


def test_every_game_is_in_the_list():
    rows = tables_of("minigames.md")[0][1]
    said = {re.findall(r"\[(\w+)\]", row["Game"])[0]: row["Teams"] for row in rows}
    merged = {0: "none", 1: "16 of 8", 2: "8 of 16"}
    assert said == {name: merged[make().team_split] for name, make in GAMES.items()}


def test_every_predicate_is_in_the_list():
    said = []
    for row in table("tasks.md", "Predicates", "Predicate"):
        said += re.sub(r"\(.*", "", row["Predicate"]).replace(" ", "").split(",")
    assert sorted(said) == sorted(predicates.PREDICATES)


def test_training_tasks_by_predicate():
    count, weight = Counter(), Counter()
    for goal in curriculum.training():
        name = signature_of(goal.predicate).original[0]
        count[name] += 1
        weight[name] += goal.weight
    rows = table("tasks.md", "The competition", "Sum of weights")
    said = {row["Predicate"]: (int(row["Tasks"]), int(row["Sum of weights"])) for row in rows}
    assert said == {name: (count[name], weight[name]) for name in count}


def test_categories_of_the_competition():
    rows = table("tasks.md", "Scores of the competition", "Category")
    assert {row["Category"]: int(row["Tasks"]) for row in rows} == scoring.CATEGORIES
