"""The lean network: small and fast, for the environment's observation.

A network is a Flax module with five methods, of one world where they take an observation:

  encode(obs, who) -> (inputs, features)   what an observation tells players, without memory
  project(inputs) -> projected             the part of the core that needs no memory
  recur(memory, projected) -> (memory, hidden)
  decide(hidden, features) -> (Logits, value)
  initial(shape) -> memory                 of as many agents as `shape` says

and three attributes:

  HEADS         names of the layers whose outputs are logits
  SPELLED       whether words are chosen bit by bit (`Logits.spelling`), which is assumed if it is
                left out, or as one of all (`Logits.token`)
  ELEMENTWISE   `recur` multiplies no matrices, so that its ticks become one kernel on a GPU; if it
                is left out, it may

`agents.policy` puts them together, for rollouts and for the loss alike.
"""

from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.observe import Observation

from .cores import MinGru
from .distributions import Logits
from .encoders import Entities, Scales, message_features, own_features
from .heads import Heads
from .inventory_encoder import InventoryEncoder
from .tiles import tile_features

orthogonal = nn.initializers.orthogonal

Inputs = tuple[jax.Array, jax.Array]
"""Observed features (..., f), and features (..., g) that are outputs of layers."""


class Lean(nn.Module):
    """Features of the agent, messages, tiles and entities, into a core, heads and a value.

    Attributes:
      scales: sizes by which observations are divided.
      width: units of the core.
      entity_width: features of an embedding of an entity, a slot or a listing.
      prices: highest price; 0 in the mini game, which has no trade.
    """

    HEADS: ClassVar = ("heads",)
    """Layers whose outputs are logits; with all their parameters 0, these are equal."""

    SPELLED: ClassVar = True
    """Words are encoded in bits, each with one logit."""

    ELEMENTWISE: ClassVar = True
    """`recur` multiplies no matrices."""

    scales: Scales
    width: int = 64
    entity_width: int = 32
    prices: int = 0

    def setup(self):
        """Makes the layers."""
        self.entities = Entities(self.entity_width)
        # Separate layers, so that no gradient is computed for the observed features.
        self.seen = nn.Dense(self.width, kernel_init=orthogonal(np.sqrt(2)))
        self.learnt = nn.Dense(self.width, use_bias=False, kernel_init=orthogonal(np.sqrt(2)))
        self.core = MinGru(self.width)
        self.heads = Heads(self.scales.token_bits, self.entity_width, self.prices)
        self.value = nn.Dense(1, kernel_init=orthogonal(1.0))
        if self.prices:
            # `belongings`, as `learnt` above, is a key of saved parameters: it must not change.
            self.belongings = InventoryEncoder(self.entity_width)

    def encode(self, obs: Observation, who: jax.Array) -> tuple[Inputs, tuple[jax.Array, ...]]:
        """Returns the inputs and the embeddings that the heads choose from.

        For P of a world's players, whose rows in the world are `who` (P,) int32.

        The embeddings are (P, K, d), of those in sight; in the full game also (P, I, d), of one's
        own slots, and (M, d), of listings.
        """
        own = own_features(obs, who, self.scales)
        seen, pooled = self.entities(obs, who, own, self.scales)
        learned, embedded = [pooled], (seen,)
        if self.prices:
            slots, goods, summary = self.belongings(obs, who)
            learned, embedded = [pooled, summary], (seen, slots, goods)
        heard = message_features(obs, who, self.scales)
        plain = jnp.concatenate([own, heard, tile_features(obs)], axis=-1)
        return (plain, jnp.concatenate(learned, axis=-1)), embedded

    def initial(self, shape: tuple[int, ...]) -> jax.Array:
        """Returns the initial memory, zeros (*shape, width) float32."""
        return jnp.zeros((*shape, self.width))

    def project(self, inputs: Inputs) -> jax.Array:
        """Returns the core's projection of inputs (..., features), (..., 2 * width).

        All rows are one axis of the products: on CPUs the gradient of a kernel is several times
        slower if it is a sum over two axes.
        """
        plain, learned = (leaf.reshape(-1, leaf.shape[-1]) for leaf in inputs)
        projected = self.core.project(nn.relu(self.seen(plain) + self.learnt(learned)))
        return projected.reshape(*inputs[0].shape[:-1], -1)

    def recur(self, memory: jax.Array, projected: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Returns the next memory and the core's output, each (..., width)."""
        return self.core.recur(memory, projected)

    def decide(
        self, hidden: jax.Array, embedded: tuple[jax.Array, ...]
    ) -> tuple[Logits, jax.Array]:
        """Returns unmasked logits and the value (P,) of hidden (P, width)."""
        return self.heads(hidden, *embedded), self.value(hidden)[..., 0]

    def __call__(self, obs: Observation, who: jax.Array) -> tuple[Logits, jax.Array]:
        """Returns logits and values of a first tick; used to initialize the parameters."""
        inputs, embedded = self.encode(obs, who)
        memory = self.initial(inputs[0].shape[:1])
        _, hidden = self.recur(memory, self.project(inputs))
        return self.decide(hidden, embedded)
