import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import games
from metammo_jax.config import MINI_SYSTEMS, Config, preset
from metammo_jax.vocab import Revival, System
from tests import worlds

TINY = preset("tiny")


def table(*names, weights=None, cfg=TINY):
    return games.Table([games.GAMES[name]() for name in names], weights, cfg)


same_table = functools.cache(table)


def with_refill(name, refill):
    return dataclasses.replace(games.GAMES[name](), refill=refill)


def refill_shape(table, world=None):
    world = worlds.blank(TINY, teams=2, center=20) if world is None else world
    return jax.eval_shape(lambda w: table.refill(jax.random.key(0), w, TINY), world)


def test_a_function_that_games_share_is_compiled_once():
    calls = []

    def refill(key, world, cfg):
        calls.append(world)
        return games.replace_fallen(key, world, cfg)

    shared = [with_refill(name, refill) for name in ("survive", "team_battle")]
    refill_shape(games.Table([*shared, games.sandwich()], None, TINY))
    assert len(calls) == 1
    assert len(table("team_battle", "protect_the_king", "sandwich").predicates) == 2
    assert len(table(*games.GAMES).predicates) == 6


def test_functions_of_a_game_alone_are_given_numbers_outside_of_jit():
    """There is no choice to make between games, which would trace them."""
    world = worlds.blank(TINY, tick=3, teams=2, center=20)
    seen = []

    def refill(key, world, cfg):
        seen.append(int(world.tick))
        return world

    alone, other = with_refill("sandwich", refill), games.survive()
    games.Table([alone], None, TINY).refill(jax.random.key(0), world, TINY)
    assert seen == [3]
    with pytest.raises(jax.errors.ConcretizationTypeError):
        games.Table([alone, other], None, TINY).refill(jax.random.key(0), world, TINY)


def counts(key, world, cfg):
    """Changes what no refill may."""
    return world.replace(tick=world.tick + 1, verdict=world.verdict.replace(over=world.tick > 3))


@pytest.mark.parametrize("others", [(), ("survive",)])
def test_a_refill_that_changes_more_than_bodies_and_npcs_is_refused(others):
    others = [games.GAMES[name]() for name in others]
    made = games.Table([with_refill("sandwich", counts), *others], None, TINY)
    rule = "may change world.body and world.npc alone"
    with pytest.raises(ValueError, match=f"'counts' changes .*world.tick.*world.verdict.*{rule}"):
        refill_shape(made)
    nothing = with_refill("sandwich", lambda key, world, cfg: None)
    with pytest.raises(ValueError, match="refill '<lambda>' returns a NoneType, .* a World"):
        refill_shape(games.Table([nothing, *others], None, TINY))


@pytest.mark.parametrize("others", [(), ("sandwich",)])
def test_a_refill_may_be_jitted_or_have_conditions(others):
    others = [games.GAMES[name]() for name in others]
    batch = jax.tree.map(lambda leaf: leaf[None], worlds.blank(TINY, teams=2, center=20))
    jitted = jax.jit(games.replace_fallen, static_argnums=2)

    def sometimes(key, world, cfg):
        call = functools.partial(games.replace_fallen, key, cfg=cfg)
        return jax.lax.cond(world.tick > 0, lambda w: call(world=w), lambda w: w, world)

    for refill in (jitted, sometimes):
        made = games.Table([with_refill("survive", refill), *others], None, TINY)
        step = jax.vmap(lambda world, t=made: t.refill(jax.random.key(0), world, TINY))
        assert jax.eval_shape(step, batch).body.pos.shape == batch.body.pos.shape


