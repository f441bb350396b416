"""Treasure hunt: one of each team knows where, the others must go."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Place, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def treasure_hunt(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `treasure_hunt`: seize a tile that only one of each team knows.

    The tile is in one of the quadrants, and that member stands beside it and can only call.
    Progress does not say where it is, so a team's words decide. `keep_duration` is the dial: ticks
    for which the tile must be kept.
    """
    game = Minigame(
        name="treasure_hunt",
        systems=frozenset({System.TERRAIN, System.COMMUNICATION}),
        team_split=1,
        spawn=spawn.teams_with_knowers,
        goals=(Goal(predicates.seize_hidden, ("difficulty",), Subject.TEAM),),
        referee=referee.task_completed,
        score=referee.speed,
        dial="keep_duration",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            keep_duration=Adaptive(8, 64, step=8, wins=2, unit=Unit.TICKS, losses=2),
            share_tiles=Fixed(False),
            seize_target=Uniform(Place.SOUTH_EAST, Place.SOUTH_WEST),
        ),
    )
    fixed = dict(keep_duration=Fixed(32, Unit.TICKS))
    return with_settings(game, evaluation, fixed, numbers)
