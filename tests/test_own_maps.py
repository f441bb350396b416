"""Maps of one's own: games are played on them, and what cannot be played on is refused."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import maps as made
from metammo_jax.tables import PASSABLE
from metammo_jax.vocab import System, Tile

SMALL = mm.Config(
    players=4, teams=2, npcs=0, map_size=24, playable_side=16, vision=2, horizon=16, maps=1,
    visible_rows=4, tokens=3, systems=frozenset({System.TERRAIN}),
)  # fmt: skip
KEY = jax.random.key(0)
OFF = np.abs(np.arange(24) - 12)
RING = np.maximum(OFF[:, None], OFF)


def plain(tile=Tile.GRASS) -> np.ndarray:
    return np.full((1, 24, 24), tile)


def walled() -> np.ndarray:
    """Two maps: a cross of stone with gaps, and a pond in a wood."""
    both = np.concatenate([plain(), plain(Tile.FOILAGE)])
    both[0, 12, ::3] = both[0, ::3, 12] = Tile.STONE
    both[0, 12, 12] = Tile.SCRUB
    both[1, 7:10, 7:10] = Tile.WATER
    return both


@pytest.fixture(scope="module")
def env():
    return mm.make("team_battle", config=SMALL, maps=walled())


@pytest.fixture(scope="module")
def reset(env):
    return jax.jit(env.reset)


def test_a_game_is_played_on_them(env, reset):
    """Both maps come up, tile by tile inside the edge, and who plays stands on passable tiles."""
    step, sample, met = jax.jit(env.step), jax.jit(env.sample), set()
    for seed in range(6):
        obs, world = reset(jax.random.key(seed))
        found = np.asarray(world.terrain.material)
        inner = SMALL.playable_side // 2 - 1 > RING
        same = [number for number, one in enumerate(walled()) if (found == one)[inner].all()]
        assert len(same) == 1 and (found[RING == 8] == Tile.GRASS).all()
        assert (found[RING > 8] == Tile.VOID).all()
        met.update(same)
    assert met == {0, 1}
    moved = False
    for tick in range(8):
        keys = jax.random.split(jax.random.fold_in(KEY, tick))
        before = world.body.pos
        obs, world, *_ = step(keys[0], world, sample(keys[1], obs))
        moved |= bool((before != world.body.pos).any())
        places = np.asarray(world.body.pos)[np.asarray(world.body.present)]
        assert PASSABLE[np.asarray(world.terrain.material)[tuple(places.T)]].all()
    assert moved and world.tick == 8


def test_own_fractals_are_as_good_as_made_ones():
    ready = mm.make("team_battle", config=SMALL)
    own = mm.make("team_battle", config=SMALL, maps=made.load_pool(SMALL).astype(np.float64))
    assert own != ready and own.cfg == ready.cfg
    assert own.pool.dtype == ready.pool.dtype
    np.testing.assert_array_equal(own.pool, ready.pool)


def test_environments_compare_by_their_maps(env):
    again = mm.make("team_battle", config=SMALL, maps=jnp.asarray(walled()))
    assert again is env and pickle.loads(pickle.dumps(env)) == env
    turned = mm.make("team_battle", config=SMALL, maps=walled()[::-1])
    assert turned != env != mm.make("team_battle", config=SMALL, maps=2)
    assert env.cfg.maps == 2 and mm.make("survive", config="tiny", maps=3).cfg.maps == 3


def test_nothing_is_cached(env, tmp_path, monkeypatch):
    monkeypatch.setenv("METAMMO_JAX_CACHE", str(tmp_path))
    other = mm.make("team_battle", config=SMALL, maps=plain())
    np.testing.assert_array_equal(other.pool, plain())
    assert other.pool.dtype == jnp.int8 and list(tmp_path.iterdir()) == []


def with_tile(tile, *place):
    tiles = plain()
    tiles[(0, *place)] = tile
    return tiles


def closed():
    tiles = plain()
    tiles[0][RING == 3] = Tile.STONE
    return tiles


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (plain()[0], r"shape \(24, 24\), it must be \(24, 24, 24\).*maps\[None\]"),
        (plain()[:, :20], r"shape \(1, 20, 24\), it must be \(1, 24, 24\)"),
        (plain()[:0], "maps=0 must be an integer, 1 or more"),
        (plain() > 0, "maps is of bool, it must be of integers"),
        (plain() + 0j, "maps is of complex128"),
        (with_tile(16, 3, 4), r"maps\[0, 3, 4\]=16 must be a vocab.Tile, in 0..15"),
        (with_tile(-1, 0, 0), r"maps\[0, 0, 0\]=-1"),
        (np.full((1, 24, 24), np.nan), r"maps\[0, 0, 0\]=nan must be a fractal value, in 0..1"),
        (np.full((1, 24, 24), 1.5), r"=1.5 must be a fractal value"),
        (plain(Tile.WATER), r"room for 4 players: .* are 0 tiles"),
        (np.zeros((1, 24, 24)), r"room for 4 players: .* are 0 tiles"),
        (with_tile(Tile.STONE, 12, 12), r"the tile at \(12, 12\) is no place to stand"),
        (closed(), r"the tile at \(12, 12\) cannot be reached from the edge"),
    ],
)
def test_what_cannot_be_played_on_is_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        mm.make("team_battle", config=SMALL, maps=maps)


def test_there_is_room_for_everybody_in_the_smallest_square():
    """`race_to_the_center` is played in squares from 8 tiles a side on, of tiny's 32."""
    tiles = np.full((1, 48, 48), Tile.GRASS)
    mm.make("race_to_the_center", config="tiny", maps=tiles)
    tiles[0, 22:27, 22:27] = Tile.WATER
    with pytest.raises(ValueError, match=r"center=10.*must leave its middle free"):
        mm.make("race_to_the_center", config="tiny", maps=tiles)


def test_made_and_own_maps_do_not_mix():
    with pytest.raises(ValueError, match="evaluation_maps=True"):
        mm.make("survive", config="tiny", evaluation_maps=True, maps=np.full((1, 48, 48), 2))
    with pytest.raises(ValueError, match="maps='many' must be an integer"):
        mm.make("survive", config="tiny", maps="many")
