"""Words, by hand."""

import pytest

from metammo_jax.rules import communication
from tests import orders, worlds


def test_the_last_word_stays_and_nonsense_is_silence(tiny):
    world = worlds.blank(tiny)
    given = orders.give(tiny, tokens={0: 1, 1: tiny.tokens, 2: 0, 3: tiny.tokens + 1, 4: -1})
    world = communication.speak(None, world, given, tiny)
    assert world.body.message[:5].tolist() == [1, tiny.tokens, 0, 0, 0]
    world = communication.speak(None, world, orders.give(tiny, tokens={1: 7}), tiny)
    assert world.body.message[:2].tolist() == [1, 7]


@pytest.mark.parametrize(("recon", "heard"), [(True, 5), (False, 0)])
def test_the_frozen_are_silent_unless_they_are_recons(tiny, recon, heard):
    world = worlds.blank(tiny)
    world = world.replace(
        body=world.body.replace(
            freeze=world.body.freeze.at[0].set(3), recon=world.body.recon.at[0].set(recon)
        )
    )
    world = communication.speak(None, world, orders.give(tiny, tokens={0: 5}), tiny)
    assert world.body.message[0] == heard
