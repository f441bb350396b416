import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import games, registry
from metammo_jax.config import Config, preset
from metammo_jax.tasks import predicates
from metammo_jax.vocab import NEVER, Revival, System

MINI, TINY = preset("mini"), preset("tiny")
NAMES = list(games.GAMES)


@pytest.fixture(scope="module")
def drawn():
    """Settings of all games at the paper's size, 64 draws each: {name: {field: (64, ...)}}."""
    table = games.Table([make() for make in games.GAMES.values()], None, MINI)
    draw = jax.jit(
        jax.vmap(lambda key, game: table.draw(key, game, table.first_difficulty(), MINI), (0, None))
    )
    keys = jax.random.split(jax.random.key(0), 64)
    return {
        name: {k: np.asarray(v) for k, v in vars(draw(keys, index)).items()}
        for index, name in enumerate(NAMES)
    }


def values(drawn, name, *fields):
    one = [set(drawn[name][field].ravel().tolist()) for field in fields]
    assert all(len(v) == 1 for v in one)
    return [v.pop() for v in one]


def test_all_eight_games_are_listed():
    assert NAMES == [
        "survive", "team_battle", "protect_the_king", "race_to_the_center", "king_of_the_hill",
        "sandwich", "comm_together", "radio_raid",
    ]  # fmt: skip
    assert all(make().name == name for name, make in games.GAMES.items())


@pytest.mark.parametrize("name", ["survive", "team_battle", "protect_the_king"])
def test_battles_draw_fog_and_npcs(drawn, name):
    here = drawn[name]
    assert values(drawn, name, "center", "fog_final_size", "scatter") == [128, 4, True]
    assert values(drawn, name, "water_level", "foilage_level") == pytest.approx([0.1, 0.9])
    assert here["fog_onset"].min() >= 32 and here["fog_onset"].max() <= 255
    assert here["npc_population"].min() >= 64 and here["npc_population"].max() <= 255
    assert len(set(here["fog_onset"].tolist())) > 30
    np.testing.assert_allclose(sorted(set(1 / here["fog_speed"])), [7, 8, 9, 10, 11], rtol=1e-6)
    assert values(drawn, name, "leader_bound") == [name == "protect_the_king"]
    assert set(np.flatnonzero(here["enabled"][0])) == set(MINI.systems)


def test_race(drawn):
    here = drawn["race_to_the_center"]
    fields = ("center", "difficulty", "mark_center", "share_tiles", "revival", "revival_freeze")
    expected = [40, 40, True, False, Revival.EDGE, 10]
    assert values(drawn, "race_to_the_center", *fields) == expected
    assert values(drawn, "race_to_the_center", "fog_onset") == [NEVER]
    assert set(np.flatnonzero(here["enabled"][0])) == {System.TERRAIN, System.RESOURCE}
    assert not here["team_game"].any()


def test_king_of_the_hill(drawn):
    here = drawn["king_of_the_hill"]
    fields = ("center", "difficulty", "depletion", "resilient_fraction", "fog_final_size")
    assert values(drawn, "king_of_the_hill", *fields) == [60, 10, 3, 1.0, 5]
    assert (here["seize_target"] == 80).all()
    assert here["fog_onset"].min() >= 1 and here["fog_onset"].max() <= 127
    assert (
        np.round(1 / here["fog_speed"]).min() == 8 and np.round(1 / here["fog_speed"]).max() == 19
    )
    assert not here["enabled"][0, System.NPC] and here["enabled"][0, System.COMMUNICATION]


def test_sandwich(drawn):
    here = drawn["sandwich"]
    fields = ("center", "difficulty", "fog_onset", "fog_final_size", "health_increment")
    assert values(drawn, "sandwich", *fields) == [80, 2, 1, 5, 1]
    assert values(drawn, "sandwich", "earliest_win", "scatter") == [500, False]
    assert 0.05 < here["all_grass"].mean() < 0.4
    assert here["group"].max() == 7
    np.testing.assert_array_equal(here["group"][0, 14:18], [0, 0, 1, 1])
    np.testing.assert_array_equal(here["leader"][0, 14:18], [0, 0, 16, 16])


