"""The page of the viewer holds what the replay's worlds hold, and needs nothing else."""

import html
import json
import re
import types
from pathlib import Path

import jax
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import query
from metammo_jax.view import __main__ as command
from metammo_jax.view import collect, pack
from metammo_jax.view.html import MODULES, notebook_html, page
from metammo_jax.vocab import Event
from tests.view_replays import replay_of

TICKS = 40
JS = Path(mm.__file__).parent / "view/page/js"


@pytest.fixture(scope="module")
def hill(played):
    return replay_of(played, "king_of_the_hill", TICKS, policy=True)


@pytest.fixture(scope="module")
def full(played_full):
    return replay_of(played_full, "multi_task", TICKS)


@pytest.fixture(scope="module")
def text(hill):
    return page(hill)


def content(text: str) -> tuple[dict, dict[str, np.ndarray]]:
    """Returns what a page tells about its replay, and its columns."""
    about = json.loads(re.search(r'id="about">(.*?)</script>', text, re.DOTALL)[1])
    data = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1]
    return about, pack.unpack(data, about["columns"])


@pytest.mark.parametrize("width", [8, 16, 31])
def test_columns_are_read_back_as_they_were(width):
    rng = np.random.default_rng(width)
    low = -(1 << width - 1)
    values = rng.integers(low, low + (1 << width), (7, 3))
    packer = pack.Packer()
    packer.add("moving", values)
    packer.add("still", values[0], over_time=False)
    packer.add("flags", values > 0)
    packer.add("none", np.zeros((0,), np.int32), over_time=False)
    found = pack.unpack(packer.base64(), packer.columns)
    np.testing.assert_array_equal(found["moving"], values)
    np.testing.assert_array_equal(found["still"], values[0])
    np.testing.assert_array_equal(found["flags"], values > 0)
    assert packer.columns[0]["width"] == {8: 1, 16: 2, 31: 4}[width]


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="'share' has dtype float64"):
        pack.Packer().add("share", np.zeros((2, 2)))
    with pytest.raises(ValueError, match="'far' goes from 0 to 1099511627776"):
        pack.Packer().add("far", np.array([[0], [1 << 40]]))


def test_the_page_holds_the_worlds(hill, text):
    about, columns = content(text)
    worlds, players = hill.worlds(0, TICKS + 1), hill.env.cfg.players
    body = worlds.body
    assert about["frames"] == TICKS + 1 and about["game"] == "king_of_the_hill"
    alive = body.health > 0
    np.testing.assert_array_equal(columns["alive"], alive)
    shown = {name: getattr(body, name) for name in ("health", "food", "water", "kills", "damage")}
    for name, values in {**shown, "row": body.pos[..., 0], "col": body.pos[..., 1]}.items():
        np.testing.assert_array_equal(columns[name], values, err_msg=name)
    np.testing.assert_allclose(columns["progress"] / 1e4, worlds.task.progress, atol=6e-5)
    acted, living = columns["act_move"][1:], alive[:-1, :players]
    np.testing.assert_array_equal(acted[living], hill.actions.move[living])
    assert not (alive.all() or (acted[~living] != 4).any())
    np.testing.assert_allclose(columns["value"][:-1] / 1e4, hill.policy["value"], atol=6e-5)
    moves = columns["prob_move"][:-1].reshape(TICKS, players, 5)
    np.testing.assert_allclose(moves / 100, hill.policy["move"], atol=6e-3)
    best = columns["top_target"][:-1].reshape(TICKS, players, 3)[..., 0]
    np.testing.assert_array_equal(best, hill.policy["target"].argmax(-1))
    last = last_of(worlds)
    depth = query.fog_at(last.terrain, last.params, np.array([[9, 9]]), hill.env.cfg)
    np.testing.assert_allclose(columns["fog"][-1, 9] / 100, depth[0], atol=6e-3)


def test_what_the_dead_would_do_is_left_out(hill):
    north = jax.tree.map(np.zeros_like, hill.actions)
    columns, *_ = collect.columns_of(types.SimpleNamespace(**{**vars(hill), "actions": north}))
    living = columns["alive"][:-1, : hill.env.cfg.players]
    np.testing.assert_array_equal(columns["act_move"], np.where([living[0] < 0, *living], 0, 4))
    np.testing.assert_array_equal(columns["act_target"][1:], np.where(living, 0, -1))


