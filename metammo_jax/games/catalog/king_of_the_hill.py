"""King of the hill: seize the middle tile and keep it."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, OneOver, Place, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.embeddings import ZEROS
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def king_of_the_hill(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `king_of_the_hill`: a team must seize the middle tile and keep it.

    `seize_duration` is the dial: ticks for which it must be kept.
    """
    game = Minigame(
        name="king_of_the_hill",
        systems=frozenset({System.TERRAIN, System.RESOURCE, System.COMBAT, System.COMMUNICATION}),
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(predicates.seize_center, ("difficulty",), Subject.TEAM, embedding=ZEROS),),
        referee=referee.hill_holders,
        score=referee.speed_and_survival,
        dial="seize_duration",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            seize_duration=Adaptive(10, 200, step=10, wins=2, unit=Unit.TICKS),
            center=Fixed(60, Unit.SIDE),
            seize_target=Fixed(Place.CENTER),
            share_tiles=Fixed(False),
            depletion=Fixed(3),
            resilient_fraction=Fixed(1.0),
            fog_onset_tick=Uniform(1, 127, Unit.TICKS),
            fog_speed=OneOver(8, 19, Unit.SPEED),
            fog_final_size=Fixed(5, Unit.TILES),
        ),
    )
    fixed = dict(
        seize_duration=Fixed(200, Unit.TICKS),
        fog_onset_tick=Fixed(32, Unit.TICKS),
        fog_speed=Fixed(1 / 16, Unit.SPEED),
    )
    return with_settings(game, evaluation, fixed, numbers)
