"""Escort: one side brings its envoy across, the other stops it."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Fixed, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject, System


def escort(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `escort`: bring an envoy to the opposite edge, or stop it.

    A convoy brings it, bandits try to stop it. The envoy is the first player. Each side falls
    with its leader. The bandits win when the envoy is dead, or at the horizon.
    """
    game = Minigame(
        name="escort",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.COMMUNICATION}),
        sides=(2, 1),
        goals_by_group=True,
        spawn=spawn.envoy_and_bandits,
        goals=(
            Goal(predicates.bring_envoy_across, (), Subject.TEAM),
            Goal(predicates.check_agent_status, ("FOE_LEADERS", "DEAD"), Subject.TEAM),
        ),
        referee=referee.attackers_or_defenders,
        score=referee.speed_and_survival,
        least_players=2,
        knobs=dict(
            **WIDE_OPEN_GROUND,
            center=Uniform(64, 96, Unit.SIDE),
            scatter=Fixed(False),
            leader_bound=Fixed(True),
        ),
    )
    fixed = dict(center=Fixed(80, Unit.SIDE))
    return with_settings(game, evaluation, fixed, numbers)
