"""The command: `python -m benchmarks.plan --help`."""

import argparse
import json
import sys
import time

from benchmarks.plan import device

if __name__ == "__main__":
    device.prepare()

from benchmarks import report  # noqa: E402
from benchmarks.measure import machine  # noqa: E402
from benchmarks.plan import hlo  # noqa: E402
from benchmarks.plan.floor import floor  # noqa: E402
from benchmarks.plan.programs import PROGRAMS, ProgramSetting, compiled  # noqa: E402
from metammo_jax.config import preset  # noqa: E402


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plan",
        description="Compiles for an H100 that is not there, and reads the program.",
    )
    add = parser.add_argument
    add("--config", default="mini", help="preset of sizes (default: mini)")
    add("--games", nargs="+", default=["survive"], metavar="GAME", help="mixed in the batch")
    add("--worlds", type=int, default=8192, help="of the batch (default: 8192)")
    add("--programs", nargs="+", choices=PROGRAMS, default=PROGRAMS[:2], help="what is compiled")
    add("--network", choices=("lean", "paper"), default="lean", help="of an update")
    add("--matmul-precision", choices=("float32", "bfloat16"), default="float32", help="likewise")
    add("--minibatches", type=int, default=16, help="of an epoch of an update (default: 16)")
    add("--top", type=int, default=20, help="instructions that are listed (default: 20)")
    add("--json", metavar="FILE", help="write one line of JSON for each program")
    add("--hlo", metavar="FILE", help="write the text of the last program")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    command = report.command_line("benchmarks.plan", arguments)
    try:
        if options.worlds < 1:
            raise ValueError(f"worlds={options.worlds} must be 1 or more")
        setting = ProgramSetting(
            options.config,
            tuple(options.games),
            options.worlds,
            options.network,
            options.minibatches,
            options.matmul_precision,
        )
        reported = [plan(program, setting, options) for program in options.programs]
    except ValueError as error:
        print(f"benchmarks.plan: {error}", file=sys.stderr)
        return 2
    if options.json:
        with open(options.json, "w") as file:
            for figures in reported:
                file.write(json.dumps(figures | machine() | {"command": command}) + "\n")
    return 0


def plan(program: str, setting: ProgramSetting, options) -> dict:
    """Compiles a program, prints what was read, and returns the figures."""
    begun = time.monotonic()
    executable, ticks = compiled(program, setting)
    spent, text = time.monotonic() - begun, executable.as_text()
    cost, rows = floor(hlo.read(text))
    if options.hlo:
        with open(options.hlo, "w") as file:
            file.write(text)
    memory, steps = executable.memory_analysis(), setting.worlds * ticks
    players = preset(setting.config).players
    figures = {
        "program": program,
        "config": setting.config,
        "games": "+".join(setting.games),
        "worlds": setting.worlds,
        "ticks": ticks,
        "kernels": cost.kernels,
        "copies": cost.copies,
        "loops_of_unknown_length": cost.unknown,
        "kb_per_world_and_tick": round(cost.bytes / steps / 1e3, 1),
        "temporary_gb": round(memory.temp_size_in_bytes / 1e9, 2),
        "arguments_gb": round(memory.argument_size_in_bytes / 1e9, 2),
        "floor_us": round(cost.us, 1),
        "floor_million_agent_steps_per_s": round(steps * players / cost.us, 1),
        "compile_s": round(spent, 1),
    }
    for row in rows[: options.top]:
        instruction = row.instruction
        what = f"{instruction.opcode} {instruction.name}, {row.cost.bytes / 1e6:,.1f} MB"
        print(f"{row.cost.us:12,.1f} us  {what:64}  {instruction.source[-90:]}")
    for name, value in figures.items():
        print(f"{name:32} {value}")
    return figures


if __name__ == "__main__":
    sys.exit(main())
