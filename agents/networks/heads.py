"""The action heads of the lean network: one layer for all of them, then pointers to embeddings.

Everything here is of one world. P players, K in sight, I slots, M listings, d features of an
embedding.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.action_heads import BY_NAME, HEADS, Entry
from metammo_jax.vocab import Direction, Style

from .distributions import Logits

EMBEDDED = {Entry.ENTITY: "seen", Entry.PLAYER: "seen", Entry.SLOT: "slots", Entry.LISTING: "goods"}
"""Embeddings that each pointer head chooses from; its last entry is "nothing"."""

POINTERS = {head.name: EMBEDDED[head.entry] for head in HEADS if head.entry in EMBEDDED}
"""Pointer heads, which choose an embedding or "nothing", with the kind of embedding."""

KEYS = {"seen": "pkd,phd->phk", "slots": "pkd,phd->phk", "goods": "kd,phd->phk"}
"""Embeddings, and how the h heads that point to them score them."""


class Heads(nn.Module):
    """Unmasked logits of all heads.

    A layer for each head would give the same, in sixteen small products where one large one does,
    and a program that takes longer to compile.

    Attributes:
      token_bits: bits of the number of a word.
      width: features of an embedding, d.
      prices: highest price; 0 in the mini game, which has no trade.
    """

    token_bits: int
    width: int
    prices: int = 0

    @nn.compact
    def __call__(self, hidden: jax.Array, *embedded: jax.Array) -> Logits:
        """Returns logits.

        Args:
          hidden: (P, features).
          *embedded: (P, K, d), of those in sight; in the full game also (P, I, d), of the agent's
            slots, and (M, d), of listings.
        """
        kinds = {kind: [n for n in POINTERS if POINTERS[n] == kind] for kind in KEYS}
        if not self.prices:
            kinds = {"seen": [n for n in POINTERS if not BY_NAME[n].needs_items]}
        plain, asked = self._ask(hidden, [len(names) for names in kinds.values()])
        for (kind, names), keys, query in zip(kinds.items(), embedded, asked, strict=True):
            scores = jnp.einsum(KEYS[kind], keys, query[..., :-1])
            scores = jnp.concatenate([scores, query[..., -1:]], axis=-1)
            plain |= {name: scores[:, index] for index, name in enumerate(names)}
        return Logits(**plain)

    def _ask(self, hidden: jax.Array, counts: list[int]) -> tuple[dict, list[jax.Array]]:
        """Returns logits of heads without embeddings, and queries of the pointer heads.

        Queries are (P, h, d + 1) for h heads each: what an embedding is multiplied with, and the
        logit of nothing.
        """
        size = {
            Entry.DIRECTION: len(Direction),
            Entry.STYLE: len(Style),
            Entry.WORD: self.token_bits,
            Entry.AMOUNT: self.prices,
        }
        sizes = {
            "spelling" if head.entry is Entry.WORD else head.name: size[head.entry]
            for head in HEADS
            if head.entry in size and (self.prices or not head.needs_items)
        }
        ends = np.cumsum([*sizes.values(), *(count * (self.width + 1) for count in counts)])
        layer = nn.Dense(ends[-1], kernel_init=nn.initializers.orthogonal(0.01))
        parts = jnp.split(layer(hidden), ends[:-1], axis=-1)
        plain, asked = parts[: len(sizes)], parts[len(sizes) :]
        shapes = [(len(hidden), count, self.width + 1) for count in counts]
        queries = [part.reshape(shape) for part, shape in zip(asked, shapes, strict=True)]
        return dict(zip(sizes, plain, strict=True)), queries
