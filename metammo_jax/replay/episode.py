"""`Replay`: an episode, stored by its key and its actions.

replay = mm.record(env, jax.random.key(0))
replay.save("episode.replay")
replay = mm.Replay.load("episode.replay")
world = replay.at(40)                              # the same bit for bit, on any device
other = replay.fork(40, policy=agent.player)       # what if they had gone on otherwise?
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, overload

import jax
import numpy as np

from metammo_jax.action import Action
from metammo_jax.lib import checks
from metammo_jax.replay import given, stored
from metammo_jax.replay.course import STRIDE, Course, alive_of
from metammo_jax.world import World


class Replay:
    """An episode: its key and actions, with worlds on demand.

    It is also a sequence of its T + 1 worlds, the first as it was at reset: `replay[-1]`,
    `replay[::16]` (a list), `for world in replay`. Worlds are in NumPy arrays.

    Attributes:
      env: the environment, without wrappers.
      key: () key of the episode.
      game: index of the game in `env.games`.
      difficulty: (G,) int32 of each game; None for the lowest.
      actions: Action (T, P) int32 in NumPy; the dead do nothing, and a receiver, price or amount of
        gold is -1 where nothing is given or sold.
      alive: (T, P) bool, who acted in each tick.
      over: the game was over after the last tick; else the episode was cut off.
      course: what plays its worlds again.
      policy: what was recorded of the policy, if that was asked for (`record(outputs=True)`):
        "value" (T, P), and the chances of each direction, "move" (T, P, 5), and of each position of
        `Observation.visible`, "target" (T, P, K + 1), "nobody" last; float16. Else None.
    """

    def __init__(self, env, key: jax.Array, actions: Action, game=0, difficulty=None, policy=None):
        """Plays an episode with given actions, and stores those up to the end of its game.

        Args:
          env: an environment, without batch.
          key: () key of the episode.
          actions: Action (T, P) of integers; rows of the dead are ignored.
          game: name or index of one of `env.games`.
          difficulty: of each game (G,), or one of all; the lowest if None.
          policy: as the attribute.

        Raises:
          ValueError: a batch of worlds or several keys are given, there is no such game or
            difficulty, or actions have a wrong shape or dtype.
        """
        env, key = given.inner_env(env, "Replay"), given.as_one_key(key, "Replay")
        index, levels = given.game_index(env, game), given.difficulties(env, difficulty)
        course = Course(env, key, given.ticks_of(actions, env.cfg), index, levels)
        self._hold(course, *_played(course), policy)

    @classmethod
    def known(
        cls, course: Course, alive: np.ndarray, over: bool, policy=None, digest: str | None = None
    ) -> "Replay":
        """Returns the replay of a `Course` whose end is known.

        Args:
          course: worlds and actions; those of the dead are replaced by nothing.
          alive: (T, P) bool, who acts in each tick.
          over: the game is over after the last.
          policy: as the attribute.
          digest: of the last world, see `digest`; worked out when needed if None.
        """
        replay = cls.__new__(cls)
        replay._hold(course, alive, over, policy, digest)
        return replay

    def _hold(self, course: Course, alive, over, policy, digest=None) -> None:
        action = given.cut(course.action, 0, len(alive))
        course.action = given.effective(action, alive, course.env.cfg)
        self.course, self.alive, self.over, self._digest = course, alive, over, digest
        self.policy = policy and {name: values[: len(alive)] for name, values in policy.items()}
        self.env, self.key, self.actions = course.env, course.key, course.action
        self.game, self.difficulty = int(course.game), course.difficulty

    @property
    def ticks(self) -> int:
        """T, number of ticks."""
        return len(self.alive)

    def at(self, tick: int) -> World:
        """Returns the world after `tick` ticks, 0 .. T.

        Plays `course.STRIDE` ticks at most, once the keyframe before it is known.

        Raises:
          ValueError: there is no such tick.
        """
        tick = checks.whole("tick", tick, 0, self.ticks)
        one = self.course.worlds(tick, tick + 1)
        return jax.tree.map(lambda leaf: leaf.reshape(leaf.shape[1:]), one)

    def worlds(self, start: int = 0, stop: int | None = None) -> World:
        """Returns the worlds at ticks start .. stop - 1 as one World with a leading axis of ticks.

        Args:
          start: first tick, 0 .. T.
          stop: up to T + 1, which is the default.

        Raises:
          ValueError: there are no such ticks.
        """
        start, most = checks.whole("start", start, 0, self.ticks), self.ticks + 1
        stop = most if stop is None else checks.whole("stop", stop, start + 1, most)
        return self.course.worlds(start, stop)

    def fork(
        self, tick: int, actions: Action | None = None, policy=None, ticks: int | None = None
    ) -> "Replay":
        """Returns the episode continued with other actions from a tick, with the same keys.

        Args:
          tick: where it begins to differ, 0 .. T.
          actions: of the ticks from there on, Action (n, P), or (P,) of one tick.
          policy: who acts after those, as in `record`, with an empty memory; None for the recorded
            actions, up to the last that was recorded.
          ticks: most ticks of the whole episode; None for the horizon with a policy, and for as
            many as there are actions without.

        Raises:
          ValueError: there is no such tick, or actions have a wrong shape or dtype.
        """
        tick = checks.whole("tick", tick, 0, self.ticks)
        ticks = None if ticks is None else checks.whole("ticks", ticks, 1)
        parts = [given.cut(self.actions, 0, tick)]
        if actions is not None:
            parts.append(given.ticks_of(actions, self.env.cfg))
        before = given.joined(parts)
        if policy is None:
            rest = given.cut(self.actions, len(before.move), None)
            before = given.joined([before, rest])
        before = given.cut(before, 0, ticks)
        course = Course(self.env, self.key, before, self.course.game, self.difficulty)
        course.share(self.course, tick)
        replay = Replay.known(course, *_played(course))
        if policy is None or replay.over:
            return replay
        from metammo_jax.replay import recording  # which makes replays

        return recording.go_on(replay, policy, ticks)

    @property
    def digest(self) -> str:
        """SHA-256 of the last world: equal for episodes that are equal bit for bit."""
        if self._digest is None:
            self._digest = stored.digest_of(self.at(self.ticks))
        return self._digest

    def verify(self) -> None:
        """Plays the episode again and compares its last world with that of the recording.

        Raises:
          ValueError: it comes out otherwise: the rules, or the made maps, have changed.
        """
        again = Course(self.env, self.key, self.actions, self.course.game, self.difficulty)
        last = Replay.known(again, self.alive, self.over).digest
        if last != self.digest:
            raise ValueError("the episode comes out otherwise: rules or made maps have changed")

    def save(self, path: str | Path) -> Path:
        """Writes the replay to a file, with its custom maps; returns the path."""
        return stored.save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, env=None) -> "Replay":
        """Returns the replay of a file.

        Args:
          path: as `save` wrote it.
          env: its environment, needed if it has games of one's own; made from the file if None.

        Raises:
          ValueError: there is no such file, it is no replay, cut short or damaged; it is of another
            version of the package; or its config or a game is unknown here, or has changed.
        """
        found: dict[str, Any] = stored.load(Path(path), env)
        course = Course(*(found[name] for name in ("env", "key", "action", "game", "difficulty")))
        return cls.known(course, *(found[name] for name in ("alive", "over", "policy", "digest")))

    def __len__(self) -> int:
        return self.ticks + 1

    @overload
    def __getitem__(self, tick: int) -> World: ...
    @overload
    def __getitem__(self, tick: slice) -> list[World]: ...
    def __getitem__(self, tick):
        if isinstance(tick, slice):
            return [self.at(number) for number in range(*tick.indices(len(self)))]
        number = checks.as_int(tick)
        if number is None:
            raise ValueError(f"tick={tick!r} must be an integer or a slice")
        if not -len(self) <= number < len(self):
            raise IndexError(f"tick={tick} is none of {len(self)} worlds")
        return self.at(number % len(self))

    def __iter__(self) -> Iterator[World]:
        return (self.at(tick) for tick in range(len(self)))

    def _repr_html_(self) -> str:
        """Returns the episode as a notebook shows it: a frame to watch it in (`mm.to_html`)."""
        return importlib.import_module("metammo_jax.view.html").notebook_html(self)

    def __repr__(self) -> str:
        ending = "over" if self.over else "cut off"
        return f"Replay({self.env.games[self.game].name}, {self.ticks} ticks, {ending})"


def _played(course: Course) -> tuple[np.ndarray, bool]:
    """Plays a course to the end of its game, or of its actions.

    Returns:
      (T, P) bool, who acted in each tick played; whether the game was over then.
    """
    before = alive_of(course.frame(0))
    alive, ticks, over = [np.zeros((0, len(before)), bool)], 0, False
    while ticks < course.ticks and not over:
        worlds, ends = course.stretch(ticks // STRIDE)
        took = min(STRIDE, course.ticks - ticks)
        over = bool(ends[:took].any())
        took = int(np.argmax(ends)) + 1 if over else took
        after = alive_of(worlds)
        alive += [before[None], after[: took - 1]]
        before, ticks = after[took - 1], ticks + took
    return np.concatenate(alive), over
