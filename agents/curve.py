"""The picture of a run's learning curve."""

from pathlib import Path

from agents import runs

SMOOTHING = 20
"""Points of the curve: records are averaged over their number divided by this, at least 1."""


def draw(run: Path) -> Path | None:
    """Draws return, progress and games won over steps into `curve.png`.

    Returns:
      the picture's path; None if no episode has ended yet or matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    curves = by_game(runs.read_metrics(run))
    if not curves:
        return None
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    labels = {"return": "return", "progress": "progress of the task", "won": "games won"}
    for axis, (name, label) in zip(figure.subplots(1, 3), labels.items(), strict=True):
        for game, points in curves.items():
            axis.plot(points["steps"], points[name], label=game)
        axis.set(xlabel="living agent-steps", title=label)
        axis.grid(alpha=0.3)
    axis.set_ylim(-0.02, 1.02)
    axis.legend(fontsize="small")
    part = Path(run) / "curve.part.png"
    figure.savefig(part, dpi=110)
    return part.replace(Path(run) / "curve.png")


def by_game(records: list[dict]) -> dict[str, dict[str, list[float]]]:
    """Returns, for each game, steps and means of what ended then, over neighbouring records."""
    games = sorted({game for record in records for game in record["games"]})
    size = max(len(records) // SMOOTHING, 1)
    curves = {game: {"steps": [], "return": [], "progress": [], "won": []} for game in games}
    for first in range(0, len(records), size):
        part = records[first : first + size]
        for game, points in curves.items():
            ended = [r["games"][game] for r in part if game in r["games"]]
            count = sum(e["episodes"] for e in ended)
            if count:
                points["steps"].append(part[-1]["steps"])
                for name in ("return", "progress", "won"):
                    points[name].append(sum(e[name] * e["episodes"] for e in ended) / count)
    return {game: points for game, points in curves.items() if points["steps"]}
