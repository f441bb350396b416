"""Four corners: a team fills four places at once."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Same, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Revival, Subject, System


def four_corners(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `four_corners`: a team must fill the middles of all four quadrants at once.

    The first wins. Teams of fewer than four fill as many places as they have members.
    `playable_side` is the dial: tiles a side of the playable square.
    """
    game = Minigame(
        name="four_corners",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.COMMUNICATION}),
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(predicates.fill_quadrants, (), Subject.TEAM),),
        referee=referee.task_completed,
        score=referee.speed,
        dial="playable_side",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            playable_side=Adaptive(64, 128, step=8, wins=2, unit=Unit.SIDE, losses=2),
            center=Same("difficulty"),
            health_increment=Uniform(3, 10),
            immunity=Uniform(128, 512, Unit.TICKS),
            revival=Fixed(Revival.ANYWHERE),
            revival_freeze=Fixed(30, Unit.TICKS),
        ),
    )
    fixed = dict(
        playable_side=Fixed(96, Unit.SIDE), health_increment=5, immunity=Fixed(320, Unit.TICKS)
    )
    return with_settings(game, evaluation, fixed, numbers)
