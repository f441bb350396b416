"""Worker processes of one machine that share independent work, such as the runs of a sweep."""

import os
import subprocess
from collections.abc import Sequence


def run_workers(commands: Sequence[Sequence[str]]) -> None:
    """Starts a process for each command, each on one core, and waits for them.

    Raises:
      ValueError: processes failed; names them by their index.
    """
    # One core each: two threads on the same core would wait for each other.
    environ = {**os.environ, "NPROC": "1"}
    started = [subprocess.Popen(command, env=environ) for command in commands]
    failed = [number for number, one in enumerate(started) if one.wait()]
    if failed:
        raise ValueError(f"workers {failed} failed; what was finished is kept, call again")
