"""Lanterns: stay in a light that moves."""

from metammo_jax.games import herds, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import LAST_ALONE, WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Fixed, Same, Uniform, Unit
from metammo_jax.vocab import System


def lanterns(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `lanterns`: stay near one of two walking lanterns.

    In the dark there is no food. The last survivor wins, or all who live at the horizon; nobody if
    the last die together.
    """
    game = Minigame(
        name="lanterns",
        systems=frozenset(
            {System.TERRAIN, System.RESOURCE, System.COMBAT, System.NPC, System.COMMUNICATION}
        ),
        spawn=spawn.individuals_on_edge,
        goals=(LAST_ALONE,),
        referee=referee.living_last,
        score=referee.survivors,
        muster=herds.lanterns_muster,
        refill=herds.lanterns_refill,
        least_players=2,
        least_npcs=2,
        knobs=dict(
            **WIDE_OPEN_GROUND,
            center=Fixed(96, Unit.SIDE),
            starvation=Uniform(1, 2),
            dehydration=Same("starvation"),
            immunity=Uniform(256, 512, Unit.TICKS),
        ),
    )
    fixed = dict(starvation=2, immunity=Fixed(384, Unit.TICKS))
    return with_settings(game, evaluation, fixed, numbers)
