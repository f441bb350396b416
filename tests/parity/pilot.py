"""A trained policy at the helm: of our worlds, and of the original's as they come."""

import jax
import numpy as np

from agents.policy import Policy
from agents.runs import training_run
from metammo_jax.action import Action
from metammo_jax.env import Env
from metammo_jax.world import World
from tests.parity.rollout import STRIDE, Played, Rollout, Start


class Pilot:
    """Chooses for all players of B worlds, and remembers; the same in both games.

    Attributes:
      env: our worlds.
      params: of the policy.
    """

    def __init__(self, policy: Policy, params, env: Env, greedy: bool = False):
        """Makes a pilot.

        Args:
          policy: what chooses.
          params: of the policy.
          env: our worlds, of the sizes of the policy's.
          greedy: take what is most likely, instead of drawing.
        """
        self.env, self.params, self._greedy = env, params, greedy
        self._policy, self._shown = policy, training_run.add_original_view(env, policy)
        self._choose = jax.jit(self._chosen)

    @classmethod
    def load(cls, run: str, env: Env, greedy: bool = False) -> "Pilot":
        """Returns the newest policy of a run as a pilot; ValueError if it cannot be read."""
        _, policy, params = training_run.load_policy(run)
        return cls(policy, params, env, greedy)

    def start(self, worlds: int) -> tuple:
        """Returns an empty memory and (B, P) bool, whose memory is to be emptied: all."""
        players = self.env.cfg.players
        memory = jax.tree.map(np.asarray, self._policy.initial(worlds, players))
        return memory, np.ones((worlds, players), bool)

    def act(self, params, keys: jax.Array, world: World, memory, fresh) -> tuple[Action, tuple]:
        """Chooses in B worlds.

        Args:
          params: of the policy.
          keys: (B,) keys.
          world: (B, ...) states.
          memory: (B, P, ...).
          fresh: (B, P) bool, the player's life starts here.

        Returns:
          actions (B, P), and the next memory.
        """
        obs = jax.vmap(self._shown.observe)(world)
        choice, _, _, memory = self._policy.act(
            keys, params, obs, memory, fresh, greedy=self._greedy
        )
        return jax.vmap(self._policy.to_action)(choice, obs), memory

    def choose(self, seeds: np.ndarray, ticks: np.ndarray, world: World, memory, fresh) -> tuple:
        """Chooses in the original's worlds: `act`, compiled, with keys by seed and tick.

        Args:
          seeds: (B,) of the episodes.
          ticks: (B,).
          world: (B, ...) states, in numpy.
          memory: (B, P, ...).
          fresh: (B, P) bool.

        Returns:
          actions (B, P) and the next memory, in numpy.
        """
        chosen = self._choose(self.params, seeds, ticks, world, memory, fresh)
        return jax.tree.map(np.asarray, chosen)

    def _chosen(self, params, seeds, ticks, world, memory, fresh):
        keys = jax.vmap(lambda seed, tick: jax.random.fold_in(jax.random.key(seed), tick))
        return self.act(params, keys(seeds, ticks), world, memory, fresh)


class PilotRollout(Rollout):
    """Whole episodes of ours under a pilot, see `Rollout`."""

    def __init__(self, pilot: Pilot, original_order: bool):
        super().__init__(pilot.env, "", original_order)
        self._pilot, self._memory = pilot, ()
        self._stride = jax.jit(self._strode_together)
        self._go_on = self._gone_on

    def begin(self, seed: int, starts: list[Start]) -> Played:
        """Begins episodes side by side."""
        self._memory = self._pilot.start(len(starts))
        return super().begin(seed, starts)

    def _gone_on(self, keys: jax.Array, played: Played) -> tuple[Played, dict]:
        pilot = self._pilot
        played, self._memory, seen = self._stride(pilot.params, keys, played, *self._memory)
        return played, seen

    def _strode_together(self, params, keys: jax.Array, played: Played, memory, fresh):
        """Plays STRIDE ticks of all episodes; returns them, the memory, and looks (B, STRIDE)."""
        players = self.env.cfg.players

        def one(stage, keys):
            played, memory, fresh = stage
            act_keys, keys = jax.vmap(jax.random.split, out_axes=1)(keys)
            action, memory = self._pilot.act(params, act_keys, played.world, memory, fresh)
            played = jax.vmap(self._acted)(keys, played, action)
            fresh = played.world.body.died[:, :players]
            return (played, memory, fresh), jax.vmap(self._look)(played)

        keys = jax.vmap(lambda key: jax.random.split(key, STRIDE), out_axes=1)(keys)
        stage, seen = jax.lax.scan(one, (played, memory, fresh), keys)
        return stage[0], stage[1:], jax.tree.map(lambda leaf: leaf.swapaxes(0, 1), seen)
