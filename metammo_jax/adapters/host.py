"""Worlds stepped from Python: keys are counted up from a seed, worlds stay on the device."""

import jax
import numpy as np

from metammo_jax.adapters.core import Core, Outcome, State
from metammo_jax.lib import checks, threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.vocab import Direction


class Keys:
    """The keys of resets and steps, one after the other, from one seed."""

    def __init__(self):
        self._key, self._ticks = None, 0

    def restart(self, seed: int | None) -> None:
        """Restarts with a seed; None continues, at first with a seed from the system.

        Raises:
          ValueError: the seed is no integer in 0..2**63 - 1.
        """
        if seed is not None or self._key is None:
            drawn = int(np.random.default_rng().integers(checks.SEEDS - 1))
            self._key, self._ticks = checks.key_of_seed(drawn if seed is None else seed), 0

    def next(self) -> tuple[jax.Array, np.uint32]:
        """Returns () key and () uint32, to be folded into it where it is used."""
        if self._key is None:
            raise ValueError("call reset() first")
        self._ticks += 1
        return self._key, np.uint32(self._ticks)


class Host:
    """A world, the key of its next step, and its last view.

    Attributes:
      core: the world with flat views.
      state: of the game; None before `reset`.
    """

    def __init__(self, core: Core):
        self.core, self.state = core, None
        self._keys = Keys()
        self._begin, self._step = jax.jit(_begun(core)), jax.jit(_stepped(core))

    def reset(self, seed: int | None = None) -> jax.Array:
        """Begins an episode; returns the view (P, F) float32.

        Args:
          seed: 0..2**63 - 1; None goes on with the random numbers of before, at first those of a
            seed that the system draws.

        Raises:
          ValueError: it is no such number.
        """
        self._keys.restart(seed)
        view, self.state = self._begin(*self._keys.next())
        return view

    def step(self, choice: jax.Array | np.ndarray) -> Outcome:
        """Plays a tick with choices (P,) or (P, H) int32, without automatic reset.

        Raises:
          ValueError: there was no `reset` before.
        """
        out = self._step(*self._keys.next(), self.state, choice)
        self.state = out.state
        return out


def _begun(core: Core):
    @narrow
    def begin(key: jax.Array, number: jax.Array) -> tuple[jax.Array, State]:
        return core.begin(threefry.fold_in(key, number))

    return begin


def _stepped(core: Core):
    @narrow
    def step(key: jax.Array, number: jax.Array, state: State, choice: jax.Array) -> Outcome:
        return core.step(threefry.fold_in(key, number), state, choice)

    return step


def nothing_chosen(core: Core) -> np.ndarray:
    """Returns no-op choices (P,) or (P, H) int32."""
    stay = int(Direction.STAY)
    quiet = {"move": stay, "move_attack": stay, "style": 0, "token": 0, "price": 0, "gold": 0}
    row = [quiet.get(name, size - 1) for name, size in core.heads.items()]
    choice = np.tile(np.asarray(row, np.int32), (core.cfg.players, 1))
    return choice[:, 0] if core.is_discrete else choice


def split_mask(core: Core, mask: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns a mask (A,) head by head."""
    ends = np.cumsum(list(core.heads.values()))[:-1]
    return tuple(np.split(mask, ends))
