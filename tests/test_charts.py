"""Charts show what the log and the worlds say."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from metammo_jax.draw import charts, palette
from metammo_jax.vocab import Event


@pytest.fixture(scope="module")
def replay(fought):
    return fought


def shown(figure) -> np.ndarray:
    return np.ma.filled(figure.axes[0].images[0].get_array(), 0)


def test_charts_of_places_and_kills(replay):
    worlds, players = replay.worlds(), replay.env.cfg.players
    visits = shown(charts.heat_map(replay))
    here = (worlds.body.present & (worlds.body.health > 0))[1:, :players]
    assert visits.sum() == here.sum()
    row, column = worlds.body.pos[1:, :players][here][0]
    assert (
        visits[row, column] == (worlds.body.pos[1:, :players][here] == (row, column)).all(-1).sum()
    )
    counts = worlds.tally.count[-1]
    assert shown(charts.heat_map(replay, "deaths")).sum() == counts[Event.AGENT_CULLED].sum()
    assert shown(charts.heat_map(replay, "harvests")).sum() == counts[Event.EAT_FOOD].sum()
    killed = shown(charts.kill_matrix(replay))
    assert killed[:-1].sum() == counts[Event.KILL_PLAYER].sum()
    with pytest.raises(ValueError, match="'visits'"):
        charts.heat_map(replay, "gold")


def test_curves_and_habits(replay):
    axes = charts.survival(replay).axes[0]
    curve = axes.lines[0].get_ydata()
    assert len(curve) == replay.ticks + 1 and curve[0] == 1 and curve[-1] < 1
    assert len(axes.lines) == 1 + replay.env.cfg.teams
    assert len(charts.survival({"one": replay, "two": replay}).axes[0].lines) == 2
    with pytest.raises(ValueError, match="empty"):
        charts.survival({})
    habits = charts.habits(replay)
    moves = [share for name, share in habits.items() if name.startswith("move")]
    assert sum(moves) == pytest.approx(1) and max(moves) < 0.5
    styles = habits["melee"] + habits["range"] + habits["mage"]
    assert 0 < habits["attack"] == pytest.approx(styles)
    bars = charts.profile(replay).axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx([100 * x for x in habits.values()])
    assert charts.trades(replay).axes


def test_several_episodes_are_counted_together(replay):
    short = replay.fork(0, ticks=20)
    one, two = shown(charts.heat_map(replay)), shown(charts.heat_map(short))
    np.testing.assert_array_equal(shown(charts.heat_map([replay, short])), one + two)
    one, two = shown(charts.kill_matrix(replay)), shown(charts.kill_matrix(short))
    np.testing.assert_array_equal(shown(charts.kill_matrix([replay, short])), one + two)
    living, acted = short.alive.sum() + replay.alive.sum(), 0
    for each in (replay, short):
        acted += ((each.actions.target >= 0) & each.alive).sum()
    assert charts.habits([replay, short])["attack"] == pytest.approx(acted / living)
    bars = charts.profile({"one": replay, "two": [short, replay]}).axes[0].patches
    assert len(bars) == 2 * len(charts.habits(replay))
    curve = charts.survival({"both": [replay, short]}).axes[0].lines[0].get_ydata()
    ends = [(each.at(each.ticks).body.health[:16] > 0).mean() for each in (replay, short)]
    assert curve[-1] == pytest.approx(np.mean(ends)) and ends[0] < ends[1]
    for chart, nothing in ((charts.heat_map, []), (charts.kill_matrix, []), (charts.profile, {})):
        with pytest.raises(ValueError, match="empty"):
            chart(nothing)


def test_lines_and_dots_wear_the_colours_of_teams(replay):
    lines = charts.survival(replay).axes[0].lines
    colours = [palette.hexadecimal(palette.team_colour(team)) for team in range(4)]
    assert [line.get_color() for line in lines[1:]] == colours
    dots = charts.trades(replay).axes[0].collections[0].get_facecolors()
    assert [to_hex(dot) for dot in dots[::4]] == colours
