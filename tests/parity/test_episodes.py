"""The comparison of whole episodes sees what differs, and nothing else."""

import json
import os

import numpy as np
import pytest

from metammo_jax.registry import make
from metammo_jax.vocab import Event, Tile
from tests.parity import accounts, episodes, rollout, twosample

GROUPS, OURS = 8, 8
CHOICES = twosample.random_choices(GROUPS, 1 + OURS)
RECORD = os.environ.get("METAMMO_EPISODES", "")


def values(seed, shift=0.0, spread=1.0):
    """Returns recorded values (G,) and ours (G, N), each group around a mean of its own."""
    rng = np.random.default_rng(seed)
    middle = 50 * rng.random((GROUPS, 1))
    return (
        middle[:, 0] + shift + spread * rng.normal(size=GROUPS),
        middle + rng.normal(size=(GROUPS, OURS)),
    )


def p_of(seed, scores=None, **changes):
    return twosample.compare(("x",), *values(seed, **changes), CHOICES, scores).p


def test_a_shift_is_found_although_the_groups_differ_more():
    assert p_of(1, shift=2.5) < 1e-4
    assert p_of(1, shift=-2.5) < 1e-4
    assert p_of(1) > 0.05


def test_without_a_difference_all_chances_are_equally_likely():
    chances = np.array([p_of(seed) for seed in range(60)])
    assert 0.2 < (chances < 0.5).mean() < 0.8
    assert (chances < 0.05).mean() < 0.15


def test_a_wider_spread_is_found_by_extremeness_alone():
    assert p_of(5, spread=25.0, scores=twosample.extremeness) < 0.01
    assert p_of(3, scores=twosample.extremeness) > 0.05


def test_ranks_of_equals_are_their_mean():
    np.testing.assert_array_equal(twosample.ranks(np.array([[3.0, 1, 3, 2]])), [[2.5, 0, 2.5, 1]])


def test_constant_values_differ_from_others():
    ours = np.full((2, 3), 7.0)
    assert twosample.is_constant(np.array([7.0, 7.0]), ours)
    assert not twosample.is_constant(np.array([7.0, 7.5]), ours)
    assert twosample.effect_size(np.array([[7.0, 7.0, 7.0]])) == 0
    assert twosample.effect_size(np.array([[8.0, 7.0, 7.0]])) == np.inf


def test_another_distribution_of_equal_mean_is_found():
    rng = np.random.default_rng(4)
    lives = rng.normal(50, 5, size=(GROUPS, 1 + OURS, 40))
    assert twosample.permutation_test(twosample.distances(lives), CHOICES) > 0.05
    lives[:, 0] = rng.choice([40.0, 60.0], size=(GROUPS, 40))
    assert twosample.permutation_test(twosample.distances(lives), CHOICES) < 1e-3


def overall(seed, scores, **changes):
    """Returns how one of ours beside each of 24 recorded episodes compares."""
    rng = np.random.default_rng(seed)
    middle = 50 * rng.random((24, 1))
    recorded = (
        middle[:, 0] + changes.get("shift", 0) + changes.get("spread", 1) * rng.normal(size=24)
    )
    ours = middle + rng.normal(size=(24, 1))
    return twosample.compare(("x",), recorded, ours, twosample.random_choices(24, 2), scores)


def test_pairs_are_ranked_by_how_far_they_differ():
    ours, away = 1000.0 * np.arange(24), np.where(np.arange(24) % 2, 9.0, -0.1)
    given = ours + away, ours[:, None], twosample.random_choices(24, 2)
    assert twosample.compare((), *given, twosample.aligned_ranks).p < 0.05
    assert twosample.compare((), *given, twosample.ranks).p == 1  # as often larger as smaller


def test_a_shift_and_a_wider_spread_are_found_in_pairs():
    method = twosample.OVERALL
    assert overall(1, method.level, shift=1.5).p < 1e-3
    assert overall(1, method.level, shift=-1.5).p < 1e-3
    chances = np.array([overall(seed, method.level).p for seed in range(40)])
    assert 0.2 < (chances < 0.5).mean() < 0.8 and (chances < 0.05).mean() < 0.15
    assert overall(1, method.spread, spread=200.0).p < 1e-3
    assert overall(1, method.spread).p > 0.05


def test_cohens_d_is_the_difference_in_standard_deviations_of_episodes():
    values = np.array([[1.0, 0.0], [3.0, 2.0]])
    assert twosample.cohens_d(values) == pytest.approx(1 / np.sqrt(2))
    assert twosample.cohens_d(values[:, ::-1]) == pytest.approx(-1 / np.sqrt(2))
    assert twosample.cohens_d(np.array([[5.0, 5.0], [5.0, 5.0]])) == 0
    assert twosample.cohens_d(np.array([[6.0, 5.0], [6.0, 5.0]])) == np.inf


def test_another_distribution_of_equal_mean_is_found_in_pairs():
    rng, choices = np.random.default_rng(4), twosample.random_choices(16, 2)
    lives = rng.normal(50, 5, size=(16, 2, 40))
    assert twosample.compare_pooled_distributions((), lives, choices).p > 0.05
    lives[:, 0] = rng.choice([40.0, 60.0], size=(16, 40))
    found = twosample.compare_pooled_distributions((), lives, choices)
    assert found.p < 1e-3 and found.recorded > 3 * found.ours and found.effect > 3


