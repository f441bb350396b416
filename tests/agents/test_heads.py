"""One layer asks for all heads: each must get its own part, and look at its own embeddings."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.networks.heads import POINTERS, Heads
from metammo_jax.vocab import Direction, Style

PLAYERS, FEATURES, BITS, WIDTH, PRICES = 3, 8, 5, 4, 6
COUNTS = {"seen": 7, "slots": 2, "goods": 9}


@pytest.fixture(scope="module")
def full():
    keys = jax.random.split(jax.random.key(0), 5)
    hidden = jax.random.normal(keys[0], (PLAYERS, FEATURES))
    shapes = [(PLAYERS, 7, WIDTH), (PLAYERS, 2, WIDTH), (9, WIDTH)]
    embedded = [jax.random.normal(key, shape) for key, shape in zip(keys[1:4], shapes, strict=True)]
    heads = Heads(BITS, WIDTH, PRICES)
    params = heads.init(keys[4], hidden, *embedded)
    large = jax.tree.map(lambda leaf: 100 * leaf, params)
    return heads, large, hidden, embedded


def present(logits):
    return {name: head for name, head in vars(logits).items() if head is not None}


def test_every_head_has_its_entries(full):
    heads, params, hidden, embedded = full
    logits = present(heads.apply(params, hidden, *embedded))
    found = {name: head.shape[-1] for name, head in logits.items()}
    plain = {"move": len(Direction), "style": len(Style), "spelling": BITS}
    numbers = {"price": PRICES, "gold": PRICES}
    assert found == plain | numbers | {name: COUNTS[kind] + 1 for name, kind in POINTERS.items()}


def test_the_mini_game_has_four_heads(full):
    _, _, hidden, embedded = full
    heads = Heads(BITS, WIDTH)
    logits = heads.apply(heads.init(jax.random.key(0), hidden, embedded[0]), hidden, embedded[0])
    assert set(present(logits)) == {"move", "target", "style", "spelling"}


@pytest.mark.parametrize("kind", COUNTS)
def test_heads_see_their_own_embeddings_alone(full, kind):
    """One embedding changes: in heads that point to its kind its entry does, and nothing else."""
    heads, params, hidden, embedded = full
    at = list(COUNTS).index(kind)
    changed = [*embedded[:at], embedded[at].at[..., 1, :].add(1.0), *embedded[at + 1 :]]
    before, after = (heads.apply(params, hidden, *some) for some in (embedded, changed))
    for name in present(before):
        same = np.asarray(getattr(before, name) == getattr(after, name))
        points = POINTERS.get(name) == kind
        assert same[:, 1].any() != points, name
        assert np.delete(same, 1, axis=1).all(), name


def test_no_two_heads_share_a_weight(full):
    """Each column of the layer moves the logits of one head only."""
    heads, params, hidden, embedded = full
    slopes = jax.jacrev(lambda p: present(heads.apply(p, hidden, *embedded)))(params)
    moved = jnp.stack(
        [
            jnp.abs(leaf["params"]["Dense_0"]["bias"]).sum(axis=(0, 1)) > 0
            for leaf in slopes.values()
        ]
    )
    assert (moved.sum(axis=0) == 1).all()
