"""Corner the market: own most of all potions."""

from metammo_jax.config import FULL_SYSTEMS
from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, TaskKind

HOLD_TICKS = 10
"""Ticks on end for which the market must be cornered."""


def corner_the_market(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `corner_the_market`: a team must own more than half of all potions.

    It must do so for some ticks on end, and own a number of them. Potions are made of herbs,
    bought, sold, given and looted. `pieces` is the dial: how many at least.
    """
    game = Minigame(
        name="corner_the_market",
        systems=FULL_SYSTEMS,
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(
            Goal(
                predicates.corner_market,
                ("POTION", "difficulty"),
                Subject.TEAM,
                kind=TaskKind.HOLD,
                hold=HOLD_TICKS,
            ),
        ),
        referee=referee.task_completed,
        score=referee.speed,
        dial="pieces",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            pieces=Adaptive(3, 15, step=1, wins=2, losses=2),
            npc_population=Fixed(0),
            immunity=Uniform(256, 512, Unit.TICKS),
            depletion=Uniform(1, 3),
        ),
    )
    fixed = dict(pieces=6, immunity=Fixed(384, Unit.TICKS), depletion=2)
    return with_settings(game, evaluation, fixed, numbers)
