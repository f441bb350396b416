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
FULL, TINY_FULL = preset("full"), preset("tiny_full")
NAMES, TASKS = list(games.GAMES), list(games.FULL_GAMES)


def draws(makers, cfg):
    """Returns the table of some games, and 256 draws of each: {name: {field: (256, ...)}}."""
    table = games.Table([make() for make in makers.values()], None, cfg)
    draw = jax.jit(
        jax.vmap(lambda key, game: table.draw(key, game, table.first_difficulty(), cfg), (0, None))
    )
    keys = jax.random.split(jax.random.key(0), 256)
    return table, {
        name: {k: np.asarray(v) for k, v in vars(draw(keys, index)).items()}
        for index, name in enumerate(makers)
    }


@pytest.fixture(scope="module")
def task_games():
    """The table of the games of many tasks at the paper's size, and settings of each."""
    return draws(games.FULL_GAMES, FULL)


@pytest.fixture(scope="module")
def drawn(task_games):
    """Settings of all games at the paper's size: {name: {field: (256, ...)}}."""
    return draws(games.GAMES, MINI)[1] | task_games[1]


def test_all_eight_games_are_listed():
    assert NAMES == [
        "survive", "team_battle", "protect_the_king", "race_to_the_center", "king_of_the_hill",
        "sandwich", "comm_together", "radio_raid",
    ]  # fmt: skip
    assert all(make().name == name for name, make in games.GAMES.items())


DEFAULTS = dict(
    center=128, depletion=5, starvation=10, resilience=0.5, immunity=20, share_tiles=True,
    neutral_danger=0.5, aggressive_danger=0.8, regrowth=0.025, revival=0, seize_target=-1,
    min_alive=0, earliest_win=0, difficulty=0,
)  # fmt: skip
BATTLE = dict(
    center=128,
    fog_final_size=4,
    scatter=True,
    water_level=0.1,
    foilage_level=0.9,
    leader_bound=False,
)
TASKED = dict(
    center=128, fog_onset_tick=NEVER, scatter=True, revival=0, share_tiles=True, depletion=5,
    immunity=20, water_level=0.3, foilage_level=0.85, team_game=False, enabled=True,
)  # fmt: skip
ALWAYS = {
    "survive": BATTLE | DEFAULTS,
    "team_battle": BATTLE,
    "protect_the_king": BATTLE | dict(leader_bound=True),
    "race_to_the_center": dict(
        center=40, difficulty=40, mark_center=True, share_tiles=False, revival=Revival.EDGE,
        revival_freeze=10, fog_onset_tick=NEVER, team_game=False,
    ),
    "king_of_the_hill": dict(
        center=60, difficulty=10, depletion=3, resilient_fraction=1.0, fog_final_size=5,
        seize_target=80,
    ),
    "sandwich": dict(
        center=80, difficulty=2, fog_onset_tick=1, fog_final_size=5, health_increment=1,
        earliest_win=500, scatter=False,
    ),
    "comm_together": dict(
        center=128, immunity=128, health_increment=10, revival=Revival.ANYWHERE,
        revival_freeze=30,
    ),
    "radio_raid": dict(
        center=48, immunity=1024, difficulty=5, health_increment=1, scatter=False,
        neutral_danger=0.3, aggressive_danger=0.8,
    ),
    "multi_task": TASKED, "multi_task_eval": TASKED, "ammo_training": TASKED,
}  # fmt: skip
"""What is the same in every episode; of `survive` also the original's defaults, where it
says nothing itself."""


@pytest.mark.parametrize("name", ALWAYS)
def test_settings_that_are_always_the_same(drawn, name):
    found = {field: np.unique(drawn[name][field]).tolist() for field in ALWAYS[name]}
    assert found == {field: [pytest.approx(value)] for field, value in ALWAYS[name].items()}


WITHIN = [
    *((name, "fog_onset_tick", 32, 255, 30) for name in ("survive", "team_battle",
                                                         "protect_the_king")),
    *((name, "npc_population", 64, 255, 30) for name in ("survive", "team_battle",
                                                         "protect_the_king", *TASKS)),
    ("king_of_the_hill", "fog_onset_tick", 1, 127, 30),
]  # fmt: skip


@pytest.mark.parametrize("name, field, low, high, distinct", WITHIN)
def test_settings_that_are_drawn_between_bounds(drawn, name, field, low, high, distinct):
    values = drawn[name][field]
    assert values.min() >= low and values.max() <= high and len(set(values.tolist())) > distinct


