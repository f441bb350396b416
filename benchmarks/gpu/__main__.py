"""The command: `python -m benchmarks.gpu --help`."""

import argparse
import os
import sys
import time

BEGUN = time.monotonic()

if __name__ == "__main__":
    # Read when JAX starts the device: nearly all of its memory, so that large batches fit.
    os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.92")

import jax  # noqa: E402

from agents import cli  # noqa: E402
from benchmarks import report  # noqa: E402
from benchmarks.gpu import digests, limits, training, worlds  # noqa: E402
from benchmarks.gpu.plan import PLANS, MeasuringPlan  # noqa: E402
from benchmarks.gpu.programs import Programs  # noqa: E402
from benchmarks.gpu.record import Record  # noqa: E402
from benchmarks.gpu.tasks import Clock, MeasuringTask, attempt, run_all  # noqa: E402
from benchmarks.measure import machine  # noqa: E402
from benchmarks.timing import cores  # noqa: E402

PARTS = ("digest", "ceilings", "steps", "training", "profile", "run")


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description="Measures everything worth knowing of one accelerator, in a few minutes.",
    )
    add = parser.add_argument
    add("--config", choices=PLANS, default="mini", help="mini, or tiny for a rehearsal")
    add("--minutes", type=float, default=8.0, help="ends after so many (default: 8)")
    add("--out", metavar="DIR", default="gpu-report", help="folder of the report")
    add("--parts", nargs="+", choices=PARTS, default=PARTS, help="default: all")
    add("--threads", type=int, default=0, help="that compile (default: all cores but two)")
    return parser


def main(arguments: list[str] | None = None, begun: float | None = None) -> int:
    """Runs the command line; returns the exit code: 1 if something could not be measured."""
    options = parser().parse_args(arguments)
    if options.minutes <= 0:
        print(f"benchmarks.gpu: minutes={options.minutes} must be above 0", file=sys.stderr)
        return 2
    cli.start_quickly()  # turns the cache of compiled programs on
    if jax.default_backend() == "cpu":
        jax.config.update("jax_disable_most_optimizations", True)  # a rehearsal: of no speed
    clock, plan = Clock(options.minutes, begun), PLANS[options.config]
    command = report.command_line("benchmarks.gpu", arguments)
    head = machine() | digests.software() | {"minutes": options.minutes, "command": command}
    if jax.default_backend() == "cpu":
        head["note"] = "a rehearsal on a CPU, compiled quickly rather than well: no speeds"
    record = Record(options.out, head | {"plan": budget(plan, options)})
    measure(plan, options, clock, record)
    record.say(f"done; {record.folder}/report.md")
    return 1 if any(figure["part"] == "failure" for figure in record.figures) else 0


def budget(plan: MeasuringPlan, options) -> dict[str, str]:
    """Returns the time limits of all parts in seconds, as text."""
    rows = sum(map(len, plan.worlds + plan.variants))
    kept = 60 * options.minutes * (plan.reserve if "run" in options.parts else 0)
    seconds = {
        "digest": "compiling, and about 5",
        "ceilings": "10",
        "steps": f"{rows} rows of {plan.seconds:g}, and their resets",
        "training": f"{len(plan.learning)} rows of {plan.update_seconds:g}",
        "profile": "10",
        "run": f"what is left, {kept:.0f} at least",
    }
    return {part: seconds[part] for part in PARTS if part in options.parts}


def measure(plan: MeasuringPlan, options, clock: Clock, record: Record) -> None:
    """Queues all tasks, most important first, and runs them until time is up."""
    for part, seconds in record.head["plan"].items():
        record.say(f"planned: {part}: {seconds} s")
    programs, wanted = Programs(options.threads or max(2, cores() - 2)), options.parts
    tasks: list[MeasuringTask] = []
    if "digest" in wanted:
        tasks += digests.tasks(programs, record)
    if "ceilings" in wanted:
        tasks.append(limits.ceilings(plan, record))
    rows, learner, evaluation = {}, None, None
    for config in plan.configs:
        if "steps" in wanted:
            timed, rows[config] = worlds.tasks(plan, config, programs, record)
            tasks += timed
        elif "profile" in wanted:
            rows[config] = [worlds.middle(plan, config, programs)]
        for learning in plan.learning if {"training", "run", "profile"} & set(wanted) else ():
            if learning.config != config or (learner and "training" not in wanted):
                continue
            learners = [training.Learner(programs, learning, n) for n in learning.worlds]
            if "training" in wanted:
                tasks.append(training.task(plan, learners, record))
            learner = learner or learners[-1]
            if evaluation is None and "run" in wanted:
                evaluation = training.Evaluation(programs, learner, plan.episodes)
    if "profile" in wanted and learner:
        tasks.append(limits.profile_update(learner, record))
    if "steps" in wanted:
        tasks += [worlds.again(plan, rows[config], record) for config in plan.configs]
    if "profile" in wanted:
        for config in plan.configs:
            row = next(row for row in rows[config] if row.worlds == plan.middle(config))
            tasks.append(limits.profile_steps(row, record, record.folder))
    reserve = 60 * options.minutes * plan.reserve if "run" in wanted else 0.0
    run_all(tasks, programs, clock, reserve, record)
    if "run" in wanted:
        attempt(_last_task(plan, evaluation, clock, record), record)


def _last_task(plan: MeasuringPlan, evaluation, clock: Clock, record: Record) -> MeasuringTask:
    def run():
        training.real_run(plan, evaluation, clock, record, record.folder)

    return MeasuringTask("run", "training with what time is left", (), run)


if __name__ == "__main__":
    code = main(begun=BEGUN)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # programs that are still being compiled must not keep the process
