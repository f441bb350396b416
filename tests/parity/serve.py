"""The original as a server of episodes: `python -m tests.parity.serve`, started by `transfer`.

Plays the episodes that it is asked for over its standard input; in every tick it sends the state
over its standard output and gets what players do. docs/parity-setup.md says how to install the
original.
"""

import os
import sys
from types import SimpleNamespace

import numpy as np

from tests.parity import wire
from tests.parity.orders import action_of
from tests.parity.original import DIALS, make_env
from tests.parity.record import WIDTHS, describe, live_materials, numbers, tables
from tests.parity.record_episodes import play


def state(env, died):
    """Returns the arrays of a state."""
    out = {name: np.asarray(value) for name, value in numbers(env).items()}
    for name, rows in tables(env).items():
        width, dtype = (*WIDTHS[name], np.int32)[:2]
        out[name] = np.asarray(rows, dtype).reshape(-1, width)
    return {**out, "live_materials": live_materials(env), "died": np.array(died, np.int32)}


def episode(asked, source, sink):
    """Plays one episode and returns its statistics.

    Args:
      asked: game, config, seed, maps, num_maps, difficulty and overrides, see `make_env`.
      source: file with what players do.
      sink: file for the states.
    """
    asked = SimpleNamespace(**asked, policy="trained")
    given = asked.difficulty, asked.overrides
    env = make_env(asked.game, asked.config, asked.maps, asked.num_maps, *given)
    game, begun = env.game_packs[0], []

    def act(obs, died):
        if not begun:
            first = {"first_materials": live_materials(env)}
            if hasattr(game, "inner_npc_num"):
                first["difficulty"] = np.array(game.inner_npc_num)
            wire.send(sink, "begin", describe(env, asked), first)
            begun.append(True)
        wire.send(sink, "state", arrays=state(env, died))
        word, _, arrays = wire.receive(source)
        if word != "act":
            raise SystemExit(f"the original got {word!r} in the middle of an episode")
        return {agent: action_of(arrays["orders"][agent - 1], obs[agent]) for agent in env.agents}

    result = play(env, asked.seed, act)
    result["params"].update(asked.overrides)
    hard = {"difficulty": getattr(game, DIALS[asked.game])} if asked.game in DIALS else {}
    same = {"game": asked.game, "cfg": asked.config, "policy": "trained", "seed": asked.seed}
    return {**same, **hard, **result}


def main():
    """Serves until standard input ends."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the original prints is no message
    while True:
        try:
            word, asked, _ = wire.receive(source)
        except EOFError:
            return
        if word != "play":
            raise SystemExit(f"the original is asked to {word!r}; it can only play")
        wire.send(sink, "result", episode(asked, source, sink))


if __name__ == "__main__":
    main()