@pytest.mark.parametrize("game", range(3))
def test_each_game_is_asked_its_own_functions(game):
    names = ("race_to_the_center", "sandwich", "king_of_the_hill")
    world = worlds.blank(TINY, tick=7)
    done = world.task.completed_at.at[2].set(3)
    world = world.replace(task=world.task.replace(completed_at=done))

    @functools.partial(jax.jit, static_argnums=0)
    def ask(table, index):
        key = jax.random.key(3)
        params = table.draw(key, index, table.first_difficulty(), TINY)
        here = world.replace(params=params.replace(game=jnp.int32(index)))
        winners = table.referee(here, TINY)
        joined = table.muster(key, here, TINY)
        return (
            table.spawn(key, params, TINY),
            winners,
            table.score(here, winners, TINY),
            joined.body,
        )

    mixed, alone = ask(same_table(*names), game), ask(table(names[game]), 0)
    jax.tree.map(np.testing.assert_array_equal, mixed, alone)
    assert mixed[1].any()
    count = int(mixed[3].present[TINY.players :].sum())
    assert (count > 0) == (names[game] == "sandwich")


def test_games_of_a_batch_play_by_their_own_rules():
    mixed = table("race_to_the_center", "team_battle", "king_of_the_hill")
    game = jnp.array([2, 0, 1, 1])
    draw = jax.jit(
        jax.vmap(lambda g: mixed.draw(jax.random.key(0), g, mixed.first_difficulty(), TINY))
    )
    params = draw(game)
    assert params.center.tolist() == [16, 10, 32, 32]
    assert params.team_game.tolist() == [True, False, True, True]
    assert (params.seize_target >= 0).all(-1).tolist() == [True, False, False, False]


def test_games_are_chosen_by_weight():
    mixed = table("survive", "team_battle", "sandwich", weights=[1, 0, 3])
    keys = jax.random.split(jax.random.key(0), 1000)
    share = np.bincount(jax.vmap(mixed.choose)(keys), minlength=3) / 1000
    assert share[1] == 0
    assert share[2] == pytest.approx(0.75, abs=0.05)
    assert mixed.weights.tolist() == [0.25, 0.0, 0.75]
    assert int(table("survive").choose(keys[0])) == 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1], "one number for each of 2"),
        ([1, 2, 3], "one number for each of 2"),
        ([1, -1], "0 or more"),
        ([0, 0], "must not all be 0"),
        ([1, float("nan")], "finite"),
        ([1, float("inf")], "finite"),
        ([1, "two"], "finite numbers"),
        ([1, True], "finite numbers"),
        ([], "one number for each of 2"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        table("survive", "team_battle", weights=weights)


def test_games_that_cannot_be_played_are_refused():
    with pytest.raises(ValueError, match="one game at least"):
        games.Table([], None, TINY)
    with pytest.raises(ValueError, match="no Minigame"):
        games.Table(["survive"], None, TINY)
    without_npcs = preset("tiny", systems=MINI_SYSTEMS - {System.NPC})
    with pytest.raises(ValueError, match="sandwich needs systems .* NPC"):
        table("sandwich", cfg=without_npcs)
    with pytest.raises(ValueError, match="merges teams by 2: teams=2"):
        table("sandwich", cfg=preset("tiny", teams=2))
    with pytest.raises(ValueError, match="merges teams by 1: teams=1"):
        table("team_battle", cfg=preset("tiny", teams=1))
    with pytest.raises(ValueError, match="no room for its inner_npcs"):
        table("sandwich", cfg=preset("tiny", npcs=3))


def test_without_npcs_nobody_joins():
    for cfg in (preset("tiny", systems=MINI_SYSTEMS - {System.NPC}), preset("tiny", npcs=0)):
        world = worlds.blank(cfg)
        after = table("survive", cfg=cfg).refill(jax.random.key(0), world, cfg)
        jax.tree.map(np.testing.assert_array_equal, world, after)


def test_what_no_game_needs_is_not_compiled():
    assert table("race_to_the_center").revivals == {Revival.EDGE}
    assert not table("survive").revivals
    assert table("protect_the_king").leader_bound and not table("survive").leader_bound


def test_a_config_of_one_s_own():
    cfg = Config(players=8, teams=2, npcs=8, map_size=64, playable_side=24, horizon=64)
    made = table("survive", "king_of_the_hill", cfg=cfg)
    params = made.draw(jax.random.key(0), 1, made.first_difficulty(), cfg)
    np.testing.assert_array_equal(params.group, [0, 0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(params.leader, [0, 0, 0, 0, 4, 4, 4, 4])
