"""A policy: a network with action masks; the same code acts in a rollout and recomputes it.

Axes: S ticks, B worlds, P players.
"""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from metammo_jax import action_heads
from metammo_jax.action import Action
from metammo_jax.action_heads import Entry, Head
from metammo_jax.config import Config
from metammo_jax.lib import backend, threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.observe import Column, Observation

from .config import TrainConfig
from .networks import packing
from .networks.distributions import (
    Choice,
    Logits,
    argmax_choice,
    log_prob,
    mask_logits,
    sample,
    to_action,
)
from .networks.encoders import Scales
from .networks.lean import Lean

Memory = Any
"""A pytree of arrays (B, P, ...): the state of the recurrent core."""


def base_observation(obs) -> Observation:
    """Returns the environment's observation, also from a view for another network."""
    return obs if isinstance(obs, Observation) else obs.base


@dataclasses.dataclass(frozen=True)
class Policy:
    """A network with its action masks.

    Attributes:
      network: Flax module, see `agents.networks.lean`.
      legal: (obs, who) of players of one world -> booleans, as `Logits`.
      draws: random numbers to sample a player's choice, see `distributions.sample`.
      tokens: number of words in the vocabulary.
      sees_original: the network's input is `views.OriginalView`; else the environment's own.
      scripted: agents send the word of the view's script, not the network's.
      matmul_precision: as of `TrainConfig`.
    """

    network: nn.Module
    legal: Callable[[Any, jax.Array], Logits]
    draws: int
    tokens: int
    sees_original: bool = False
    scripted: bool = False
    matmul_precision: str = "float32"

    @narrow
    def init(self, key: jax.Array, obs) -> Any:
        """Returns parameters for observations (B, ...)."""
        one = jax.tree.map(lambda leaf: leaf[0], self.network_observation(obs))
        return self.network.init(key, one, jnp.arange(base_observation(obs).alive.shape[1]))

    def network_observation(self, obs):
        """Returns the network's input, a part of the observation."""
        return obs if self.sees_original else base_observation(obs)

    @narrow
    def initial(self, worlds: int, players: int) -> Memory:
        """Returns the initial memory of (worlds, players) agents."""
        return self.network.initial((worlds, players))

    @narrow
    def unroll(self, params, obs, who: jax.Array, memory: Memory, fresh: jax.Array):
        """Returns the network's outputs for S ticks of A players of each of C worlds.

        Args:
          params: of the network.
          obs: (S, C, ...) observations, whose players are those A.
          who: (C, A) int32, their rows in the world.
          memory: (C, A, ...) before the first of them.
          fresh: (S, C, A) bool, the agent's episode starts with this tick: its memory is reset.

        Returns:
          `Logits` (S, C, A, ...), masked; values (S, C, A); memory after the last tick.
        """
        ticks, worlds = fresh.shape[:2]
        flat = jax.tree.map(
            lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), self.network_observation(obs)
        )
        rows = jnp.broadcast_to(who, (ticks, *who.shape)).reshape(-1, who.shape[1])
        encode = jax.vmap(lambda obs, who: self._apply(params, "encode", obs, who))
        inputs, features = encode(flat, rows)
        projected: Any = self._apply(params, "project", inputs)
        projected = projected.reshape(ticks, worlds, *projected.shape[1:])

        def tick(memory, step):
            projected, fresh = step
            return self._apply(params, "recur", reset_memory(memory, fresh), projected)

        hidden: Any
        at_once = ticks if backend.platform() != "cpu" and self._is_cheap() else 1
        memory, hidden = jax.lax.scan(tick, memory, (projected, fresh), unroll=at_once)
        hidden = hidden.reshape(-1, *hidden.shape[2:])
        logits, value = jax.vmap(lambda h, f: self._apply(params, "decide", h, f))(hidden, features)
        logits = mask_logits(logits, jax.vmap(self.legal)(flat, rows))
        logits, value = jax.tree.map(
            lambda leaf: leaf.reshape(ticks, worlds, *leaf.shape[1:]), (logits, value)
        )
        return logits, value, memory

    @narrow
    def act(self, keys, params, obs, memory: Memory, fresh: jax.Array, wanted=None, greedy=False):
        """Returns sampled choices of agents of B worlds, their log-probability, value and memory.

        Args:
          keys: (B,) keys, one for each world.
          params: of the network.
          obs: (B, ...) observations.
          memory: (B, P, ...).
          fresh: (B, P) bool, the agent's episode starts with this tick.
          wanted: (B, P) bool, which agents act; None for all that are alive. Nothing is computed
            for the others: their choice is a no-op, and their memory does not change.
          greedy: bool, take the most likely choice instead of sampling.

        Returns:
          `Choice` (B, P), its log-probability and the value (B, P) float32, the next memory.
        """
        wanted = base_observation(obs).alive if wanted is None else wanted
        players = wanted.shape[1]
        points = jax.vmap(lambda key: threefry.uniform(key, (players, self.draws)))(keys)
        most = base_observation(obs).visible.shape[-1]
        idle = (noop_choice(obs), jnp.zeros(wanted.shape), jnp.zeros(wanted.shape))

        def choose(done, blocks, bound):
            seen, before, new, point = packing.gather((obs, memory, fresh, points), blocks, players)
            who = packing.player_rows(blocks, players)
            logits, value, after = self._single_tick(params, seen, who, before, new, bound)
            choice = argmax_choice(logits) if greedy else sample(point, logits)
            log_probs = log_prob(logits, choice)
            return packing.scatter(
                done, blocks, (lengthen_choice(choice, bound, most), log_probs, value, after)
            )

        # The memory is reset here too, for fresh agents that do not act.
        start = (*idle, reset_memory(memory, fresh))
        return self._for_all(choose, start, obs, wanted, by_crowd=True)

    @narrow
    def value(self, params, obs, memory: Memory, fresh: jax.Array, wanted=None) -> jax.Array:
        """Returns values (B, P) float32 of observations, 0 for agents not `wanted`; see `act`."""
        wanted = base_observation(obs).alive if wanted is None else wanted
        players = wanted.shape[1]

        def judge(done, blocks, bound):
            seen, before, new = packing.gather((obs, memory, fresh), blocks, players)
            who = packing.player_rows(blocks, players)
            value = self._single_tick(params, seen, who, before, new, bound)[1]
            return packing.scatter(done, blocks, value)

        return self._for_all(judge, jnp.zeros(wanted.shape), obs, wanted, by_crowd=False)

    @narrow
    def to_action(self, choice: Choice, obs) -> Action:
        """Returns the `Action` of a choice (P,) of one world's players."""
        action = to_action(choice, base_observation(obs), self.tokens)
        return action.replace(token=obs.word) if self.scripted else action

    def _for_all(self, work, state, obs, wanted, by_crowd: bool):
        """Folds a function over the wanted agents in packed blocks, see `packing.fold_blocks`."""
        players, most = base_observation(obs).visible.shape[1:]
        blocks, seen = packing.pack(wanted), None
        if by_crowd:
            crowd = (base_observation(obs).visible >= 0).sum(axis=-1, dtype=jnp.int32)
            seen = packing.block_crowd(crowd, blocks, players)
        at_once = packing.blocks_at_a_time(len(wanted), players, 1)
        return packing.fold_blocks(work, state, blocks, at_once, most, seen)

    def _single_tick(self, params, obs, who, memory, fresh, bound):
        """Returns `unroll` of a single tick of C blocks."""
        obs, fresh = jax.tree.map(lambda leaf: leaf[None], (shorten_lists(obs, bound), fresh))
        logits, value, memory = self.unroll(params, obs, who, memory, fresh)
        return jax.tree.map(lambda leaf: leaf[0], logits), value[0], memory

    def _is_cheap(self) -> bool:
        """Returns whether ticks of the core are unrolled into one kernel on accelerators."""
        return getattr(self.network, "ELEMENTWISE", False)

    def _apply(self, params, method, *args):
        precision = "BF16_BF16_F32" if self.matmul_precision == "bfloat16" else None
        with jax.default_matmul_precision(precision) if precision else contextlib.nullcontext():
            return self.network.apply(params, *args, method=method)


