"""Pictures of a report: shares of matches with their intervals, and learning curves."""

from pathlib import Path

import numpy as np

from ..training.curve import Curves
from .report import Triple

HALF = 0.5
"""The share of matches at which two policies are equally good."""


def draw_win_shares(
    path: Path,
    games: list[str],
    columns: dict[str, list[Triple]],
    label: str = "",
) -> str:
    """Draws shares of matches with their intervals, a row for each game.

    Args:
      path: of the PNG file.
      games: names of the rows.
      columns: by what is compared, the mean and the 95% interval for each game.
      label: of the axis of shares; empty for those in which the first of two is above the second.

    Returns:
      the picture in Markdown; empty if matplotlib is not installed.
    """
    figure = _figure(8.0, 1.2 + 0.2 * len(games) * len(columns))
    if figure is None:
        return ""
    axis, step = figure.subplots(), 0.8 / len(columns)
    for number, (name, triples) in enumerate(columns.items()):
        mean, low, high = np.array(triples).T
        rows = np.arange(len(games)) + step * (number - (len(columns) - 1) / 2)
        axis.errorbar(mean, rows, xerr=(mean - low, high - mean), fmt="o", ms=4, label=name)
    if not label:
        axis.axvline(HALF, color="gray", lw=1, ls="--")
        label = "share of matches in which the first is above the second"
    axis.set_yticks(np.arange(len(games)), games)
    axis.invert_yaxis()
    axis.set(xlim=(-0.02, 1.02), xlabel=label)
    axis.grid(axis="x", alpha=0.3)
    figure.legend(fontsize="small", loc="outside lower center", ncols=2)
    return _saved(figure, path, f"{label.capitalize()}, with 95% intervals over seeds")


def draw_curves(path: Path, runs: dict[str, Curves]) -> str:
    """Draws the games won against each opponent over the steps, a panel for each training.

    Args:
      path: of the PNG file.
      runs: by name of the training, by opponent, as of `training.curve.mean_curves`.

    Returns:
      the picture in Markdown; empty if matplotlib is not installed.
    """
    columns = min(4, len(runs))
    rows = -(-len(runs) // columns)
    figure = _figure(2.9 * columns, 0.5 + 2.4 * rows)
    if figure is None:
        return ""
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axis in axes.flat[len(runs) :]:
        axis.set_visible(False)
    for axis, (name, rivals) in zip(axes.flat, runs.items(), strict=False):
        for label, points in rivals.items():
            _band(axis, label, points)
        axis.set_title(name, fontsize="medium")
        axis.set(ylim=(-0.02, 1.02))
        axis.grid(alpha=0.3)
    figure.supxlabel("million living agent-steps", fontsize="medium")
    figure.supylabel("games won", fontsize="medium")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    return _saved(figure, path, "Games won over steps, means over seeds with 95% intervals")


def _band(axis, label, points):
    steps, won, half = np.asarray(points["steps"]) / 1e6, points["won"], points.get("won ±")
    [line] = axis.plot(steps, won, marker=".", label=label)
    if half is not None:
        axis.fill_between(steps, won - half, won + half, color=line.get_color(), alpha=0.2, lw=0)


def _figure(width: float, height: float):
    """Returns a figure of the given size in inches, None without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _saved(figure, path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    return f"![{text}]({path.name})"
