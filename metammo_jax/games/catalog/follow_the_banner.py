"""Follow the banner: stay with a goal that moves, as the only team."""

from metammo_jax.games import herds, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def follow_the_banner(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `follow_the_banner`: a team must stay with a walking banner, alone.

    The banner is an NPC; a team holds it while it alone has members within three tiles.
    `hold_duration` is the dial: ticks for which it must be held.
    """
    game = Minigame(
        name="follow_the_banner",
        systems=frozenset(
            {System.TERRAIN, System.RESOURCE, System.COMBAT, System.NPC, System.COMMUNICATION}
        ),
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(predicates.hold_banner, ("difficulty",), Subject.TEAM),),
        referee=referee.furthest_at_horizon,
        muster=herds.banner_muster,
        refill=herds.banner_refill,
        dial="hold_duration",
        least_npcs=1,
        knobs=dict(
            **WIDE_OPEN_GROUND,
            hold_duration=Adaptive(160, 480, step=40, wins=2, unit=Unit.TICKS, losses=2),
            center=Fixed(80, Unit.SIDE),
            depletion=Uniform(2, 4),
        ),
    )
    fixed = dict(hold_duration=Fixed(240, Unit.TICKS), depletion=3)
    return with_settings(game, evaluation, fixed, numbers)
