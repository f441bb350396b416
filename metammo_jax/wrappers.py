"""Wrappers: environments that change rewards or observations of an inner environment.

A wrapper forwards what it does not change, so it can stand wherever an environment does: in
`vectorize`, in another wrapper, in training.
"""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import inventory, spaces
from metammo_jax.action import Action
from metammo_jax.config import Config
from metammo_jax.env import Info
from metammo_jax.environment import Environment
from metammo_jax.games.table import Table
from metammo_jax.lib import exact, instance_cache
from metammo_jax.lib.narrow import narrow
from metammo_jax.world import World

LOSS_REWARD = -1.0
"""What players get that still act when somebody else wins, or nobody does."""

SHAPING = 0.1
"""Factor on all shaping of the reward."""

HEALTH_REWARD = 0.03
"""Worth of a point of health gained, before `SHAPING`."""

EXP_REWARD = 0.002
"""Worth of a point of experience gained in one's best skill."""

DEFENSE_REWARD = 0.04
"""Worth, each tick, of wearing what keeps off 15 points in every style."""

GOLD_REWARD = 0.001
"""Worth of a piece of gold gained."""


class Wrapper:
    """Base of wrappers: forwards all calls and attributes to the inner environment.

    Attributes:
      inner: the environment, or another wrapper.
    """

    if TYPE_CHECKING:  # forwarded by `__getattr__`
        cfg: Config
        games: tuple
        table: Table
        truncates: bool
        action_space: spaces.Tree

        def observe(self, world: World) -> Any:
            """Forwards `Env.observe`."""

        def sample(self, key: jax.Array, obs: Any) -> Action:
            """Forwards `Env.sample`."""
            ...

        def noop(self) -> Action:
            """Forwards `Env.noop`."""
            ...

    def __init__(self, inner: Environment):
        self.inner = inner
        instance_cache.bind_methods(self, "reset", "step")

    def __getstate__(self) -> dict:
        own = vars(self).items()
        return {name: value for name, value in own if name not in ("reset", "step")}

    def __getattr__(self, name):
        if name.startswith("__") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    @property
    def observation_space(self) -> spaces.Tree:
        """Space of the observations that this wrapper's `reset` gives."""
        return spaces.observation_space(self)

    def reset(self, key: jax.Array, game=None, difficulty=None, choices=None):
        """Forwards `Env.reset`."""
        given = () if choices is None else (choices,)
        return self.inner.reset(key, game, difficulty, *given)

    def step(self, key: jax.Array, world: World, action, priority=None):
        """Forwards `Env.step`."""
        return self.inner.step(key, world, action, priority)


@struct.dataclass
class ShapedInfo(Info):
    """`Info`, and the reward by each shaping term in this step.

    Attributes:
      shaping: name of the term to (P,) float32, part of the reward: "health" and, in the full game,
        "experience", "gold" and "defense".
    """

    shaping: dict[str, jax.Array]


class PaperReward(Wrapper):
    """The reward that Meta MMO's agents are trained with: winning, losing, and health.

    When the game is over, a winner gets the game's score and everybody else -1, instead of the
    reward of that tick; all end. Before that, health gained counts 0.003 a point for players
    that go on, on top of the game's own reward. It keeps nothing between steps: what a player
    had is read from the world before the step, so a revived player starts from full health. In the
    full game gold, experience and what one wears count too.

    Source: docs/rules/training.md#reward; Meta MMO, RewardWrapper.
    Differs: the end of a game terminates winners too, which the original truncates, as if they
    could have gone on; the tick after a resurrection pays nothing for the health it brought.

    Attributes:
      truncates: False, the horizon terminates as any other end of the game does.
    """

    truncates = False

    @narrow
    def step(self, key: jax.Array, world: World, action, priority=None):
        """Plays one tick and replaces the reward.

        Args:
          key: () key.
          world: state before; reads body.present, body.health, body.gold and skill of players.
          action: of all players.
          priority: order of turns, see `Env.step`.

        Returns:
          Like `Env.step`: reward (P,) float32 of those who acted, 0 for others; terminated
          (P,) bool, True for all when the game is over; truncated (P,) bool, False then; info is
          `ShapedInfo`.
        """
        obs, after, reward, terminated, truncated, info = self.inner.step(
            key, world, action, priority
        )
        players = reward.shape[0]
        acted = world.body.present[:players]
        bonus = _bonus(world, after, players)
        goes_on = ~(terminated | truncated)
        reward = jnp.where(goes_on, reward + SHAPING * sum(bonus.values()), reward)
        ending = jnp.where(info.winners, info.score, LOSS_REWARD)
        reward = jnp.where(acted, jnp.where(info.over, ending, reward), 0.0)
        paid = acted & goes_on & ~info.over
        shaping = {name: jnp.where(paid, SHAPING * part, 0.0) for name, part in bonus.items()}
        info = ShapedInfo(**vars(info), shaping=shaping)
        return obs, after, reward, terminated | info.over, truncated & ~info.over, info


def _bonus(before: World, after: World, players: int) -> dict[str, jax.Array]:
    """Returns shaping terms (P,) float32 by name, before the factor `SHAPING`."""
    health = (after.body.health - before.body.health)[:players].astype(jnp.float32)
    bonus = {"health": HEALTH_REWARD * health}
    if after.has_skills:
        best = after.skill.exp.max(1) - before.skill.exp.max(1)
        bonus["experience"] = EXP_REWARD * best.astype(jnp.float32)
    if after.has_items:
        gold = (after.body.gold - before.body.gold)[:players].astype(jnp.float32)
        worn = inventory.defense_bonus(after.bag).astype(jnp.float32)
        bonus["gold"], bonus["defense"] = (
            GOLD_REWARD * gold,
            exact.divide(DEFENSE_REWARD * worn, 15.0),
        )
    return bonus
