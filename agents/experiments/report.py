"""Reports in Markdown: tables, intervals, and a sentence for each tested claim."""

import dataclasses
from collections.abc import Sequence

Triple = tuple[float, float, float]
"""A mean, and the low and the high end of its 95% interval."""

HOLDS = {True: "reproduced", False: "yes"}
FAILS = {True: "not reproduced", False: "no"}
"""Verdicts, by whether the paper makes the claim."""
UNDECIDED = "undecided"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim, and the figure that was measured for it.

    Attributes:
      text: the claim, a sentence.
      figure: what was measured, in words.
      measured: its mean and 95% interval.
      bound: the claim holds where the measured is above it.
      of_paper: the paper makes this claim.
    """

    text: str
    figure: str
    measured: Triple
    bound: float
    of_paper: bool = False

    @property
    def verdict(self) -> str:
        """Whether the interval lies above the bound, below it, or on both sides."""
        _, low, high = self.measured
        if low > self.bound:
            return HOLDS[self.of_paper]
        return FAILS[self.of_paper] if high < self.bound else UNDECIDED

    def __str__(self) -> str:
        measured = format_interval(self.measured)
        return f"* {self.text} **{self.verdict.capitalize()}**: {self.figure} {measured}."


def format_interval(triple: Triple, digits: int = 2) -> str:
    """Returns a mean with its interval, as text."""
    mean, low, high = triple
    return f"{mean:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table; the first column is left aligned, all others right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def render_page(title: str, command: str, text: str, parts: Sequence[str]) -> str:
    """Returns a page: title, what was done and by which command, and parts, if not empty."""
    return "\n\n".join([f"# {title}", f"`{command}`", text, *filter(None, parts)]) + "\n"
