"""A trained policy as a player of one world, for pictures and for notebooks.

player = Player.load("runs/NAME")
worlds = mm.record(env, key, player)
"""

import jax
import jax.numpy as jnp

from metammo_jax.action import Action
from metammo_jax.lib.narrow import narrow
from metammo_jax.observe import Column

from .policy import Policy, base
from .runs import session


class Player:
    """Chooses for all players of one world, tick after tick, and remembers.

    Call `restart` between two episodes.
    """

    def __init__(self, policy: Policy, params):
        """Makes a player of a policy and its parameters."""
        self.policy, self._act = policy, jax.jit(self._choose)
        self.params = params
        self.restart()

    @classmethod
    def load(cls, run: str) -> "Player":
        """Returns the newest policy of a run as a player; ValueError if it cannot be read."""
        _, policy, params = session.load_policy(run)
        return cls(policy, params)

    def restart(self) -> None:
        """Forgets everything."""
        self._memory, self._resting = None, None

    def __call__(self, obs, key: jax.Array) -> Action:
        """Returns the action of all players, drawn from the policy."""
        if self._memory is None:
            players = base(obs).alive.shape[0]
            self._memory = self.policy.initial(1, players)
            self._resting = jnp.ones(players, bool)
        action, self._memory, self._resting = self._act(
            self.params, key, obs, self._memory, self._resting
        )
        return action

    @narrow
    def _choose(self, params, key, obs, memory, rested):
        """Chooses; memory is emptied of who was dead, or has just come back (is immortal)."""
        seen = base(obs)
        immortal = seen.entities[: seen.alive.shape[0], Column.KIND] < 0
        resting = ~seen.alive | immortal
        fresh = rested | immortal
        batch = jax.tree.map(lambda leaf: leaf[None], obs)
        choice, _, _, memory = self.policy.act(key[None], params, batch, memory, fresh[None])
        choice = jax.tree.map(lambda leaf: leaf[0], choice)
        return self.policy.to_action(choice, obs), memory, resting
