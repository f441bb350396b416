"""Measurements as lines of JSON, as a table, and beside those of another run."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shlex
import sys
from collections.abc import Iterable

from benchmarks.measure import Measurement

COLUMNS = (
    ("game", "<"), ("config", "<"), ("batch", ">"), ("row", "<"), ("agent steps/s", ">"),
    ("spread", ">"), ("slot steps/s", ">"), ("world steps/s", ">"), ("alive", ">"),
    ("trace s", ">"), ("compile s", ">"), ("obs B", ">"), ("state B", ">"), ("temp MB", ">"),
    ("peak MB", ">"),
)  # fmt: skip
"""Headings of the table; agent steps are those of the living, bytes are per agent; temporary
memory is of the compiled function, peak memory of the process or device so far."""

KEY = ("workload", "row", "game", "config", "batch", "ticks")
"""Fields that say which measurements of two runs belong together."""


def as_json(measurement: Measurement, machine: dict, command: str) -> str:
    """Returns one line of JSON: what was measured, what follows from it, and on what."""
    fields = dataclasses.asdict(measurement) | measurement.summary()
    return json.dumps(fields | machine | {"command": command})


def command_line(module: str, arguments: list[str] | None) -> str:
    """Returns how a module was called; without arguments, as this process was."""
    return shlex.join(["python", "-m", module, *(sys.argv[1:] if arguments is None else arguments)])


def write(measured: Iterable[Measurement], title: str, file, machine: dict, command: str) -> None:
    """Prints each measurement when it is made, also as a line of JSON; then prints the table.

    Args:
      measured: measurements, made one by one as they are asked for.
      title: of the table.
      file: to write lines of JSON to, None for none.
      machine: see `measure.machine`.
      command: how it was called.
    """
    rows = []
    with contextlib.ExitStack() as stack:
        lines = stack.enter_context(open(file or os.devnull, "w", encoding="utf-8"))
        for measurement in measured:
            rows.append(row_of(measurement))
            print("  ".join(rows[-1][:6]), file=sys.stderr, flush=True)
            print(as_json(measurement, machine, command), file=lines, flush=True)
    show(COLUMNS, rows, title)


def load(path, key: tuple[str, ...] = KEY) -> list[dict]:
    """Returns the measurements of a file written with --json.

    Args:
      path: of the file.
      key: fields that a measurement must have.

    Raises:
      ValueError: there is no such file, or a line of it is no measurement.
    """
    path = pathlib.Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    measurements = []
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
            missing = [name for name in (*key, "agent_steps_per_s") if name not in fields]
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}, line {number} is no JSON: {error}") from error
        if missing:
            raise ValueError(f"{path}, line {number} is no measurement: it lacks {missing[0]!r}")
        fields.setdefault("shards", fields.pop("parted", 1))  # its name in older files
        measurements.append(fields)
    if not measurements:
        raise ValueError(f"{path} holds no measurement")
    return measurements


def row_of(measurement: Measurement) -> list[str]:
    """Returns the cells of a measurement, by `COLUMNS`."""
    summary = measurement.summary()
    low, high = summary["agent_steps_per_s_min"], summary["agent_steps_per_s_max"]
    return [
        measurement.game,
        measurement.config,
        str(measurement.batch),
        measurement.row,
        f"{summary['agent_steps_per_s']:,}",
        f"{low:,} .. {high:,}",
        f"{summary['slot_steps_per_s']:,}",
        f"{summary['world_steps_per_s']:,.0f}",
        f"{summary['alive']:.1%}",
        f"{measurement.trace_s:.1f}",
        f"{measurement.compile_s:.1f}",
        f"{measurement.observation_bytes:,.0f}",
        f"{measurement.state_bytes:,.0f}",
        megabytes(measurement.temporary_bytes),
        megabytes(measurement.peak_bytes),
    ]


def megabytes(count: int | None) -> str:
    """Returns a number of bytes in millions, "?" if it is not known."""
    return "?" if count is None else f"{count / 1e6:,.1f}"


def compare(
    before: list[dict], after: list[dict], key: tuple[str, ...] = KEY
) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """Returns headings and rows of what two runs have in common.

    Equal checksums show that both played the same: the same keys, the same outputs.

    Args:
      before: measurements of the one run.
      after: of the other.
      key: fields that say which measurements belong together.

    Raises:
      ValueError: they have nothing in common.
    """

    def label(fields):
        return (*(fields[name] for name in key), fields["shards"])

    old = {label(fields): fields for fields in before}
    rows = []
    for fields in after:
        match = old.get(label(fields))
        if match is None:
            continue
        a, b = match["agent_steps_per_s"], fields["agent_steps_per_s"]
        same = match.get("checksum") == fields.get("checksum")
        rows.append(
            [fields["game"], fields["config"], str(fields["batch"]), fields["row"]]
            + [f"{a:,}", f"{b:,}", f"{b / a:.3f}", "equal" if same else "differs"]
        )
    if not rows:
        raise ValueError("the two files have no measurement in common")
    heads = [("game", "<"), ("config", "<"), ("batch", ">"), ("row", "<"), ("before", ">")]
    return [*heads, ("after", ">"), ("ratio", ">"), ("checksum", "<")], rows


def show(columns, rows: list[list[str]], title: str) -> None:
    """Prints a table: with rich where it is installed, else in plain letters."""
    text = plain(columns, rows, title)
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        print(text)
        return
    console = Console()
    if console.width < max(map(len, text.splitlines())) + 2 * len(columns):
        print(text)  # rich would cut what does not fit
        return
    table = Table(title=title, title_justify="left")
    for name, side in columns:
        table.add_column(name, justify="right" if side == ">" else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def plain(columns, rows: list[list[str]], title: str) -> str:
    """Returns a table in plain letters."""
    names = [name for name, _ in columns]
    widths = [max(map(len, cells)) for cells in zip(names, *rows, strict=True)]
    lines = [
        "  ".join(
            f"{cell:{side}{width}}"
            for cell, (_, side), width in zip(cells, columns, widths, strict=True)
        ).rstrip()
        for cells in (names, *rows)
    ]
    return "\n".join([title, lines[0], "-" * max(map(len, lines)), *lines[1:]])
