"""Keep the fire: a public good that somebody must tend."""

from metammo_jax.games import conditions, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Same, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import System


def keep_the_fire(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `keep_the_fire`: a fire feeds all while a quarter of the living tend it.

    It is in the middle; those away profit more. All who have profited enough win, at the horizon.
    If nobody tends it, all starve. `profit_duration` is the dial: ticks away from a burning fire
    that are enough.
    """
    game = Minigame(
        name="keep_the_fire",
        systems=frozenset({System.TERRAIN, System.RESOURCE, System.COMMUNICATION}),
        spawn=spawn.individuals_on_edge,
        goals=(Goal(predicates.profit_from_fire, ("difficulty",)),),
        referee=referee.completed_at_horizon,
        score=referee.winners_share,
        refill=conditions.feed_by_fire,
        least_players=4,
        dial="profit_duration",
        knobs=dict(
            profit_duration=Adaptive(256, 640, step=64, wins=2, unit=Unit.TICKS, losses=2),
            center=Fixed(80, Unit.SIDE),
            all_grass=Fixed(True),
            scatter=Fixed(False),
            depletion=Uniform(3, 5),
            starvation=Uniform(2, 4),
            dehydration=Same("starvation"),
        ),
    )
    fixed = dict(profit_duration=Fixed(512, Unit.TICKS), depletion=4, starvation=3)
    return with_settings(game, evaluation, fixed, numbers)
