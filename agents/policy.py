"""A policy: a network and what it may do; the same code plays a rollout and replays it.

Axes: S ticks, B worlds, P players.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from metammo_jax.action import Action
from metammo_jax.config import Config
from metammo_jax.lib.narrow import narrow
from metammo_jax.observe import Column, Observation
from metammo_jax.vocab import System

from .config import TrainConfig
from .distributions import Choice, Logits, log_prob, masked, sample, to_action
from .encoders import Scales
from .networks import Lean

Memory = Any
"""A pytree of arrays (B, P, ...): what the recurrent core remembers."""


def base(obs) -> Observation:
    """Returns the environment's observation, which a view for another network holds."""
    return getattr(obs, "base", obs)


@dataclasses.dataclass(frozen=True)
class Policy:
    """A network with the rules of what it may choose.

    Attributes:
      network: Flax module, see `agents.networks`.
      legal: obs of one world -> booleans, as `Logits`.
      sees_original: the network is shown `views.OriginalView`; else the environment's own.
      scripted: what agents say is the word of the view's script, not their own.
    """

    network: nn.Module
    legal: Callable[[Any], Logits]
    sees_original: bool = False
    scripted: bool = False

    @narrow
    def init(self, key: jax.Array, obs) -> Any:
        """Returns parameters for observations (B, ...)."""
        return self.network.init(key, jax.tree.map(lambda leaf: leaf[0], self.sight(obs)))

    def sight(self, obs):
        """Returns the part of an observation that the network is shown."""
        return obs if self.sees_original else base(obs)

    @narrow
    def initial(self, worlds: int, players: int) -> Memory:
        """Returns the empty memory of (worlds, players) agents."""
        return self.network.initial((worlds, players))

    @narrow
    def unroll(self, params, obs, memory: Memory, fresh: jax.Array):
        """Plays or replays S ticks.

        Args:
          params: of the network.
          obs: (S, B, ...) observations.
          memory: (B, P, ...) before the first of them.
          fresh: (S, B, P) bool, the agent's episode starts here: its memory is emptied.

        Returns:
          `Logits` (S, B, P, ...), masked; values (S, B, P); memory after the last tick.
        """
        ticks, worlds = fresh.shape[:2]
        flat = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), self.sight(obs))
        inputs, features = jax.vmap(lambda o: self._apply(params, "encode", o))(flat)
        projected: Any = self._apply(params, "project", inputs)
        projected = projected.reshape(ticks, worlds, *projected.shape[1:])

        def tick(memory, step):
            projected, fresh = step
            memory = _emptied(memory, fresh)
            return self._apply(params, "recur", memory, projected)

        hidden: Any
        memory, hidden = jax.lax.scan(tick, memory, (projected, fresh))
        hidden = hidden.reshape(-1, *hidden.shape[2:])
        logits, value = jax.vmap(lambda h, f: self._apply(params, "decide", h, f))(hidden, features)
        logits = masked(logits, jax.vmap(self.legal)(flat))
        logits, value = jax.tree.map(
            lambda leaf: leaf.reshape(ticks, worlds, *leaf.shape[1:]), (logits, value)
        )
        return logits, value, memory

    @narrow
    def act(self, keys, params, obs, memory: Memory, fresh: jax.Array):
        """Chooses for all agents of B worlds.

        Args:
          keys: (B,) keys of the draws, of each world its own.
          params: of the network.
          obs: (B, ...) observations.
          memory: (B, P, ...).
          fresh: (B, P) bool, the agent's episode starts here.

        Returns:
          `Choice` (B, P), its log-probability and the value (B, P) float32, the next memory.
        """
        logits, value, memory = self._one(params, obs, memory, fresh)
        choice: Choice = jax.vmap(sample)(keys, logits)
        return choice, log_prob(logits, choice), value, memory

    @narrow
    def value(self, params, obs, memory: Memory, fresh: jax.Array) -> jax.Array:
        """Returns the value (B, P) float32 of observations (B, ...)."""
        return self._one(params, obs, memory, fresh)[1]

    @narrow
    def to_action(self, choice: Choice, obs) -> Action:
        """Returns the action of one world's players that a choice (P,) means."""
        action = to_action(choice, base(obs))
        return action.replace(token=obs.word) if self.scripted else action

    def _one(self, params, obs, memory, fresh):
        obs, fresh = jax.tree.map(lambda leaf: leaf[None], (obs, fresh))
        logits, value, memory = self.unroll(params, obs, memory, fresh)
        return jax.tree.map(lambda leaf: leaf[0], logits), value[0], memory

    def _apply(self, params, method, *args):
        return self.network.apply(params, *args, method=method)


@narrow
def legal(obs, tokens: int, spare_teammates: bool = True, talk: bool = True) -> Logits:
    """Returns what each player of one world may choose, (P, ...) bool, as `Logits`.

    Args:
      obs: an Observation, or a view that holds one.
      tokens: words of the language.
      spare_teammates: rows of teammates are no targets; who has no other may attack nobody.
      talk: words may be chosen where the mask allows it; else only silence.

    Source: Meta MMO, TeamWrapper, attack mask of teammates (`spare_teammates`).
    """
    obs = base(obs)
    players = obs.visible.shape[0]
    target = obs.masks.target[:, :-1]
    if spare_teammates:
        group = obs.entities[:, Column.GROUP]
        mate = group[obs.visible.astype(jnp.int32)] == group[:players, None]
        target = target & ~mate
    nobody = obs.masks.target[:, -1] | ~target.any(axis=-1)
    words = jnp.broadcast_to((obs.masks.speak & talk)[:, None], (players, tokens))
    masks = obs.masks
    trade = {} if masks.use is None else {name: getattr(masks, name) for name in _TRADE_MASKS}
    if trade:
        trade["price"] = jnp.ones_like(masks.gold)
    return Logits(
        move=masks.move,
        target=jnp.concatenate([target, nobody[:, None]], axis=-1),
        style=masks.style,
        token=jnp.concatenate([jnp.ones((players, 1), bool), words], axis=-1),
        **trade,
    )


_TRADE_MASKS = ("use", "destroy", "give", "give_to", "sell", "buy", "gold", "gold_to")


def make_policy(cfg: TrainConfig, world: Config) -> Policy:
    """Returns the policy that the options ask for, with the sizes of the world's config."""
    prices = world.prices if System.EXCHANGE in world.systems else 0
    if cfg.network == "paper":
        from .networks_paper import Paper

        network = Paper(cfg.corrected, world.tokens, prices)
    else:
        network = Lean(Scales.of(world), world.tokens, cfg.width, prices=prices)

    def allowed(obs):
        return legal(obs, world.tokens, cfg.spare_teammates, cfg.talk)

    paper = cfg.network == "paper"
    return Policy(network, allowed, sees_original=paper, scripted=paper and not cfg.corrected)


def _emptied(memory, fresh):
    return jax.tree.map(lambda leaf: jnp.where(fresh[..., None], 0.0, leaf), memory)
