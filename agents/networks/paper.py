"""The network of Meta MMO's baseline policy, on the original's layout of observations.

Layers, sizes and initialization are the baseline's: 256 units everywhere, one LSTM layer.
`corrected=True` mends what is no choice but a slip:

* tables that no id reaches, and one that is never read, are left out, and so is the LSTM's second
  bias: 1,470,976 parameters instead of 1,742,336 (full game: 3,061,190 instead of 3,332,550);
* columns of entities are divided by their sizes, where the original feeds raw numbers;
* numbers of items are multiplied by their factors, where the original divides by them;
* the word that the policy chooses is said, where the original says a script's.

Layouts are JAX's (channels last), so flattened tiles come in another order; nothing else differs.
Source: docs/rules/training.md#network; Meta MMO, baseline policy.
"""

from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.adapters.nmmo import Entity
from metammo_jax.vocab import Direction, Style

from .convolution import Conv
from .cores import Lstm
from .distributions import Logits
from .paper_trade import PaperInventoryEncoder, TradeHeads
from .paper_trade import dense as _dense
from .paper_trade import norm as _norm
from .views import OriginalView

WIDTH = 256
IDS = 512
"""Rows of the id table that an id reaches: -256..255, clipped."""

ALL_IDS = 7936
"""Rows of the original's id table."""

SILENT = -1e8
"""Logit of silence: the original always speaks. Above what a mask gives, so that who may not
speak is silent."""

UNIT = {
    Entity.NPC_TYPE: 7, Entity.ROW: 128, Entity.COL: 128, Entity.DAMAGE: 10,
    Entity.TIME_ALIVE: 1024, Entity.FREEZE: 10, Entity.ITEM_LEVEL: 50,
    Entity.LATEST_COMBAT_TICK: 1024, Entity.MESSAGE: 127, Entity.GOLD: 100, Entity.HEALTH: 100,
    Entity.FOOD: 100, Entity.WATER: 100,
}  # fmt: skip
"""What counts as 1 in a column of an entity; levels count by 10, experience by 1000."""

RAW = [column for column in Entity if column not in (Entity.ID, Entity.ATTACKER_ID)]
"""The 29 columns that are no ids."""


def _embed(count, size):
    return nn.Embed(count, size, embedding_init=nn.initializers.normal(1.0))


class TileEncoder(nn.Module):
    """Embeds the tiles around each player: one residual block, two convolutions."""

    @nn.compact
    def __call__(self, tile: jax.Array) -> jax.Array:
        """Returns (P, 256) of tiles (P, V * V, 7)."""
        players, count, _ = tile.shape
        side = int(round(count**0.5))
        number = tile.astype(jnp.float32)
        channels = [
            number[..., :2] / 128 - 0.5,
            _embed(16, 30)(jnp.clip(tile[..., 2], 0, 15).astype(jnp.int32)),
            number[..., 3:5] / 128,
            _embed(8, 15)(tile[..., 5].astype(jnp.int32)),
            _embed(8, 15)(tile[..., 6].astype(jnp.int32)),
        ]
        image = jnp.concatenate(channels, axis=-1).reshape(players, side, side, -1)
        image = nn.relu(image + self._residual(image))
        image = nn.relu(Conv(32, "VALID")(image))
        image = nn.relu(Conv(8, "VALID")(image))
        return nn.relu(_norm()(_dense(WIDTH)(image.reshape(players, -1))))

    def _residual(self, image):
        axes = (-3, -2, -1)
        for last in (False, True):
            image = Conv(64, "SAME")(image)
            image = nn.LayerNorm(epsilon=1e-5, reduction_axes=axes, feature_axes=axes)(image)
            image = image if last else nn.relu(image)
        return image


