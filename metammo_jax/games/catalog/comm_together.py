"""Comm together: scattered teams gather by words."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Fixed, Same, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.embeddings import ZEROS
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Revival, Subject, System


def comm_together(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `comm_together`: scattered teams must gather; words carry farther than eyes.

    `playable_side` is the dial: tiles a side of the playable square, not adaptive by default.
    """
    game = Minigame(
        name="comm_together",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.COMMUNICATION}),
        team_split=1,
        spawn=spawn.individuals_on_edge,
        goals=(Goal(predicates.all_members_within_range, (7,), Subject.TEAM, embedding=ZEROS),),
        referee=referee.task_completed,
        score=referee.speed,
        dial="playable_side",
        knobs=dict(
            **OPEN_GROUND,
            playable_side=Fixed(128, Unit.SIDE),
            center=Same("difficulty"),
            share_tiles=Fixed(False),
            health_increment=Fixed(10),
            immunity=Fixed(128, Unit.TICKS),
            revival=Fixed(Revival.ANYWHERE),
            revival_freeze=Fixed(30, Unit.TICKS),
        ),
    )
    return with_settings(game, evaluation, {}, numbers)