@pytest.mark.slow
def test_the_page_holds_bags_and_skills(full):
    columns, tables, _ = collect.columns_of(full)
    worlds = full.worlds(0, TICKS + 1)
    for name in ("item", "level", "quantity", "worn", "price"):
        wanted = getattr(worlds.bag, name) * (worlds.bag.item > 0)
        np.testing.assert_array_equal(columns[f"bag_{name}"], wanted.reshape(TICKS + 1, -1))
    np.testing.assert_array_equal(columns["exp"], worlds.skill.exp.reshape(TICKS + 1, -1))
    got = tables["counted"][tables["counted"][:, 2] == Event.HARVEST_ITEM]
    assert got[:, 3].sum() == worlds.tally.count[-1, Event.HARVEST_ITEM].sum() > 0


@pytest.mark.parametrize("which", ["hill", pytest.param("full", marks=pytest.mark.slow)])
def test_what_happened_adds_up(which, request):
    replay = request.getfixturevalue(which)
    worlds, players = replay.worlds(0, TICKS + 1), replay.env.cfg.players
    _, tables, first = collect.columns_of(replay)
    attacks, deaths = tables["attacks"], tables["deaths"]
    hits = np.zeros((players, 3), int)
    own = attacks[attacks[:, 1] < players]
    np.add.at(hits, (own[:, 1], own[:, 4]), 1)
    np.testing.assert_array_equal(hits, worlds.tally.hits[-1])
    died = deaths[deaths[:, 1] < players]
    culled = np.bincount(died[:, 1], minlength=players)
    np.testing.assert_array_equal(culled, worlds.tally.count[-1, Event.AGENT_CULLED])
    killers = deaths[(deaths[:, 2] >= 0) & (deaths[:, 2] < players), 2]
    kills = worlds.tally.count[-1, [Event.KILL_PLAYER, Event.KILL_NPC]].sum(0)
    np.testing.assert_array_equal(np.bincount(killers, minlength=players), kills)
    assert len(killers) and (np.diff(attacks[:, 0]) >= 0).all()
    for tick, source, on, points, _ in attacks:  # nobody strikes farther than it can reach
        before = worlds.body.pos[tick - 1]
        assert np.abs(before[source] - before[on]).max() <= 3 and 0 <= points <= 100
    last = np.array(first.terrain.material).reshape(-1)
    for _, tile, harvested in tables["tiles"]:
        last[tile] += -1 if harvested else 1
    shown = query.materials(last_of(worlds))
    np.testing.assert_array_equal(last.reshape(shown.shape), shown)


def last_of(worlds):
    """Returns the last of worlds with a leading axis."""
    return jax.tree.map(lambda leaf: leaf[-1], worlds)


def test_deaths_say_what_of(played):
    replay = replay_of(played, "king_of_the_hill", TICKS)
    _, tables, _ = collect.columns_of(replay)
    worlds = replay.worlds(0, TICKS + 1)
    for tick, row, killer, cause in tables["deaths"]:
        attacker = worlds.body.attacker[tick, row]
        if cause == 0:
            assert worlds.body.id[tick - 1, killer] == attacker
        else:  # the fog's damage is the last, and no player struck in this tick
            assert killer == -1 and worlds.terrain.fog[tick - 1].max() > 0.5
    assert {0, 1} <= set(tables["deaths"][:, 3])


def test_the_page_loads_nothing(text):
    shell = re.sub(r'(id="data">)[^<]*', r"\1", text)
    assert not re.search(r"https?://|@import|\bfetch\(|XMLHttpRequest|url\(", shell)
    assert re.findall(r'(?:src|href)="([^"]*)"', shell) == ["data:,"]
    assert "{{" not in re.sub(r"<script.*?</script>", "", shell, flags=re.DOTALL)


