"""Worlds are saved and read back by whatever saves pytrees: nothing in them is of size zero."""

import pickle

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

import metammo_jax as mm

CHANGES = dict(tiny={}, tiny_full={}, alone=dict(npcs=0), mini=dict(maps=1), full=dict(maps=1))
SLOW = [pytest.param(config, marks=pytest.mark.slow) for config in ("mini", "full")]


@pytest.fixture(scope="module", params=["tiny", "tiny_full", "alone", *SLOW])
def state(request):
    """A world of each config, as it begins; of the small ones with any numbers in it."""
    config = "tiny" if request.param == "alone" else request.param
    env = mm.make("team_battle", config=config, **CHANGES[request.param])
    key = jax.random.key(3)
    if request.param in ("mini", "full"):
        return jax.jit(env.reset)(key)[1]
    draw = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: jnp.asarray(draw.integers(0, 100, leaf.shape), leaf.dtype),
        jax.eval_shape(env.reset, key)[1],
    )


def assert_same(found, world):
    assert jax.tree.structure(found) == jax.tree.structure(world)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(world), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_no_leaf_is_of_size_zero(state):
    sizes = {
        jax.tree_util.keystr(path): leaf.size
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
    }
    assert len(sizes) > 80 and min(sizes.values()) > 0, sizes


def test_orbax_saves_a_world(state, tmp_path):
    with ocp.StandardCheckpointer() as saver:
        saver.save(tmp_path / "world", state)
        saver.wait_until_finished()
        found = saver.restore(tmp_path / "world", jax.eval_shape(lambda: state))
    assert_same(found, state)


def test_flax_saves_a_world(state):
    blank = jax.tree.map(np.zeros_like, state)
    found = flax.serialization.from_bytes(blank, flax.serialization.to_bytes(state))
    assert_same(found, state)


def test_numpy_saves_a_flattened_world(state, tmp_path):
    leaves, structure = jax.tree.flatten(state)
    np.savez(tmp_path / "world.npz", *leaves)
    with np.load(tmp_path / "world.npz") as file:
        found = [file[name] for name in file.files]
    assert_same(jax.tree.unflatten(structure, found), state)


def test_pickle_saves_a_world(state):
    assert_same(pickle.loads(pickle.dumps(state)), state)
    assert_same(pickle.loads(pickle.dumps(jax.device_get(state))), state)
