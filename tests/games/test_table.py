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


def test_functions_that_games_share_are_listed_once():
    shared = table("team_battle", "protect_the_king", "sandwich")
    assert len(shared._referees._distinct) == 1
    assert len(shared._spawns._distinct) == 2
    assert len(shared._refills._distinct) == 2
    assert len(shared.predicates) == 2
    everything = table(*games.GAMES)
    assert len(everything._referees._distinct) == 4
    assert len(everything._scores._distinct) == 3
    assert len(everything._refills._distinct) == 4
    assert len(everything.predicates) == 6


def test_one_game_needs_no_choice():
    one = table("sandwich")
    world = worlds.blank(TINY, teams=2, center=20)
    two = table("sandwich", "survive")

    def choices(table):
        equations = jax.make_jaxpr(lambda w: table.refill(jax.random.key(0), w, TINY))(world).eqns
        return [
            equation for equation in equations
            if equation.primitive.name == "cond" and not equation.params.get("branches_platforms")
        ]  # fmt: skip

    assert not choices(one)
    assert choices(two)


def test_a_choice_passes_only_bodies_and_npcs_through():
    two = table("sandwich", "survive")
    world = worlds.blank(TINY, teams=2, center=20)
    seen = {}

    def refill(world):
        new = two.refill(jax.random.key(0), world, TINY)
        seen["same"] = new.terrain.material is world.terrain.material
        return new

    jax.eval_shape(jax.vmap(refill), jax.tree.map(lambda leaf: leaf[None], world))
    assert seen["same"]


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
    cfg = Config(players=8, teams=2, npcs=8, map_size=64, playable=24, horizon=64)
    made = table("survive", "king_of_the_hill", cfg=cfg)
    params = made.draw(jax.random.key(0), 1, made.first_difficulty(), cfg)
    np.testing.assert_array_equal(params.group, [0, 0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(params.leader, [0, 0, 0, 0, 4, 4, 4, 4])
