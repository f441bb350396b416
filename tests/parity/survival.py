"""Survival curves of recorded episodes and of ours, side by side for each game."""

import numpy as np

COLORS = {"random_valid": "tab:red", "random_move": "tab:blue"}


def curve(lifespans: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Returns the share of players that have not died before each tick."""
    return (np.asarray(lifespans)[:, None] > ticks).mean(0)


def draw(groups, path: str) -> None:
    """Draws a row for each game: the original on the left, ours on the right.

    Args:
      groups: `episodes.Group`s.
      path: picture file.

    Raises:
      SystemExit: matplotlib is not installed.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError as error:
        raise SystemExit(f"--picture needs matplotlib: {error}") from error
    games = list(dict.fromkeys((group.game, group.config) for group in groups))
    figure, axes = pyplot.subplots(
        len(games), 2, figsize=(10, 2.4 * len(games)), squeeze=False, sharey=True
    )
    for row, game in zip(axes, games, strict=True):
        for group in groups:
            if (group.game, group.config) == game:
                _draw_group(row, group)
        row[0].set_ylabel(" ".join(game).replace("_", " "))
        row[1].sharex(row[0])
        row[0].legend(loc="upper right", fontsize="small")
    axes[0, 0].set_title("original: share of players that never died")
    axes[0, 1].set_title("ours")
    for axis in axes[-1]:
        axis.set_xlabel("tick")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_group(row, group) -> None:
    sides = group.recorded, [one for some in group.ours for one in some]
    color = COLORS.get(group.policy)
    longest = max(one.whole["length"] for side in sides for one in side)
    ticks = np.arange(int(longest) + 1)
    for axis, episodes in zip(row, sides, strict=True):
        curves = np.array([curve(one.lifespan, ticks) for one in episodes])
        for one in curves[:: max(len(curves) // 16, 1)]:
            axis.plot(ticks, one, color=color, alpha=0.2, linewidth=0.7)
        axis.plot(ticks, curves.mean(0), color=color, label=group.policy.replace("_", " "))
