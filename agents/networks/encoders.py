"""Encoders of the lean network: features of the agent, of entities in sight, of messages.

Everything here is of P players of one world, whose rows in the world are `who` (P,) int32. What is
gathered are the numbers of the table of entities, which need no gradient: the backward pass has no
scatter, which would cost a CPU twice the time of embedding each pair.
"""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.lib import grid
from metammo_jax.lib.materialize import materialize
from metammo_jax.observe import Column, Observation
from metammo_jax.tables import BASE_DAMAGE, BASE_HEALTH, LEVEL_MAX, REACH, RESOURCE_BASE

from .tiles import FOG_SCALE

FREEZE_SCALE = 10.0
"""Ticks of standing frozen that count as 1."""

TASK_SCALE = 0.25
"""Factor of the task's embedding: at its full size specialists learn some games less well (see
docs/results/learning.md)."""

FULL_UNITS = {
    Column.GOLD: 30.0,
    Column.ITEM_LEVEL: 30.0,
    Column.MELEE_LEVEL: float(LEVEL_MAX),
    Column.RANGE_LEVEL: float(LEVEL_MAX),
    Column.MAGE_LEVEL: float(LEVEL_MAX),
}
"""What counts as 1 in the columns of an entity that the full game adds."""


@dataclasses.dataclass(frozen=True)
class Scales:
    """Constants by which observations are divided.

    Attributes:
      middle: row and column of the map's middle.
      half: tiles from the middle to the edge of the playable square.
      horizon: ticks of an episode.
      players: P.
      token_bits: bits that tell all words apart.
    """

    middle: int
    half: float
    horizon: int
    players: int
    token_bits: int

    @classmethod
    def of(cls, cfg: Config) -> "Scales":
        """Returns the scales of a configuration."""
        return cls(
            cfg.middle, cfg.playable_side / 2, cfg.horizon, cfg.players, cfg.tokens.bit_length()
        )


def own_features(obs: Observation, who: jax.Array, scales: Scales) -> jax.Array:
    """Returns features of each player and its task, (P, features) float32, about -1..1."""
    players = obs.visible.shape[0]
    own = obs.entities[who].astype(jnp.float32)
    place = own[:, Column.ROW : Column.COL + 1] - scales.middle
    vision = obs.tiles.shape[-1] // 2
    parts = [
        place / scales.half,
        jnp.clip(place / vision, -1.0, 1.0),
        jnp.sign(place),
        jnp.max(jnp.abs(place), axis=-1, keepdims=True) / scales.half,
        _condition(own, scales),
        obs.fog[:, vision, vision, None].astype(jnp.float32) / FOG_SCALE,
        jnp.full((players, 1), obs.tick / scales.horizon),
        obs.progress[:, None],
        obs.masks.move.astype(jnp.float32),
        jax.nn.one_hot(obs.seized, 4),
        TASK_SCALE * jnp.clip(obs.task, -LARGEST, LARGEST),  # a few standard deviations at most
    ]
    return jnp.concatenate(parts, axis=-1)


def pair_features(obs: Observation, who: jax.Array, scales: Scales) -> jax.Array:
    """Returns features of each entity in sight of each player, (P, K, features) float32.

    The condition of the other, its kind, the bits of its word, and how it stands to the player.
    """
    table = materialize(obs.entities[obs.visible.astype(jnp.int32)])
    message = table[..., Column.MESSAGE, None].astype(jnp.int32)
    places = jnp.arange(scales.token_bits).reshape(1, 1, -1)
    parts = [
        _condition(table.astype(jnp.float32), scales),
        jax.nn.one_hot(table[..., Column.KIND] + 1, 5),
        ((message >> places) & 1).astype(jnp.float32),
        relations(obs, who, table),
    ]
    return jnp.concatenate(parts, axis=-1)


def relations(obs: Observation, who: jax.Array, table: jax.Array) -> jax.Array:
    """Returns the relation of each entity (P, K, columns) to the player, (P, K, 10)."""
    vision, rows = obs.tiles.shape[-1] // 2, obs.visible.astype(jnp.int32)
    me = obs.entities[who][:, None].astype(jnp.int32)
    place = np.array([Column.ROW, Column.COL])
    offset = table[..., place].astype(jnp.int32) - me[..., place]
    distance = grid.steps(offset)
    player = table[..., Column.KIND] <= 0
    mate = player & (table[..., Column.GROUP].astype(jnp.int32) == me[..., Column.GROUP])
    attacker = me[..., Column.ATTACKER]
    flags = [
        distance <= REACH,
        mate,
        player & ~mate,
        ~player,
        rows == who[:, None],
        (attacker > 0) & (attacker == rows + 1),
        rows >= 0,
    ]
    far = jnp.concatenate([offset, distance[..., None]], axis=-1) / vision
    return jnp.concatenate([far, jnp.stack(flags, axis=-1).astype(jnp.float32)], axis=-1)


