"""A trained policy as a callable for one world, for recordings and notebooks.

player = Player.load("runs/NAME")
replay = mm.record(env, key, player)
"""

import jax
import jax.numpy as jnp

from metammo_jax.action import Action
from metammo_jax.lib.narrow import narrow
from metammo_jax.observe import Column

from .policy import Policy, base_observation
from .runs import training_run


class Player:
    """A policy with its memory, called once a tick for all players of one world.

    Call `restart` before each new episode.
    """

    def __init__(self, policy: Policy, params, greedy: bool = False):
        """Makes a player of a policy and its parameters.

        Args:
          policy: that chooses the actions.
          params: of the policy.
          greedy: take the most likely action instead of sampling.
        """
        self._greedy = greedy
        self.policy, self._act = policy, jax.jit(self._choose)
        self._think = jax.jit(self._chances)
        self.params = params
        self.restart()

    @classmethod
    def load(cls, run: str) -> "Player":
        """Returns the newest policy of a run as a player; ValueError if it cannot be read."""
        _, policy, params = training_run.load_policy(run)
        return cls(policy, params)

    def restart(self) -> None:
        """Resets the memory."""
        self._memory, self._resting = None, None

    def __call__(self, key: jax.Array, obs) -> Action:
        """Returns the actions of all players, sampled from the policy."""
        self._wake(obs)
        action, _, self._memory, self._resting = self._act(
            self.params, key, obs, self._memory, self._resting
        )
        return action

    def explain(self, key: jax.Array, obs) -> tuple[Action, dict[str, jax.Array]]:
        """Returns the actions of all players, as a call does, and outputs of the policy.

        Returns:
          the action; and float16 "value" (P,), the value of each player, "move" (P, 5) and
          "target" (P, K + 1), the probabilities of each direction and of each position of
          `Observation.visible`, "nobody" last. Those of dead players are undefined.
        """
        self._wake(obs)
        thoughts = self._think(self.params, obs, self._memory, self._resting)
        action, value, self._memory, self._resting = self._act(
            self.params, key, obs, self._memory, self._resting
        )
        return action, {"value": value.astype(jnp.float16), **thoughts}

    def _wake(self, obs) -> None:
        """Initializes the memory at the start of an episode."""
        if self._memory is None:
            players = base_observation(obs).alive.shape[0]
            self._memory = self.policy.initial(1, players)
            self._resting = jnp.ones(players, bool)

    @narrow
    def _choose(self, params, key, obs, memory, rested):
        """Returns actions, values, memory and resting players; resets memory after a revival."""
        resting, fresh = _rest(obs, rested)
        batch = jax.tree.map(lambda leaf: leaf[None], obs)
        choice, _, value, memory = self.policy.act(
            key[None], params, batch, memory, fresh[None], greedy=self._greedy
        )
        choice = jax.tree.map(lambda leaf: leaf[0], choice)
        return self.policy.to_action(choice, obs), value[0], memory, resting

    @narrow
    def _chances(self, params, obs, memory, rested):
        """Returns the probabilities of directions and targets, from which `_choose` samples."""
        _, fresh = _rest(obs, rested)
        batch = jax.tree.map(lambda leaf: leaf[None, None], obs)
        who = jnp.arange(fresh.shape[0], dtype=jnp.int32)[None]
        logits, _, _ = self.policy.unroll(params, batch, who, memory, fresh[None, None])
        heads = {"move": logits.move, "target": logits.target}
        return {name: jax.nn.softmax(x[0, 0]).astype(jnp.float16) for name, x in heads.items()}


def _rest(obs, rested):
    """Returns two (P,) bool: the player is dead or immortal, and its memory is to be reset."""
    seen = base_observation(obs)
    immortal = seen.entities[: seen.alive.shape[0], Column.KIND] < 0
    return ~seen.alive | immortal, rested | immortal
