"""The page of the viewer in a real browser: it opens, plays, scrubs, and shows the replay.

Skipped where there is no Chromium or no playwright (`pip install "metammo-jax[browser]"`).
"""

import shutil

import numpy as np
import pytest

from metammo_jax.view.html import notebook_html, to_html
from metammo_jax.vocab import Item
from tests.view_replays import replay_of

pytestmark = pytest.mark.slow

TICKS = 40
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
READY = "() => !document.getElementById('app').hasAttribute('aria-busy') && viewer.shownTick >= 0"


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hill(played, tmp_path_factory):
    """A replay with what its policy thought, and its page."""
    replay = replay_of(played, "king_of_the_hill", TICKS, policy=True)
    return replay, to_html(replay, tmp_path_factory.mktemp("hill") / "game.html")


@pytest.fixture(scope="module")
def full(played_full, tmp_path_factory):
    """A replay of the full game, and its page."""
    replay = replay_of(played_full, "multi_task", TICKS)
    return replay, to_html(replay, tmp_path_factory.mktemp("full") / "game.html")


@pytest.fixture
def opened(browser):
    """A function that opens a page and returns it; in the end there must have been no errors."""
    wrong, pages = [], []

    def open_page(path, width=1280, height=800, **options):
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        pages.append(page)
        page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda one: one.url.startswith("http") and wrong.append(one.url))
        page.goto(path.as_uri())
        page.wait_for_function(READY)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not wrong


def go_to(page, tick: int) -> None:
    page.evaluate(f"viewer.act.jump({tick})")
    page.wait_for_function(f"viewer.shownTick === {tick} && viewer.panelTick === {tick}")


def number(page, name: str) -> float:
    return float(page.inner_text(f"#{name}").removesuffix(" %"))


def test_it_plays_and_stops(hill, opened):
    page = opened(hill[1])
    assert page.inner_text("#title") == "King of the hill"
    page.select_option("#speed", "8")
    page.keyboard.press("Space")
    page.wait_for_function("viewer.clock.tick >= 5")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.click("#play")
    page.wait_for_function("!viewer.clock.playing && viewer.clock.glide === null")
    tick = page.evaluate("viewer.clock.time")
    page.wait_for_timeout(200)
    assert page.evaluate("viewer.clock.time") == tick == int(tick) < TICKS


