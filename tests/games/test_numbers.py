import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import games
from metammo_jax.config import preset
from metammo_jax.games import Adaptive, Between, Chance, Fixed, OneOver, Place, Same, Uniform, Unit
from metammo_jax.vocab import NEVER

MINI, TINY = preset("mini"), preset("tiny")


def drawn(game, *fields, cfg=MINI, difficulty=0, count=200):
    """Returns (count,) values of each field."""
    table = games.Table([game], None, cfg)
    keys = jax.random.split(jax.random.key(0), count)
    draw = jax.jit(jax.vmap(lambda key: table.draw(key, 0, jnp.array([difficulty]), cfg)))
    params = draw(keys)
    values = [np.asarray(getattr(params, field)) for field in fields]
    return values[0] if len(values) == 1 else values


def test_a_number_is_pinned_as_it_is():
    game = games.king_of_the_hill(fog_onset_tick=64, fog_speed=0.25, seize_duration=33)
    onset, speed, dial = drawn(game, "fog_onset_tick", "fog_speed", "difficulty", count=8)
    assert set(onset) == {64} and set(speed) == {0.25} and set(dial) == {33}
    assert set(drawn(games.king_of_the_hill(fog_onset_tick=64), "fog_onset_tick", cfg=TINY)) == {64}


def test_a_range_keeps_the_manner():
    game = games.king_of_the_hill(fog_onset_tick=(3, 5), fog_speed=(2, 3))
    onset, speed = drawn(game, "fog_onset_tick", "fog_speed")
    assert set(onset) == {3, 4, 5}
    np.testing.assert_allclose(sorted(set(speed)), [1 / 3, 1 / 2])
    assert games.race_to_the_center(playable_side=(48, 64)).knob("difficulty") == Adaptive(
        48, 64, step=8, wins=1, unit=Unit.PLAIN, step_unit=Unit.SIDE
    )


def test_a_range_for_a_fixed_number_draws_from_it():
    water = drawn(games.survive(water_level=(0.2, 0.4)), "water_level")
    assert 0.2 <= water.min() < 0.23 and 0.37 < water.max() <= 0.4
    assert set(drawn(games.survive(depletion=(1, 3)), "depletion")) == {1, 2, 3}


def test_sides_are_even():
    center = drawn(games.king_of_the_hill(center=(40, 60)), "center")
    assert set(center) == set(range(40, 62, 2))
    pair = drawn(games.king_of_the_hill(center=(40, 42)), "center", count=400)
    assert (pair == 40).mean() == pytest.approx(0.5, abs=0.08)


def test_a_knob_is_taken_as_it_is():
    game = games.sandwich(all_grass=Chance(1.0), fog_speed=OneOver(4, 4), center=Uniform(60, 64))
    grass, speed, center = drawn(game, "all_grass", "fog_speed", "center")
    assert grass.all() and set(speed) == {0.25} and set(center) == {60, 62, 64}
    assert drawn(games.survive(fog_onset_tick=None), "fog_onset_tick", count=2)[0] == NEVER
    speed = drawn(games.survive(fog_speed=Between(0.5, 0.5)), "fog_speed", count=2)
    assert speed[0] == 0.5


def test_chance_is_a_probability():
    assert drawn(games.sandwich(), "all_grass").mean() == pytest.approx(0.2, abs=0.08)


def test_the_dial_drives_what_copies_it():
    dial, center = drawn(
        games.race_to_the_center(playable_side=64), "difficulty", "center", count=2
    )
    assert set(dial) == set(center) == {64}
    adaptive = drawn(games.race_to_the_center(), "center", difficulty=72, count=2)
    assert set(adaptive) == {72}
    assert set(drawn(games.race_to_the_center(), "center", difficulty=999, count=2)) == {128}
    assert set(drawn(games.race_to_the_center(), "center", difficulty=0, count=2)) == {40}


def test_another_tile_can_be_the_hill():
    game = games.king_of_the_hill(seize_target=Place.NORTH_WEST)
    assert drawn(game, "seize_target", count=1).tolist() == [[65, 65]]


def test_numbers_of_one_field_do_not_disturb_those_of_another():
    onset = drawn(games.survive(), "fog_onset_tick")
    np.testing.assert_array_equal(drawn(games.survive(fog_speed=0.5), "fog_onset_tick"), onset)


