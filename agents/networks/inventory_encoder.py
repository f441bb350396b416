"""Encoders of the full game's inventory and market for the lean network.

Everything here is of one world.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.observe import BagColumn, Column, MarketColumn, Observation
from metammo_jax.tables import EXP_THRESHOLD, LEVEL_MAX, WEAR
from metammo_jax.vocab import Item, Wear

GOLD_SCALE = 30.0
"""Gold by which prices are divided."""

LEVELS = np.arange(Column.MELEE_LEVEL, Column.ALCHEMY_LEVEL + 1, 2)
EXPERIENCE = LEVELS + 1


def progression_features(obs: Observation, who: jax.Array) -> jax.Array:
    """Returns features of each player's gold and skills, (P, 18) float32."""
    own = obs.entities[who].astype(jnp.float32)
    wealth = own[:, [Column.GOLD, Column.ITEM_LEVEL]]
    exp = own[:, EXPERIENCE] / float(EXP_THRESHOLD[-1])
    return jnp.concatenate([jnp.log1p(wealth) / 4, own[:, LEVELS] / LEVEL_MAX, exp], axis=-1)


def _item_features(item: jax.Array, level: jax.Array, quantity: jax.Array, price: jax.Array):
    """Returns features (..., 26) float32 of item records: kind, slot, level, quantity, price."""
    level, quantity, price = (x.astype(jnp.float32) for x in (level, quantity, price))
    numbers = [level / LEVEL_MAX, jnp.log1p(quantity) / 4, jnp.log1p(price / GOLD_SCALE)]
    return jnp.concatenate(
        [
            jax.nn.one_hot(item, len(Item)),
            jax.nn.one_hot(jnp.asarray(WEAR)[item], len(Wear)),
            jnp.stack(numbers, axis=-1),
        ],
        axis=-1,
    )


def bag_features(obs: Observation) -> jax.Array:
    """Returns features (P, I, features) float32 of inventory slots and their masks."""
    bag, masks = obs.bag.astype(jnp.int32), obs.masks
    record = _item_features(
        bag[..., BagColumn.ITEM],
        bag[..., BagColumn.LEVEL],
        bag[..., BagColumn.QUANTITY],
        bag[..., BagColumn.PRICE],
    )
    flags = [
        bag[..., BagColumn.WORN] > 0,
        bag[..., BagColumn.PRICE] > 0,
        *(mask[:, :-1] for mask in (masks.use, masks.destroy, masks.give, masks.sell)),
    ]
    return jnp.concatenate([record, jnp.stack(flags, axis=-1).astype(jnp.float32)], axis=-1)


def market_features(obs: Observation) -> jax.Array:
    """Returns features (M, features) float32 of the market's listings."""
    market = obs.market.astype(jnp.int32)
    return _item_features(
        market[:, MarketColumn.ITEM],
        market[:, MarketColumn.LEVEL],
        market[:, MarketColumn.QUANTITY],
        market[:, MarketColumn.PRICE],
    )


class InventoryEncoder(nn.Module):
    """Embeds the inventory of each player and the market.

    Attributes:
      width: features of an embedding.
    """

    width: int

    @nn.compact
    def __call__(self, obs: Observation, who: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Returns embeddings of slots and listings, and their summary.

        Returns:
          (P, I, width), slots; (M, width), listings; (P, features), what a player has, can do and
          could buy.
        """
        owned = (obs.bag[..., BagColumn.ITEM] > 0)[..., None]
        slots = nn.relu(nn.Dense(self.width)(bag_features(obs))) * owned.astype(jnp.float32)
        listed = (obs.listing >= 0)[:, None]
        goods = nn.relu(nn.Dense(self.width)(market_features(obs))) * listed.astype(jnp.float32)
        affordable = obs.masks.buy[:, :-1].astype(jnp.float32)
        count = jnp.maximum(affordable.sum(1, keepdims=True), 1.0)
        within_reach = affordable @ goods / count
        summary = [progression_features(obs, who), slots.sum(1) / 4, slots.max(1), within_reach]
        return slots, goods, jnp.concatenate(summary, axis=-1)