def _condition(table, scales):
    """Returns features of entities from rows of the entity table, (..., 9 or 14) float32."""
    units = {
        Column.HEALTH: BASE_HEALTH,
        Column.FOOD: RESOURCE_BASE,
        Column.WATER: RESOURCE_BASE,
        Column.DAMAGE: float(BASE_DAMAGE[0]),
        Column.FREEZE: FREEZE_SCALE,
        Column.TIME_ALIVE: scales.horizon,
        Column.COMBAT: 3.0,
        Column.LEADER: 1.0,
        Column.KIND: 3.0,
    }
    if table.shape[-1] > Column.GOLD:
        units |= FULL_UNITS
    scale = np.array(list(units.values()), np.float32)
    return bounded(
        table[..., np.array(list(units))] / scale.reshape((1,) * (table.ndim - 1) + (-1,))
    )


LARGEST = 4.0
"""Bound of features of a condition."""


def bounded(values: jax.Array) -> jax.Array:
    """Returns numbers >= -1 unchanged up to 1, above by their logarithm, at most `LARGEST`.

    Who watches in radio_raid is frozen for 32,767 ticks, who is rich has 1,000 times the usual
    gold: an input so large would decide every update of the parameters.
    """
    larger = 1.0 + jnp.log(jnp.maximum(values, 1.0))
    return jnp.where(values > 1.0, jnp.minimum(larger, LARGEST), values)


def message_features(obs: Observation, who: jax.Array, scales: Scales) -> jax.Array:
    """Returns features of the words of all teammates, at any distance, (P, features) float32.

    For those who only watch, and for the others: the share of the speakers who set each bit of
    their word, as -1..1, and whether there are any.

    Source: docs/rules/world.md#communication, the original's block, without places.
    """
    table = obs.entities[: scales.players].astype(jnp.int32)
    message, group = table[:, Column.MESSAGE], table[:, Column.GROUP]
    speaks = (group[who][:, None] == group[None]) & (message > 0)[None]
    speaks &= who[:, None] != jnp.arange(scales.players)[None]
    watches = table[:, Column.FREEZE] > scales.horizon
    places = jnp.arange(scales.token_bits)[None]
    bits = 2.0 * ((message[:, None] >> places) & 1).astype(jnp.float32) - 1.0
    parts = []
    for some in (speaks & watches[None], speaks & ~watches[None]):
        count = some.sum(axis=-1, keepdims=True).astype(jnp.float32)
        parts += [some.astype(jnp.float32) @ bits / jnp.maximum(count, 1.0), jnp.minimum(count, 1)]
    return jnp.concatenate(parts, axis=-1)


class Entities(nn.Module):
    """Embeds the entities in sight of each player, and pools them by mean and by attention.

    Attributes:
      width: features of an embedding.
    """

    width: int

    @nn.compact
    def __call__(self, obs: Observation, who: jax.Array, own: jax.Array, scales: Scales):
        """Returns embeddings and their pooled features.

        Args:
          obs: of one world.
          who: (P,) int32, rows of the players.
          own: (P, features) float32, from which players choose whom to attend to.
          scales: sizes to divide by.

        Returns:
          (P, K, width) float32, an embedding of everybody in sight; (P, 2 * width), the pools.
        """
        seen = obs.visible >= 0
        there = seen.astype(jnp.float32)
        pairs = pair_features(obs, who, scales)
        embedded = nn.relu(nn.Dense(self.width)(pairs)) * there[..., None]
        query = nn.Dense(self.width)(own) / np.sqrt(self.width)
        score = jnp.einsum("pkd,pd->pk", embedded, query)
        weight = jax.nn.softmax(jnp.where(seen, score, -1e9)) * there
        mean = embedded.sum(axis=1) / jnp.maximum(there.sum(axis=1, keepdims=True), 1)
        return embedded, jnp.concatenate(
            [mean, jnp.einsum("pk,pkd->pd", weight, embedded)], axis=-1
        )
