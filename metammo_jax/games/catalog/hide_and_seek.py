"""Hide and seek: a quarter seeks, all others hide."""

from metammo_jax.games import conditions, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import with_settings
from metammo_jax.games.knobs import Between, Fixed, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def hide_and_seek(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `hide_and_seek`: a quarter of the players seek, all others hide.

    Whom the seekers come near is caught and stands still to the end. The seekers stand still at
    first. They win when a part of those who hide is caught, these when that has not happened at
    the horizon. Nobody can be hurt.
    """
    game = Minigame(
        name="hide_and_seek",
        systems=frozenset({System.TERRAIN, System.COMMUNICATION}),
        sides=(1, 3),
        goals_by_group=True,
        spawn=spawn.middle_and_edge,
        goals=(
            Goal(predicates.catch_hiders, (0.75,), Subject.TEAM),
            Goal(predicates.stay_uncaught, (), Subject.TEAM),
        ),
        referee=referee.attackers_or_defenders,
        score=referee.speed,
        muster=conditions.hold_seekers,
        refill=conditions.freeze_caught,
        least_players=4,
        knobs=dict(
            water_level=Between(0.1, 0.3),
            foilage_level=Between(0.8, 0.95),
            center=Uniform(96, 128, Unit.SIDE),
            scatter=Fixed(False),
        ),
    )
    fixed = dict(center=Fixed(128, Unit.SIDE), water_level=0.2, foilage_level=0.85)
    return with_settings(game, evaluation, fixed, numbers)
