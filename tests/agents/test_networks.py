import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from agents.config import TrainConfig
from agents.networks.encoders import (
    Scales,
    bounded,
    message_features,
    own_features,
    pair_features,
)
from agents.networks.tiles import tile_features
from agents.networks.views import OriginalView
from agents.policy import legal_choices, make_policy
from tests.agents.fake import CFG, FakeEnv

EVERYBODY = jnp.arange(CFG.players)


def count(tree) -> int:
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))


def original_view(cfg: mm.Config):
    """Shapes of what the paper's network is shown, by all players of one world."""

    def shape(*size, dtype=jnp.int16):
        return jax.ShapeDtypeStruct((cfg.players, *size), dtype)

    full = cfg.slots > 0
    return OriginalView(
        base=None,
        tile=shape(cfg.window**2, 7),
        entity=shape(cfg.visible_rows, 31),
        task=shape(11 + cfg.task_embedding, dtype=jnp.float16),
        word=shape(dtype=jnp.int32),
        inventory=shape(cfg.slots, 16) if full else None,
        market=jax.ShapeDtypeStruct((cfg.market_rows, 16), jnp.int16) if full else None,
    )


def parameters(policy, cfg):
    who = jax.ShapeDtypeStruct((cfg.players,), jnp.int32)
    shapes = jax.eval_shape(policy.network.init, jax.random.key(0), original_view(cfg), who)
    return shapes["params"]


@pytest.mark.parametrize(("corrected", "expected"), [(True, 3_061_190), (False, 3_332_550)])
def test_the_papers_full_network_has_the_papers_parameters(corrected, expected):
    cfg = mm.preset("full")
    policy = make_policy(TrainConfig(network="paper", corrected=corrected), cfg)
    params = parameters(policy, cfg)
    heads = ("style", "query", "token", "move", "trade")
    assert count([params[name] for name in heads]) == 611_917
    assert count(params["belongings"]) == 94_208 + 787_200 + 66_304
    assert count(params["trunk"]) == 327_936
    assert count(params) == expected


@pytest.mark.parametrize(("corrected", "expected"), [(True, 1_470_976), (False, 1_742_336)])
def test_the_papers_network_has_the_papers_parameters(corrected, expected):
    cfg = mm.preset("mini")
    policy = make_policy(TrainConfig(network="paper", corrected=corrected), cfg)
    params = parameters(policy, cfg)
    heads = ("style", "query", "token", "move")
    sizes = {
        "tiles": 401_528,
        "task": 7_680,
        "trunk": 196_864,
        "value": 257,
        "heads": 100_487,
        "players": 509_184 if not corrected else 509_184 - 237_568 - 32_768,
        "core": 526_336 if not corrected else 525_312,
    }
    found = {name: count(params[name]) for name in ("tiles", "trunk", "value", "players", "core")}
    found["task"] = count([params["task"], params["task_norm"]])
    found["heads"] = count([params[name] for name in heads])
    assert found == sizes
    assert count(params) == expected


@pytest.fixture(scope="module")
def lean():
    """The lean network in the fake world: one world's observation, parameters, outputs."""
    policy = make_policy(TrainConfig(width=16), CFG)
    obs, _ = FakeEnv().reset(jax.random.key(0))
    obs = obs.replace(visible=obs.visible.at[:, 3].set(-1))
    params = policy.network.init(jax.random.key(1), obs, EVERYBODY)
    params = jax.tree.map(
        lambda leaf: leaf + 0.1 * np.cos(np.arange(leaf.size)).reshape(leaf.shape), params
    )
    return obs, jax.jit(lambda obs: policy.network.apply(params, obs, EVERYBODY))


def test_who_is_out_of_sight_does_not_matter(lean):
    obs, apply = lean
    logits, value = apply(obs)
    other = obs.replace(entities=obs.entities.at[3].add(7))
    seen_logits, seen_value = apply(other)
    assert (seen_value[:3] == value[:3]).all()
    assert (seen_logits.target[:3, :3] == logits.target[:3, :3]).all()
    near = obs.replace(entities=obs.entities.at[2].add(7))
    assert (apply(near)[1][:2] != value[:2]).any()


