"""Stands for the original: `python -m tests.parity.replay TRACE`, for tests of `transfer`.

Speaks as `tests.parity.serve` does, but plays nothing: it sends the recorded states of a trace,
whatever players do, and tells at the end what they did.
"""

import os
import sys

import numpy as np

from tests.parity import trace as recorded
from tests.parity import wire
from tests.parity.live import NUMBERS, TABLES


def first(trace):
    """Returns the arrays with which an episode begins."""
    names = ("first_materials", "difficulty")
    return {name: trace.data[name] for name in names if name in trace.data}


def state(trace, t):
    """Returns the arrays of state t, as `serve` sends them."""
    wave_tick, wave = recorded.waves(trace)
    worked_out = {
        "spawned": recorded.spawned(trace)[t],
        "wave_tick": wave_tick[t],
        "wave": wave[t],
        "task_memory": recorded.task_memory(trace)[t],
    }
    out = {name: trace.data[name][t] for name in NUMBERS if name not in worked_out}
    out |= {name: np.asarray(value) for name, value in worked_out.items()}
    out |= {name: trace.rows(name, t) for name in TABLES}
    died = np.flatnonzero(trace.data["outcomes"][t - 1, :, 2]) if t else []
    return out | {"live_materials": recorded.materials(trace)[t], "died": np.array(died, int) + 1}


def main():
    """Serves until standard input ends; ends with status 3 if asked for seed 13."""
    trace = recorded.load(sys.argv[1])
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    while True:
        try:
            _, asked, _ = wire.receive(source)
        except EOFError:
            return
        if asked["seed"] == 13:
            sys.exit(3)
        wire.send(sink, "begin", trace.meta, first(trace))
        heard = []
        for t in range(len(trace)):
            wire.send(sink, "state", arrays=state(trace, t))
            heard.append(wire.receive(source)[2]["orders"].tolist())
        wire.send(sink, "result", {"seed": asked["seed"], "orders": heard})


if __name__ == "__main__":
    main()