class PlayerEncoder(nn.Module):
    """Embeds the entities in sight, and the agent itself.

    Attributes:
      corrected: see `Paper`.
    """

    corrected: bool

    @nn.compact
    def __call__(self, entity: jax.Array, who: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Returns (P, K, 256), keys of targets, and (P, 256), oneself, of entities (P, K, 31)."""
        ids = entity[..., np.array([Entity.ID, Entity.ATTACKER_ID])].astype(jnp.int32)
        table = _embed(IDS if self.corrected else ALL_IDS, 32)
        if not self.corrected:
            self.param("never_read", nn.initializers.normal(1.0), (IDS, 64))
        names = table(jnp.clip(ids + 256, 0, IDS - 1))
        numbers = entity[..., np.array(RAW)].astype(jnp.float32)
        if self.corrected:
            units = np.array([_unit(column) for column in RAW], np.float32)
            numbers = numbers / units.reshape((1,) * (numbers.ndim - 1) + (-1,))
        row = jnp.concatenate([names.reshape(*names.shape[:-2], -1), numbers], axis=-1)
        row = nn.relu(_dense(WIDTH)(nn.relu(_dense(WIDTH)(row))))
        own_id = (who + 1)[:, None]
        own = jnp.argmax(ids[..., 0] == own_id, axis=-1)
        own_row = jnp.take_along_axis(row, own[:, None, None], axis=1)[:, 0]
        keys = nn.relu(_norm()(_dense(WIDTH)(row)))
        return keys, nn.relu(_norm()(_dense(WIDTH)(own_row)))


def _unit(column):
    is_level = (column - Entity.MELEE_LEVEL) % 2 == 0
    return UNIT.get(column, 10 if is_level else 1000)


class Paper(nn.Module):
    """Features of tiles, agent, inventory and task, into an LSTM, heads and a value.

    Attributes:
      corrected: without the original's mistakes.
      tokens: words of the language.
      prices: highest price; 0 in the mini game, which has no trade.
    """

    HEADS: ClassVar = ("style", "query", "token", "move", "trade")
    """Layers whose outputs are logits; with all their parameters 0, these are equal."""

    SPELLED: ClassVar = False
    """Words are one categorical head."""

    corrected: bool = True
    tokens: int = 127
    prices: int = 0

    def setup(self):
        """Makes the layers."""
        self.tiles = TileEncoder()
        self.players = PlayerEncoder(self.corrected)
        self.task, self.task_norm = _dense(WIDTH), _norm()
        self.trunk = _dense(WIDTH)
        self.core = Lstm(WIDTH, two_biases=not self.corrected)
        self.style = _dense(len(Style), 0.1)
        self.query = _dense(WIDTH, 0.1)
        self.token = _dense(self.tokens, 0.1)
        self.move = _dense(len(Direction), 0.1)
        self.value = _dense(1)
        if self.prices:
            # `belongings` is a key of saved parameters: it must not change.
            self.belongings = PaperInventoryEncoder(self.corrected)
            self.trade = TradeHeads(self.prices)

    def encode(self, obs: OriginalView, who: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        """Returns the core's inputs (P, 256) and the keys that the heads choose from.

        These are (P, K, 256), of those in sight; in the full game also (P, I, 256), of slots, and
        (M, 256), of listings.
        """
        seen, own = self.players(obs.entity, who)
        parts, keys = [self.tiles(obs.tile), own], (seen,)
        if self.prices:
            slots, goods, summary = self.belongings(obs.inventory, obs.market)
            parts, keys = [*parts, summary], (seen, slots, goods)
        parts.append(nn.relu(self.task_norm(self.task(obs.task.astype(jnp.float32)))))
        return nn.relu(self.trunk(jnp.concatenate(parts, axis=-1))), keys

    def initial(self, shape: tuple[int, ...]):
        """Returns the initial memory, zeros: cell and output, each (*shape, 256) float32."""
        return jnp.zeros((*shape, WIDTH)), jnp.zeros((*shape, WIDTH))

    def project(self, inputs: jax.Array) -> jax.Array:
        """Returns the core's projection of inputs (..., 256)."""
        return self.core.project(inputs)

    def recur(self, memory, projected: jax.Array):
        """Returns the next memory and the core's output (..., 256)."""
        return self.core.recur(memory, projected)

    def decide(self, hidden: jax.Array, keys: tuple[jax.Array, ...]) -> tuple[Logits, jax.Array]:
        """Returns unmasked logits and the value (P,) of hidden (P, 256)."""
        active = nn.relu(hidden)
        pointer = jnp.einsum("pkd,pd->pk", keys[0], self.query(active))
        nobody = jnp.zeros((*pointer.shape[:-1], 1))
        silent = jnp.full_like(nobody, SILENT)
        logits = Logits(
            move=self.move(active),
            target=jnp.concatenate([pointer, nobody], axis=-1),
            style=self.style(active),
            token=jnp.concatenate([silent, self.token(active)], axis=-1),
            **(self.trade(active, *keys) if self.prices else {}),
        )
        return logits, self.value(hidden)[..., 0]

    def __call__(self, obs: OriginalView, who: jax.Array) -> tuple[Logits, jax.Array]:
        """Returns logits and values of a first tick; used to initialize the parameters."""
        inputs, keys = self.encode(obs, who)
        memory = self.initial(inputs.shape[:1])
        _, hidden = self.recur(memory, self.project(inputs))
        return self.decide(hidden, keys)