def shorten_lists(obs, bound: int):
    """Returns observations with lists of entities in sight shortened to `bound` entries.

    Nothing is lost if no agent sees more.
    """
    if not isinstance(obs, Observation):
        return obs.replace(base=shorten_lists(obs.base, bound), entity=obs.entity[..., :bound, :])
    if bound >= obs.visible.shape[-1]:
        return obs

    def short(mask):
        return jnp.concatenate([mask[..., :bound], mask[..., -1:]], axis=-1)

    names = [name for name in IN_SIGHT_HEADS if getattr(obs.masks, name) is not None]
    masks = obs.masks.replace(**{name: short(getattr(obs.masks, name)) for name in names})
    return obs.replace(visible=obs.visible[..., :bound], masks=masks)


IN_SIGHT_HEADS = action_heads.names(*action_heads.IN_SIGHT)
"""Heads that choose an entity in sight; their last entry is "nobody"."""


def lengthen_choice(choice: Choice, bound: int, most: int) -> Choice:
    """Returns choices from lists of `bound` in sight as choices from lists of `most`."""
    return _renamed(choice, lambda entry: jnp.where(entry == bound, most, entry))


def shorten_choice(choice: Choice, bound: int) -> Choice:
    """Returns choices from longer lists as choices from lists of `bound` in sight."""
    return _renamed(choice, lambda entry: jnp.minimum(entry, bound))


def _renamed(choice, rename):
    names = [name for name in IN_SIGHT_HEADS if getattr(choice, name) is not None]
    return choice.replace(**{name: rename(getattr(choice, name)) for name in names})


