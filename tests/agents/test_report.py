"""A report: one page that needs nothing from elsewhere, with the numbers of its matches."""

import dataclasses
import html.parser
import types

import pytest

import metammo_jax as mm
from agents import evaluate
from agents.evaluation import report, report_page
from agents.evaluation.results import Match, SideScore
from metammo_jax.draw import charts


def score(won: float, progress: float) -> SideScore:
    interval = {
        "won": (won - 0.1, won + 0.1),
        "progress": (progress - 0.01, progress + 0.01),
        "return_": (float("nan"), float("nan")),
        "score": (0.0, 1.0),
        "length": (9.0, 11.0),
    }
    return SideScore(8, won, progress, 0.5, -1.25, 10.0, 0.0, interval)


def match_of(game: str, lead: float = 0.25) -> Match:
    alone = (score(0.75, 0.5 + lead), score(0.5, 0.5))
    return Match(game, ("trained", "random"), alone, (score(0.9, 0.625), score(0.2, 0.622)))


class Reader(html.parser.HTMLParser):
    """Collects addresses, and the texts of the cells and headings of a page."""

    def __init__(self):
        super().__init__()
        self.links, self.texts, self.bold, self.ids = [], {}, [], []
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.links += [found[name] for name in ("src", "href") if name in found]
        self.ids += [found["id"]] if "id" in found else []
        self.inside = tag
        if found.get("class") == "above":
            self.bold.append("")

    def handle_data(self, data):
        self.texts.setdefault(self.inside, []).append(data)
        if self.bold and not self.bold[-1]:
            self.bold[-1] = data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


@pytest.fixture(scope="module")
def page(fought):
    about = report.About("my <run>", None, {"steps": 6011962, "games": ["a", "b"]}, "evaluate me")
    games = [report_page.GameFigures("team_battle", {"Kills": charts.kill_matrix(fought)})]
    watched = [report_page.Watched("the best", "replays/1.replay", fought)]
    return report_page.render_page(about, [match_of("team_battle")], None, games, watched, 2)


def test_a_page_needs_nothing_from_elsewhere(page):
    found = read(page)
    inside = [link for link in found.links if link.startswith(("data:", "#"))]
    assert set(found.links) - set(inside) == {"replays/1.replay"}
    assert {link[1:] for link in inside if link.startswith("#")} <= set(found.ids)
    assert "@import" not in page and "url(" not in page.split("</style>")[0]
    pictures = [link for link in inside if link.startswith("data:image/png;base64,")]
    assert len(pictures) == 2 and min(map(len, pictures)) > 4000


def test_a_page_has_the_numbers_of_its_matches(page):
    found = read(page)
    cells = found.texts["td"]
    assert cells[:3] == ["alone", "75%", "50%"]
    assert "0.750" in cells and "0.625" in cells and cells.count("-1.25") == 4
    assert found.texts["small"][:2] == ["65% to 85%", "40% to 60%"]
    assert found.bold == ["75%", "0.750", "90%"], "an interval above the other side's is bold"
    assert found.texts["h1"] == ["my <run>"] and "6,011,962" in cells and "a, b" in cells


def test_episodes_are_chosen_by_lead_or_by_progress(monkeypatch):
    monkeypatch.setattr(report, "final_progress", lambda one: one.progress)
    made = [types.SimpleNamespace(progress=p) for p in (0.2, 0.9, 0.4, 0.6, 0.1)]
    picked = report.choose_episodes([made], [match_of("survive")])
    assert [one.progress for _, one in picked] == [0.9, 0.4, 0.1]
    assert [words.split()[0] for words, _ in picked] == ["most", "median", "least"]
    assert [words.split()[0] for words, _ in report.choose_episodes([made[:2]], [])] == [
        "most",
        "least",
    ]
    assert len(report.choose_episodes([made[:1]], [])) == 1
    matches = [match_of(str(lead), lead) for lead in (0.1, 0.4, 0.2)]
    picked = report.choose_episodes([[one] for one in made[:3]], matches)
    assert [one.progress for _, one in picked] == [0.9, 0.4, 0.2]
    assert [words.split()[0] for words, _ in picked] == ["largest", "median", "smallest"]


def test_a_folder_that_is_a_file_is_refused(tmp_path, refused):
    path = tmp_path / "taken"
    path.write_text("")
    words = ["generalist-tiny", "--report", str(path)]
    assert "it must be a folder" in refused(evaluate.main, words)
    assert "report_episodes=0" in refused(evaluate.main, ["x", "--report-episodes", "0"])


@pytest.mark.slow
def test_a_command_writes_a_report(tmp_path, capsys, monkeypatch):
    played = []

    def compared(env, *sides, game, **options):
        played.append(options)
        return match_of(env.games[game].name)

    monkeypatch.setattr(evaluate, "compare", compared)
    words = ["specialist-survive-tiny", "--report", str(tmp_path), "--report-episodes", "3"]
    assert evaluate.main([*words, "--seed", "2"]) == 0
    assert f"report: {tmp_path / 'report.html'}" in capsys.readouterr().out
    assert played == [dict(episodes=64, seed=2, difficulty=None)]
    text = (tmp_path / "report.html").read_text()
    found = read(text)
    files = sorted(path.name for path in (tmp_path / "replays").iterdir())
    assert files == [f"{number}_survive.replay" for number in (1, 2, 3)]
    assert {f"replays/{name}" for name in files} <= set(found.links)
    replays = [mm.Replay.load(tmp_path / "replays" / name) for name in files]
    progress = [report.final_progress(replay) for replay in replays]
    assert progress == sorted(progress, reverse=True)
    assert all(replay.policy is not None for replay in replays)
    assert text.count("<iframe data-page=") == 3
    titles = ["What players do", "Survival", "Visits", "Deaths", "Harvests"]
    assert found.texts["figcaption"] == titles
    assert "--seed 2" in "".join(found.texts["code"])


def test_what_a_report_says_of_a_run(tmp_path):
    cfg = evaluate.EvaluateConfig(report="out", greedy=True, seed=3)
    trained = evaluate.TrainConfig(game="survive", seed=7)
    about = evaluate._about(str(tmp_path), trained, cfg)
    assert about.run == tmp_path and about.facts == dataclasses.asdict(trained)
    assert about.command == f"metammo-jax evaluate {tmp_path} --greedy --seed 3 --report out"
