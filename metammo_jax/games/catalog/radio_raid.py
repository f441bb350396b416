"""Radio raid: hunt waves of NPCs that scouts call out."""

from metammo_jax.games import garrison, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.embeddings import ZEROS
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def radio_raid(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `radio_raid`: hunt waves of NPCs that scouts call out.

    A quarter of each team are scouts: they only watch, and call. `goal` is the dial: NPCs that a
    team must defeat. It falls too, unlike the original's, where it rose until nobody won any more.
    """
    game = Minigame(
        name="radio_raid",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.NPC, System.COMMUNICATION}),
        team_split=2,
        spawn=spawn.teams_with_recons,
        goals=(
            Goal(predicates.defeat_entity, (1, 0, "difficulty"), Subject.TEAM, embedding=ZEROS),
        ),
        referee=referee.task_completed,
        score=referee.speed_and_survival,
        refill=garrison.radio_raid_refill,
        dial="goal",
        knobs=dict(
            water_level=Fixed(0.1),
            foilage_level=Fixed(0.95),
            goal=Adaptive(5, 1000, step=5, wins=2, unit=Unit.TEAM_NPCS, losses=3),
            center=Fixed(48, Unit.SIDE),
            scatter=Fixed(False),
            share_tiles=Fixed(False),
            health_increment=Fixed(1),
            immunity=Fixed(1024, Unit.TICKS),
            neutral_danger=Fixed(0.3),
            aggressive_danger=Fixed(0.8),
        ),
    )
    return with_settings(game, evaluation, dict(goal=Fixed(80, Unit.TEAM_NPCS)), numbers)
