"""Guilds: a team masters four crafts."""

from metammo_jax.config import FULL_SYSTEMS
from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Uniform, Unit
from metammo_jax.tasks import ask
from metammo_jax.tasks.algebra import Term
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject


def guilds(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `guilds`: a team must gain experience in four crafts.

    The first to have it in all of them wins. `experience` is the dial: experience asked for in
    each craft.
    """
    game = Minigame(
        name="guilds",
        systems=FULL_SYSTEMS,
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(_crafts(), subject=Subject.TEAM),),
        referee=referee.task_completed,
        score=referee.speed,
        dial="experience",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            experience=Adaptive(30, 180, step=15, wins=2, losses=2),
            npc_population=Fixed(0),
            immunity=Fixed(1024, Unit.TICKS),
            depletion=Uniform(1, 3),
        ),
    )
    fixed = dict(experience=90, depletion=2)
    return with_settings(game, evaluation, fixed, numbers)


def _crafts() -> Term:
    """Returns the mean of how far a team has come in four crafts."""
    first, *others = (
        0.25 * ask("gain_experience", craft, "difficulty", 1)
        for craft in ("HERBALISM", "PROSPECTING", "CARVING", "ALCHEMY")
    )
    return sum(others, first)
