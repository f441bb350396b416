"""Figures as lines of JSON and as a report in Markdown, on disk as soon as they are known."""

import json
import os
import pathlib
import statistics
import sys
import time

from benchmarks.gpu import pages

LONGEST_MESSAGE = 1500
"""Characters of an error's message that are kept."""


def speeds(spent: list[float], living: list[int], slots: int) -> dict:
    """Returns the fields that every row of speeds has.

    Args:
      spent: seconds of each run.
      living: living agent-steps of each run.
      slots: agent-steps of a run if all were alive.
    """
    rates = (count / second for count, second in zip(living, spent, strict=True))
    return {
        "seconds": [round(second, 6) for second in spent],
        "living": living,
        "alive": round(sum(living) / slots / len(living), 4),
        "agent_steps_per_s": round(statistics.median(rates)),
    }


class Record:
    """The files of one run of the command.

    Attributes:
      folder: where they are.
      figures: what has been recorded so far, each a dict with the field `part`.
    """

    def __init__(self, folder, head: dict):
        """Makes the folder.

        Args:
          folder: new or empty, or one whose report is to be replaced.
          head: what the figures were made on, and the command.
        """
        self.folder, self.head, self.figures = pathlib.Path(folder), head, []
        self.folder.mkdir(parents=True, exist_ok=True)
        self._begun = time.monotonic()
        (self.folder / "figures.jsonl").write_text("", encoding="utf-8")
        self.add("machine", **head)

    def add(self, part: str, **fields) -> None:
        """Records a figure."""
        figure = {"part": part, **fields}
        self.figures.append(figure)
        with open(self.folder / "figures.jsonl", "a", encoding="utf-8") as file:
            print(json.dumps(figure), file=file, flush=True)
        partial = self.folder / "report.md.part"
        partial.write_text(pages.report(self.figures), encoding="utf-8")
        os.replace(partial, self.folder / "report.md")

    def failure(self, part: str, name: str, why: str) -> None:
        """Records that something could not be measured, and why."""
        why = why if len(why) <= LONGEST_MESSAGE else why[:LONGEST_MESSAGE] + " ..."
        self.say(f"{part}: {name}: FAILED: {why}")
        self.add("failure", of=part, name=name, why=why)

    def say(self, text: str) -> None:
        """Prints a line with the seconds since the start."""
        print(f"[{time.monotonic() - self._begun:6.1f} s] {text}", file=sys.stderr, flush=True)
