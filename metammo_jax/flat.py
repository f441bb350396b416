"""Flat views: one vector of numbers a player to see, and one vector of choices to act with.

For networks and programs that take nothing else. `FlatLayout` says what is where:

layout = mm.FlatLayout(env)
layout.columns["own.health"]   # slice(3, 4), columns of flat_observation(obs, env)
layout.heads                   # {"move": 5, "style": 3, "target": 9, "token": 128}

choice = mm.flat_sample(key, mm.flat_mask(obs, env), env)
action = mm.flat_action(choice, obs, env)

All functions also take observations with a leading axis, as batches give them.
"""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import action_heads, flat_columns
from metammo_jax.action import Action, Lists, decode, noop
from metammo_jax.action_heads import IN_SIGHT, Entry, Head
from metammo_jax.config import Config
from metammo_jax.lib import checks
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.observe import Observation
from metammo_jax.vocab import NOBODY


@struct.dataclass
class Choices(Node):
    """Masks of flat actions, and the lists that their numbers index, of one observation.

    Attributes:
      mask: (P, sum of heads) bool, the heads side by side; each allows something.
      rows: (P, n) int32, entity rows that the heads about others choose from, -1 for none.
      listing: (P, L) int32, listings as `Action.buy` calls them; None in the mini game.
    """

    mask: jax.Array
    rows: jax.Array
    listing: Maybe = None