def test_keys_and_the_timeline_move_through_time(hill, opened):
    page = opened(hill[1])
    shown = "viewer.shownTick"
    for key, tick in (
        ("End", TICKS),
        ("ArrowLeft", TICKS - 1),
        ("Shift+ArrowLeft", TICKS - 11),
        ("ArrowRight", TICKS - 10),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        page.wait_for_function(f"{shown} === {tick} && viewer.clock.glide === null")
    box = page.locator("#timeline").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function(f"{shown} === {TICKS // 2}")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"], box["y"])
    page.wait_for_function(f"{shown} === {TICKS}")
    page.mouse.up()
    assert page.inner_text("#tick").split() == [str(TICKS), "/", str(TICKS)]


def test_who_is_clicked_is_followed(hill, opened):
    page, worlds = opened(hill[1]), hill[0].worlds(0, TICKS + 1)
    player = int(np.flatnonzero(worlds.body.health[3, :16] > 0)[-1])
    go_to(page, 3)
    box = page.locator("#map").bounding_box()
    x, y = page.evaluate(f"viewer.scene.place({player})")
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.wait_for_selector("#agentPanel:not([hidden]) #agentName")
    assert page.inner_text("#agentName") == f"Player {player}"
    for axis in ("x", "y"):
        page.wait_for_function(
            f"Math.abs(viewer.camera.now.{axis} - viewer.camera.goal.{axis}) < 0.01"
        )
    row, col = worlds.body.pos[3, player]
    assert page.evaluate("[viewer.camera.now.y, viewer.camera.now.x]") == pytest.approx(
        [row + 0.5, col + 0.5], abs=0.6
    )
    page.keyboard.press("Escape")
    page.wait_for_function("viewer.followed === -1")


def test_numbers_are_those_of_the_world(hill, opened):
    page, (replay, _) = opened(hill[1]), hill
    worlds = replay.worlds(0, TICKS + 1)
    for player in (0, 7, 15):
        page.evaluate(f"viewer.follow({player})")
        for tick in (0, 9, 25, TICKS):
            go_to(page, tick)
            body = worlds.body
            assert number(page, "alive") == (body.health[tick, :16] > 0).sum()
            assert number(page, "health") == body.health[tick, player]
            assert number(page, "food") == body.food[tick, player]
            assert number(page, "water") == body.water[tick, player]
            assert number(page, "factKills") == body.kills[tick, player]
            place = ", ".join(map(str, body.pos[tick, player]))
            assert page.inner_text("#factPlace") == place
            progress = 100 * worlds.task.progress[tick, player]
            assert number(page, "progress") == pytest.approx(progress, abs=0.06)
            if tick < TICKS and body.health[tick, player] > 0:
                value = float(replay.policy["value"][tick, player])
                assert number(page, "value") == pytest.approx(value, abs=6e-4)
                likely = 100 * replay.policy["move"][tick, player, 0]
                shown = page.inner_text(".probs .prob:first-child span:last-child")
                assert float(shown.removesuffix(" %")) == pytest.approx(float(likely), abs=0.6)


def test_harvested_tiles_are_those_of_the_world_in_both_directions(hill, opened):
    page, (replay, _) = opened(hill[1]), hill
    worlds = replay.worlds(0, TICKS + 1)
    for tick in (TICKS, 17, 30, 0):
        go_to(page, tick)
        found = page.evaluate(
            "[...viewer.ground.harvested.keys()].filter((i) => viewer.ground.harvested[i])"
        )
        wanted = np.flatnonzero(worlds.tick[tick] < worlds.terrain.ready_at[tick])
        np.testing.assert_array_equal(found, wanted)


def test_bags_are_those_of_the_world(full, opened):
    page, (replay, _) = opened(full[1]), full
    worlds = replay.worlds(0, TICKS + 1)
    tick, _, player = (int(at[-1]) for at in np.nonzero(worlds.bag.item))
    page.evaluate(f"viewer.follow({player})")
    go_to(page, tick)
    shown = page.locator("#bag .slot").all_inner_texts()
    for slot, text in enumerate(shown):
        item = worlds.bag.item[tick, slot, player]
        level = worlds.bag.level[tick, slot, player]
        wanted = f"{Item(item).name.lower()}lv {level}" if item else ""
        assert text.replace("\n", "").startswith(wanted) and bool(text) == bool(item)
    page.click("#tab-market")
    page.wait_for_selector("#marketPanel:not([hidden])")


def test_layers_change_the_picture(hill, opened):
    page = opened(hill[1])
    go_to(page, TICKS - 5)
    page.click("#layersButton")
    drawn = "document.getElementById('map').toDataURL()"  # without what lies over the map
    for name in ("fog", "paths", "harvest", "damage"):
        pictures = []
        for _ in range(3):
            page.click(f"#layer-{name}")
            page.wait_for_function("!viewer.dirty")
            page.mouse.move(1, 1)  # off the map, where something may be under it
            page.wait_for_function("!viewer.dirty && viewer.scene.hovered < 0")
            page.wait_for_timeout(100)
            pictures.append(page.evaluate(drawn))
        assert pictures[0] == pictures[2] != pictures[1], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(hill, opened, scheme):
    page = opened(hill[1], width=390, height=844, color_scheme=scheme, has_touch=True)
    page.evaluate("viewer.follow(3)")
    page.wait_for_selector("#sight")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) == (scheme == "dark")


def test_it_shows_in_the_frame_of_a_notebook(hill, browser):
    page = browser.new_page()
    page.set_content(f"<html><body>{notebook_html(hill[0])}</body></html>")
    frame = page.frames[1]
    frame.wait_for_function(READY)
    assert frame.inner_text("#title") == "King of the hill"
    page.close()


def test_it_waits_while_its_frame_is_hidden(hill, browser):
    page, wrong = browser.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    frame = notebook_html(hill[0])
    page.set_content(f'<html><body><div id="box" hidden>{frame}</div></body></html>')
    frame = page.frames[1]
    frame.wait_for_function("() => document.getElementById('loading').hidden", polling=50)
    page.wait_for_timeout(200)
    page.evaluate("document.getElementById('box').hidden = false")
    frame.wait_for_function(READY)
    assert not wrong and frame.inner_text("#alive")
    page.close()