def test_the_package_games(drawn):
    fields = ("center", "immunity", "health_increment", "revival", "revival_freeze")
    assert values(drawn, "comm_together", *fields) == [128, 128, 10, Revival.ANYWHERE, 30]
    fields = ("center", "immunity", "difficulty", "health_increment", "scatter")
    assert values(drawn, "radio_raid", *fields) == [48, 1024, 5, 1, False]
    fields = ("neutral_danger", "aggressive_danger")
    assert values(drawn, "radio_raid", *fields) == pytest.approx([0.3, 0.8])


def test_what_games_do_not_say_is_the_spec_s_default(drawn):
    fields = ("center", "depletion", "starvation", "resilience", "immunity", "share_tiles")
    assert values(drawn, "survive", *fields) == [128, 5, 10, 0.5, 20, True]
    fields = ("neutral_danger", "aggressive_danger", "regrowth")
    assert values(drawn, "survive", *fields) == pytest.approx([0.5, 0.8, 0.025])
    fields = ("revival", "seize_target", "min_alive", "earliest_win", "difficulty")
    assert values(drawn, "survive", *fields) == [0, -1, 0, 0, 0]


EVALUATION = {
    "survive": dict(fog_onset=128, fog_speed=1 / 8, npc_population=128),
    "team_battle": dict(fog_onset=128, fog_speed=1 / 8, npc_population=128),
    "protect_the_king": dict(fog_onset=128, fog_speed=1 / 8, npc_population=128),
    "race_to_the_center": dict(center=128, difficulty=128),
    "king_of_the_hill": dict(difficulty=200, fog_onset=32, fog_speed=1 / 16),
    "sandwich": dict(all_grass=True, difficulty=16, fog_speed=1 / 16),
}


def test_evaluation_fixes_the_numbers():
    table = games.Table([games.GAMES[name](evaluation=True) for name in EVALUATION], None, MINI)
    draw = jax.jit(lambda key, game: table.draw(key, game, jnp.ones(6, jnp.int32), MINI))
    for index, numbers in enumerate(EVALUATION.values()):
        params = draw(jax.random.key(index), index)
        assert {name: float(getattr(params, name)) for name in numbers} == numbers


def test_sizes_shrink_with_the_config():
    table = games.Table([make() for make in games.GAMES.values()], None, TINY)
    first = dict(zip(NAMES, table.first_difficulty().tolist(), strict=True))
    assert first["race_to_the_center"] == 10
    assert first["sandwich"] == 1
    draw = jax.jit(lambda game: table.draw(jax.random.key(0), game, jnp.full(8, 999), TINY))
    params = {name: draw(index) for index, name in enumerate(NAMES)}
    centers = {name: int(p.center) for name, p in params.items()}
    assert centers == {
        "survive": 32, "team_battle": 32, "protect_the_king": 32, "race_to_the_center": 32,
        "king_of_the_hill": 16, "sandwich": 20, "comm_together": 32, "radio_raid": 12,
    }  # fmt: skip
    assert int(params["sandwich"].difficulty) == 4  # what 16 NPC rows have room for
    assert int(params["king_of_the_hill"].difficulty) == 25
    assert int(params["sandwich"].group.max()) == 1
    assert 4 <= int(params["survive"].npc_population) <= 16


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("config", ["tiny", "mini", "large"])
def test_every_game_fits_every_preset(name, config):
    cfg = preset(config)
    for evaluation in (False, True):
        games.Table([games.GAMES[name](evaluation=evaluation)], None, cfg)


def test_odd_configs_are_met_halfway():
    cfg = Config(players=60, teams=20, npcs=40, map_size=72, playable=40, horizon=300)
    table = games.Table([games.GAMES[name]() for name in NAMES], None, cfg)
    draw = jax.jit(lambda game: table.draw(jax.random.key(0), game, jnp.ones(8), cfg))
    centers = [int(draw(index).center) for index in range(8)]
    assert all(center % 2 == 0 and center <= 40 for center in centers)
    assert centers[3] >= 60 / 4 and centers[4] > 4 * 5


FULL, TINY_FULL = preset("full"), preset("tiny_full")
TASKS = list(games.FULL_GAMES)


@pytest.fixture(scope="module")
def task_games():
    """A table of the games of many tasks at the paper's size, and settings of each."""
    table = games.Table([make() for make in games.FULL_GAMES.values()], None, FULL)
    draw = jax.jit(
        jax.vmap(lambda key, game: table.draw(key, game, table.first_difficulty(), FULL), (0, None))
    )
    keys = jax.random.split(jax.random.key(0), 64)
    return table, {
        name: {k: np.asarray(v) for k, v in vars(draw(keys, index)).items()}
        for index, name in enumerate(TASKS)
    }


