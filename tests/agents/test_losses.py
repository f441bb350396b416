import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.config import TrainConfig
from agents.learners import credit, losses, ppo
from agents.learners.losses import gae
from agents.learners.minibatch import Minibatch, Replayed

GAMMA, LAMBDA = 0.5, 0.5


def collected(log_prob, value, advantage, mask, moments=None):
    """A minibatch of which only some is looked at."""
    none = jnp.zeros_like(advantage)
    return Minibatch(
        log_prob,
        value,
        advantage,
        reward=none,
        ended=mask,
        bootstrap=none,
        after=none,
        mask=mask,
        moments=moments,
    )


def ppo_loss(log_prob, value, entropy, old_log_prob, old_value, advantage, mask, cfg, axis=None):
    """The loss and its metrics: sums over rows, divided by how many of all devices count."""
    old = ppo.samples_of(collected(old_log_prob, old_value, advantage, mask), cfg, axis)
    count = losses.sum_over_devices(jnp.sum(mask), axis).astype(jnp.float32)
    new = Replayed(log_prob, value, entropy, logits=None, choice=None)
    sums = ppo.loss(new, old, cfg)
    return jax.tree.map(lambda leaf: leaf / count, sums)


def advantages(reward, value, last, ended, bootstrap):
    out = gae(
        jnp.array(reward),
        jnp.array(value),
        jnp.float32(last),
        jnp.array(ended),
        jnp.array(bootstrap),
        GAMMA,
        LAMBDA,
    )
    return np.asarray(out)


def test_gae_without_end_bootstraps_from_the_last_value():
    out = advantages([1.0, 2.0], [4.0, 8.0], 16.0, [False, False], [0.0, 0.0])
    second = 2 + 0.5 * 16 - 8  # 2
    first = (1 + 0.5 * 8 - 4) + 0.25 * second  # 1.5
    assert out.tolist() == [first, second] == [1.5, 2.0]


def test_gae_death_cuts_the_return_even_if_the_agent_lives_on():
    out = advantages([1.0, -1.0, 3.0], [4.0, 8.0, 2.0], 16.0, [False, True, False], [0.0] * 3)
    third = 3 + 0.5 * 16 - 2  # 9, of the next life
    second = -1 - 8  # nothing beyond
    first = (1 + 0.5 * 8 - 4) + 0.25 * second
    assert out.tolist() == [first, second, third] == [-1.25, -9.0, 9.0]


def test_gae_time_limit_bootstraps_from_the_state_beyond():
    out = advantages([1.0, 3.0], [4.0, 2.0], 16.0, [True, False], [6.0, 0.0])
    assert out[0] == 1 + 0.5 * 6 - 4


def test_masked_mean_ignores_the_rest_and_survives_an_empty_mask():
    values, mask = jnp.array([1.0, np.nan, 3.0]), jnp.array([True, False, True])
    assert float(losses.masked_mean(values, mask)) == 2.0
    assert float(losses.masked_mean(values, jnp.zeros(3, bool))) == 0.0


def test_normalized_over_the_mask():
    values, mask = jnp.array([1.0, 100.0, 3.0]), jnp.array([True, False, True])
    samples = ppo.samples_of(collected(values, values, values, mask), TrainConfig(), None)
    assert samples.advantage[np.array([0, 2])] == pytest.approx([-(0.5**0.5), 0.5**0.5])


