"""Sides of a comparison: a trained policy, an untrained one, or random actions."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from metammo_jax.lib import checks, threefry

from ..policy import Policy, base_observation, foe_mask
from ..runs import training_run

UNTRAINED_TAG = 3
"""Tag of the key of untrained parameters: training with the same seed uses another key."""


@dataclasses.dataclass(frozen=True)
class Side:
    """A side of a comparison.

    Attributes:
      name: for printing.
      policy: that chooses the actions; None samples uniformly from the masks, but attacks no
        teammates, as trained policies do not.
      params: of the policy.
      greedy: take the most likely action instead of sampling.
    """

    name: str
    policy: Policy | None = None
    params: Any = None
    greedy: bool = False

    @property
    def chooser(self) -> "Chooser":
        """Static part of the side, which a compiled comparison depends on."""
        return Chooser(self.policy, self.greedy)


RANDOM = Side("random")


def untrained(policy: Policy, env, seed: int = 0) -> Side:
    """Returns a side with the policy's initial parameters.

    It is a second baseline: an untrained network does not choose uniformly.

    Args:
      policy: of the side that it is compared with.
      env: the environment; it is wrapped as the policy needs.
      seed: of the parameters.
    """
    key = threefry.tagged(checks.key_of_seed(seed), UNTRAINED_TAG)
    start_key, param_key = threefry.split(key)
    obs, _ = jax.jit(jax.vmap(training_run.add_original_view(env, policy).reset))(start_key[None])
    return Side("untrained", policy, jax.jit(policy.init)(param_key, obs))


def group_by_chooser(sides: Sequence[Side]) -> tuple[tuple, tuple, list[int]]:
    """Returns sides as `episodes.play_episodes` takes them: parameters stacked by chooser.

    Returns:
      choosers, ((`Chooser`, count), ...); params, for each a pytree with `count` in front, None
      for random choices; the number of each side, counted through all choosers.
    """
    kinds: dict[Chooser, list[int]] = {}
    for index, side in enumerate(sides):
        kinds.setdefault(side.chooser, []).append(index)
    order = [index for indices in kinds.values() for index in indices]
    stacks = [
        jax.tree.map(lambda *leaves: jnp.stack(leaves), *[sides[index].params for index in indices])
        if chooser.policy
        else None
        for chooser, indices in kinds.items()
    ]
    choosers = tuple((chooser, len(indices)) for chooser, indices in kinds.items())
    return choosers, tuple(stacks), [order.index(index) for index in range(len(sides))]


def random_action(env, keys, obs):
    """Returns actions (n, P) sampled uniformly from the masks, attacking no teammate.

    Args:
      env: the environment.
      keys: (n,) keys.
      obs: (n, ...) observations.
    """
    return jax.vmap(env.sample)(keys, jax.vmap(_without_teammates)(obs))


@dataclasses.dataclass(frozen=True)
class Chooser:
    """Static part of a `Side`, which a compiled comparison depends on."""

    policy: Policy | None = None
    greedy: bool = False


def _without_teammates(obs):
    """Returns an observation of one world in which no teammate is a target."""
    seen = base_observation(obs)
    target = foe_mask(seen, jnp.arange(seen.visible.shape[0]))
    spared = seen.replace(masks=seen.masks.replace(target=target))
    return spared if seen is obs else obs.replace(base=spared)
