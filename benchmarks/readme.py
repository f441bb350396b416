"""Writes the README's table from results: `python -m benchmarks.readme REFERENCE STEP`.

REFERENCE and STEP are files of `benchmarks.reference --json` and `benchmarks.step --json`.
"""

import argparse
import json
import pathlib
import statistics
import sys

from benchmarks import report
from benchmarks.reference import geometric_mean
from benchmarks.workloads import ROWS

README = pathlib.Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def table(reference: list[dict], step: list[dict]) -> str:
    """Returns the table in Markdown, and a sentence about what it was made on.

    Args:
      reference: what `benchmarks.reference` wrote, a game a line.
      step: what `benchmarks.step` wrote; its rows without observations are used.

    Raises:
      ValueError: a game of `reference` has no row without observations in `step`.
    """
    alone = {fields["game"]: fields for fields in step if fields["row"] == ROWS[0]}
    lines = [
        "| game | original, one core | metammo_jax, two cores | ratio per core "
        "| without observations |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for fields in reference:
        game = fields["game"]
        if game not in alone:
            raise ValueError(f"{game} has no measurement of row {ROWS[0]!r}")
        one_core = statistics.mean(_rates(fields))
        cells = [
            f"`{game}`",
            f"{one_core:,.0f}",
            f"{statistics.median(fields['ours']):,.0f}",
            f"{fields['ratio']:.0f}",
            f"{alone[game]['agent_steps_per_s']:,}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    mean = geometric_mean([fields["ratio"] for fields in reference])
    lines += [f"| geometric mean | | | **{mean:.0f}** | |", "", _about(reference[0])]
    return "\n".join(lines)


def _rates(fields: dict) -> list[float]:
    """Returns living agent steps a second of the original on each core."""
    return [
        statistics.median(play["living"] / play["seconds"] for play in core)
        for core in zip(*fields["original"], strict=True)
    ]


def _about(fields: dict) -> str:
    ours = fields["measurement"]
    return (
        f"Steps of living agents a second at the paper's size: {ours['batch']} worlds of 128 "
        f"players, the first {ours['ticks']} ticks of fresh episodes under random moves, "
        f"observations and masks consumed (last column: only state and rewards). "
        f"{fields['cores']} cores of {fields['processor']}, jax {fields['jax']}, "
        f"commit {fields['commit']}, {fields['date'][:10]}; "
        "see [benchmarks/results](benchmarks/results/README.md)."
    )


def insert(text: str, content: str) -> str:
    """Returns the text with the content between the two marks.

    Raises:
      ValueError: the text does not have each mark once, in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"the README must have {BEGIN} and {END} once each, in this order")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def load(path: str) -> list[dict]:
    """Returns the games of a file of `benchmarks.reference --json`.

    Raises:
      ValueError: it cannot be read, or is no such file.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        games = [json.loads(line) for line in text.splitlines()]
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not games or any("ratio" not in fields or "original" not in fields for fields in games):
        raise ValueError(f"{path} was not written by benchmarks.reference")
    return games


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.readme", description=__doc__.splitlines()[0]
    )
    parser.add_argument("reference", help="file of benchmarks.reference --json")
    parser.add_argument("step", help="file of benchmarks.step --json")
    parser.add_argument("--readme", type=pathlib.Path, default=README)
    options = parser.parse_args(arguments)
    try:
        content = table(load(options.reference), report.load(options.step))
        text = insert(options.readme.read_text(encoding="utf-8"), content)
    except (OSError, ValueError) as error:
        print(f"benchmarks.readme: {error}", file=sys.stderr)
        return 2
    options.readme.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
