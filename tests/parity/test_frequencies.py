"""How draws are judged."""

import numpy as np

from tests.parity.frequencies import Draws


def p(observed, expected):
    return Draws("", "", np.array(observed), np.array(expected, float)).p_value()


def test_wrong_frequencies_are_seen_and_right_ones_are_not():
    assert p([50, 50, 100], [50, 50, 100]) == 1
    assert p([80, 20, 100], [50, 50, 100]) < 1e-6
    assert p([0, 100, 100], [50, 50, 100]) < 1e-9
    assert p([50, 50, 0], [50, 50, 0]) == 1 and p([50, 50, 1], [50, 51, 0]) == 0
    assert p([0, 0], [50, 50]) == 1 and p([2, 1], [1.5, 1.5]) == 1


def test_rare_classes_are_judged_together():
    assert p([1, 1, 7, 1, 1, 1, 0], [1.26, 3.85, 4.62, 1.84, 0.41, 0.015, 2e-5]) == 1
    assert p([90, 1, 1, 1], [90, 2.9, 0.09, 0.01]) > 0.5
    assert p([60, 11, 11, 11], [90, 2.9, 0.09, 0.01]) < 1e-9
    assert p([81, 9, 9], [90, 4.5, 4.5]) < 0.02  # together nine are expected, eighteen came


def test_random_draws_look_random():
    rng = np.random.default_rng(0)
    share = np.array([0.3, 0.3, 0.3, 0.06, 0.03, 0.01])
    found = [p(rng.multinomial(60, share), 60 * share) for _ in range(2000)]
    assert 0.01 < np.mean(np.array(found) < 0.05) < 0.07
