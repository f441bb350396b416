"""Worlds are what they were, bit for bit."""

import pytest

from benchmarks import digest


@pytest.fixture(scope="module")
def found():
    return digest.digests()


@pytest.mark.slow
def test_worlds_are_what_they_were(found):
    assert found == digest.expected(), "if worlds were meant to change: benchmarks.digest --write"
