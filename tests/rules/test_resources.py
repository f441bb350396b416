"""Where professions find something: clusters, herbs and fish, against placing one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import chance
from metammo_jax.rules import terrain
from metammo_jax.tables import NEIGHBOURS
from metammo_jax.vocab import System, Tile
from tests import worlds

EVERYTHING = dict(enabled=np.ones(len(System), bool))


@pytest.fixture(scope="module")
def params(tiny_full):
    return worlds.params(tiny_full, **EVERYTHING)


@pytest.fixture(scope="module")
def ground(tiny_full):
    """A map of grass, water and stone in patches."""
    rng = np.random.default_rng(0)
    rough = rng.choice([Tile.GRASS, Tile.GRASS, Tile.WATER, Tile.STONE], (16, 16))
    return jnp.asarray(np.kron(rough, np.ones((3, 3))), jnp.int8)


@pytest.fixture(scope="module")
def build(tiny_full):
    return jax.jit(lambda key, params, ground: terrain._resources(key, ground, params, tiny_full))


def placed_one_by_one(material, places, wanted):
    """Clusters by a loop over the places drawn."""
    material, made = material.copy(), 0
    kinds = [Tile.ORE, Tile.TREE, Tile.CRYSTAL]
    for row, col in places:
        if made == wanted:
            break
        if material[row, col] != Tile.GRASS:
            continue
        kind = kinds[made % 3]
        material[row, col] = kind
        for down, right in NEIGHBOURS:
            if material[row + down, col + right] == Tile.GRASS:
                material[row + down, col + right] = kind
        made += 1
    return material


@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_as_if_placed_one_after_another(tiny_full, params, ground, seed):
    key = jax.random.key(seed)
    border = (tiny_full.map_size - tiny_full.playable_side) // 2
    wanted = 3 * tiny_full.clusters
    words = jax.random.bits(key, (6 * wanted + 64,))
    places = np.asarray(chance.random_cells(words, params.center - 4)) + border + 2
    found = np.asarray(terrain._clusters(key, ground, params, tiny_full))
    assert np.array_equal(found, placed_one_by_one(np.asarray(ground), places, wanted))
    assert (found != np.asarray(ground)).sum() > wanted


def test_as_many_herbs_and_fish_as_wanted_where_they_may_be(build, tiny_full, params, ground):
    low = (tiny_full.map_size - tiny_full.playable_side) // 2
    high = low + tiny_full.playable_side
    for seed in range(4):
        found = np.asarray(build(jax.random.key(seed), params, ground))
        assert (found == Tile.HERB).sum() == tiny_full.patches
        assert (found == Tile.FISH).sum() == tiny_full.patches
        row, col = np.nonzero(found != np.asarray(ground))
        assert min(row.min(), col.min()) > low and max(row.max(), col.max()) < high
        for row, col in np.argwhere(found == Tile.FISH):
            assert ground[row, col] == Tile.WATER
            assert min(row, col) >= low + 2 and max(row, col) <= high - 2
            around = found[tuple((np.array([row, col]) + NEIGHBOURS).T)]
            assert (around == Tile.GRASS).any()


def test_every_tile_that_may_hold_a_fish_is_as_likely(tiny_full, params, ground):
    keys = jax.random.split(jax.random.key(9), 600)
    stock = jax.jit(jax.vmap(lambda key: terrain._stock_fish(key, ground, params, tiny_full)))
    often = np.asarray((stock(keys) == Tile.FISH).sum(0))
    often = often[often > 0]
    expected = len(keys) * tiny_full.patches / often.size
    chi_square = ((often - expected) ** 2 / expected).sum()
    assert often.size > 60 and abs(chi_square - often.size) < 4 * np.sqrt(2 * often.size)


def test_without_professions_nothing_is_placed(tiny_full):
    off = np.ones(len(System), bool)
    off[System.PROFESSION] = False
    fractal = jnp.full((tiny_full.map_size,) * 2, 0.6, jnp.float16)
    made = terrain.build(
        jax.random.key(0), worlds.params(tiny_full, enabled=off), fractal, tiny_full
    )
    assert not np.isin(made.material, [Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.FISH]).any()
    made = terrain.build(
        jax.random.key(0), worlds.params(tiny_full, **EVERYTHING), fractal, tiny_full
    )
    assert np.isin([Tile.ORE, Tile.TREE, Tile.CRYSTAL, Tile.HERB], made.material).all()