@dataclasses.dataclass(frozen=True)
class FlatLayout:
    """Layout of flat observations and actions: columns and heads by name.

    Columns, by name of the block: "own" about oneself, the task and the time; "heard", words of
    teammates at any distance; "entities", the nearest others, those who are no teammates first; in
    the full game "bag", slot by slot, and "market", listings, those that one can pay first;
    "window", the map around, plane by plane, last. All values are within -1..1; zeros for the dead.

    Heads, in the order of `Action`: "move", "style", "target" (the nearest others as observed, the
    last choice is nobody), "token" (0 is silence); in the full game "use", "destroy", "give",
    "give_to", "sell", "price", "buy", "gold", "gold_to", the last choice of each but price and
    gold, which count from 1 gold on, is nothing. Heads of systems that are not compiled are left
    out.

    Attributes:
      cfg: sizes; an environment may be given, whose they are.
      window: the map is observed.
      entities: n, how many others are observed and can be chosen; at most `cfg.visible_rows`.
      listings: L, how many listings (full game); at most `cfg.market_rows`.

    Raises:
      ValueError: at construction, a number is not allowed.
    """

    cfg: Config
    window: bool = True
    entities: int = 8
    listings: int = 8

    def __post_init__(self):
        cfg = getattr(self.cfg, "cfg", self.cfg)
        if not isinstance(cfg, Config):
            raise ValueError(f"env_or_cfg={self.cfg!r} must be an environment or a Config")
        if not isinstance(self.window, bool):
            raise ValueError(f"window={self.window!r} must be True or False")
        most = max(1, min(cfg.visible_rows, cfg.entities - 1))
        for name, limit in (("entities", most), ("listings", cfg.market_rows)):
            least = checks.whole(name, getattr(self, name), 1)
            object.__setattr__(self, name, min(least, limit))
        object.__setattr__(self, "cfg", cfg)

    @functools.cached_property
    def heads(self) -> dict[str, int]:
        """Number of choices of each action head, by name."""
        return {
            head.name: head.size(self.cfg, self.entities, self.listings)
            for head in action_heads.enabled(self.cfg)
        }

    @functools.cached_property
    def mask_columns(self) -> dict[str, slice]:
        """Columns of the concatenated mask, by name of the head."""
        return _slices(self.heads)

    @functools.cached_property
    def columns(self) -> dict[str, slice]:
        """Columns of an observation by name.

        Of whole blocks ("own", "entities", "window"), of one thing of a block ("entities.0"), and
        of one of its columns ("own.health", "entities.0.offset", "window.fog").
        """
        shapes: dict[str, dict[str, tuple[int, ...]]] = {}

        def note(obs):  # in their own order, which a pytree would not keep
            for block, parts in self._blocks(obs).items():
                shapes[block] = {name: part.shape for name, part in parts.items()}

        jax.eval_shape(note, flat_columns.shapes(self.cfg))
        found, start = {}, 0
        for block, parts in shapes.items():
            several = next((shape[1] for shape in parts.values() if len(shape) == 3), None)
            begin = start
            for index in range(several or 1):
                first, prefix = start, block if several is None else f"{block}.{index}"
                for name, shape in parts.items():
                    found[f"{prefix}.{name}"] = slice(start, start + shape[-1])
                    start += shape[-1]
                found[prefix] = slice(first, start)
            found[block] = slice(begin, start)
        return found

    @functools.cached_property
    def size(self) -> int:
        """F, columns of an observation."""
        return max(part.stop for part in self.columns.values())

    @narrow
    def observation(self, obs: Observation) -> jax.Array:
        """Returns (P, F) float32, what `flat_observation` returns."""
        if jnp.ndim(obs.tick):
            return jax.vmap(self.observation)(obs)
        parts = [
            part.reshape(self.cfg.players, -1)
            for block in self._blocks(obs).values()
            for part in [jnp.concatenate(list(block.values()), axis=-1)]
        ]
        values = jnp.clip(jnp.concatenate(parts, axis=-1), -1.0, 1.0)
        return jnp.where(obs.alive[:, None], values, 0.0)

    @narrow
    def choices(self, obs: Observation) -> Choices:
        """Returns the mask of flat actions, and the lists that they index."""
        if jnp.ndim(obs.tick):
            return jax.vmap(self.choices)(obs)
        position = flat_columns.nearest(obs, self.cfg, self.entities)
        offered = flat_columns.offered(obs, self.listings) if self.cfg.has_items else None
        masks = []
        for name, size in self.heads.items():
            mask = self._mask(action_heads.BY_NAME[name], obs, position, offered)
            none = ~mask.any(axis=-1, keepdims=True) & (jnp.arange(size) == 0)[None]
            masks.append(mask | none)
        listing = None
        if offered is not None:
            listing = jnp.where(offered >= 0, obs.listing[jnp.maximum(offered, 0)], NOBODY)
        rows = jnp.take_along_axis(obs.visible.astype(jnp.int32), jnp.maximum(position, 0), axis=1)
        rows = jnp.where(position >= 0, rows, NOBODY)
        return Choices(jnp.concatenate(masks, axis=-1), rows, listing)

    @narrow
    def action(self, choice: jax.Array, choices: Choices) -> Action:
        """Returns the `Action` of choices (P, heads) int32.

        Raises:
          ValueError: it has another shape or dtype.
        """
        if choices.rows.ndim == 3:
            return jax.vmap(self.action)(choice, choices)
        shape, dtype = (self.cfg.players, len(self.heads)), jnp.result_type(choice)
        if jnp.shape(choice) != shape or not jnp.issubdtype(dtype, jnp.integer):
            raise ValueError(
                f"choice is {dtype}{list(jnp.shape(choice))}, it must be integers of shape "
                f"{shape}: {', '.join(self.heads)}"
            )
        chosen = dict(zip(self.heads, jnp.asarray(choice).astype(jnp.int32).T, strict=True))
        lists = Lists(choices.rows, choices.listing, self.cfg.slots)
        fields = {
            name: decode(action_heads.BY_NAME[name], number, lists)
            for name, number in chosen.items()
        }
        return noop(self.cfg).replace(**fields)

    def _blocks(self, obs: Observation) -> dict[str, flat_columns.Block]:
        cfg = self.cfg
        blocks = {"own": flat_columns.own(obs, cfg)}
        if cfg.has_communication:
            blocks["heard"] = flat_columns.heard(obs, cfg)
        position = flat_columns.nearest(obs, cfg, self.entities)
        blocks["entities"] = flat_columns.entities(obs, position, cfg)
        if cfg.has_items:
            offered = flat_columns.offered(obs, self.listings)
            blocks["bag"] = flat_columns.bag(obs, cfg)
            blocks["market"] = flat_columns.market(obs, offered, cfg)
        if self.window:
            blocks["window"] = flat_columns.window(obs, cfg)
        return blocks

    def _mask(self, head: Head, obs: Observation, position: jax.Array, offered: Maybe) -> jax.Array:
        """Returns the mask (P, size) bool of a head."""
        if head.mask is None:
            return jnp.ones((self.cfg.players, self.cfg.prices), bool)
        if head.entry is Entry.WORD:
            words = jnp.broadcast_to(obs.masks.speak[:, None], (self.cfg.players, self.cfg.tokens))
            return jnp.concatenate([jnp.ones_like(words[:, :1]), words], axis=-1)
        mask = getattr(obs.masks, head.mask)
        if head.entry not in (*IN_SIGHT, Entry.LISTING):
            return mask
        at = offered if head.entry is Entry.LISTING else position
        some = jnp.take_along_axis(mask, jnp.maximum(at, 0), axis=1) & (at >= 0)
        must_choose = head.name == "target"  # nobody only where there is nobody else
        nothing = ~some.any(axis=-1, keepdims=True) if must_choose else mask[:, -1:]
        return jnp.concatenate([some, nothing], axis=-1)


