"""Episodes of the original under a pilot, several side by side, each in a process of its own."""

import contextlib
import dataclasses
import os
import pathlib
import subprocess

import jax
import numpy as np

from metammo_jax.env import Env
from metammo_jax.world import World
from tests.parity import wire
from tests.parity.live import Scene
from tests.parity.pilot import Pilot

ROOT = pathlib.Path(__file__).parents[2]
PATIENCE = 10.0
"""Seconds that the original has to end when it is no longer asked anything."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the original shall play.

    Attributes:
      game: its name.
      config: "mini" or "full".
      maps: folder of its map files; they are made if there are none.
      num_maps: maps to choose from.
      difficulty: of a game that grows harder; None for its first.
      overrides: settings of the original, by their names.
    """

    game: str
    config: str
    maps: str
    num_maps: int
    difficulty: int | None = None
    overrides: dict = dataclasses.field(default_factory=dict)


class Original:
    """A process in which the original plays one episode after another.

    Attributes:
      result: statistics of the last episode, as `record_episodes` writes them; None while it plays.
    """

    def __init__(self, command: list[str], env: Env):
        """Starts the process.

        Args:
          command: the original's Python, with the module to run.
          env: our worlds.

        Raises:
          ValueError: there is no such program.
        """
        self._env, self._scene, self.result = env, None, None
        try:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
        except OSError as error:
            raise ValueError(f"{command[0]} cannot be started: {error}") from error

    def begin(self, asked: Asked, seed: int) -> World:
        """Begins an episode and returns its first state, with a leading axis of 1.

        Raises:
          ValueError: the original broke down, or plays with other sizes.
        """
        self.seed, self.tick, self.result = seed, 0, None
        self._send("play", {**dataclasses.asdict(asked), "seed": seed})
        _, meta, first = self._receive("begin")
        self._scene = Scene(meta, first, self._env.cfg, self._env)
        self._hear()
        return self.world

    def act(self, action) -> None:
        """Plays a tick: `world`, `died` and `result` are then those after it.

        Args:
          action: (P,) of every player.

        Raises:
          ValueError: the original broke down.
        """
        self._send("act", arrays={"orders": self._scene.orders(action)})
        self.tick += 1

    def hear(self) -> None:
        """Waits for what comes of the last action."""
        self._hear()

    def close(self) -> None:
        """Ends the process."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _hear(self):
        word, self.result, state = self._receive("state", "result")
        if word == "state":
            self.world = self._scene.world(state)
            self.died = np.zeros(self._env.cfg.players, bool)
            self.died[state["died"] - 1] = True

    def _send(self, word, values=None, arrays=None):
        try:
            wire.send(self._process.stdin, word, values, arrays)
        except OSError as error:
            raise self._broke_down() from error

    def _receive(self, *expected):
        try:
            word, values, arrays = wire.receive(self._process.stdout)
        except EOFError as error:
            raise self._broke_down() from error
        if word not in expected:
            raise ValueError(f"the original says {word!r}, it must say {' or '.join(expected)}")
        return word, values, arrays

    def _broke_down(self) -> ValueError:
        self.close()
        status = self._process.returncode
        return ValueError(f"the original broke down, its exit status is {status}: see above")


def play(command: list[str], asked: Asked, seeds: list[int], pilot: Pilot, side_by_side: int):
    """Plays an episode of the original for each seed; yields their statistics as they end.

    Args:
      command: the original's Python, with the module to run.
      asked: what to play.
      seeds: of the episodes.
      pilot: who chooses.
      side_by_side: processes at once.

    Raises:
      ValueError: the original cannot be started, broke down or plays with other sizes.
    """
    waiting = list(seeds)
    with contextlib.ExitStack() as stack:
        players = []
        for _ in range(min(side_by_side, len(waiting))):
            players.append(Original(command, pilot.env))
            stack.callback(players[-1].close)
        for player in players:
            player.begin(asked, waiting.pop(0))
        memory, fresh = pilot.start(len(players))
        while any(player.result is None for player in players):
            memory = _tick(players, pilot, memory, fresh)
            fresh = np.stack([player.died for player in players])
            for place, player in enumerate(players):
                if player.result is not None and player.seed is not None:
                    yield player.result
                    player.seed = None
                    if waiting:
                        player.begin(asked, waiting.pop(0))
                        fresh[place] = True


def _tick(players: list[Original], pilot: Pilot, memory, fresh):
    """Plays a tick of all that still play; returns the next memory."""
    worlds = jax.tree.map(lambda *leaves: np.concatenate(leaves), *[p.world for p in players])
    seeds = np.array([player.seed or 0 for player in players])
    ticks = np.array([player.tick for player in players])
    action, memory = pilot.choose(seeds, ticks, worlds, memory, fresh)
    playing = [place for place, player in enumerate(players) if player.result is None]
    for place in playing:
        players[place].act(jax.tree.map(lambda leaf, place=place: leaf[place], action))
    for place in playing:
        players[place].hear()
    return memory
