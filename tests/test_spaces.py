"""Spaces hold what environments give and take."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metammo_jax as mm
from metammo_jax.action import check
from metammo_jax.registry import make
from metammo_jax.spaces import Box
from metammo_jax.vocab import Item
from tests import worlds


def test_spaces_contain_what_the_environment_gives_and_samples(played):
    env = played.env
    obs, world = played.start("team_battle")
    assert env.observation_space.contains(obs)
    action = played.sample(jax.random.key(0), obs)
    assert env.action_space.contains(action)
    drawn = env.action_space.sample(jax.random.key(1))
    assert env.action_space.contains(drawn)
    assert played.step(jax.random.key(2), world, drawn)[1].tick == 1


def test_a_box_refuses_other_shapes_types_and_values():
    box = Box(0, 4, (3,), np.dtype(np.int32))
    assert box.contains(jnp.array([0, 4, 2]))
    assert not box.contains(jnp.array([0, 5, 2]))
    assert not box.contains(jnp.array([0, 4]))
    assert not box.contains(jnp.array([0.0, 1.0, 2.0]))


def test_a_tree_refuses_another_structure(all_games):
    action = all_games.noop()
    assert all_games.action_space.contains(action)
    assert not all_games.action_space.contains(tuple(vars(action).values()))
    assert not all_games.action_space.contains(action.replace(move=action.move - 1 - 4))


@pytest.fixture(scope="module")
def full():
    return make("survive", config="tiny_full")


def test_the_full_game_is_within_its_spaces_too(full, tiny_full):
    shapes = jax.eval_shape(full.reset, jax.random.key(0))[0]
    space = full.observation_space.leaves
    assert jax.tree.map(lambda box: (box.shape, box.dtype), space.bag) == (
        (tiny_full.players, tiny_full.slots, 5),
        np.int16,
    )
    assert jax.tree.structure(space) == jax.tree.structure(shapes)
    assert full.action_space.contains(full.noop())
    drawn = full.action_space.sample(jax.random.key(1))
    assert full.action_space.contains(drawn)
    check(drawn, tiny_full)
    for head in ("use", "give_to", "price", "buy", "gold"):
        wrong = drawn.replace(**{head: jnp.full_like(drawn.use, 10_000)})
        assert not full.action_space.contains(wrong)


def test_samples_keep_to_all_masks(full, tiny_full):
    """In a world in which everybody has something of everything to choose from."""
    cfg, world = tiny_full, worlds.blank(tiny_full)
    for row in range(cfg.players):
        world = worlds.put_item(world, row, row % 5, Item.HAT, 1)
        world = worlds.put_item(world, row, 6, Item.RATION, 1, price=1 + row)
    gold = world.body.gold.at[: cfg.players].set(3 + jnp.arange(cfg.players))
    world = world.replace(body=world.body.replace(gold=gold))
    obs = jax.jit(full.observe)(world)
    keys = jax.random.split(jax.random.key(3), 64)
    drawn = jax.tree.map(np.asarray, jax.jit(jax.vmap(full.sample, (0, None)))(keys, obs))
    masks, row = jax.tree.map(np.asarray, obs.masks), np.arange(cfg.players)
    gold = np.asarray(gold)
    nothing = {}
    for head in ("use", "destroy", "give", "sell"):
        slot = getattr(drawn, head)
        assert (slot < cfg.slots).all()
        assert getattr(masks, head)[row, slot].all()  # -1 is the last: nothing
        nothing[head] = slot == -1
    for head in ("give_to", "gold_to"):
        other = getattr(drawn, head)
        assert (other < cfg.players).all() and (other != row).all()
        nothing[head] = other == -1
    assert (drawn.gold >= 1).all() and (drawn.gold <= gold[: cfg.players]).all()
    assert drawn.price.min() == 1 and drawn.price.max() == cfg.prices
    seller, slot = np.divmod(drawn.buy, cfg.slots)
    bought = drawn.buy >= 0
    assert (slot[bought] == 6).all() and (seller != row)[bought].all()
    assert (1 + seller <= np.asarray(gold[: cfg.players]))[bought].all()
    nothing["buy"] = ~bought
    for head, where in nothing.items():
        assert 0 < where.mean() < 0.75, head


ENDS = [0, 1, -1, 100, 2**7, -(2**7), 2**15, 2**31 - 1, -(2**31), 2**32 - 1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sampled_from([np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.bool_]),
    st.sampled_from(ENDS),
    st.sampled_from(ENDS),
    st.booleans(),
    st.integers(0, 9),
)
def test_boxes_of_whole_numbers_contain_what_they_sample(kind, one, other, full, seed):
    least, most = (0, 1) if kind is np.bool_ else (np.iinfo(kind).min, np.iinfo(kind).max)
    low, high = sorted(min(max(end, least), most) for end in (one, other))
    box = Box(*((least, most) if full else (low, high)), (64,), np.dtype(kind))
    drawn = box.sample(jax.random.key(seed))
    assert box.contains(drawn)
    if box.low < box.high:
        assert len(np.unique(drawn)) > 1


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_boxes_of_real_numbers_contain_what_they_sample(kind):
    most = float(np.finfo(kind).max)
    ends = (-np.inf, -most, -1.0, 0.0, 0.5, most, np.inf)
    for low in ends[:-1]:
        for high in ends[1:]:
            if low <= high:
                drawn = Box(low, high, (64,), np.dtype(kind)).sample(jax.random.key(1))
                assert np.isfinite(drawn).all()
                assert Box(low, high, (64,), np.dtype(kind)).contains(drawn)
                sizes = {abs(low), abs(high)}
                all_equal = low == high or sizes == {most, np.inf}  # all are rounded to the same
                assert all_equal or len(np.unique(drawn)) > 1


def test_environments_batches_and_wrappers_say_their_spaces(all_games):
    from agents.networks.views import ShowOriginal

    batch = mm.vectorize(all_games, 3)
    for env in (all_games, batch, mm.PaperReward(all_games), ShowOriginal(all_games)):
        shapes = jax.eval_shape(env.reset, jax.random.key(0))[0]
        assert jax.tree.structure(env.observation_space.leaves) == jax.tree.structure(shapes)
        sample = env.observation_space.sample(jax.random.key(0))
        assert env.observation_space.contains(sample)
        assert jax.tree.map(jnp.shape, sample) == jax.tree.map(lambda x: x.shape, shapes)
        assert env.action_space.contains(env.noop())
        assert env.action_space.contains(env.action_space.sample(jax.random.key(2)))
    assert batch.noop().move.shape == (3, 16)