def test_words_cannot_break_out_of_the_page(hill):
    text = page(hill, title="</script><b>&")
    assert "<title>&lt;/script&gt;&lt;b&gt;&amp;</title>" in text
    assert text.count("</script>") == 3 and content(text)[0]["title"] == "</script><b>&"


def test_modules_import_what_those_before_them_export():
    assert {path.stem for path in JS.glob("*.js")} == set(MODULES)
    exports: dict[str, set[str]] = {}
    for name in MODULES:
        source = (JS / f"{name}.js").read_text()
        for names, other in re.findall(r'import \{([^}]*)\} from "\./(\w+)\.js";', source):
            wanted = {each.strip() for each in names.split(",")}
            assert wanted <= exports[other], f"{name} imports {wanted - exports[other]}"
            for each in wanted:
                assert len(re.findall(rf"\b{each}\b", source)) > 1, f"{name}: {each} is not used"
        exports[name] = set(re.findall(r"^export .*?(?:function|class|const) (\w+)", source, re.M))
        assert len(source.splitlines()) < 400


def test_no_import_or_export_is_left_in_the_page(text):
    assert not re.findall(r"^(?:import|export)\b.*", text, re.MULTILINE)


def test_a_frame_for_notebooks_holds_the_page(hill, text):
    frame = notebook_html(hill, height=300)
    inside = re.fullmatch(
        r'<iframe srcdoc="([^"]*)" style="[^"]*height:300px[^"]*"[^>]*></iframe>', frame, re.DOTALL
    )
    assert html.unescape(inside[1]) == text


def test_bad_input_is_refused(hill, tmp_path):
    with pytest.raises(ValueError, match=r"game\.gif' must end in \.html"):
        mm.to_html(hill, tmp_path / "game.gif")
    with pytest.raises(ValueError, match="replay is a list without 'env'"):
        mm.to_html([], tmp_path / "game.html")
    empty = types.SimpleNamespace(**{**vars(hill), "ticks": 0})
    with pytest.raises(ValueError, match="replay.ticks=0 must be 1 or more"):
        mm.to_html(empty, tmp_path / "game.html")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_page_beside_the_replay(hill, text, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command.Replay, "load", lambda path: hill)
    assert command.main([str(tmp_path / "game.replay")]) == 0
    assert (tmp_path / "game.html").read_text() == text
    assert "game.html: 0." in capsys.readouterr().out
    monkeypatch.undo()
    assert command.main([str(tmp_path / "none.replay")]) == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.slow
def test_a_recorded_replay_is_shown_and_agrees_with_its_event_log(tmp_path):
    env = mm.make("sandwich", config="tiny")
    replay = mm.record(env, jax.random.key(0))
    path = mm.to_html(replay, tmp_path / "game.html")
    _, columns = content(path.read_text())
    for tick in (0, 5, replay.ticks):
        np.testing.assert_array_equal(columns["health"][tick], replay.at(tick).body.health)
    log = mm.events(replay)
    hits = log.of("score_hit")
    logged = set(zip(hits["tick"] + 1, hits["who"], hits["whom"], hits["number"], strict=True))
    ticks = np.cumsum(columns["attacks/0"])
    shown = set(zip(ticks, *(columns[f"attacks/{index}"] for index in (1, 2, 3)), strict=True))
    of_players = {hit for hit in logged if hit[1] < env.cfg.players}
    assert {hit for hit in shown if hit[1] < env.cfg.players} == of_players
    assert logged >= shown > of_players  # of NPCs not all
    died = log.of("agent_culled")
    rows, killers, causes = (columns[f"deaths/{index}"] for index in (1, 2, 3))
    found = zip(np.cumsum(columns["deaths/0"]), rows, killers, strict=True)
    wanted = set(zip(died["tick"] + 1, died["who"], died["whom"], strict=True))
    assert {death for death in found if death[1] < env.cfg.players} == wanted
    shown_cause = dict(zip(rows, causes, strict=True))  # of the last death of each
    for row, cause in dict(zip(died["who"], died["what"], strict=True)).items():
        assert shown_cause[row] == {"attack": 0, "fog": 1}.get(str(cause), shown_cause[row])
    assert replay._repr_html_().startswith("<iframe srcdoc=")
