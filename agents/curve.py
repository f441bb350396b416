"""The picture of a run's learning curve."""

from pathlib import Path

from . import runs

SMOOTHING = 50
"""Points of the curve, about: neighbouring records are averaged."""

PANELS = {
    "return": "return",
    "progress": "progress of the task",
    "won": "games won",
    "difficulty": "difficulty",
}
"""What is drawn, by its name in a record; the difficulty only where it changes."""


def draw(run: Path) -> Path | None:
    """Draws returns, progress, games won and difficulty over steps into `curve.png`.

    Returns:
      the picture's path; None if no episode has ended yet or matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import EngFormatter
    except ImportError:
        return None
    curves = by_game(runs.read_metrics(run))
    if not curves:
        return None
    panels = {name: title for name, title in PANELS.items() if _is_drawn(name, curves)}
    figure = Figure(figsize=(3.7 * len(panels), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels))
    for axis, (name, title) in zip(axes, panels.items(), strict=True):
        for game, points in curves.items():
            axis.plot(points["steps"], points[name], label=game)
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.set(xlabel="living agent-steps", title=title)
        axis.grid(alpha=0.3)
        if name == "won":
            axis.set_ylim(-0.02, 1.02)
    axes[0].legend(fontsize="small")
    part = Path(run) / "curve.part.png"
    figure.savefig(part, dpi=110)
    return part.replace(Path(run) / "curve.png")


def by_game(records: list[dict]) -> dict[str, dict[str, list[float]]]:
    """Returns, for each game, steps and means of what ended then, over neighbouring records."""
    games = sorted({game for record in records for game in record["games"]})
    size = max(len(records) // SMOOTHING, 1)
    curves = {game: {name: [] for name in ("steps", *PANELS)} for game in games}
    for first in range(0, len(records), size):
        part = records[first : first + size]
        for game, points in curves.items():
            ended = [r["games"][game] for r in part if game in r["games"]]
            count = sum(e["episodes"] for e in ended)
            if count:
                points["steps"].append(part[-1]["steps"])
                for name in PANELS:
                    points[name].append(sum(e[name] * e["episodes"] for e in ended) / count)
    return {game: points for game, points in curves.items() if points["steps"]}


def _is_drawn(name, curves):
    return name != "difficulty" or any(len(set(points[name])) > 1 for points in curves.values())
