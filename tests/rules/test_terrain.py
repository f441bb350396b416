"""The map of an episode: the original's counts, and the laws of borders, scatter and marks."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import effects, maps, query
from metammo_jax.config import preset
from metammo_jax.rules import terrain
from metammo_jax.tables import PASSABLE
from metammo_jax.vocab import NOBODY, System, Tile
from tests import worlds

TINY, MINI = preset("tiny"), preset("mini")
KEY = jax.random.key(0)
RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "data" / "materials.json").read_text())
SCATTERED = (TINY.playable_side // 6) ** 2

build_tiny = jax.jit(lambda key, params, fractal: terrain.build(key, params, fractal, TINY))


@jax.jit
def scatter_tiny(keys, ground, params):
    """Returns the ground with extra tiles on it, once for each key."""
    return jax.vmap(lambda key: terrain._scatter(key, ground, params, TINY))(keys)


@pytest.fixture(scope="module")
def fractal():
    return jnp.asarray(maps.fractal(20, TINY).astype(np.float16))


@pytest.fixture
def make(fractal):
    """Returns the function that builds a map with some settings, numpy arrays as fields."""

    def build(key=KEY, fractal=fractal, **settings):
        built = build_tiny(key, worlds.params(TINY, **settings), fractal)
        return jax.tree.map(np.asarray, built)

    return build


def distance(cfg=TINY):
    off = np.abs(np.arange(cfg.map_size) - cfg.map_size // 2)
    return np.maximum(off[:, None], off)


def count(material):
    return np.bincount(np.ravel(material), minlength=len(Tile))


def test_levels(make):
    """Levels belong to the material below them, whatever the precision of the map."""
    values = np.float16([0.0, 0.25, 0.2502, 0.5, 0.6997, 0.7002, 0.875, 0.8755, 1.0])
    expected = [
        Tile.WATER, Tile.WATER, Tile.GRASS, Tile.GRASS, Tile.GRASS, Tile.FOILAGE, Tile.FOILAGE,
        Tile.STONE, Tile.STONE,
    ]  # fmt: skip
    level = np.full((48, 48), 0.5, np.float16)
    level[20, 20:29] = values
    for precision in (np.float16, np.float32):
        built = make(fractal=level.astype(precision), water_level=0.25, foilage_level=0.875)
        np.testing.assert_array_equal(built.material[20, 20:29], expected)


def test_grass_game(make):
    built = make(all_grass=True)
    inside = distance() <= TINY.playable_side // 2
    np.testing.assert_array_equal(built.material, np.where(inside, Tile.GRASS, Tile.VOID))


def test_nothing_is_strewn_over_tiles_of_ones_own():
    """Neither water, foilage nor what professions harvest; marks and the edge are made."""
    cfg = preset("tiny_full")
    tiles = jnp.asarray(np.random.default_rng(0).integers(0, len(Tile), (48, 48)), jnp.int8)
    params = worlds.params(cfg, scatter=True, all_grass=True, mark_center=True)
    built = np.asarray(terrain.build(KEY, params, tiles, cfg).material)
    own = (distance() < cfg.playable_side // 2 - 1) & (distance() > terrain.MARK_RADIUS)
    np.testing.assert_array_equal(built[own], tiles[own])
    assert built[24, 24] == Tile.HERB and (built[distance() == 16] == Tile.GRASS).all()
    assert (built[distance() > 16] == Tile.VOID).all()


def test_terrain_off_is_grass_and_has_marks(make):
    off = np.ones(10, bool)
    off[System.TERRAIN] = False
    built = make(enabled=off, scatter=True, mark_center=True)
    inside = distance() <= TINY.playable_side // 2
    inside[24, 24] = False
    assert (built.material[inside] == Tile.GRASS).all() and built.material[24, 24] == Tile.HERB
    assert count(built.material)[Tile.VOID] == 48**2 - 33**2


@pytest.mark.parametrize("center", [8, 20, 32])
def test_border(make, center):
    built = make(center=center, scatter=True, water_level=0.5)
    ring = distance() - center // 2
    assert (built.material[ring > 0] == Tile.VOID).all()
    assert (built.material[ring == 0] == Tile.GRASS).all()
    assert not np.isin(built.material[ring == -1], [Tile.STONE, Tile.WATER, Tile.VOID]).any()
    assert not (built.material[ring < 0] == Tile.VOID).any()
    assert np.isin(built.material[ring < -1], [Tile.STONE, Tile.WATER]).any()


def test_inside_of_a_smaller_square_is_the_same_map(make):
    large, small = make(), make(center=20)
    inside = distance() < 9
    np.testing.assert_array_equal(large.material[inside], small.material[inside])


def test_scatter_adds_exactly_its_number_of_each(fractal):
    keys = jax.random.split(KEY, 200)
    for center, water_level in ((32, 0.1), (32, 0.3), (20, 0.1), (8, 0.1)):
        params = worlds.params(TINY, center=center, water_level=water_level, scatter=True)
        ground = terrain._threshold(fractal, params)
        scattered = np.asarray(scatter_tiny(keys, ground, params))
        changed = scattered != np.asarray(ground)
        assert (np.broadcast_to(ground, changed.shape)[changed] == Tile.GRASS).all()
        for tile in (Tile.WATER, Tile.FOILAGE):
            added = (changed & (scattered == tile)).sum((1, 2))
            np.testing.assert_array_equal(added, (center // 6) ** 2)


def test_scatter_is_uniform_over_the_grass_of_its_range(fractal):
    rounds, low, high = 4000, 9, 39  # rows and columns of the range
    params = worlds.params(TINY, water_level=0.2, scatter=True)
    ground = np.asarray(terrain._threshold(fractal, params))
    scattered = np.asarray(scatter_tiny(jax.random.split(KEY, rounds), ground, params))
    open_to_it = np.zeros(ground.shape, bool)
    open_to_it[low:high, low:high] = ground[low:high, low:high] == Tile.GRASS
    places = open_to_it.sum()
    for tile in (Tile.WATER, Tile.FOILAGE):
        added = ((scattered == tile) & (ground == Tile.GRASS)).sum(0)
        assert not added[~open_to_it].any()
        share = SCATTERED / places
        statistic = ((added[open_to_it] - rounds * share) ** 2).sum()
        statistic /= rounds * share * (1 - share)  # without replacement: chi-square, times this
        statistic *= (places - 1) / places
        assert abs(statistic - (places - 1)) < 4 * np.sqrt(2 * (places - 1))


def test_scatter_without_enough_grass_takes_what_there_is():
    params = worlds.params(TINY, scatter=True)
    ground = jnp.full((48, 48), Tile.STONE, jnp.int8).at[20:23, 20:30].set(Tile.GRASS)
    scattered = count(scatter_tiny(jax.random.split(KEY, 1), ground, params))
    assert scattered[Tile.WATER] <= SCATTERED and scattered[Tile.STONE] == 48**2 - 30
    assert scattered[Tile.FOILAGE] == 0 or scattered[Tile.WATER] == SCATTERED


def test_no_scatter_unless_asked_for(make):
    np.testing.assert_array_equal(make(KEY).material, make(jax.random.key(1)).material)
    assert (make(scatter=True).material != make().material).sum() > SCATTERED


@pytest.mark.parametrize("settings", [dict(mark_center=True), dict(seize_target=(24, 24))])
def test_mark_in_the_middle(make, settings):
    built, plain = make(**settings), make()
    block = np.full((5, 5), Tile.GRASS)
    block[2, 2] = Tile.HERB
    np.testing.assert_array_equal(built.material[22:27, 22:27], block)
    elsewhere = distance() > 2
    np.testing.assert_array_equal(built.material[elsewhere], plain.material[elsewhere])


def test_mark_on_another_target(make):
    built = make(seize_target=(16, 30), mark_center=True)
    assert built.material[16, 30] == built.material[24, 24] == Tile.HERB
    assert count(built.material)[Tile.HERB] == 2
    assert count(built.material[14:19, 28:33])[Tile.GRASS] == 24


def test_passability(make):
    built = make(scatter=True, mark_center=True)
    passable = PASSABLE[built.material]
    assert built.passable.shape == (48, 2) and built.passable.dtype == np.uint32
    np.testing.assert_array_equal(built.passable, worlds.bits(passable))
    pos = np.stack(np.mgrid[-2:50, -2:50], -1)
    can_stand = np.asarray(query.can_stand(built, jnp.asarray(pos)))
    np.testing.assert_array_equal(can_stand, np.pad(passable, 2))


def test_fog_starts_at_the_border(make):
    np.testing.assert_array_equal(make(fog_onset_tick=5, center=20).fog, 14.0 - np.arange(24))
    assert not make().fog.any()


def test_nothing_is_used_yet(make):
    built = make()
    assert built.ready_at.shape == (48, 48) and not built.ready_at.any()
    assert built.seizer == NOBODY and built.seized_at == 0
    kinds = {name: str(value.dtype) for name, value in vars(built).items()}
    assert kinds == dict(
        material="int8",
        ready_at="int16",
        passable="uint32",
        fog="float32",
        seizer="int32",
        seized_at="int32",
    )


def test_alone_as_in_a_mixed_batch(fractal):
    rows = [
        worlds.params(TINY, scatter=True, fog_onset_tick=3),
        worlds.params(TINY, center=20, mark_center=True, all_grass=True),
    ]
    keys = jax.random.split(KEY, 2)
    batch = jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)
    together = jax.vmap(build_tiny, (0, 0, None))(keys, batch, fractal)
    for index, params in enumerate(rows):
        alone = build_tiny(keys[index], params, fractal)
        of_batch = jax.tree.map(lambda leaf, index=index: leaf[index], together)
        jax.tree.map(np.testing.assert_array_equal, alone, of_batch)


@pytest.fixture(scope="module")
def build_mini():
    return jax.jit(jax.vmap(lambda params, fractal: terrain.build(KEY, params, fractal, MINI)))


def stack(rows):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)


def test_tile_counts_of_generated_maps(build_mini):
    """The original counts those of generation: default levels, before rounding to float16."""
    fractals = np.stack([maps.fractal(index, MINI) for index in (0, 255)]).astype(np.float32)
    built = build_mini(stack([worlds.params(MINI)] * 2), fractals)
    expected = [[8959, 4312, 7453, 0, 2996, 1880], [8959, 3494, 9415, 0, 2292, 1440]]
    for material, counts in zip(built.material, expected, strict=True):
        np.testing.assert_array_equal(count(material)[:6], counts)


def test_tile_counts_of_recorded_episodes(build_mini):
    """Exact, except that chance decides which of the scattered tiles a border or mark undoes."""
    columns = RECORDED["columns"]
    rows = [dict(zip(columns, row, strict=True)) for row in RECORDED["rows"]]
    settings = ("center", "water_level", "foilage_level", "scatter", "mark_center")
    params = stack([worlds.params(MINI, **{name: row[name] for name in settings}) for row in rows])
    pool = maps.make_map_pool(preset(MINI, maps=16))
    built = build_mini(params, pool[[row["map"] for row in rows]])
    for row, material in zip(rows, built.material, strict=True):
        counts = count(material)
        off = {
            tile: counts[tile] - row[tile.name.lower()]
            for tile in (Tile.WATER, Tile.GRASS, Tile.FOILAGE, Tile.STONE, Tile.HERB)
        }
        assert off[Tile.STONE] == off[Tile.HERB] == 0, row
        assert abs(off[Tile.GRASS]) <= (4 if row["scatter"] and row["mark_center"] else 0), row
        assert abs(off[Tile.WATER]) <= (10 if row["scatter"] else 0), row


PATCH = np.array([(20, 20), (21, 20), (22, 20), (23, 20)])


@jax.jit
def take(key, world, taken):
    return effects.deplete_tiles(
        key, world, query.tile_index(world.terrain, jnp.asarray(PATCH)), taken
    )


def patch(regrowth, tick=7):
    """Returns a world of grass with foilage, foilage, a herb and foilage at `PATCH`."""
    world = worlds.blank(TINY, tick=tick, regrowth=regrowth)
    world = worlds.paint(world, np.s_[20:24, 20], Tile.FOILAGE)
    return worlds.paint(world, np.s_[22, 20], Tile.HERB)


def harvested(key, regrowth, tick=7):
    """Returns the world after all but the last of them were taken."""
    return take(key, patch(regrowth, tick), jnp.array([True, True, True, False]))


def test_harvested_tile_shows_depleted_until_it_is_ready():
    world = harvested(KEY, regrowth=0.1)
    ready = np.asarray(world.terrain.ready_at)[20:24, 20]
    assert (ready[:2] > 7).all() and ready[2] == np.iinfo(np.int16).max and ready[3] == 0
    assert (np.asarray(world.terrain.ready_at) > 0).sum() == 3
    for tick in (7, ready[0] - 1, ready[0], 32000):
        seen = query.material_at(world.replace(tick=jnp.int32(tick)), PATCH)
        expected = [
            Tile.FOILAGE if tick >= ready[0] else Tile.SCRUB,
            Tile.FOILAGE if tick >= ready[1] else Tile.SCRUB,
            Tile.WEEDS,
            Tile.FOILAGE,
        ]
        np.testing.assert_array_equal(seen, expected)


def test_regrowth_has_the_distribution_of_a_roll_each_tick():
    """Rolls first in the tick of the harvest, so that a tile may be ready in the next."""
    chance, rounds = 0.2, 4000
    world, taken = patch(chance), jnp.array([True, True, False, False])
    harvest = jax.jit(jax.vmap(lambda key: take(key, world, taken).terrain.ready_at[20:22, 20]))
    delay = np.asarray(harvest(jax.random.split(KEY, rounds))) - 7
    assert delay.min() == 1
    for tile in delay.T:
        for ticks in range(1, 12):
            grown = 1 - (1 - chance) ** ticks
            spread = np.sqrt(grown * (1 - grown) / rounds)
            assert abs((tile <= ticks).mean() - grown) < 4 * spread
    assert abs(np.corrcoef(delay.T)[0, 1]) < 4 / np.sqrt(rounds)


def test_regrowth_at_the_ends():
    for regrowth, ready in ((0.0, np.iinfo(np.int16).max), (1.0, 8)):
        world = harvested(KEY, regrowth)
        assert (world.terrain.ready_at[20:22, 20] == ready).all()
    world = harvested(KEY, 0.0, tick=31999)
    assert (world.terrain.ready_at[20:22, 20] == np.iinfo(np.int16).max).all()
