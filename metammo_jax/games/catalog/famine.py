"""Famine: little grows, and what is eaten does not come back."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import LAST_ALONE, with_settings
from metammo_jax.games.knobs import Between, Fixed, Uniform, Unit
from metammo_jax.vocab import System


def famine(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `famine`: be the last one alive while food runs out.

    What is eaten hardly ever grows again. Nobody wins if the last die together.
    """
    game = Minigame(
        name="famine",
        systems=frozenset({System.TERRAIN, System.RESOURCE, System.COMBAT, System.COMMUNICATION}),
        spawn=spawn.anywhere,
        goals=(LAST_ALONE,),
        referee=referee.living_last,
        least_players=2,
        knobs=dict(
            water_level=Fixed(0.2),
            foilage_level=Between(0.75, 0.85),
            scatter=Fixed(False),
            regrowth=Between(0.0, 0.003),
            depletion=Uniform(2, 4),
            immunity=Fixed(128, Unit.TICKS),
        ),
    )
    fixed = dict(foilage_level=0.8, regrowth=0.0, depletion=3)
    return with_settings(game, evaluation, fixed, numbers)
