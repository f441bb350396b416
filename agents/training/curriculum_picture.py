"""The picture of a run's curriculum over time."""

from pathlib import Path

import numpy as np

from ..runs import folder

POINTS = 50
"""Points of a line, about: neighbouring records are averaged."""

PANELS = {
    "share": "share of the resets",
    "success": "success rate",
    "entropy": "entropy of the curriculum (nats)",
    "held": "levels in the buffer",
    "new": "share of new levels",
    "score": "mean score of the buffer",
    "age": "mean age of the buffer (updates)",
}
"""Titles of what is drawn, by its name in a record."""


def draw(run: Path) -> Path | None:
    """Draws which games were played when, and why, over steps into `curriculum.png`.

    Returns:
      the picture's path; None if no curriculum was learnt, or matplotlib is not installed.
    """
    figure = figure_of_run(run)
    if figure is None:
        return None
    part = Path(run) / "curriculum.part.png"
    figure.savefig(part, dpi=110)
    return part.replace(Path(run) / "curriculum.png")


def figure_of_run(run: Path):
    """Returns the curriculum of a run as a matplotlib Figure, None where `draw` draws none."""
    points = curriculum_points(folder.read_metrics(run))
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import EngFormatter
    except ImportError:
        return None
    if not points["share"]:
        return None
    panels = {name: title for name, title in PANELS.items() if points[name]}
    columns = min(len(panels), 4)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.7 * columns, 2.8 * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (name, title) in zip(axes, panels.items(), strict=False):
        _panel(axis, name, points)
        axis.set(xlabel="living agent-steps", title=title, ylim=(0, None))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.grid(alpha=0.3)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    names = axes[0].get_legend_handles_labels()
    figure.legend(*names, fontsize="small", loc="outside lower left", ncols=2 * columns)
    return figure


def curriculum_points(records: list[dict]) -> dict:
    """Returns what is drawn, means over neighbouring lines of a log.

    Returns:
      steps, a list; by each name of `PANELS` a dict of lists of as many numbers, by game, or under
      "" of what concerns all games. The share of a game is of all resets in these lines.
    """
    records = [record for record in records if "curriculum" in record]
    size = max(len(records) // POINTS, 1)
    parts = [records[first : first + size] for first in range(0, len(records), size)]
    points: dict = {"steps": [part[-1]["steps"] for part in parts], **{name: {} for name in PANELS}}
    for part in parts:
        curricula = [record["curriculum"] for record in part]
        resets = {
            game: sum(one["resets"][game] for one in curricula) for game in curricula[0]["resets"]
        }
        count = max(sum(resets.values()), 1)
        shares = {game: number / count for game, number in resets.items()}
        for name in PANELS:
            _append(points[name], name, curricula, shares)
    return points


def _append(lines, name, curricula, shares):
    """Appends the mean of a name over some curricula to its lines."""
    if name == "share":
        values = shares
    elif name == "success":
        values = {game: np.mean([one[name][game] for one in curricula]) for game in shares}
    else:
        values = {"": np.mean([one[name] for one in curricula])} if name in curricula[0] else {}
    for label, value in values.items():
        lines.setdefault(label, []).append(float(value))


def _panel(axis, name, points):
    lines = points[name]
    if name == "share" and len(lines) > 1:
        axis.stackplot(points["steps"], *lines.values(), labels=list(lines), alpha=0.8)
        return
    for label, values in lines.items():
        axis.plot(points["steps"], values, label=label or None, alpha=0.8)