def flat_observation(
    obs: Observation, env_or_cfg, window: bool = True, entities: int = 8, listings: int = 8
) -> jax.Array:
    """Returns flat observations, one vector for each player; see `FlatLayout.columns`.

    Args:
      obs: of one world, or of several with a leading axis B.
      env_or_cfg: the environment, or its config.
      window: with the map around the player, the largest block; it comes last.
      entities: n, how many others are observed.
      listings: L, how many listings are observed (full game).

    Returns:
      (P, F) or (B, P, F) float32 within -1..1; zeros for the dead.

    Raises:
      ValueError: a number is not allowed.
    """
    return FlatLayout(env_or_cfg, window, entities, listings).observation(obs)


def flat_mask(obs: Observation, env_or_cfg, entities: int = 8, listings: int = 8) -> jax.Array:
    """Returns action masks of flat actions, all heads concatenated.

    Args:
      obs: of one world, or of several with a leading axis B.
      env_or_cfg: the environment, or its config.
      entities: n, how many others can be chosen.
      listings: L, how many listings can be chosen (full game).

    Returns:
      (P, sum of `FlatLayout.heads`) bool, with B in front; at least one choice in each head.

    Raises:
      ValueError: a number is not allowed.
    """
    return FlatLayout(env_or_cfg, True, entities, listings).choices(obs).mask


def flat_action(
    choice: jax.Array, obs: Observation, env_or_cfg, entities: int = 8, listings: int = 8
) -> Action:
    """Returns the `Action` of flat actions, one vector of choices for each player.

    Args:
      choice: (P, heads) or (B, P, heads) integer, by `FlatLayout.heads`; what is out of the range
        of its head means nothing.
      obs: that they were chosen upon, of one world or of several.
      env_or_cfg: the environment, or its config.
      entities: n, as they were when the mask was made.
      listings: L, likewise.

    Raises:
      ValueError: a number is not allowed, or the choices have another shape or dtype.
    """
    layout = FlatLayout(env_or_cfg, True, entities, listings)
    return layout.action(choice, layout.choices(obs))


@narrow
def flat_sample(
    key: jax.Array, mask: jax.Array, env_or_cfg, entities: int = 8, listings: int = 8
) -> jax.Array:
    """Returns random flat actions, drawn uniformly over a mask, head by head.

    Args:
      key: () key.
      mask: (..., sum of heads) bool, as `flat_mask` returns it.
      env_or_cfg: the environment, or its config.
      entities: n, as they were when the mask was made.
      listings: L, likewise.

    Returns:
      (..., heads) int32.

    Raises:
      ValueError: a number is not allowed, or the mask is of another layout.
    """
    layout = FlatLayout(env_or_cfg, True, entities, listings)
    width = sum(layout.heads.values())
    if jnp.shape(mask)[-1:] != (width,):
        raise ValueError(f"mask has shape {jnp.shape(mask)}, its last axis must be {width} long")
    drawn = jnp.where(mask, jax.random.uniform(key, mask.shape), -1.0)
    return jnp.stack([drawn[..., part].argmax(-1) for part in layout.mask_columns.values()], -1)


def _slices(sizes: dict[str, int]) -> dict[str, slice]:
    ends = itertools.accumulate(sizes.values())
    return {name: slice(end - sizes[name], end) for name, end in zip(sizes, ends, strict=True)}
