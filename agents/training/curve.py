"""Figures of learning curves."""

from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation import intervals
from ..evaluation.opponents import mean_wins
from ..runs import folder

Curves = dict[str, dict[str, Any]]
"""By game or opponent, and by name: steps and values of as many points, lists or arrays."""

SMOOTHING = 50
"""Approximate number of points of a curve: neighbouring records are averaged."""

PANELS = {
    "return": "return",
    "progress": "progress of the task",
    "won": "episodes that somebody won",
    "difficulty": "difficulty",
}
"""Panels: titles by the name of a statistic in a record."""

CHANGING = ("won", "difficulty")
"""Statistics that are drawn only if they change."""

AGAINST = "games won against"
"""Title of the panel of evaluations (`agents.evaluation.opponents`)."""


def draw_curve(run: Path) -> Path | None:
    """Draws returns, progress, games won and difficulty over steps into `curve.png`.

    Shares of wins against opponents are means over the games.

    Returns:
      the path of the figure; None if no episode has ended yet or matplotlib is not installed.
    """
    figure = make_figure(run)
    return None if figure is None else _saved(run, figure)


def make_figure(run: Path):
    """Returns the learning curves of a run as a matplotlib Figure, or None as `draw_curve` does."""
    records = folder.read_metrics(run)
    return _figure(curves_by_game(records), curves_by_opponent(records))


def draw_group(run: Path, runs: list[Path]) -> Path | None:
    """Draws means over runs that differ in the seed, with 95% intervals; see `draw_curve`.

    Args:
      run: folder of the picture.
      runs: folders of the runs.
    """
    records = [folder.read_metrics(one) for one in runs]
    games, rivals = ([of(one) for one in records] for of in (curves_by_game, curves_by_opponent))
    figure = _figure(mean_curves(games), mean_curves(rivals))
    return None if figure is None else _saved(run, figure)


def _saved(run: Path, figure) -> Path:
    """Writes a Figure into the folder of a run; returns its path."""
    part = Path(run) / "curve.part.png"
    figure.savefig(part, dpi=110)
    return part.replace(Path(run) / "curve.png")


def _figure(curves: Curves, rivals: Curves):
    """Returns a Figure of curves by game, and by opponent."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import EngFormatter, MaxNLocator
    except ImportError:
        return None
    if not curves:
        return None
    panels = {title: (curves, name) for name, title in PANELS.items() if _is_drawn(name, curves)}
    if rivals:
        panels[AGAINST] = (rivals, "won")
    rows = -(-len(curves) // (2 * len(panels)))  # rows of the legend
    figure = Figure(figsize=(3.7 * len(panels), 3.0 + 0.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels))
    for axis, (title, (of, name)) in zip(axes, panels.items(), strict=True):
        for label, points in of.items():
            _line(axis, label, points, name)
        axis.xaxis.set_major_locator(MaxNLocator(5))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.set(xlabel="living agent-steps", title=title)
        axis.grid(alpha=0.3)
        if name == "won":
            axis.set_ylim(-0.02, 1.02)
        if of is rivals:  # few points, and lines may overlap
            axis.set_xlim(left=0)
            axis.legend(fontsize="small", loc="best")
    names = axes[0].get_legend_handles_labels()
    figure.legend(*names, fontsize="small", loc="outside lower left", ncols=2 * len(panels))
    return figure


MARKED_POINTS = 12
"""Curves with at most so many points have markers."""


def _line(axis, label, points, name):
    marker = "." if len(points["steps"]) <= MARKED_POINTS else None
    [line] = axis.plot(points["steps"], points[name], label=label, marker=marker, alpha=0.8)
    half = points.get(f"{name} ±")
    if half is not None:
        low, high = (points[name] + sign * half for sign in (-1, 1))
        axis.fill_between(points["steps"], low, high, color=line.get_color(), alpha=0.2, lw=0)


def mean_curves(curves: list[Curves]) -> Curves:
    """Returns the means of the curves of several seeds, and under "NAME ±" their intervals.

    They are interpolated at steps that all seeds have reached.
    """
    found: Curves = {}
    for label in sorted(set.intersection(*[set(one) for one in curves])):
        own = [one[label] for one in curves]
        first, last = (f(points["steps"][at] for points in own) for f, at in ((max, 0), (min, -1)))
        steps = np.linspace(first, last, len(own[0]["steps"]))
        found[label] = {"steps": steps}
        for name in own[0].keys() - {"steps"}:
            seeds = [np.interp(steps, points["steps"], points[name]) for points in own]
            means, half = zip(*map(intervals.mean_over_seeds, np.transpose(seeds)), strict=True)
            found[label] |= {name: np.array(means), f"{name} ±": np.array(half)}
    return found


def curves_by_game(records: list[dict]) -> Curves:
    """Returns steps and means over episodes by game, averaged over neighbouring records."""
    size, curves = max(len(records) // SMOOTHING, 1), {}
    for first in range(0, len(records), size):
        part = records[first : first + size]
        for game, means in folder.episode_means(part, PANELS).items():
            points = curves.setdefault(game, {name: [] for name in ("steps", *PANELS)})
            for name, value in {"steps": part[-1]["steps"], **means}.items():
                points[name].append(value)
    return dict(sorted(curves.items()))


def curves_by_opponent(records: list[dict]) -> Curves:
    """Returns steps and the share of wins by opponent, mean over the games."""
    found: Curves = {}
    for record in records:
        for name, won in mean_wins(record).items():
            points = found.setdefault(name, {"steps": [], "won": []})
            points["steps"].append(record["steps"])
            points["won"].append(won)
    return found


def _is_drawn(name, curves):
    return name not in CHANGING or any(len(set(points[name])) > 1 for points in curves.values())
