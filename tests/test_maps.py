"""The pool of maps: the original's numbers, and a cache file that bears every mishap."""

import hashlib
import threading
import warnings

import numpy as np
import pytest

from metammo_jax import maps
from metammo_jax.config import Config, preset

SMALL = preset("tiny", maps=3)

POINTS = [(80, 80), (20, 100), (100, 20), (50, 60), (143, 17)]

GOLDEN = {  # at these points of the original, S=160 C=128 MAP_N=256, before rounding to float16
    0: [0.633082, 0.0, 0.0, 0.516197, 0.986009],
    255: [0.345764, 0.340055, 0.356880, 0.259633, 1.0],
}

ORIGINAL = [  # map_size, playable_side, maps, evaluation_maps, index, SHA-256 of float16 numbers
    (160, 128, 256, False, 100, "779080ef145a56d91b227821a42c615b"),
    (160, 128, 256, True, 37, "9ed03d88336e518adf34a5e0f627d26d"),
    (48, 32, 32, False, 7, "320aaa6aa619edd9e0ccc5ffd4e0069d"),
    (64, 36, 8, False, 3, "cf2f6c0a7ecdd19fccc165196e782f7e"),
    (200, 170, 4, False, 3, "d48f6ce3100a24b71a18537d5c5941d0"),
]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("METAMMO_JAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def path(cache):
    """Returns a cached pool's file."""
    maps.load_pool(SMALL)
    return maps.pool_path(SMALL)


@pytest.fixture(scope="module")
def pool():
    return maps.make_map_pool(SMALL)


def small(**changes):
    return Config(players=8, teams=4, npcs=4, **changes)


@pytest.mark.parametrize("index", GOLDEN)
def test_values_of_the_original(index):
    fractal = maps.fractal(index, preset("mini"))
    np.testing.assert_allclose(fractal[*np.transpose(POINTS)], GOLDEN[index], atol=6e-7)


@pytest.mark.parametrize(("size", "playable", "count", "evaluation", "index", "digest"), ORIGINAL)
def test_whole_maps_of_the_original(size, playable, count, evaluation, index, digest):
    cfg = small(map_size=size, playable_side=playable, maps=count, evaluation_maps=evaluation)
    numbers = maps.fractal(index, cfg).astype("<f2").tobytes()
    assert hashlib.sha256(numbers).hexdigest().startswith(digest)


@pytest.mark.parametrize("playable", [8, 10, 14, 16, 22])
def test_single_small_maps(playable):
    pool = maps.make_map_pool(small(map_size=40, playable_side=playable, maps=1))
    assert pool.shape == (1, 40, 40) and pool.dtype == np.float16
    assert ((pool >= 0) & (pool <= 1)).all() and pool.astype(np.float32).std() > 0.1


@pytest.mark.slow
def test_large_map():
    fractal = maps.fractal(0, preset("large"))
    assert fractal.shape == (1056, 1056) and np.isfinite(fractal).all()


def test_evaluation_has_maps_of_its_own(pool):
    other = maps.make_map_pool(preset(SMALL, evaluation_maps=True))
    inside = slice(10, 38)
    unlike = [(a != b)[inside, inside].mean() for a in pool for b in other]
    assert min(unlike) > 0.9


def test_pool_is_made_once(cache, pool, monkeypatch):
    np.testing.assert_array_equal(maps.load_pool(SMALL), pool)
    monkeypatch.setattr(maps, "make_map_pool", None)
    again = maps.load_pool(SMALL)
    np.testing.assert_array_equal(again, pool)
    assert again.dtype == np.float16 and again.flags.writeable
    assert list(cache.iterdir()) == [maps.pool_path(SMALL)]


def test_the_file_is_one_that_numpy_reads(path, pool):
    assert path.suffix == ".npy"
    np.testing.assert_array_equal(np.load(path), pool)


def test_file_depends_on_what_decides_the_pool():
    base = preset("tiny")
    others = [
        preset(base, map_size=64),
        preset(base, playable_side=24),
        preset(base, maps=8),
        preset(base, evaluation_maps=True),
    ]
    assert len({maps.pool_path(cfg) for cfg in [base, *others]}) == 5
    assert maps.pool_path(preset(base, players=8, npcs=3, horizon=64)) == maps.pool_path(base)


def test_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("METAMMO_JAX_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert maps.pool_path(SMALL).parent == tmp_path / "metammo_jax"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert maps.pool_path(SMALL).parent == tmp_path / ".cache" / "metammo_jax"
    monkeypatch.setenv("METAMMO_JAX_CACHE", "~/maps")
    assert maps.pool_path(SMALL).parent == tmp_path / "maps"


def truncate(content):
    return content[: len(content) // 2]


def lose_everything(content):
    return b""


def lose_the_end(content):
    return content[:-1]


def flip_a_bit(content):
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


def flip_a_bit_of_the_header(content):
    return content[:40] + bytes([content[40] ^ 1]) + content[41:]


def swap_the_pool(content):
    """Returns what an undamaged file of another pool holds."""
    other = preset(SMALL, maps=2)
    maps.load_pool(other)
    return maps.pool_path(other).read_bytes()


DAMAGES = [
    truncate, lose_everything, lose_the_end, flip_a_bit, flip_a_bit_of_the_header, swap_the_pool,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_reported_and_made_again(path, pool, damage):
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with pytest.warns(UserWarning, match=path.name):
        np.testing.assert_array_equal(maps.load_pool(SMALL), pool)
    assert path.read_bytes() == whole
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(maps.load_pool(SMALL), pool)


def test_older_format_is_not_read(path, pool, monkeypatch):
    older = path.read_bytes()
    monkeypatch.setattr(maps, "FORMAT", maps.FORMAT + 1)
    assert maps.pool_path(SMALL) != path
    maps.pool_path(SMALL).write_bytes(older)
    with pytest.warns(UserWarning, match="does not hold"):
        np.testing.assert_array_equal(maps.load_pool(SMALL), pool)


def test_folder_that_cannot_be_written(tmp_path, pool, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("METAMMO_JAX_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match=str(tmp_path)):
        np.testing.assert_array_equal(maps.load_pool(SMALL), pool)


def test_file_that_cannot_be_read(cache, pool):
    maps.pool_path(SMALL).mkdir(parents=True)  # a folder in its place
    with (
        pytest.warns(UserWarning, match="cannot read"),
        pytest.warns(UserWarning, match="cannot cache"),
    ):
        np.testing.assert_array_equal(maps.load_pool(SMALL), pool)
    assert list(cache.iterdir()) == [maps.pool_path(SMALL)]


def test_disk_that_is_full(cache, pool, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(maps.os, "fsync", fail)
    with pytest.warns(UserWarning, match="no space left"):
        np.testing.assert_array_equal(maps.load_pool(SMALL), pool)
    assert not list(cache.iterdir())


def test_builders_at_the_same_time(cache, pool):
    builders = 8
    start, found = threading.Barrier(builders), []

    def load():
        start.wait()
        found.append(maps.load_pool(SMALL))

    threads = [threading.Thread(target=load) for _ in range(builders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == builders
    for each in found:
        np.testing.assert_array_equal(each, pool)
    assert list(cache.iterdir()) == [maps.pool_path(SMALL)]
