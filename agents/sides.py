"""Who plays in a comparison: a trained policy, an untrained one, or random choices."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from metammo_jax.lib import checks, threefry

from . import session
from .policy import Policy, base, foes

FRESH = 3
"""Tag of the parameters of an untrained policy: training with the same seed draws from others."""


@dataclasses.dataclass(frozen=True)
class Side:
    """Who plays.

    Attributes:
      name: for printing.
      policy: what chooses; None chooses uniformly from the masks, but attacks no teammates, as
        trained policies do not.
      params: of the policy.
      greedy: a policy does what it thinks best, instead of drawing.
    """

    name: str
    policy: Policy | None = None
    params: Any = None
    greedy: bool = False

    @property
    def chooser(self) -> "Chooser":
        """What a compiled comparison has to know."""
        return Chooser(self.policy, self.greedy)


RANDOM = Side("random")


def untrained(policy: Policy, env, seed: int = 0) -> Side:
    """Returns a policy with the parameters that training begins with, of some seed.

    It is a second thing to compare with: a network that has learnt nothing is not random.

    Args:
      policy: of the side that it is compared with.
      env: worlds; a wrapper that the policy needs is put around it.
      seed: of the parameters.
    """
    key = threefry.tagged(checks.key_of_seed(seed), FRESH)
    start_key, param_key = threefry.split(key)
    obs, _ = jax.jit(jax.vmap(session.show(env, policy).reset))(start_key[None])
    return Side("untrained", policy, jax.jit(policy.init)(param_key, obs))


def choose(env, side: "Chooser", params, keys, memory, obs, fresh, wanted):
    """Chooses for players of n worlds.

    Args:
      env: worlds.
      side: who chooses.
      params: of its policy.
      keys: (n,) keys.
      memory: (n, P, ...) of the policy, or ().
      obs: (n, ...) observations.
      fresh: (n, P) bool, the memory is to be emptied.
      wanted: (n, P) bool, for whom.

    Returns:
      `Action` (n, P), and the memory.
    """
    if side.policy is None:
        return jax.vmap(env.sample)(keys, jax.vmap(_sparing)(obs)), memory
    choice, _, _, memory = side.policy.act(keys, params, obs, memory, fresh, wanted, side.greedy)
    return jax.vmap(side.policy.to_action)(choice, obs), memory


@dataclasses.dataclass(frozen=True)
class Chooser:
    """What a compiled comparison has to know of a side; see `Side`."""

    policy: Policy | None = None
    greedy: bool = False


def _sparing(obs):
    """Returns an observation of one world in which no teammate is a target."""
    seen = base(obs)
    target = foes(seen, jnp.arange(seen.visible.shape[0]))
    spared = seen.replace(masks=seen.masks.replace(target=target))
    return obs.replace(base=spared) if hasattr(obs, "base") else spared
