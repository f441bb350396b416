"""Drawn games are played: alone as in the universe, bit for bit, and to their ends."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import games
from metammo_jax.env import BEGIN
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.lib import threefry

pytestmark = pytest.mark.slow
TICKS = 40


@functools.cache
def player(env):
    """Returns the jitted function that plays: (key, game) -> first world, and what followed."""

    @jax.jit
    def run(key, game):
        obs, first = env.reset(key, game)

        def tick(carry, key):
            obs, world = carry
            action = env.sample(key, obs)
            obs, world, *outcome, info = env.step(key, world, action)
            return (obs, world), (outcome, info.over, info.score, info.winners)

        keys = jax.random.split(jax.random.fold_in(key, 1), TICKS)
        return first, jax.lax.scan(tick, (obs, first), keys)

    return run


def play(env, key, game: int = 0):
    """Returns the first world; the last observation and world; all rewards, ends and winners."""
    return jax.device_get(player(env)(key, jnp.int32(game)))


def differing(one, two) -> set[str]:
    """Returns the leaves in which two pytrees differ."""
    leaves = jax.tree_util.tree_leaves_with_path((one, two))
    half = len(leaves) // 2
    return {
        jax.tree_util.keystr(path[1:])
        for (path, a), (_, b) in zip(leaves[:half], leaves[half:], strict=True)
        if a.dtype != b.dtype or not np.array_equal(a, b)
    }


def first_of_each(env, axis: str, options, most: int = 200) -> list[int]:
    """Returns seeds whose games have these options of an axis."""
    draw = jax.jit(jax.vmap(lambda key: env.table.atlas.draw(key, jnp.int32(0))))
    keys = jax.vmap(begin_key)(jax.vmap(jax.random.key)(jnp.arange(most)))
    names = [AXES[INDEX[axis]].options[i] for i in np.asarray(draw(keys))[:, INDEX[axis]]]
    return [names.index(option) for option in options]


def begin_key(key):
    """Returns the key of which `Env.reset` draws the choices."""
    return threefry.split(threefry.tagged(key, BEGIN), 7)[0]


@pytest.fixture(scope="module")
def universe():
    return mm.make("universe", config="tiny")


@pytest.mark.parametrize(("axis", "option"), [
    ("teams", "alone"), ("spawn", "recons"), ("npcs", "soldiers"), ("join", "or"),
])  # fmt: skip
def test_a_pinned_game_plays_alone_as_it_does_where_it_is_drawn(universe, axis, option):
    key = jax.random.key(first_of_each(universe, axis, [option])[0])
    drawn = play(universe, key)
    row = drawn[0].params.choices
    assert AXES[INDEX[axis]].options[row[INDEX[axis]]] == option
    code = games.code_of(drawn[0])
    alone = mm.make(f"universe/{code}", config="tiny")
    assert not differing(drawn, play(alone, key))
    assert games.describe(drawn[0], "tiny") == games.describe(code, "tiny")


def test_games_in_a_mix_are_what_they_are_alone(universe):
    code = games.code_of(np.asarray(universe.reset(jax.random.key(2))[1].params.choices))
    mix = ["survive", "universe", f"universe/{code}"]
    mixed, indices = mm.make(mix, config="tiny"), {".params.game", ".task.goal", ".task.predicate"}
    key = jax.random.key(5)
    for game, name in enumerate(mix):
        together, alone = play(mixed, key, game), play(mm.make(name, config="tiny"), key)
        wrong = differing(together[0], alone[0]) if game else set()
        assert wrong <= indices, wrong
        same = [(x[1][0][0], x[1][1]) for x in (together, alone)]
        assert not differing(*same)
        survive = together[0].params.choices
        assert (survive == -1).all() if game == 0 else (survive >= 0).all()


@pytest.mark.parametrize("config", ["tiny", "tiny_full"])
def test_hundreds_of_drawn_games_are_played_to_their_ends(config):
    """Random players: games end, nobody wins before anybody could, and winning is possible."""
    batch = mm.vectorize(mm.make("universe", config=config), 256, reset_block=64)

    @jax.jit
    def run(key):
        obs, state = batch.reset(key)

        def tick(carry, key):
            (obs, state), (act, step) = carry, jax.random.split(key)
            action = batch.sample(act, obs)
            at = state.world.tick + 1
            obs, state, reward, *_, info = batch.step(step, state, action)
            results = info.choices, info.done, info.info.winners.any(-1), at, reward
            return (obs, state), results

        return jax.lax.scan(tick, (obs, state), jax.random.split(key, 300))[1]

    choices, done, won, at, reward = jax.device_get(run(jax.random.key(0)))
    ended = choices[done]
    assert len(ended) > 400 and len(np.unique(ended, axis=0)) > 0.98 * len(ended)
    assert np.isfinite(reward).all() and (at[done] <= 128).all()
    assert (at[done & won] > 2).mean() > 0.98, np.bincount(at[done & won])
    assert 0.1 < won[done].mean() < 0.95
    goals = {AXES[INDEX["goal"]].options[i] for i in ended[won[done]][:, INDEX["goal"]]}
    assert len(goals) > 6


def test_a_level_is_played_again(universe):
    """What a curriculum needs: the choices of a game are observed, kept and played again."""
    _, world = universe.reset(jax.random.key(3))
    choices = world.params.choices
    _, again = universe.reset(jax.random.key(4), choices=choices)
    np.testing.assert_array_equal(again.params.choices, choices)
    assert int(again.params.center) == int(world.params.center)
    np.testing.assert_array_equal(again.task.args, world.task.args)
    _, other = universe.reset(jax.random.key(4))
    assert (other.params.choices != choices).any()
