"""The picture of a run's learning curve."""

from pathlib import Path

from . import runs
from .opponents import mean_won

SMOOTHING = 50
"""Points of the curve, about: neighbouring records are averaged."""

PANELS = {
    "return": "return",
    "progress": "progress of the task",
    "won": "episodes that somebody won",
    "difficulty": "difficulty",
}
"""What is drawn of training, by its name in a record."""

CHANGING = ("won", "difficulty")
"""What is drawn only where it changes."""

AGAINST = "games won against"
"""Title of what the comparisons told (`agents.opponents`)."""


def draw(run: Path) -> Path | None:
    """Draws returns, progress, games won and difficulty over steps into `curve.png`.

    Wins against opponents are means over the games.

    Returns:
      the picture's path; None if no episode has ended yet or matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import EngFormatter
    except ImportError:
        return None
    records = runs.read_metrics(run)
    curves = by_game(records)
    if not curves:
        return None
    lines = {title: (curves, name) for name, title in PANELS.items() if _is_drawn(name, curves)}
    rivals = against(records)
    if rivals:
        lines[AGAINST] = (rivals, "won")
    figure = Figure(figsize=(3.7 * len(lines), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(lines))
    for axis, (title, (of, name)) in zip(axes, lines.items(), strict=True):
        for label, points in of.items():
            marker = "." if of is rivals else None
            axis.plot(points["steps"], points[name], label=label, marker=marker, alpha=0.8)
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.set(xlabel="living agent-steps", title=title)
        axis.grid(alpha=0.3)
        if name == "won":
            axis.set_ylim(-0.02, 1.02)
        if of is rivals:  # few points, and lines that may lie on each other
            axis.set_xlim(left=0)
            axis.legend(fontsize="small", loc="lower right")
    axes[0].legend(fontsize="small")
    part = Path(run) / "curve.part.png"
    figure.savefig(part, dpi=110)
    return part.replace(Path(run) / "curve.png")


def by_game(records: list[dict]) -> dict[str, dict[str, list[float]]]:
    """Returns, for each game, steps and means of what ended then, over neighbouring records."""
    size, curves = max(len(records) // SMOOTHING, 1), {}
    for first in range(0, len(records), size):
        part = records[first : first + size]
        for game, means in runs.episode_means(part, PANELS).items():
            points = curves.setdefault(game, {name: [] for name in ("steps", *PANELS)})
            for name, value in {"steps": part[-1]["steps"], **means}.items():
                points[name].append(value)
    return dict(sorted(curves.items()))


def against(records: list[dict]) -> dict[str, dict[str, list[float]]]:
    """Returns, for each opponent, steps and the share of games won, mean over the games."""
    found: dict[str, dict[str, list[float]]] = {}
    for record in records:
        for name, won in mean_won(record).items():
            points = found.setdefault(name, {"steps": [], "won": []})
            points["steps"].append(record["steps"])
            points["won"].append(won)
    return found


def _is_drawn(name, curves):
    return name not in CHANGING or any(len(set(points[name])) > 1 for points in curves.values())
