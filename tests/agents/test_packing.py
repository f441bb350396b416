"""Packing changes nothing but what is worked out: every living agent once, and no dead one."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from agents import policy as policies
from agents.config import TrainConfig
from agents.learners import update as updating
from agents.learners.minibatch import Minibatch, Replayed
from agents.learners.rollout import begin_rollout, collect
from agents.networks import packing
from agents.networks.distributions import Choice, entropy, log_prob
from agents.parallel.meshes import WORLD_AXIS
from agents.runs import training_run

WORLDS, PLAYERS = 5, 21


@pytest.fixture(params=[0.0, 0.1, 0.5, 1.0], ids="{:.0%} wanted".format)
def wanted(request):
    return np.random.default_rng(0).random((WORLDS, PLAYERS)) < request.param


def test_every_wanted_player_has_one_place(wanted):
    blocks = jax.jit(packing.pack)(wanted)
    place = np.asarray(blocks.who) < PLAYERS
    assert (place.any(axis=1) == np.asarray(blocks.filled)).all()
    assert (np.diff(np.asarray(blocks.filled).astype(int)) <= 0).all(), "filled ones come first"
    found = np.zeros((WORLDS, PLAYERS), int)
    for world, who in zip(*map(np.asarray, (blocks.world, blocks.who)), strict=True):
        np.add.at(found[world], who[who < PLAYERS], 1)
    np.testing.assert_array_equal(found, wanted)
    size = packing.block_size(PLAYERS)
    assert blocks.filled.sum() == sum(-(-n // size) for n in wanted.sum(axis=1))


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_all_blocks_are_worked_on_once(wanted, at_once):
    """Also where crowds part them, and each with a bound that its crowd does not exceed."""
    crowds = np.random.default_rng(1).integers(0, 31, (WORLDS, PLAYERS)).astype(np.int32)

    def work(state, some, bound):
        count, most = packing.gather(state, some, PLAYERS)
        return packing.scatter(state, some, (count + 1, jnp.full_like(most, bound)))

    @jax.jit
    def play(wanted, crowds, start):
        blocks = packing.pack(wanted)
        crowd = packing.block_crowd(crowds, blocks, PLAYERS)
        folded = packing.fold_blocks(work, start, blocks, at_once, 30, crowd)
        return folded, packing.fold_blocks(work, start, blocks, at_once, 30)

    zeros = np.zeros(wanted.shape, np.int32)
    folded, whole = jax.tree.map(np.asarray, play(wanted, crowds, (zeros, zeros)))
    np.testing.assert_array_equal(folded[0], wanted)
    assert (folded[1] >= crowds)[wanted].all() and not folded[1][~wanted].any()
    np.testing.assert_array_equal(whole[0], wanted)
    assert (whole[1][wanted] == 30).all()


@pytest.fixture(scope="module")
def tiny_batch(all_games):
    """Four worlds of each game, a policy, its parameters and first observations; some are dead."""
    cfg = TrainConfig(game=tuple(mm.games.GAMES), width=16, num_worlds=32, devices=1)
    batch, policy = training_run.assemble(cfg, all_games)
    stage = jax.jit(lambda key: begin_rollout(policy, batch, key))(jax.random.key(0))
    alive = jax.random.bernoulli(jax.random.key(1), 0.5, stage.obs.alive.shape)
    stage = stage.replace(obs=stage.obs.replace(alive=alive))
    params = jax.jit(policy.init)(jax.random.key(2), stage.obs)
    loud = jax.tree.map(
        lambda leaf: (
            leaf + 0.1 * jnp.cos(jnp.arange(leaf.size, dtype=jnp.float32)).reshape(leaf.shape)
        ),
        params,
    )
    memory = jax.random.normal(jax.random.key(3), stage.memory.shape)
    return batch, policy, loud, stage.replace(memory=memory)


def test_acting_packed_is_acting_for_everybody(tiny_batch):
    """Log-probabilities, values and memory of the living, to 1e-5; the dead do nothing."""
    batch, policy, params, stage = tiny_batch
    obs, alive = stage.obs, np.asarray(stage.obs.alive)
    crowd = (np.asarray(obs.visible) >= 0).sum(-1)[alive]
    assert crowd.max() > packing.list_bounds(obs.visible.shape[-1])[0] > crowd.min(), "both lengths"
    fresh = jax.random.bernoulli(jax.random.key(4), 0.3, alive.shape)
    act = jax.jit(policy.act)
    choice, log_probs, value, memory = act(
        batch.keys(jax.random.key(5)), params, obs, stage.memory, fresh
    )

    def plain(params, obs, memory, fresh):
        who = jnp.broadcast_to(jnp.arange(alive.shape[1]), alive.shape)
        one = jax.tree.map(lambda leaf: leaf[None], (obs, fresh))
        logits, value, memory = policy.unroll(params, one[0], who, memory, one[1])
        return log_prob(jax.tree.map(lambda leaf: leaf[0], logits), choice), value[0], memory

    for found, expected in zip(
        (log_probs, value, memory),
        jax.jit(plain)(params, obs, stage.memory, fresh),
        strict=True,
    ):
        np.testing.assert_allclose(found[alive], expected[alive], rtol=1e-4, atol=1e-5)
    assert not np.asarray(log_probs)[~alive].any() and not np.asarray(value)[~alive].any()
    kept = np.where(np.asarray(fresh)[..., None], 0.0, np.asarray(stage.memory))
    np.testing.assert_array_equal(np.asarray(memory)[~alive], kept[~alive])
    idle = policies.noop_choice(obs)
    chosen = jax.tree.map(lambda found, none: np.asarray(found != none)[~alive].any(), choice, idle)
    assert not any(jax.tree.leaves(chosen))


@pytest.fixture(scope="module")
def sequences(fake_parts):
    """64 sequences of 9 ticks of the fake world, in which everybody lives first."""
    batch, policy, _, state = fake_parts
    _, steps, memory, _ = jax.jit(
        lambda: collect(policy, batch, state.params, jax.random.key(3), state.stage, 2, 9)
    )()
    steps = jax.tree.map(updating._split_worlds, steps)
    memory = memory.reshape(-1, *memory.shape[2:])
    advantage, after = jax.random.normal(jax.random.key(6), (2, *steps.value.shape))
    return updating.make_rows(steps, memory, advantage, after)


def mean_loss(policy, params, cfg, learner, rows, index):
    """Returns the mean loss over the living of sequences, and its metrics, by the plain formula."""
    some = jax.tree.map(lambda leaf: leaf[index], rows)
    step = some.step
    obs, fresh, choice = jax.tree.map(
        lambda leaf: jnp.moveaxis(leaf, 1, 0), (step.obs, step.fresh, step.choice)
    )
    who = jnp.broadcast_to(jnp.arange(4), (len(index), 4))
    logits, value, _ = policy.unroll(params, obs, who, some.memory, fresh)
    batch = Minibatch(
        step.log_prob,
        step.value,
        some.advantage,
        step.reward,
        step.ended,
        step.bootstrap,
        some.after,
        step.alive,
    )
    old = learner.samples_of(batch, cfg, None)
    old = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 1, 0), old)
    new = Replayed(log_prob(logits, choice), value, entropy(logits), logits, choice)
    loss, metrics = learner.loss(new, old, cfg)
    count = step.alive.sum().astype(jnp.float32)
    return loss / count, jax.tree.map(lambda leaf: leaf / count, metrics)


@pytest.mark.parametrize(
    ("algorithm", "places"),
    [
        pytest.param("ppo", 1, marks=pytest.mark.slow),
        ("ppo", 3),
        pytest.param("vtrace", 3, marks=pytest.mark.slow),
        ("pqn", 3),
    ],
)
def test_gradients_packed_are_those_of_everybody(
    fake_parts, fake_cfg, sequences, monkeypatch, algorithm, places
):
    """The loss is a sum over the living: worked on in parts it has the same gradient, to 1e-4.

    Places without a player count for nothing, though they hold what belongs to somebody alive.
    """
    _, policy, _, state = fake_parts
    cfg = dataclasses.replace(fake_cfg, rollout=18, sequence=9, algorithm=algorithm)
    learner = updating.LEARNERS[algorithm]
    rows, index = sequences, jnp.arange(29)
    living = np.asarray(rows.living[index])
    assert living[0].all() and 0.2 < float(rows.step.alive.mean()) < 0.9
    monkeypatch.setattr(packing, "block_size", lambda players: places)
    monkeypatch.setitem(packing.ROWS, "cpu", 9 * places * 16)  # sixteen blocks at a time
    assert int(packing.pack(rows.living[index]).filled.sum()) % 16, "the last part is not full"

    def packed(params):
        gradient = functools.partial(
            updating._mean_gradient, policy, cfg=cfg, learner=learner, index=index
        )
        return jax.vmap(lambda rows: gradient(params, rows=rows), axis_name=WORLD_AXIS)(
            jax.tree.map(lambda leaf: leaf[None], rows)
        )

    plain = functools.partial(mean_loss, policy, cfg=cfg, learner=learner, rows=rows, index=index)
    found = jax.jit(packed)(state.params)
    expected = jax.jit(jax.grad(plain, has_aux=True))(state.params)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a[0], b, rtol=1e-4, atol=1e-6), found, expected
    )


@pytest.mark.parametrize("places", [1, 3], ids="blocks of {}".format)
def test_only_players_are_compared_when_replayed(fake_parts, sequences, monkeypatch, places):
    """What empty places hold was played by another: its log-probability is not theirs."""
    _, policy, _, state = fake_parts
    monkeypatch.setattr(packing, "block_size", lambda players: places)
    error = jax.jit(lambda rows: updating.replay_error(policy, state.params, rows))(sequences)
    assert float(error) < 1e-5


def test_choices_of_short_lists_are_those_of_long_ones():
    zero, target = jnp.zeros(3, jnp.int32), jnp.array([0, 3, 4])
    choice = Choice(zero, target, zero, zero)
    assert policies.lengthen_choice(choice, 4, 9).target.tolist() == [0, 3, 9]
    assert policies.shorten_choice(policies.lengthen_choice(choice, 4, 9), 4).target.tolist() == [
        0,
        3,
        4,
    ]