def test_one_planted_difference_among_many_statistics_is_the_one_that_is_found():
    shifts = [3.0 if number == 17 else 0.0 for number in range(100)]
    found = twosample.differing(
        [
            twosample.compare((number,), *values(100 + number, shift), CHOICES)
            for number, shift in enumerate(shifts)
        ]
    )
    assert [one.name for one in found] == [(17,)]
    assert twosample.differing([]) == []


def look(tick, alive, culled):
    return {
        "tick": tick,
        "alive": alive,
        "health": 50,
        "food": 1,
        "water": 2,
        "gold": 0,
        "dist": 9,
        "npcs": 3,
        "npc_health": 100,
        "npc_types": [1, 1, 1],
        "skills": [0] * 8,
        "events": {"91": culled, "kill_player": 1, "12": 1} if culled else {},
    }


def recorded(culled=2):
    return {
        "game": "TeamBattle", "cfg": "mini", "policy": "random_move", "seed": 1, "ticks": 6,
        "series": [look(0, 4, 0), look(1, 4, 0), look(4, 2, culled), look(6, 1, 3)],
        "lifespan": [3, 4, 6, 6], "winners": 1, "score": 0.5, "max_progress": [0.2, 0.4],
        "materials": [0] * len(Tile), "map_center": 128, "params": {},
    }  # fmt: skip


def test_an_account_goes_on_with_the_last_state():
    account = accounts.of_record(recorded())
    assert account.series["alive"][:7].tolist() == [4, 4, 4, 2, 1, 1, 1]
    assert account.series[accounts.event_name(Event.AGENT_CULLED)][3] == 2
    assert account.series[accounts.event_name(Event.KILL_PLAYER)][-1] == 1
    assert account.whole["length"] == 6 and account.whole["winners"] == 1
    assert account.whole["life span, low ids less high ids"] == -2.5
    assert account.has_events


@pytest.mark.parametrize("culled", [0, 3])
def test_counts_of_events_that_are_not_this_episode_s_are_left_out(culled):
    """One player died before tick 4, and one in it."""
    assert not accounts.events_hold(recorded(culled))


def test_counts_that_grow_with_the_tick_are_left_out():
    """As many deaths in each tick, of players that come back: what a stale log says."""
    looks = [look(tick, 4, 3 * tick) for tick in (0, 1, 2, 4, 6)]
    assert not accounts.events_hold(dict(recorded(), series=looks))
    looks[-1]["events"]["91"] += 1
    assert accounts.events_hold(dict(recorded(), series=looks))


def test_files_of_something_else_are_refused(tmp_path):
    file = tmp_path / "episodes.jsonl"
    for line in ("{", '{"game": "Chess"}', "7"):
        file.write_text(line)
        with pytest.raises(ValueError, match="line 1 is no recorded episode"):
            episodes.read(str(file))
    file.write_text(json.dumps({"game": "Chess", "policy": "random_move"}))
    with pytest.raises(ValueError, match="Chess under random_move cannot be played"):
        episodes.read(str(file))


def test_what_cannot_be_played_is_named(capsys):
    """A config or a game that does not exist is skipped, with a line that says so."""
    lines = [dict(recorded(), game="survive", cfg="enormous"), dict(recorded(), game="survive")]
    assert list(episodes.playable(lines)) == ["mini"]
    assert "skipped: all of config enormous" in capsys.readouterr().out


@pytest.mark.slow
def test_ours_are_played_and_recorded_with_the_pins():
    env = make(["protect_the_king"], config="tiny", maps=2)
    pins = dict(fog_onset_tick=10.0, npc_population=7.0, depletion=2.0)
    start = rollout.Start(0, pins, np.asarray(env.pool)[1])
    game = rollout.Rollout(env, "random_valid", original_order=True)
    params = game.begin(3, [start]).world.params
    assert [float(getattr(params, name)[0]) for name in pins] == list(pins.values())
    (account,) = game.play(3, [start])
    length, series = account.whole["length"], account.series
    looks = [i for i, tick in enumerate(accounts.TICKS) if tick < length]
    for i in looks:
        lives = (account.lifespan > accounts.TICKS[i]).sum()
        assert series["alive"][i] == lives
        gone = series[accounts.event_name(Event.AGENT_CULLED)][i]
        before = (account.lifespan < accounts.TICKS[i]).sum()
        assert before <= gone <= env.cfg.players - lives
    assert len(looks) > 5 and series["npcs"].max() == 7
    assert (np.diff(series[accounts.event_name(Event.SCORE_HIT)]) >= 0).all()


@pytest.mark.slow
@pytest.mark.skipif(not RECORD, reason="METAMMO_EPISODES names no recorded statistics")
def test_a_game_is_the_same_in_the_original_s_order(tmp_path, capsys):
    picture = tmp_path / "curves.png"
    arguments = [RECORD, "--game", "protect_the_king", "--picture", str(picture)]
    assert episodes.main(arguments) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1].endswith(" compared, 0 differ")
    assert picture.stat().st_size > 10_000
