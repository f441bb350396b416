"""Worlds as slots, one for each player of each world, for the Gymnasium and PyTorch adapters.

Axes: B worlds, P players, N = B * P slots: slot i is player i % P of world i // P.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax.adapters.core import Core
from metammo_jax.adapters.host import Keys
from metammo_jax.flat import Choices
from metammo_jax.lib import threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Node
from metammo_jax.observe import Observation
from metammo_jax.vector import BatchState, vectorize


@struct.dataclass
class Slots(Node):
    """Results of a step of all worlds, slot by slot.

    Attributes:
      view: (N, F) float32, of the new episode after a reset.
      mask: (N, A) bool.
      alive: (N,) bool, the player acts next.
      reward: (N,) float32.
      terminated: (N,) bool.
      truncated: (N,) bool.
      ended: (N,) bool, an episode of a player has ended; not of one that was dead before.
      returns: (N,) float32, sum of rewards of the slot since its last end, this step included.
      length: (N,) int32, likewise its steps.
      winner: (N,) bool.
      done: (B,) bool, the world was reset.
      final: `Observation` (B, ...) before automatic resets.
    """

    view: jax.Array
    mask: jax.Array
    alive: jax.Array
    reward: jax.Array
    terminated: jax.Array
    truncated: jax.Array
    ended: jax.Array
    returns: jax.Array
    length: jax.Array
    winner: jax.Array
    done: jax.Array
    final: Observation


class Batch:
    """B worlds behind flat views, stepped from Python; `mm.vectorize` with its automatic reset.

    Attributes:
      core: the world with flat views.
      worlds: the batch.
      num_slots: N.
    """

    def __init__(self, core: Core, num_worlds: int):
        self.core, self.worlds = core, vectorize(core.env, num_worlds)
        self.num_slots = num_worlds * core.cfg.players
        self._keys, self._state, self._last = Keys(), None, None
        self._begin, self._step = jax.jit(narrow(self._begun)), jax.jit(narrow(self._stepped))
        self._flat = jax.jit(core.layout.observation)

    def reset(self, seed: int | None = None) -> tuple[jax.Array, jax.Array]:
        """Begins an episode in every world.

        Args:
          seed: 0..2**63 - 1; None goes on with the random numbers of before, at first those of a
            seed that the system draws.

        Returns:
          view (N, F) float32 and mask (N, A) bool.

        Raises:
          ValueError: it is no such number.
        """
        self._keys.restart(seed)
        view, self._state, self._last = self._begin(*self._keys.next())
        return view, self._last[0].mask.reshape(self.num_slots, -1)

    def step(self, choice: jax.Array | np.ndarray) -> Slots:
        """Plays a tick with choices (N,) or (N, H) integer.

        Raises:
          ValueError: there was no `reset` before, or they have another shape or dtype.
        """
        key = self._keys.next()
        heads = () if self.core.is_discrete else (len(self.core.heads),)
        if np.shape(choice) != (self.num_slots, *heads):
            raise ValueError(
                f"actions have shape {np.shape(choice)}, it must be {(self.num_slots, *heads)}"
            )
        slots, self._state, self._last = self._step(*key, self._state, self._last, choice)
        return slots

    def final_view(self, slots: Slots) -> jax.Array:
        """Returns (N, F) float32, the views before automatic resets."""
        return self._flat(slots.final).reshape(self.num_slots, -1)

    def _begun(self, key: jax.Array, number: jax.Array):
        obs, state = self.worlds.reset(threefry.fold_in(key, number))
        kept = jnp.zeros(self.num_slots, jnp.float32), jnp.zeros(self.num_slots, jnp.int32)
        view = self.core.layout.observation(obs).reshape(self.num_slots, -1)
        return view, state, (jax.vmap(self.core.choices)(obs), *kept)

    def _stepped(self, key: jax.Array, number: jax.Array, state: BatchState, last, choice):
        choices, returns, length = last
        action = self._acted(choice, choices)
        was_alive = state.world.body.present[:, : self.core.cfg.players].reshape(-1)
        obs, state, reward, terminated, truncated, step_result = self.worlds.step(
            threefry.fold_in(key, number), state, action
        )
        reward, terminated, truncated = (x.reshape(-1) for x in (reward, terminated, truncated))
        returns, length, ended = returns + reward, length + 1, terminated | truncated
        is_reset = jnp.repeat(step_result.done, self.core.cfg.players)
        # The dead end once more with their world, so that memories are reset with it.
        terminated = terminated | (is_reset & ~was_alive)
        choices = jax.vmap(self.core.choices)(obs)
        slots = Slots(
            view=self.core.layout.observation(obs).reshape(self.num_slots, -1),
            mask=choices.mask.reshape(self.num_slots, -1),
            alive=obs.alive.reshape(-1),
            reward=reward,
            terminated=terminated,
            truncated=truncated,
            ended=ended,
            returns=returns,
            length=length,
            winner=step_result.info.winners.reshape(-1),
            done=step_result.done,
            final=step_result.final_observation,
        )
        over = terminated | truncated
        kept = jnp.where(over, 0.0, returns), jnp.where(over, 0, length)
        return slots, state, (choices, *kept)

    def _acted(self, choice: jax.Array, choices: Choices):
        heads = () if self.core.is_discrete else (len(self.core.heads),)
        shape = (self.worlds.num_worlds, self.core.cfg.players, *heads)
        return jax.vmap(self.core.act)(jnp.asarray(choice).reshape(shape), choices)
