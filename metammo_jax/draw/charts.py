"""Charts of episodes, with matplotlib. Each returns a matplotlib Figure.

Those that count take one episode or several of the same environment, and count in all of them.

figure = influence(mm.counterfactual(replay, 40, ticks=5))
figure.savefig("influence.png")
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metammo_jax.draw.palette import hexadecimal, player_colours, team_colour, team_mark
from metammo_jax.replay import given, log
from metammo_jax.replay.counterfactual import Influence
from metammo_jax.replay.episode import Replay
from metammo_jax.vocab import Direction, Style

Episodes = Replay | Sequence[Replay]
"""One episode, or several."""

SIDES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Colours of those that are compared, of Okabe and Ito."""


def influence(found: Influence, of: str = "health", living: bool = True):
    """Returns a chart of the influence of players on each other, of `mm.counterfactual`.

    Args:
      found: of P players.
      of: "health", points; or "survival", 1 for a life kept, -1 for one lost.
      living: shows the rows of those that acted, and the columns of those and of all that were
        changed, alone.

    Raises:
      ValueError: it is of neither.
      ImportError: matplotlib is not installed.
    """
    if of not in ("health", "survival"):
        raise ValueError(f"of={of!r} must be 'health' or 'survival'")
    table = getattr(found, of)
    rows = columns = np.arange(len(table))
    if living and found.acted.any():
        rows = np.flatnonzero(found.acted)
        columns = np.flatnonzero(found.acted | (table != 0).any(0))
    figure, axes = new_figure()
    most = max(1, int(np.abs(table).max(initial=0)))
    drawn = axes.imshow(table[np.ix_(rows, columns)], cmap="RdBu", vmin=-most, vmax=most)
    figure.colorbar(drawn, ax=axes, label=f"{of} of the player, with the action minus without")
    label(axes, "player", "action left out", f"after {found.ticks} ticks")
    for ticks, names in ((axes.set_xticks, columns), (axes.set_yticks, rows)):
        shown = np.arange(0, len(names), -(-len(names) // 16))
        ticks(shown, [str(names[i]) for i in shown])
    return figure


def new_figure(**options: Any):
    """Returns a figure and its axes; ImportError where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "charts need matplotlib: python -m pip install 'metammo-jax[viz]'"
        ) from error
    figure = Figure(layout="constrained", **options)
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def label(axes, x: str, y: str, title: str = "") -> None:
    """Names the axes of a chart."""
    axes.set(xlabel=x, ylabel=y, title=title)


HEAT = {"visits": (), "deaths": ("agent_culled",), "harvests": ("harvest_item", "eat_food")}
"""What a heat map shows, and the events that it counts."""


def heat_map(replays: Episodes, of: str = "visits"):
    """Returns a heat map of events by tile.

    Args:
      replays: one episode or several.
      of: "visits", ticks that players stood there; "deaths" of players; "harvests", also of what
        was eaten at once.

    Raises:
      ValueError: it is none of these, there is no episode, or maps have different sizes.
      ImportError: matplotlib is not installed.
    """
    if of not in HEAT:
        raise ValueError(f"of={of!r} must be one of {', '.join(map(repr, HEAT))}")
    replays = _listed(replays)
    size, players = replays[0].env.cfg.map_size, replays[0].env.cfg.players
    counts = np.zeros((size, size), np.int64)
    for replay in replays:
        if of == "visits":
            bodies = [world.body for world in replay[1:]]
            places = [b.pos[:players][(b.present & (b.health > 0))[:players]] for b in bodies]
            np.add.at(counts, tuple(np.concatenate([np.zeros((0, 2), int), *places]).T), 1)
        else:
            found = log.events(replay).of(*HEAT[of])
            np.add.at(counts, (found["row"], found["column"]), 1)
    figure, axes = new_figure()
    most = max(1, int(counts.max()))
    shown = np.ma.masked_equal(counts, 0)
    drawn = axes.imshow(shown, cmap="inferno_r", interpolation="nearest", vmin=0, vmax=1.1 * most)
    _count_bar(figure, drawn, axes, of, most)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(_whole_numbers(8))
    half = max(int(replay.at(0).params.center) for replay in replays) // 2 + 1
    axes.set(xlim=(size // 2 - half, size // 2 + half), ylim=(size // 2 + half, size // 2 - half))
    label(axes, "column", "row", f"{of}: {int(counts.sum()):,}")
    return figure


def kill_matrix(replays: Episodes):
    """Returns a chart of how many players of each team those of each team killed, and NPCs.

    Teams are groups of `World.params.group`; where everybody plays alone, players.

    Args:
      replays: one episode or several.

    Raises:
      ValueError: there is no episode, or they have different teams.
      ImportError: matplotlib is not installed.
    """
    replays = _listed(replays)
    group, players = np.asarray(replays[0].at(0).params.group), replays[0].env.cfg.players
    teams = int(group.max()) + 1
    counts = np.zeros((teams + 1, teams), np.int64)
    for replay in replays:
        if not np.array_equal(group, replay.at(0).params.group):
            raise ValueError("replays have different teams: no row of the matrix fits all")
        kills = log.events(replay).of("kill_player")
        killer = np.where(kills["who"] < players, group[kills["who"] % players], teams)
        np.add.at(counts, (killer, group[kills["whom"]]), 1)
    figure, axes = new_figure()
    most = max(1, int(counts.max()))
    drawn = axes.imshow(counts, cmap="Reds", vmin=0, vmax=1.3 * most)
    _count_bar(figure, drawn, axes, "players killed", most)
    step = -(-teams // 16)
    axes.set_xticks(range(0, teams, step))
    axes.set_yticks([*range(0, teams, step), teams], [*map(str, range(0, teams, step)), "NPCs"])
    for row, column in np.argwhere(counts) if teams <= 16 else ():
        axes.text(column, row, str(counts[row, column]), ha="center", va="center")
    label(axes, "team of the killed", "team of the killer", f"players killed: {counts.sum():,}")
    return figure


def _count_bar(figure, drawn, axes, words: str, most: int) -> None:
    """Adds a bar of the colours of counts from 0 to `most`, with whole numbers."""
    bar = figure.colorbar(drawn, ax=axes, label=words, ticks=_whole_numbers(6))
    bar.ax.set_ylim(0, most)


def _whole_numbers(most: int):
    """Returns a locator of at most so many ticks, all at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most, integer=True)


def survival(replays: Mapping[str, Episodes] | Replay):
    """Returns a chart of the share of players that were alive after each tick.

    Args:
      replays: an episode, with a curve for each team of a team game; or episodes by a name, with a
        curve for each name, the mean over its episodes. After the end of an episode its last share
        counts, up to the end of the longest.

    Raises:
      ValueError: there is none.
      ImportError: matplotlib is not installed.
    """
    looks: dict[str, dict[str, Any]] = {}
    if isinstance(replays, Replay):
        group = np.asarray(replays.at(0).params.group)
        teams = np.unique(group).tolist() if replays.at(0).params.team_game else ()
        alive = _alive(replays)
        curves = {"all": alive.mean(1)}
        curves |= {f"team {team}": alive[:, group == team].mean(1) for team in teams}
        looks = {f"team {team}": team_look(team) for team in teams} | {"all": dict(color="black")}
    else:
        found = {name: [_alive(one).mean(1) for one in _listed(of)] for name, of in replays.items()}
        longest = max((len(one) for of in found.values() for one in of), default=0)
        curves = {name: _mean_of(shares, longest) for name, shares in found.items()}
    if not curves:
        raise ValueError("replays is empty; at least one is needed")
    figure, axes = new_figure()
    for number, (name, curve) in enumerate(curves.items()):
        look = looks.get(name, dict(color=SIDES[number % len(SIDES)]))
        axes.step(np.arange(len(curve)), curve, where="post", label=name, **look)
    axes.set_ylim(0, 1.05)
    axes.legend(fontsize="small", ncols=1 + len(curves) // 9)
    label(axes, "tick", "share of players alive")
    return figure


def team_look(team: int) -> dict[str, Any]:
    """Returns matplotlib's line style of a team: its colour, and dashes for a mark."""
    return dict(
        color=hexadecimal(team_colour(team)),
        linestyle=("-", ":", "--")[team_mark(team)],
        path_effects=_outline(),
    )


def _outline() -> list[Any]:
    """Returns a thin dark outline, which makes bright lines visible on white."""
    from matplotlib import patheffects

    return [patheffects.Stroke(linewidth=2.4, foreground="0.35"), patheffects.Normal()]


def _mean_of(shares: list[np.ndarray], ticks: int) -> np.ndarray:
    """Returns (ticks,) the mean of curves that stay as they ended."""
    return np.mean([np.pad(one, (0, ticks - len(one)), "edge") for one in shares], axis=0)


def _listed(replays: Episodes) -> list[Replay]:
    """Returns the episodes as a list; ValueError for none, and for maps of several sizes."""
    found = [replays] if isinstance(replays, Replay) else list(replays)
    if not found:
        raise ValueError("replays is empty; at least one is needed")
    sizes = {(one.env.cfg.map_size, one.env.cfg.players) for one in found}
    if len(sizes) > 1:
        raise ValueError(f"replays have different (map_size, players): {sorted(sizes)}")
    return found


def _alive(replay: Replay) -> np.ndarray:
    """Returns (T + 1, P) bool, who is alive in each world."""
    last = replay.at(replay.ticks).body
    players = replay.env.cfg.players
    return np.concatenate([replay.alive, (last.present & (last.health > 0))[None, :players]])


def trades(replay: Replay):
    """Returns a chart of gifts and sales between players: players on a circle, with arrows.

    An arrow leads from the giver or seller to who got it, the wider, the more often.

    Raises:
      ImportError: matplotlib is not installed.
    """
    found = log.events(replay)
    players = replay.env.cfg.players
    angle = 2 * np.pi * np.arange(players) / players
    place = np.stack([np.cos(angle), np.sin(angle)], -1)
    figure, axes = new_figure()
    kinds = {
        "gifts": (("give_item", "give_gold"), "tab:green"),
        "sales": (("earn_gold",), "tab:blue"),
    }
    for name, (events, colour) in kinds.items():
        some = found.of(*events)
        pairs = np.stack([some["who"], some["whom"]], -1)
        pairs, counts = np.unique(pairs, axis=0, return_counts=True)
        axes.plot([], [], color=colour, label=f"{name}: {some.rows}")
        for (giver, taker), count in zip(pairs, counts, strict=True):
            arrow = dict(arrowstyle="->", color=colour, lw=0.5 + np.log2(1 + count), alpha=0.6)
            ends = tuple(place[taker]), tuple(place[giver])
            axes.annotate("", *ends, arrowprops=arrow)
    colours = [hexadecimal(colour) for colour in player_colours(replay.at(0))]
    axes.scatter(*place.T, c=colours, edgecolors="0.2", linewidths=0.6, s=30, zorder=3)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.legend(loc="lower right")
    return figure


def profile(replays: Mapping[str, Episodes] | Replay):
    """Returns a chart of actions by kind, per 100 living agent-ticks.

    Args:
      replays: an episode; or episodes by the name of who plays in them, side by side.

    Raises:
      ValueError: there is none.
      ImportError: matplotlib is not installed.
    """
    if isinstance(replays, Replay):
        replays = {replays.env.games[replays.game].name: replays}
    if not replays:
        raise ValueError("replays is empty; at least one is needed")
    found = {name: habits(of) for name, of in replays.items()}
    kinds = list(dict.fromkeys(kind for shares in found.values() for kind in shares))
    figure, axes = new_figure()
    height = 0.8 / len(found)
    for number, (name, shares) in enumerate(found.items()):
        rows = np.arange(len(kinds)) + height * (number - (len(found) - 1) / 2)
        values = [100 * shares.get(kind, 0.0) for kind in kinds]
        drawn = axes.barh(rows, values, height, label=name, color=SIDES[number % len(SIDES)])
        axes.bar_label(drawn, fmt="%.3g", padding=2, fontsize="x-small")
    axes.set_yticks(np.arange(len(kinds)), kinds)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.legend(fontsize="small")
    label(axes, "in 100 living agent-ticks", "")
    return figure


def habits(replays: Episodes) -> dict[str, float]:
    """Returns the share of living agent-ticks with each kind of action, by name.

    Names are those of directions, "attack" and the styles of attacks, "speak", and in the full game
    "use", "destroy", "give", "sell", "buy" and "give gold".

    Args:
      replays: one episode or several.
    """
    replays = _listed(replays)
    alive = np.concatenate([replay.alive for replay in replays])
    action = given.joined([replay.actions for replay in replays])
    asked = {f"move {d.name.lower()}": action.move == d for d in Direction}
    asked["attack"] = action.target >= 0
    asked |= {s.name.lower(): (action.style == s) & asked["attack"] for s in Style}
    asked["speak"] = action.token >= 1
    if replays[0].env.cfg.has_items:
        heads = ("use", "destroy", "give", "sell", "buy")
        asked |= {name: getattr(action, name) >= 0 for name in heads}
        asked["give gold"] = action.gold_to >= 0
    living = max(1, int(alive.sum()))
    return {name: float((values & alive).sum() / living) for name, values in asked.items()}
