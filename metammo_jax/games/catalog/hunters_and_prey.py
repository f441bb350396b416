"""Hunters and prey: few strong players against many weak ones."""

from metammo_jax.games import conditions, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import LAST_TOGETHER, OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Fixed, Uniform, Unit
from metammo_jax.tasks import ask
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def hunters_and_prey(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `hunters_and_prey`: a quarter of the players hunt all others.

    Those are weaker. The hunters heal; they win when three quarters of their prey are dead. The
    prey wins together if it lasts.
    """
    game = Minigame(
        name="hunters_and_prey",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.COMMUNICATION}),
        sides=(1, 3),
        goals_by_group=True,
        spawn=spawn.middle_and_edge,
        goals=(
            Goal(4 / 3 * ask("all_dead", subject=Subject.FOES), subject=Subject.TEAM),
            LAST_TOGETHER,
        ),
        referee=referee.attackers_or_defenders,
        score=referee.speed_and_survival,
        muster=conditions.weaken_prey,
        refill=conditions.heal_hunters,
        least_players=4,
        knobs=dict(
            **OPEN_GROUND,
            center=Uniform(80, 128, Unit.SIDE),
            immunity=Uniform(64, 160, Unit.TICKS),
        ),
    )
    fixed = dict(center=Fixed(112, Unit.SIDE), immunity=Fixed(128, Unit.TICKS))
    return with_settings(game, evaluation, fixed, numbers)
