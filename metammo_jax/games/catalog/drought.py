"""Drought: there are few places to drink."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import LAST_ALONE, with_settings
from metammo_jax.games.knobs import Between, Fixed, Uniform, Unit
from metammo_jax.vocab import System


def drought(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `drought`: be the last one alive where water is scarce.

    Nobody wins if the last die together.
    """
    game = Minigame(
        name="drought",
        systems=frozenset({System.TERRAIN, System.RESOURCE, System.COMBAT, System.COMMUNICATION}),
        spawn=spawn.anywhere,
        goals=(LAST_ALONE,),
        referee=referee.living_last,
        least_players=2,
        knobs=dict(
            water_level=Between(0.0, 0.02),
            foilage_level=Fixed(0.95),
            scatter=Fixed(False),
            depletion=Uniform(2, 4),
            immunity=Fixed(128, Unit.TICKS),
        ),
    )
    fixed = dict(water_level=0.01, depletion=3)
    return with_settings(game, evaluation, fixed, numbers)