def test_three_games_need_the_full_game():
    assert TASKS == ["multi_task", "multi_task_eval", "ammo_training"]
    assert all(make().name == name for name, make in games.FULL_GAMES.items())
    assert set(registry.games()) >= {*NAMES, *TASKS}
    assert not set(registry.games("mini")) & set(TASKS)
    assert set(registry.games(FULL)) >= {*NAMES, *TASKS}


@pytest.mark.parametrize("name", TASKS)
def test_games_of_many_tasks(task_games, name):
    _, drawn = task_games
    fields = ("center", "fog_onset", "scatter", "revival", "share_tiles", "depletion", "immunity")
    assert values(drawn, name, *fields) == [128, NEVER, True, 0, True, 5, 20]
    assert values(drawn, name, "water_level", "foilage_level") == pytest.approx([0.3, 0.85])
    population = drawn[name]["npc_population"]
    assert population.min() >= 64 and population.max() <= 255 and len(set(population)) > 30
    assert drawn[name]["enabled"].all() and not drawn[name]["team_game"].any()
    assert (drawn[name]["leader"][0] == np.arange(128)).all()
    game = games.FULL_GAMES[name]()
    assert game.spawn is games.spawn.individuals_on_edge
    assert game.referee is games.referee.last_survivor
    assert game.score is games.referee.nothing


def test_each_player_draws_a_task_of_its_game(task_games):
    table, _ = task_games
    for index, (name, low, high) in enumerate(
        [("multi_task", 0, 1299), ("multi_task_eval", 1299, 1361), ("ammo_training", 1361, 1362)]
    ):
        params = table.draw(jax.random.key(0), index, table.first_difficulty(), FULL)
        goal = table.assign(jax.random.key(7), params, FULL).goal
        assert goal.min() >= low and goal.max() < high, name
        assert len(set(goal.tolist())) > (20 if high - low > 1 else 0)


def test_ammunition_is_to_be_fired_ten_times():
    (goal,) = games.ammo_training().goals
    assert (goal.predicate, goal.args) == (predicates.use_any_ammo, (10,))
    assert goal.embedding == () and games.ammo_training().embeddings is None


def test_evaluation_fixes_the_number_of_npcs():
    for name in TASKS:
        table = games.Table([games.FULL_GAMES[name](evaluation=True)], None, FULL)
        params = table.draw(jax.random.key(0), 0, table.first_difficulty(), FULL)
        assert int(params.npc_population) == 128


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("config", ["tiny", "mini", "large"])
def test_they_say_which_systems_are_missing(name, config):
    with pytest.raises(
        ValueError, match=f"{name} has goals that need systems.*EQUIPMENT.*first is"
    ):
        games.Table([games.FULL_GAMES[name]()], None, preset(config))
    games.Table([games.FULL_GAMES[name]()], None, TINY_FULL)


def test_a_game_that_turns_systems_off_must_not_ask_for_them():
    short = dataclasses.replace(
        games.ammo_training(), systems=FULL.systems - {System.PROFESSION, System.EXCHANGE}
    )
    with pytest.raises(ValueError, match="systems which are off: PROFESSION; .*fire ammunition"):
        games.Table([short], None, FULL)


def test_what_is_told_about_a_task():
    told = {make().name: make().goals[0].embedding for make in games.GAMES.values()}
    assert told["team_battle"][:2] == (1.4463, 0.7100) == told["sandwich"][:2]
    assert told["race_to_the_center"][-1] == 1.7393
    assert {len(v) for v in told.values()} == {0, 16}
    assert told["survive"] == told["protect_the_king"] == told["king_of_the_hill"] == ()


def test_goals_of_the_games():
    asked = {make().name: make().goals[0].predicate for make in games.GAMES.values()}
    assert asked == {
        "survive": predicates.tick_ge,
        "team_battle": predicates.tick_ge,
        "protect_the_king": predicates.protect_leader,
        "race_to_the_center": predicates.progress_toward_center,
        "king_of_the_hill": predicates.seize_center,
        "sandwich": predicates.tick_ge,
        "comm_together": predicates.all_members_within_range,
        "radio_raid": predicates.defeat_entity,
    }
