"""Stag hunt: stags take two hunters, hares only one."""

from metammo_jax.games import herds, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import System


def stag_hunt(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `stag_hunt`: stags take two hunters, hares only one.

    Stags feed all who are near, a hare its killer alone. A stag that one player alone is near
    heals at once. All who have enough win, at the horizon. `food` is the dial: points, a stag
    being worth four and a hare one.
    """
    game = Minigame(
        name="stag_hunt",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.NPC, System.COMMUNICATION}),
        spawn=spawn.anywhere,
        goals=(Goal(predicates.hunt_game, ("difficulty",)),),
        referee=referee.completed_at_horizon,
        score=referee.winners_share,
        muster=herds.animals_muster,
        refill=herds.animals_refill,
        least_players=2,
        dial="food",
        least_npcs=2,
        knobs=dict(
            **WIDE_OPEN_GROUND,
            food=Adaptive(16, 60, step=4, wins=2, losses=2),
            center=Fixed(80, Unit.SIDE),
            health_increment=Uniform(2, 5),
            immunity=Fixed(1024, Unit.TICKS),
        ),
    )
    fixed = dict(food=24, health_increment=3)
    return with_settings(game, evaluation, fixed, numbers)