def test_words_of_teammates_are_heard_however_far_away():
    """Of those who only watch and of the others apart; not one's own, nor those of other teams."""
    obs, _ = FakeEnv().reset(jax.random.key(0))
    column, table = mm.Column, np.array(obs.entities)
    table[:, column.GROUP] = [0, 0, 0, 1]
    table[:, column.MESSAGE] = [1, 2, 3, 3]
    table[1, column.FREEZE] = 32_767
    obs = obs.replace(entities=jnp.asarray(table), visible=jnp.full_like(obs.visible, -1))
    scales = Scales.of(CFG)
    assert scales.token_bits == 2
    heard = message_features(obs, EVERYBODY, scales).tolist()
    assert heard == [
        [-1, 1, 1, 1, 1, 1],  # 1 watches and says 0b10, 2 says 0b11
        [0, 0, 0, 1, 0, 1],  # 0 says 0b01, 2 says 0b11
        [-1, 1, 1, 1, -1, 1],
        [0, 0, 0, 0, 0, 0],
    ]


def test_the_order_of_those_in_sight_does_not_matter(lean):
    obs, apply = lean
    logits, value = apply(obs)
    swapped = obs.replace(visible=obs.visible[:, jnp.array([1, 0, 2, 3])])
    swapped_logits, swapped_value = apply(swapped)
    assert np.asarray(swapped_value) == pytest.approx(np.asarray(value), rel=1e-5)
    order = np.array([1, 0, 2])
    expected = np.asarray(logits.target[:, order])
    assert np.asarray(swapped_logits.target[:, :3]) == pytest.approx(expected, rel=1e-5)


def test_legal_spares_teammates_and_silences():
    obs, _ = FakeEnv().reset(jax.random.key(0))
    group = jnp.array([0, 0, 1, 1], jnp.int16)
    obs = obs.replace(entities=obs.entities.at[:, mm.Column.GROUP].set(group))
    masks = obs.masks.replace(target=obs.masks.target.at[:, 4].set(False))
    obs = obs.replace(masks=masks)
    out = legal_choices(obs, EVERYBODY, CFG.tokens)
    assert out.target[0].tolist() == [False, False, True, True, False]
    assert out.token.tolist() == [[True] * 4] * 2 + [[True, False, False, False]] * 2
    assert (
        legal_choices(obs, EVERYBODY, CFG.tokens, talk=False).token.tolist()
        == [[True] + [False] * 3] * 4
    )
    assert legal_choices(obs, EVERYBODY, CFG.tokens, spare_teammates=False).target[0].tolist() == [
        False,
        True,
        True,
        True,
        False,
    ]
    alone = obs.replace(entities=obs.entities.at[:, mm.Column.GROUP].set(0))
    assert legal_choices(alone, EVERYBODY, CFG.tokens).target.tolist() == [[False] * 4 + [True]] * 4


def test_spelled_words_are_legal_where_words_are():
    obs, _ = FakeEnv().reset(jax.random.key(0))
    out = legal_choices(obs, EVERYBODY, CFG.tokens, spelled=True)
    assert out.token is None
    bits = CFG.tokens.bit_length()
    assert out.spelling.tolist() == [[True] * bits] * 2 + [[False] * bits] * 2
    assert not legal_choices(obs, EVERYBODY, CFG.tokens, talk=False, spelled=True).spelling.any()


def test_features_stay_near_one_in_all_games(played):
    """One that is far larger decides every update: recons are frozen for 32,767 ticks."""
    scales, who = Scales.of(played.env.cfg), jnp.arange(played.env.cfg.players)
    largest = jax.jit(
        lambda obs: [
            jnp.abs(jnp.where(obs.alive[:, None], own_features(obs, who, scales), 0.0)).max(),
            jnp.abs(
                jnp.where((obs.visible >= 0)[..., None], pair_features(obs, who, scales), 0.0)
            ).max(),
            jnp.abs(tile_features(obs)).max(),
        ]
    )
    for game in played.env.games:
        obs, world = played.start(game.name)
        assert max(map(float, largest(obs))) <= 4, game.name
        for step in played.random_steps(obs, world, 3):
            assert max(map(float, largest(step[0]))) <= 4, game.name


def test_large_numbers_are_bounded_and_small_ones_kept():
    found = bounded(jnp.array([-1.0, 0.0, 0.5, 1.0, np.e, 1e9]))
    assert found.tolist() == pytest.approx([-1.0, 0.0, 0.5, 1.0, 2.0, 4.0])
