"""Progress of training: a progress bar, or plain lines without a terminal."""

import collections
import sys
import time

WINDOW = 100
"""Episodes over which the shown return and progress are averaged."""

PLAIN_SECONDS = 15.0
"""Seconds between two lines without a terminal."""


class Recent:
    """Means over about the last `WINDOW` episodes of all games.

    Attributes:
      wins: share of games won against each opponent in the last comparison.
    """

    def __init__(self):
        self._sums = collections.deque()
        self.wins = {}

    def add(self, sums: dict[str, float], won: dict[str, float] | None = None) -> None:
        """Adds sums over episodes, among them their number under "episodes".

        Args:
          sums: by name.
          won: share of games won against each opponent, by its name, if there was a comparison;
            kept as `wins` until the next.
        """
        self.wins = won or self.wins
        if sums["episodes"]:
            self._sums.append(sums)
        while len(self._sums) > 1 and self._count() - self._sums[0]["episodes"] >= WINDOW:
            self._sums.popleft()

    def mean(self, name: str) -> float | None:
        """Returns the mean of a statistic, None before the first episode has ended."""
        return sum(sums[name] for sums in self._sums) / self._count() if self._sums else None

    def _count(self):
        return sum(sums["episodes"] for sums in self._sums)


class Progress:
    """Shows steps, steps per second, return, progress, wins and time left; a context manager."""

    def __init__(self, total: int, done: int, show: bool = True):
        """Creates the progress bar.

        Args:
          total: steps of the run.
          done: steps taken before.
          show: False shows nothing.
        """
        self.total, self.first, self.steps, self.show = total, done, done, show
        self.begun, self.last_line = time.monotonic(), 0.0
        self._bar = _rich_bar() if show and sys.stderr.isatty() else None

    def __enter__(self):
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task(
                "compiling", total=self.total, completed=self.first, speed="", score=""
            )
        elif self.show:
            print("compiling ...", file=sys.stderr, flush=True)
        return self

    def __exit__(self, *error):
        if self._bar:
            self._bar.stop()

    def update(self, steps: int, speed: float, recent: Recent) -> None:
        """Shows the current state of training."""
        score = _score(recent)
        if self._bar:
            self._bar.update(
                self._task,
                description="training",
                completed=steps,
                speed=f"{speed:,.0f}/s",
                score=score,
            )
        elif self.show and time.monotonic() - self.last_line > PLAIN_SECONDS:
            self.last_line = time.monotonic()
            left = max(self.total - steps, 0) / max(speed, 1e-9)
            print(
                f"{min(steps / self.total, 1):5.1%}  {steps:,} of {self.total:,} steps  "
                f"{speed:,.0f}/s  {score}  {left:,.0f} s left",
                file=sys.stderr,
                flush=True,
            )


def _score(recent):
    if recent.mean("return") is None:
        return "no episode over yet"
    wins = ", ".join(f"{name} {share:.0%}" for name, share in recent.wins.items())
    return f"return {recent.mean('return'):+.2f}  progress {recent.mean('progress'):.2f}" + (
        f"  beats {wins}" if wins else ""
    )


def _rich_bar():
    try:
        from rich import progress
        from rich.console import Console
    except ImportError:
        return None
    columns = [
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=24),
        progress.TaskProgressColumn(),
        progress.TextColumn("{task.completed:,} steps"),
        progress.TextColumn("{task.fields[speed]}"),
        progress.TextColumn("{task.fields[score]}"),
        progress.TimeRemainingColumn(),
    ]
    return progress.Progress(*columns, console=Console(stderr=True))
