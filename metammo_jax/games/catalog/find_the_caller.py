"""Find the caller: gather around a teammate whose place only its words tell."""

import dataclasses

from metammo_jax.games import spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.comm_together import comm_together
from metammo_jax.games.catalog.shared import with_settings


def find_the_caller(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `find_the_caller`: gather around the teammate that calls.

    As comm_together, but one of each team stands still where nobody knows, and calls. The team
    must gather around it, so its words decide: no place can be agreed upon beforehand. Not in the
    paper. `playable_side` is the dial: tiles a side of the playable square.
    """
    game = dataclasses.replace(
        comm_together(), name="find_the_caller", spawn=spawn.individuals_and_callers
    )
    return with_settings(game, evaluation, {}, numbers)