def test_advantages_of_each_game_have_mean_0_and_deviation_1():
    """Three games whose advantages differ a hundredfold; in one of them nobody lives."""
    draw = np.random.default_rng(3)
    game = draw.integers(0, 2, (6, 4)).astype(np.int32)
    game[5] = 2
    mask = draw.random((6, 4, 5)) < 0.7
    mask[5] = False
    values = draw.normal(3.0, 1.0, (6, 4, 5)) * np.array([1.0, 100.0, 1.0])[game][..., None]
    values = jnp.asarray(values, jnp.float32)
    mean, deviation = losses.moments_by_game(values, jnp.asarray(mask), jnp.asarray(game), 3)
    for number in (0, 1):
        own = values[(game == number)[..., None] & mask]
        where = np.argwhere(game == number)[0]
        assert float(mean[*where, 0]) == pytest.approx(float(own.mean()), rel=1e-4)
        assert float(deviation[*where, 0]) == pytest.approx(float(own.std(ddof=1)), rel=1e-4)
    assert (mean[5] == 0).all() and (deviation[5] == 1).all(), "nobody to take them of"
    moments = tuple(jnp.broadcast_to(moment, values.shape) for moment in (mean, deviation))
    batch = collected(values, values, values, jnp.asarray(mask), moments)
    scaled = np.asarray(ppo.samples_of(batch, TrainConfig(), None).advantage)
    for number in (0, 1):
        own = scaled[(game == number)[..., None] & mask]
        assert abs(own.mean()) < 1e-4 and own.std(ddof=1) == pytest.approx(1.0, rel=1e-4)


def test_devices_take_the_advantages_of_a_game_together():
    values = jax.random.normal(jax.random.key(4), (8, 3, 2))
    mask = jax.random.bernoulli(jax.random.key(5), 0.7, (8, 3, 2))
    game = jax.random.randint(jax.random.key(6), (8, 3), 0, 2)
    whole = losses.moments_by_game(values, mask, game, 2)
    split = jax.tree.map(lambda leaf: leaf.reshape(4, 2, *leaf.shape[1:]), (values, mask, game))
    parts = jax.vmap(lambda v, m, g: losses.moments_by_game(v, m, g, 2, "d"), axis_name="d")(*split)
    for one, many in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, many.reshape(one.shape), rtol=1e-5)


def test_shares_of_devices_sum_up_to_the_loss_and_its_gradient():
    """Four devices of unequal numbers of living rows, by vmap over the axis."""
    draws = jax.random.normal(jax.random.key(0), (6, 4, 5))
    mask = jax.random.bernoulli(jax.random.key(1), 0.6, (4, 5)).at[2].set(False)
    cfg = TrainConfig(clip=0.1, value_clip=0.1, value_coef=0.5, entropy=0.01, token_entropy=0.001)

    def loss(scale, rows, mask, axis=None):
        log_prob, value, entropies, old_log_prob, old_value, advantage = rows
        return ppo_loss(
            scale * log_prob,
            scale * value,
            (scale * entropies, entropies),
            old_log_prob,
            old_value,
            advantage,
            mask,
            cfg,
            axis,
        )

    def variance(rows, mask, axis=None):
        return losses.explained_variance(rows[1], rows[4], mask, axis)

    learn = jax.value_and_grad(loss, has_aux=True)
    whole = learn(1.0, draws, mask)
    of_device = jax.vmap(lambda rows, mask: learn(1.0, rows, mask, "x"), (1, 0), axis_name="x")
    shares = jax.tree.map(lambda leaf: leaf.sum(), of_device(draws, mask))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), shares, whole)
    explained = jax.vmap(lambda *part: variance(*part, "x"), (1, 0), axis_name="x")(draws, mask)
    assert np.asarray(explained) == pytest.approx([float(variance(draws, mask))] * 4, rel=1e-5)


def test_all_that_is_logged_is_named(one_choice):
    cfg = TrainConfig(clip=0.1, value_clip=0.1, value_coef=0.5, entropy=0.1, token_entropy=0.01)
    assert set(ppo_loss(**one_choice, cfg=cfg)[1]) == set(ppo.METRICS)