def test_mixed_games_draw_what_each_draws_alone():
    mixed = games.Table([games.survive(), games.king_of_the_hill(), games.sandwich()], None, MINI)
    alone = games.Table([games.king_of_the_hill()], None, MINI)
    key = jax.random.key(5)
    here = mixed.draw(key, 1, mixed.first_difficulty(), MINI)
    there = alone.draw(key, 0, alone.first_difficulty(), MINI)
    jax.tree.map(np.testing.assert_array_equal, here, there.replace(game=jnp.int32(1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: games.king_of_the_hill(fog_onst=4), "did you mean 'fog_onset_tick'"),
        (lambda: games.king_of_the_hill(seize_duratoin=4), "did you mean 'seize_duration'"),
        (lambda: games.survive(playable_side=64), "survive has no number 'playable_side'"),
        (lambda: games.survive(group=3), "has no number 'group'"),
        (lambda: games.survive(fog_onset_tick="soon"), "fog_onset_tick='soon' must be a number"),
        (lambda: games.survive(fog_onset_tick=float("nan")), "must be a number"),
        (lambda: games.survive(fog_onset_tick=(1, 2, 3)), "must be a number, a range"),
        (lambda: games.survive(fog_onset_tick=(9, 3)), "low <= high"),
        (lambda: games.survive(fog_onset_tick=[3, 9]), "must be a number, a range"),
    ],
)
def test_bad_numbers_are_refused_by_the_factory(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("game", "message"),
    [
        (games.king_of_the_hill(center=200), "center=200 must be at most 128"),
        (games.king_of_the_hill(center=61), "center=61 must be even"),
        (games.king_of_the_hill(center=16), "center=16 must be at least 18"),
        (games.survive(center=30), "center=30 must be at least 32"),
        (games.race_to_the_center(playable_side=30), "playable_side=30 must be at least 32"),
        (
            games.race_to_the_center(playable_side=(40, 200)),
            "playable_side=200 must be at most 128",
        ),
        (games.race_to_the_center(center=Same("dificulty")), "must name a field"),
        (games.race_to_the_center(center=Same("center")), "must name a field"),
        (games.survive(fog_speed=0), "fog_speed=0 must be above 0"),
        (games.survive(fog_speed=-0.5), "fog_speed=-0.5 must be above 0"),
        (games.survive(fog_speed=(0, 4)), "one over 1 or more"),
        (games.survive(fog_onset_tick=2.5), "fog_onset_tick=2.5 must be a whole number"),
        (games.survive(fog_onset_tick=-1), "fog_onset_tick=-1 must be at least 0"),
        (games.survive(npc_population=300), "npc_population=300 must be at most 256"),
        (games.survive(water_level=1.5), "water_level=1.5 must be at most 1"),
        (games.survive(scatter=3), "scatter=3 must be True or False"),
        (games.survive(depletion=True), "depletion=True must be a whole number"),
        (games.survive(depletion=Adaptive(1, 2, 1, 1)), "does not choose a number of type int"),
        (games.survive(depletion=Chance(0.5)), "does not choose a number of type int"),
        (games.survive(scatter=Chance(1.5)), "in 0..1"),
        (games.sandwich(inner_npcs=17), "inner_npcs=17 must be at most 16"),
        (games.king_of_the_hill(seize_duration=Adaptive(5, 9, 0, 1)), "step and wins"),
        (games.radio_raid(goal=Adaptive(5, 9, 1, 1, losses=-1)), "with losses of 0 or more"),
    ],
)
def test_impossible_numbers_are_refused_by_the_table(game, message):
    with pytest.raises(ValueError, match=message):
        games.Table([game], None, MINI)


def track(game, results, cfg=MINI):
    """Returns the difficulty after each result of a game played again and again."""
    table = games.Table([games.survive(), game], None, cfg)
    rise = jax.jit(table.next_difficulty)
    difficulty = table.first_difficulty()
    wins, track = jnp.zeros(2, jnp.int32), []
    for won in results:
        difficulty, wins = rise(difficulty, wins, jnp.int32(1), jnp.array(bool(won)))
        track.append(int(difficulty[1]))
    assert int(difficulty[0]) == 0
    return track


def test_difficulty_rises_with_wins_at_the_present_value_and_never_falls():
    assert track(games.race_to_the_center(), [0, 1, 0, 1, 1]) == [40, 48, 48, 56, 64]
    assert track(games.king_of_the_hill(), [1, 0, 0, 1, 1, 1]) == [10, 10, 10, 20, 20, 30]
    assert track(games.sandwich(), [1, 1, 0, 1, 1]) == [2, 4, 4, 4, 6]


def test_difficulty_falls_with_games_lost_in_a_row_where_a_game_says_so():
    results = [1, 1, 0, 0, 0, 0, 1, 0, 1, 1]
    assert track(games.radio_raid(), results) == [5, 10, 10, 10, 5, 5, 5, 5, 5, 10]
    assert track(games.radio_raid(), [0] * 7) == [5] * 7, "not below the lowest"
    assert track(games.radio_raid(), [1, 1, 0, 0, 1, 0, 0]) == [5] + [10] * 6, "in a row"
    assert track(games.radio_raid(goal=(10, 30)), [1] * 6) == [10, 15, 15, 20, 20, 25]


def test_difficulty_is_capped():
    assert track(games.race_to_the_center(playable_side=(40, 56)), [1] * 4) == [48, 56, 56, 56]
    assert track(games.king_of_the_hill(seize_duration=(10, 15)), [1] * 4) == [10, 15, 15, 15]


def test_a_pinned_dial_does_not_move():
    assert track(games.race_to_the_center(playable_side=64), [1, 1]) == [64, 64]


def test_steps_scale_with_the_config():
    assert track(games.race_to_the_center(), [1] * 3, TINY) == [12, 14, 16]
    assert track(games.race_to_the_center(playable_side=(20, 32)), [1] * 2, TINY) == [22, 24]
    assert track(games.radio_raid(), [1] * 4, TINY) == [1, 2, 2, 3]
    fixed = games.Table([games.radio_raid(evaluation=True)], None, TINY).first_difficulty()
    assert fixed.tolist() == [20]


def test_only_the_game_that_ended_moves():
    table = games.Table([games.race_to_the_center(), games.king_of_the_hill()], None, MINI)
    difficulty, wins = table.first_difficulty(), jnp.zeros(2, jnp.int32)
    difficulty, wins = table.next_difficulty(difficulty, wins, 1, jnp.array(True))
    assert (difficulty.tolist(), wins.tolist()) == ([40, 10], [0, 1])


def test_fixed_numbers_do_not_scale_when_plain():
    assert drawn(games.survive(depletion=Fixed(7)), "depletion", cfg=TINY, count=1)[0] == 7
