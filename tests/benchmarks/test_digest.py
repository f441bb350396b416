"""Digests are those of the committed file, and differ between worlds."""

import jax
import numpy as np

from benchmarks import digest


def test_the_file_names_what_is_played():
    known = digest.expected()
    assert {config: tuple(games) for config, games in known.items()} == digest.PLAYED
    assert all(len(found) == 64 for games in known.values() for found in games.values())


def test_each_value_and_type_counts():
    tree = {"a": np.zeros((2, 3), np.int32), "b": np.float32(-0.0)}
    others = [
        tree | {"a": np.zeros((3, 2), np.int32)},
        tree | {"a": np.zeros((2, 3), np.uint32)},
        tree | {"b": np.float32(0.0)},
    ]
    found = [digest._digest(each) for each in (tree, *others)]
    assert len(set(found)) == 4 and digest._digest(jax.tree.map(np.copy, tree)) == found[0]
