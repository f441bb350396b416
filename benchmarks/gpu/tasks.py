"""Tasks in order of what matters most: the earliest whose programs are compiled runs next."""

import dataclasses
import time
from collections.abc import Callable

from benchmarks.gpu.programs import Program, Programs

POLL_SECONDS = 0.05

LAST_SECONDS = 40.0
"""Of the time for tasks, kept for those that wait for quiet: some programs never end compiling."""


class Clock:
    """A time limit, and the time that is left.

    Attributes:
      minutes: in all, counted from the start of the process.
    """

    def __init__(self, minutes: float, begun: float | None = None):
        self.minutes = minutes
        self._begun = time.monotonic() if begun is None else begun

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Seconds until the end; negative after it."""
        return 60 * self.minutes - self.passed


@dataclasses.dataclass
class MeasuringTask:
    """Something to measure.

    Attributes:
      part: of the plan.
      name: for messages.
      needs: programs that must be compiled.
      run: measures, and records what it found.
      quiet: wait until nothing is being compiled any more, or the last seconds have begun. What is
        measured while something is compiled may hold kernels that the compiler tries out.
    """

    part: str
    name: str
    needs: tuple[Program, ...]
    run: Callable[[], None]
    quiet: bool = False

    def is_ready(self, programs: Programs, hurry: bool = False) -> bool:
        """Returns whether all it needs is compiled, and nothing compiles if it must be quiet."""
        if self.quiet and not (programs.idle or hurry):
            return False
        return all(program.is_ready for program in self.needs)


def run_all(
    tasks: list[MeasuringTask], programs: Programs, clock: Clock, reserve: float, record
) -> None:
    """Runs tasks until they are done or time is up; a task that fails is recorded.

    Args:
      tasks: in order of importance.
      programs: that they need.
      clock: of the whole command.
      reserve: seconds to leave for what comes after.
      record: `report.Record`.
    """
    waiting = list(tasks)
    while waiting and clock.left > reserve:
        hurry = clock.left - reserve < LAST_SECONDS
        task = next((task for task in waiting if task.is_ready(programs, hurry)), None)
        if task is None:
            time.sleep(POLL_SECONDS)
            continue
        waiting.remove(task)
        attempt(task, record)
    for task in waiting:
        late = [program.name for program in task.needs if not program.is_ready]
        why = f"still compiling: {', '.join(late)}" if late else "no time left"
        record.failure(task.part, task.name, why)


def attempt(task: MeasuringTask, record) -> None:
    """Runs a task; an error is recorded, and nothing else happens."""
    begun = time.monotonic()
    record.say(f"{task.part}: {task.name}")
    try:
        task.run()
    except Exception as error:  # noqa: BLE001 - the next task must run whatever this one met
        record.failure(task.part, task.name, f"{type(error).__name__}: {error}")
    record.say(f"{task.part}: {task.name}: {time.monotonic() - begun:.1f} s")