@pytest.mark.parametrize("name", ["survive", "team_battle", "protect_the_king"])
def test_battles_draw_the_speed_of_the_fog(drawn, name):
    here = drawn[name]
    np.testing.assert_allclose(sorted(set(1 / here["fog_speed"])), [7, 8, 9, 10, 11], rtol=1e-6)
    assert set(np.flatnonzero(here["enabled"][0])) == set(MINI.systems)


def test_systems_of_the_race(drawn):
    on = np.flatnonzero(drawn["race_to_the_center"]["enabled"][0])
    assert set(on) == {System.TERRAIN, System.RESOURCE}


def test_fog_and_systems_on_the_hill(drawn):
    here = drawn["king_of_the_hill"]
    ticks = np.round(1 / here["fog_speed"])
    assert ticks.min() == 8 and ticks.max() == 19
    assert not here["enabled"][0, System.NPC] and here["enabled"][0, System.COMMUNICATION]


def test_teams_and_grass_of_the_sandwich(drawn):
    here = drawn["sandwich"]
    assert 0.05 < here["all_grass"].mean() < 0.4
    assert here["group"].max() == 7
    np.testing.assert_array_equal(here["group"][0, 14:18], [0, 0, 1, 1])
    np.testing.assert_array_equal(here["leader"][0, 14:18], [0, 0, 16, 16])


EVALUATION = {
    "survive": dict(fog_onset_tick=128, fog_speed=1 / 8, npc_population=128),
    "team_battle": dict(fog_onset_tick=128, fog_speed=1 / 8, npc_population=128),
    "protect_the_king": dict(fog_onset_tick=128, fog_speed=1 / 8, npc_population=128),
    "race_to_the_center": dict(center=128, difficulty=128),
    "king_of_the_hill": dict(difficulty=200, fog_onset_tick=32, fog_speed=1 / 16),
    "sandwich": dict(all_grass=True, difficulty=16, fog_speed=1 / 16),
    "radio_raid": dict(difficulty=80),  # of our own: the original fixes nothing
    **{name: dict(npc_population=128) for name in TASKS},
}


@pytest.mark.parametrize("names, cfg", [(NAMES, MINI), (TASKS, FULL)], ids=("mini", "full"))
def test_evaluation_fixes_the_numbers(names, cfg):
    names = [name for name in names if name in EVALUATION]
    makers = games.GAMES | games.FULL_GAMES
    table = games.Table([makers[name](evaluation=True) for name in names], None, cfg)
    first = jnp.ones(len(names), jnp.int32)
    draw = jax.jit(lambda key, game: table.draw(key, game, first, cfg))
    for index, name in enumerate(names):
        params, numbers = draw(jax.random.key(index), index), EVALUATION[name]
        assert {field: float(getattr(params, field)) for field in numbers} == numbers


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
    cfg = Config(players=60, teams=20, npcs=40, map_size=72, playable_side=40, horizon=300)
    table = games.Table([games.GAMES[name]() for name in NAMES], None, cfg)
    draw = jax.jit(lambda game: table.draw(jax.random.key(0), game, jnp.ones(8), cfg))
    centers = [int(draw(index).center) for index in range(8)]
    assert all(center % 2 == 0 and center <= 40 for center in centers)
    assert centers[3] >= 60 / 4 and centers[4] > 4 * 5


def test_three_games_need_the_full_game():
    assert TASKS == ["multi_task", "multi_task_eval", "ammo_training"]
    assert all(make().name == name for name, make in games.FULL_GAMES.items())
    assert set(registry.games()) >= {*NAMES, *TASKS}
    assert not set(registry.games("mini")) & set(TASKS)
    assert set(registry.games(FULL)) >= {*NAMES, *TASKS}


@pytest.mark.parametrize("name", TASKS)
def test_games_of_many_tasks_are_for_everybody_alone(drawn, name):
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


def test_embeddings_of_tasks_are_the_original_s():
    embeddings = {make().name: make().goals[0].embedding for make in games.GAMES.values()}
    assert embeddings["team_battle"][:2] == (1.4463, 0.7100) == embeddings["sandwich"][:2]
    assert embeddings["race_to_the_center"][-1] == 1.7393
    assert {len(v) for v in embeddings.values()} == {0, 16}
    assert (
        embeddings["survive"]
        == embeddings["protect_the_king"]
        == embeddings["king_of_the_hill"]
        == ()
    )


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
