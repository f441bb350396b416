import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.games import spawn
from metammo_jax.games.knobs import Place
from tests import worlds

TINY, MINI = preset("tiny"), preset("mini")


def places(result):
    return [tuple(map(int, pos)) for pos in result]


def test_edge_tiles_are_those_of_the_original_in_its_order():
    # C = 128, B = 16: top, right, bottom and left, and the corner (16, 16) twice
    params = worlds.params(MINI)
    tiles = places(spawn.edge_tile(jnp.arange(512), params, MINI))
    assert tiles[:2] == [(16, 16), (16, 17)]
    assert tiles[127:130] == [(16, 143), (16, 144), (17, 144)]
    assert tiles[256:258] == [(144, 143), (144, 142)]
    assert tiles[384:386] == [(143, 16), (142, 16)]
    assert tiles[-1] == (16, 16)
    assert len(set(tiles)) == 511
    assert (144, 144) not in tiles


@pytest.mark.parametrize("center", [10, 32])
def test_individuals_stand_alone_on_the_edge(center):
    params = worlds.params(TINY, center=center)
    seen = set()
    draw = jax.jit(lambda key: spawn.individuals_on_edge(key, params, TINY))
    edge = set(places(spawn.edge_tile(jnp.arange(4 * center), params, TINY)))
    for seed in range(20):
        result = draw(jax.random.key(seed))
        here = places(result.pos)
        assert len(set(here)) >= TINY.players - 1  # the doubled corner
        assert set(here) <= edge
        assert not result.recon.any()
        seen |= set(here)
    assert len(seen) > 0.9 * len(edge)


def test_teams_start_on_the_spots_of_the_original():
    # C = 60, 16 teams: indices 12, 24, 36, 48 on each side
    params = worlds.params(MINI, teams=16, center=60)
    index = [12, 24, 36, 48]
    low, high = 50, 110
    spots = {(low, low + i) for i in index} | {(low + i, high) for i in index}
    spots |= {(high, high - 1 - i) for i in index} | {(high - 1 - i, low) for i in index}
    result = spawn.teams_on_edge(jax.random.key(0), params, MINI)
    pos = np.asarray(result.pos).reshape(16, 8, 2)
    assert (pos == pos[:, :1]).all()
    assert set(places(pos[:, 0])) == spots
    other = spawn.teams_on_edge(jax.random.key(1), params, MINI).pos
    assert (np.asarray(other) != np.asarray(result.pos)).any()


def test_teams_that_do_not_fill_the_spots_have_spots_of_their_own():
    params = worlds.params(MINI, teams=8, center=48)  # 2 spots a side: 16 and 32
    pos = spawn.teams_on_edge(jax.random.key(0), params, MINI).pos
    assert set(places(pos[::16])) == {
        (56, 72), (56, 88), (72, 104), (88, 104), (104, 87), (104, 71), (87, 56), (71, 56),
    }  # fmt: skip
    wide = worlds.params(TINY, teams=2, center=20)
    assert len(set(places(spawn.teams_on_edge(jax.random.key(0), wide, TINY).pos))) == 2


def test_circle_spots_are_those_of_the_original():
    params = worlds.params(MINI, teams=8, center=80)
    expected = [(100, 80), (94, 94), (80, 100), (66, 94), (60, 80), (66, 66), (80, 60), (94, 66)]
    assert places(spawn.circle_tile(jnp.arange(8), params, MINI)) == expected
    pos = spawn.teams_on_circle(jax.random.key(0), params, MINI).pos.reshape(8, 16, 2)
    assert (pos == pos[:, :1]).all()
    assert sorted(places(pos[:, 0])) == sorted(expected)


def test_circle_is_cut_toward_zero():
    spots = jax.jit(lambda params: spawn.circle_tile(jnp.arange(64), params, MINI))
    for teams in (2, 3, 4, 6, 8, 12, 16, 24, 64):
        for center in (8, 60, 80, 100, 128):
            angle = np.linspace(0, 2 * np.pi, teams, endpoint=False)
            radius = center // 4
            offset = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
            expected = places(80 + np.trunc(offset.round(9)))
            group = jnp.arange(MINI.players) % teams
            params = worlds.params(MINI, center=center, group=group)
            assert places(spots(params))[:teams] == expected


def test_circle_of_two_teams_at_tiny():
    params = worlds.params(TINY, teams=2, center=20)
    assert places(spawn.circle_tile(jnp.arange(2), params, TINY)) == [(29, 24), (19, 24)]


def test_a_quarter_of_each_team_are_recons_on_the_quadrants():
    params = worlds.params(MINI, teams=8, center=48)
    result = spawn.teams_with_recons(jax.random.key(0), params, MINI)
    recon = np.asarray(result.recon).reshape(8, 16)
    assert (recon.sum(1) == 4).all()
    pos = np.asarray(result.pos).reshape(8, 16, 2)
    for team in range(8):
        posts = set(places(pos[team][recon[team]]))
        assert posts == {(92, 92), (68, 92), (68, 68), (92, 68)}
        assert len(set(places(pos[team][~recon[team]]))) == 1
    again = spawn.teams_with_recons(jax.random.key(1), params, MINI).recon
    assert (np.asarray(again) != np.asarray(result.recon)).any()


def test_places_by_name():
    params = worlds.params(MINI, center=48)
    where = {place: tuple(map(int, spawn.place_tile(place, params, MINI))) for place in Place}
    assert where == {
        Place.NOWHERE: (-1, -1),
        Place.CENTER: (80, 80),
        Place.SOUTH_EAST: (92, 92),
        Place.NORTH_EAST: (68, 92),
        Place.NORTH_WEST: (68, 68),
        Place.SOUTH_WEST: (92, 68),
    }


def test_distinct_numbers_are_different_and_fair():
    keys = jax.random.split(jax.random.key(0), 400)
    draws = np.asarray(jax.vmap(lambda key: spawn.distinct(key, 3, jnp.int32(5), 12))(keys))
    assert draws.max() == 4
    assert all(len(set(row)) == 3 for row in draws)
    assert np.bincount(draws.ravel(), minlength=5) / 400 == pytest.approx(0.6, abs=0.1)
