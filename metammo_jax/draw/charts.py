"""Charts of episodes, with matplotlib. Each returns a matplotlib Figure.

figure = influence(mm.counterfactual(replay, 40, ticks=5))
figure.savefig("influence.png")
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from metammo_jax.replay import log
from metammo_jax.replay.counterfactual import Influence
from metammo_jax.replay.episode import Replay
from metammo_jax.vocab import Direction, Style


def influence(found: Influence, of: str = "health", living: bool = True):
    """Returns a chart of who changed what for whom, as `mm.counterfactual` found it.

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


def heat_map(replay: Replay, of: str = "visits"):
    """Returns a chart of the map with how often each tile was where something happened.

    Args:
      replay: the episode.
      of: "visits", ticks that players stood there; "deaths" of players; "harvests", also of what
        was eaten at once.

    Raises:
      ValueError: it is none of these.
      ImportError: matplotlib is not installed.
    """
    if of not in HEAT:
        raise ValueError(f"of={of!r} must be one of {', '.join(map(repr, HEAT))}")
    size = replay.env.cfg.map_size
    counts = np.zeros((size, size), np.int64)
    if of == "visits":
        for world in replay[1:]:
            alive = (world.body.present & (world.body.health > 0))[: replay.env.cfg.players]
            place = world.body.pos[: replay.env.cfg.players][alive]
            np.add.at(counts, (place[:, 0], place[:, 1]), 1)
    else:
        found = log.events(replay).of(*HEAT[of])
        np.add.at(counts, (found["row"], found["column"]), 1)
    figure, axes = new_figure()
    drawn = axes.imshow(np.ma.masked_equal(counts, 0), cmap="inferno", interpolation="nearest")
    axes.set_facecolor("0.9")
    figure.colorbar(drawn, ax=axes, label=of)
    half = int(replay.at(0).params.center) // 2 + 1
    axes.set(xlim=(size // 2 - half, size // 2 + half), ylim=(size // 2 + half, size // 2 - half))
    label(axes, "column", "row", f"{of}: {int(counts.sum()):,}")
    return figure


def kill_matrix(replay: Replay):
    """Returns a chart of how many players of each team those of each team killed, and NPCs.

    Teams are groups of `World.params.group`; where everybody plays alone, players.

    Raises:
      ImportError: matplotlib is not installed.
    """
    group, players = np.asarray(replay.at(0).params.group), replay.env.cfg.players
    kills = log.events(replay).of("kill_player")
    teams = int(group.max()) + 1
    counts = np.zeros((teams + 1, teams), np.int64)
    killer = np.where(kills["who"] < players, group[kills["who"] % players], teams)
    np.add.at(counts, (killer, group[kills["whom"]]), 1)
    figure, axes = new_figure()
    drawn = axes.imshow(counts, cmap="Reds", vmin=0)
    figure.colorbar(drawn, ax=axes, label="players killed")
    label(axes, "team of the killed", "team of the killer", "the last row: NPCs")
    return figure


def survival(replays: Mapping[str, Replay] | Replay):
    """Returns a chart of how many players were alive after each tick.

    Args:
      replays: an episode, with a curve for each team of a team game; or several by their names,
        with a curve for each.

    Raises:
      ValueError: there is none.
      ImportError: matplotlib is not installed.
    """
    if isinstance(replays, Replay):
        group = np.asarray(replays.at(0).params.group)
        teams = np.unique(group) if replays.at(0).params.team_game else ()
        alive = _alive(replays)
        curves = {"all": alive.mean(1)}
        curves |= {f"team {team}": alive[:, group == team].mean(1) for team in teams}
    else:
        curves = {name: _alive(replay).mean(1) for name, replay in replays.items()}
    if not curves:
        raise ValueError("replays is empty; at least one is needed")
    figure, axes = new_figure()
    for name, curve in curves.items():
        axes.step(np.arange(len(curve)), curve, where="post", label=name)
    axes.set_ylim(0, 1.05)
    axes.legend()
    label(axes, "tick", "share of players alive")
    return figure


def _alive(replay: Replay) -> np.ndarray:
    """Returns (T + 1, P) bool, who is alive in each world."""
    last = replay.at(replay.ticks).body
    players = replay.env.cfg.players
    return np.concatenate([replay.alive, (last.present & (last.health > 0))[None, :players]])


def trades(replay: Replay):
    """Returns a chart of who gave and who sold to whom: players on a circle, arrows between them.

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
    axes.scatter(*place.T, c=np.asarray(replay.at(0).params.group), cmap="tab20", s=24, zorder=3)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.legend(loc="lower right")
    return figure


def profile(replay: Replay):
    """Returns a chart of what players did: shares of the living agent-ticks with each action.

    Raises:
      ImportError: matplotlib is not installed.
    """
    shares = habits(replay)
    figure, axes = new_figure()
    axes.barh(list(shares), list(shares.values()))
    axes.invert_yaxis()
    label(axes, "share of the living agent-ticks", "", replay.env.games[replay.game].name)
    return figure


def habits(replay: Replay) -> dict[str, float]:
    """Returns the share of living agent-ticks in which each thing was asked for, by its name.

    Names are those of directions, "attack" and the styles of attacks, "speak", and in the full game
    "use", "destroy", "give", "sell", "buy" and "give gold".
    """
    alive, action = replay.alive, replay.actions
    asked = {f"move {d.name.lower()}": action.move == d for d in Direction}
    asked["attack"] = action.target >= 0
    asked |= {s.name.lower(): (action.style == s) & asked["attack"] for s in Style}
    asked["speak"] = action.token >= 1
    if action.use is not None:
        heads = ("use", "destroy", "give", "sell", "buy")
        asked |= {name: getattr(action, name) >= 0 for name in heads}
        asked["give gold"] = action.gold_to >= 0
    living = max(1, int(alive.sum()))
    return {name: float((values & alive).sum() / living) for name, values in asked.items()}
