"""The full game's part of the network of Meta MMO's baseline: inventory, market, nine more heads.

Layers and sizes are the baseline's; `corrected` is that of `paper.Paper`.
Source: docs/rules/training.md#network; Meta MMO, baseline policy.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.adapters.nmmo import ItemColumn

WIDTH = 256

UNITS = {
    ItemColumn.LEVEL: 0.1, ItemColumn.CAPACITY: 0.1, ItemColumn.QUANTITY: 0.1,
    ItemColumn.MELEE_ATTACK: 0.01, ItemColumn.RANGE_ATTACK: 0.01, ItemColumn.MAGE_ATTACK: 0.01,
    ItemColumn.MELEE_DEFENSE: 0.025, ItemColumn.RANGE_DEFENSE: 0.025,
    ItemColumn.MAGE_DEFENSE: 0.025, ItemColumn.HEALTH_RESTORE: 0.01,
    ItemColumn.RESOURCE_RESTORE: 0.01, ItemColumn.LISTED_PRICE: 0.01,
}  # fmt: skip
"""Factors of the columns that are numbers. The original divides by them, apparently by
mistake: a price of 50 becomes 5000."""


def dense(size, gain=1.0):
    """Returns a dense layer with orthogonal initialization."""
    return nn.Dense(size, kernel_init=nn.initializers.orthogonal(gain))


def norm():
    """Returns PyTorch's layer normalization."""
    return nn.LayerNorm(epsilon=1e-5)


class ItemEncoder(nn.Module):
    """Embeds item records of inventories and of the market.

    Attributes:
      corrected: multiply numbers by their factors.
    """

    corrected: bool

    @nn.compact
    def __call__(self, items: jax.Array) -> jax.Array:
        """Returns (..., 256) of items (..., 16) by `adapters.nmmo.ItemColumn`."""
        table = nn.Embed(256, 32, embedding_init=nn.initializers.normal(1.0))
        kind = items[..., ItemColumn.TYPE_ID].astype(jnp.int32) + 2
        names = [table(kind), table(items[..., ItemColumn.EQUIPPED].astype(jnp.int32))]
        numbers = items[..., np.array(list(UNITS))].astype(jnp.float32)
        factors = np.array(list(UNITS.values()), np.float32)
        factors = factors.reshape((1,) * (numbers.ndim - 1) + (-1,))
        numbers = numbers * factors if self.corrected else numbers / factors
        row = jnp.concatenate([*names, numbers], axis=-1)
        return nn.relu(norm()(dense(WIDTH)(nn.relu(dense(WIDTH)(row)))))


class PaperInventoryEncoder(nn.Module):
    """Embeds inventory slots and listings, and summarizes both.

    Attributes:
      corrected: see `ItemEncoder`.
    """

    corrected: bool

    def setup(self):
        """Makes the layers."""
        self.items = ItemEncoder(self.corrected)
        self.bag, self.bag_norm = dense(WIDTH), norm()
        self.market, self.market_norm = dense(WIDTH), norm()

    def __call__(self, inventory: jax.Array, market: jax.Array):
        """Returns embeddings of slots and listings, and their summary.

        Args:
          inventory: (P, I, 16) int16.
          market: (M, 16) int16.

        Returns:
          (P, I, 256), slots; (M, 256), listings; (P, 512), bag and market.
        """
        slots, goods = self.items(inventory), self.items(market)
        players = slots.shape[0]
        own = nn.relu(self.bag_norm(self.bag(slots.reshape(players, -1))))
        offers = nn.relu(self.market_norm(self.market(goods).mean(axis=0)))
        offers = jnp.broadcast_to(offers, (players, WIDTH))
        return slots, goods, jnp.concatenate([own, offers], axis=-1)


class TradeHeads(nn.Module):
    """Action heads of the full game's trade.

    Attributes:
      prices: highest price.
    """

    prices: int

    @nn.compact
    def __call__(self, active: jax.Array, seen: jax.Array, slots: jax.Array, goods: jax.Array):
        """Returns unmasked logits, by field of `distributions.Logits`.

        Args:
          active: (P, 256).
          seen: (P, K, 256), keys of those in sight.
          slots: (P, I, 256), keys of slots.
          goods: (M, 256), keys of listings.
        """
        nothing = jnp.zeros((*active.shape[:-1], 1))

        def point(keys):
            scores = jnp.einsum("pkd,pd->pk", keys, dense(WIDTH, 0.1)(active))
            return jnp.concatenate([scores, nothing], axis=-1)

        buy = dense(WIDTH, 0.1)(active) @ goods.T
        return {
            "use": point(slots),
            "destroy": point(slots),
            "give": point(slots),
            "give_to": point(seen),
            "sell": point(slots),
            "price": dense(self.prices, 0.1)(active),
            "buy": jnp.concatenate([buy, nothing], axis=-1),
            "gold": dense(self.prices, 0.1)(active),
            "gold_to": point(seen),
        }
