"""Five hills: hold more hills than any other team."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def five_hills(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `five_hills`: a team must hold more of five hills than any other.

    A team holds a hill while it alone stands on it. `hold_duration` is the dial: ticks in which a
    team must hold the most.
    """
    game = Minigame(
        name="five_hills",
        systems=frozenset({System.TERRAIN, System.RESOURCE, System.COMBAT, System.COMMUNICATION}),
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(predicates.hold_most_hills, ("difficulty",), Subject.TEAM),),
        referee=referee.furthest_at_horizon,
        dial="hold_duration",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            hold_duration=Adaptive(120, 480, step=40, wins=2, unit=Unit.TICKS, losses=2),
            center=Fixed(80, Unit.SIDE),
            depletion=Uniform(2, 4),
        ),
    )
    fixed = dict(hold_duration=Fixed(240, Unit.TICKS), depletion=3)
    return with_settings(game, evaluation, fixed, numbers)
