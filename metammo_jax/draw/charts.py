"""Charts of episodes, with matplotlib. Each returns a matplotlib Figure.

figure = influence(mm.counterfactual(replay, 40, ticks=5))
figure.savefig("influence.png")
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from metammo_jax.replay.counterfactual import Influence


def influence(found: "Influence", of: str = "health", living: bool = True):
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
