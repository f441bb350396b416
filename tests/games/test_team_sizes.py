"""Teams of unequal size: who belongs to whom, where they start, what they observe, who wins."""

import dataclasses

import jax
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.adapters import metammo, nmmo
from metammo_jax.draw.palette import team_colour
from metammo_jax.games import GAMES
from metammo_jax.observe import Column

SIZES = [(9, 4, 2, 1), (1, 7, 1, 7), (3, 2, 4, 2, 1, 4)]
KEY = jax.random.key(0)


def uneven(sizes, games=None, **changes):
    games = games or [
        name
        for name, game in GAMES.items()
        if not game().team_split or len(sizes) >= 2 * game().team_split
    ]
    return mm.make(games, config="tiny", team_sizes=sizes, **changes)


@pytest.fixture(scope="module")
def first():
    """An environment of all games for the first sizes, and its compiled reset."""
    env = uneven(SIZES[0])
    return env, jax.jit(env.reset)


def start(first, name: str, seed: int = 0):
    env, reset = first
    index = [game.name for game in env.games].index(name)
    obs, world = jax.device_get(reset(jax.random.key(seed), index))
    return env, obs, world


def merged(sizes, split: int) -> list[int]:
    return [sum(sizes[at : at + split]) for at in range(0, len(sizes), split)]


@pytest.mark.parametrize("name", GAMES)
def test_members_leaders_and_tasks(first, name):
    env, obs, world = start(first, name)
    split = GAMES[name]().team_split
    sizes = merged(SIZES[0], split) if split else [1] * 16
    group = np.repeat(np.arange(len(sizes)), sizes)
    np.testing.assert_array_equal(world.params.group, group)
    leader = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    np.testing.assert_array_equal(world.params.leader, leader[group])
    np.testing.assert_array_equal(obs.entities[:16, Column.GROUP], group)
    for leaf in jax.tree.leaves(world.task):
        np.testing.assert_array_equal(leaf, leaf[world.params.leader])


@pytest.mark.parametrize("name", ["team_battle", "king_of_the_hill", "sandwich", "radio_raid"])
def test_each_team_starts_together_and_apart_from_the_others(first, name):
    for seed in range(3):
        _, _, world = start(first, name, seed)
        group, stays = world.params.group, ~world.body.recon
        places = [np.unique(world.body.pos[:16][(group == g) & stays], axis=0) for g in set(group)]
        assert all(len(place) == 1 for place in places)
        assert len(np.unique(np.concatenate(places), axis=0)) == len(places)
        watching = [int(world.body.recon[group == g].sum()) for g in sorted(set(group))]
        sizes = np.bincount(group)
        assert watching == [size // 4 * (name == "radio_raid") for size in sizes]


def test_the_originals_layout_says_who_ones_teammates_are(first):
    env, _, world = start(first, "comm_together")
    seen = jax.jit(nmmo.observe, static_argnums=1)(world, env.cfg)
    listed = np.asarray(seen["Communication"])[..., 0]
    mates = [listed[row][listed[row] > 0].tolist() for row in range(16)]
    ids = np.arange(1, 17)
    assert mates == [ids[world.params.group == g].tolist() for g in world.params.group]
    code = np.asarray(metammo.augment(seen, world, env.cfg)["Entity"])[..., nmmo.Entity.NPC_TYPE]
    ids = np.asarray(seen["Entity"])[..., nmmo.Entity.ID]
    group = np.append(world.params.group, -1)
    for row in range(16):
        there = ids[row] > 0
        is_mate = group[ids[row][there] - 1] == group[row]
        np.testing.assert_array_equal(code[row][there] == metammo.TEAMMATE, is_mate)


def test_a_picture_shows_each_team_in_its_colour(first):
    env, _, world = start(first, "team_battle")
    colours = {tuple(colour) for colour in mm.render(world, env.cfg).reshape(-1, 3).tolist()}
    assert {team_colour(team) for team in range(4)} <= colours


def test_equal_sizes_are_the_same_environment():
    assert mm.make("team_battle", config="tiny", team_sizes=(4,) * 4) is mm.make(
        "team_battle", config="tiny"
    )


def test_a_goal_for_the_size_of_a_team_is_refused():
    goal = mm.games.Goal(mm.games.predicates.tick_ge, ("team_size",))
    game = dataclasses.replace(mm.games.team_battle(), name="mine", goals=(goal,))
    with pytest.raises(ValueError, match="no one team_size"):
        uneven(SIZES[0], [game])


@pytest.mark.slow
@pytest.mark.parametrize("sizes", SIZES[1:3], ids=str)
def test_laws_of_teams_hold_in_random_play(sizes):
    """Whole teams win, have the same task, and fall with their own leader alone."""
    env = uneven(sizes, horizon=24)
    batch, split = mm.vectorize(env, 8), np.array([game.team_split for game in env.games])
    reset, step, sample = jax.jit(batch.reset), jax.jit(batch.step), jax.jit(batch.sample)
    obs, state = reset(KEY)
    ended = np.zeros(len(env.games), int)
    for tick in range(120):
        keys = jax.random.split(jax.random.fold_in(KEY, tick))
        before = jax.device_get(state.world)
        obs, state, _, terminated, truncated, info = step(keys[0], state, sample(keys[1], obs))
        info, terminated, truncated = jax.device_get((info, terminated, truncated))
        alive = before.body.present[:, : env.cfg.players]
        for one, game in enumerate(before.params.game):
            params = jax.tree.map(lambda leaf, one=one: leaf[one], before.params)
            counts = merged(sizes, split[game]) if split[game] else [1] * env.cfg.players
            np.testing.assert_array_equal(np.bincount(params.group), counts)
            if info.done[one]:
                ended[game] += 1
                marked = terminated[one] ^ truncated[one]
                np.testing.assert_array_equal(marked, alive[one])
                won = info.info.winners[one]
                if split[game]:
                    np.testing.assert_array_equal(won, won[params.leader])
            elif params.leader_bound:
                died = terminated[one]
                assert died[alive[one] & died[params.leader]].all()
    assert ended.min() > 0, ended