def noop_choice(obs) -> Choice:
    """Returns the no-op choice (B, P) for observations (B, ...)."""
    obs = base_observation(obs)
    zero, masks = jnp.zeros(obs.alive.shape, jnp.int32), obs.masks

    def entry(head: Head) -> jax.Array:
        if head.mask and head.entry in action_heads.HAS_NOTHING:
            return zero + (getattr(masks, head.mask).shape[-1] - 1)
        return zero + head.noop if head.entry is Entry.DIRECTION else zero

    return Choice(**{head.name: entry(head) for head in _heads(obs)})


def _heads(obs: Observation) -> tuple[Head, ...]:
    """Returns the action heads of the game of an observation."""
    has_items = obs.listing is not None
    return tuple(head for head in action_heads.HEADS if has_items or not head.needs_items)


@narrow
def legal_choices(
    obs,
    who: jax.Array,
    tokens: int,
    spare_teammates: bool = True,
    talk: bool = True,
    spelled: bool = False,
) -> Logits:
    """Returns the masks of all heads for players of one world, (P, ...) bool, as `Logits`.

    Args:
      obs: an Observation, or a view that holds one.
      who: (P,) int32, rows of the players in the world.
      tokens: number of words in the vocabulary.
      spare_teammates: mask teammates out of the attack targets.
      talk: words are allowed as by the observation's mask; else only silence.
      spelled: words are encoded in bits, see `Logits.spelling`.

    Source: docs/rules/training.md#team-wrapper, attack mask of teammates.
    """
    obs = base_observation(obs)
    players = obs.visible.shape[0]
    target = foe_mask(obs, who) if spare_teammates else obs.masks.target
    masks, speak = obs.masks, (obs.masks.speak & talk)[:, None]
    if spelled:
        words = {"spelling": jnp.broadcast_to(speak, (players, tokens.bit_length()))}
    else:
        silence = jnp.ones((players, 1), bool)
        speech = jnp.broadcast_to(speak, (players, tokens))
        words = {"token": jnp.concatenate([silence, speech], axis=-1)}
    allowed = {
        head.name: getattr(masks, head.mask) if head.mask else jnp.ones_like(masks.gold)
        for head in _heads(obs)
        if head.entry is not Entry.WORD
    }
    return Logits(**{**allowed, **words, "target": target})


def foe_mask(obs: Observation, who: jax.Array) -> jax.Array:
    """Returns the mask of targets (P, K + 1) bool without teammates.

    "Nobody" is allowed if there is no other target.

    Args:
      obs: of one world.
      who: (P,) int32, rows of the players in the world.
    """
    group = obs.entities[:, Column.GROUP]
    mate = group[obs.visible.astype(jnp.int32)] == group[who][:, None]
    target = obs.masks.target[:, :-1] & ~mate
    nobody = obs.masks.target[:, -1] | ~target.any(axis=-1)
    return jnp.concatenate([target, nobody[:, None]], axis=-1)


def make_policy(cfg: TrainConfig, world: Config, network: nn.Module | None = None) -> Policy:
    """Returns the policy of a run's options for a world's config.

    Args:
      cfg: options.
      world: sizes.
      network: the custom network where `cfg.network` is "own"; see `agents.networks.lean`.

    Raises:
      ValueError: a custom network is asked for and not given, or lacks a method.
    """
    prices = world.prices if world.has_exchange else 0
    paper = cfg.network == "paper"
    if cfg.network == "own":
        network = _check_network(network)
    elif paper:
        from .networks.paper import Paper

        network = Paper(cfg.corrected, world.tokens, prices)
    else:
        network = Lean(Scales.of(world), cfg.width, prices=prices)
    spelled = getattr(network, "SPELLED", True)

    def allowed(obs, who):
        return legal_choices(obs, who, world.tokens, cfg.spare_teammates, cfg.talk, spelled)

    heads = [head for head in action_heads.HEADS if prices or not head.needs_items]
    draws = len(heads) - 1 + (world.tokens.bit_length() if spelled else 1)
    scripted = paper and not cfg.corrected
    return Policy(
        network,
        allowed,
        draws,
        world.tokens,
        sees_original=paper,
        scripted=scripted,
        matmul_precision=cfg.matmul_precision,
    )


PARTS_OF_A_NETWORK = ("encode", "project", "recur", "decide", "initial", "HEADS")
"""Methods and attributes that a network must have."""


def _check_network(network) -> nn.Module:
    if network is None:
        raise ValueError("the network is custom: pass it, as in train(cfg, network=...)")
    lacks = [name for name in PARTS_OF_A_NETWORK if not hasattr(network, name)]
    if lacks or not isinstance(network, nn.Module):
        raise ValueError(
            f"network={type(network).__name__} must be a flax.linen.Module with "
            f"{', '.join(PARTS_OF_A_NETWORK)}; it lacks {', '.join(lacks) or 'being one'}"
        )
    return network


def reset_memory(memory: Memory, fresh: jax.Array) -> Memory:
    """Returns the memory (..., features) of agents, zeros where `fresh` (...) is set."""
    return jax.tree.map(lambda leaf: jnp.where(fresh[..., None], 0.0, leaf), memory)