@pytest.fixture
def one_choice():
    """Two agents, the second dead; ratios 2 and huge, values 1 off."""
    return dict(
        log_prob=jnp.log(jnp.array([0.5, 0.9])),
        value=jnp.array([3.0, 50.0]),
        entropy=(jnp.array([1.5, 9.0]), jnp.array([0.5, 9.0])),
        old_log_prob=jnp.log(jnp.array([0.25, 1e-9])),
        old_value=jnp.array([2.0, 0.0]),
        advantage=jnp.array([0.0, 7.0]),
        mask=jnp.array([True, False]),
    )


def test_ppo_loss_counts_the_living_only(one_choice):
    cfg = TrainConfig(clip=0.1, value_clip=0.0, value_coef=0.5, entropy=0.1, token_entropy=0.01)
    loss, metrics = ppo_loss(**one_choice, cfg=cfg)
    assert float(metrics["value_loss"]) == pytest.approx(0.5 * (3 - 2) ** 2)
    assert float(metrics["clip_fraction"]) == 1.0
    assert float(metrics["approx_kl"]) == pytest.approx(2 - 1 - np.log(2), abs=1e-6)
    assert float(loss) == pytest.approx(0.5 * 0.5 - 0.1 * 1.5 - 0.01 * 0.5)


def test_ppo_loss_takes_the_worse_of_ratio_and_clipped_ratio():
    cfg = TrainConfig(clip=0.1, value_clip=0.0, value_coef=0.0, entropy=0.0, token_entropy=0.0)
    two = jnp.zeros(2)
    loss, _ = ppo_loss(
        jnp.log(jnp.array([2.0, 2.0])),
        two,
        (two, two),
        two,
        two,
        jnp.array([1.0, -1.0]),
        jnp.ones(2, bool),
        cfg,
    )
    scale = 1 / 2**0.5  # both advantages after normalization
    assert float(loss) == pytest.approx(-(1.1 * scale - 2.0 * scale) / 2)


def test_value_clip_takes_the_worse_error(one_choice):
    cfg = TrainConfig(clip=0.1, value_clip=0.1, value_coef=1.0, entropy=0.0, token_entropy=0.0)
    one_choice["advantage"] = jnp.array([5.0, 0.0])  # target 7, clipped value 2.1
    _, metrics = ppo_loss(**one_choice, cfg=cfg)
    assert float(metrics["value_loss"]) == pytest.approx(0.5 * (7 - 2.1) ** 2)


def test_explained_variance():
    target, mask = jnp.array([1.0, 2.0, 3.0, 99.0]), jnp.array([True, True, True, False])
    assert float(losses.explained_variance(target, target, mask)) == pytest.approx(1.0)
    assert float(losses.explained_variance(target * 0, target, mask)) == pytest.approx(0.0)


def test_after_death_goes_on_what_living_teammates_expect():
    """Players 0, 1, 2 are a team, 3 and 4 another; 0 dies in the first tick, 3 in the second."""
    value = jnp.array([[[9.0, 9, 9, 9, 9]], [[9, 2, 4, 7, 8]]])
    alive = jnp.array([[[True] * 5], [[False, True, True, True, True]]])
    last_value = jnp.array([[9.0, 3, 5, 9, 6]])
    last_alive = jnp.array([[False, True, True, False, True]])
    group = jnp.broadcast_to(jnp.array([0, 0, 0, 1, 1]), value.shape)
    found = credit.value_after_death(
        value, alive, last_value, last_alive, group, jnp.zeros((2, 1), bool)
    )
    assert found.tolist() == [[[3.0, 0, 0, 0, 0]], [[0, 0, 0, 6.0, 0]]]
    over = jnp.array([[True], [False]])
    found = credit.value_after_death(value, alive, last_value, last_alive, group, over)
    assert found.tolist() == [[[0.0] * 5], [[0, 0, 0, 6.0, 0]]]
    nobody = jnp.zeros_like(last_alive)
    found = credit.value_after_death(
        value, alive, last_value, nobody, group, jnp.zeros((2, 1), bool)
    )
    assert found[1].tolist() == [[0.0] * 5], "a team that has fallen expects nothing"
