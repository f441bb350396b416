"""Duels: everybody against one other."""

from metammo_jax.games import conditions, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import with_settings
from metammo_jax.games.knobs import Between, Fixed, Uniform
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import System


def duels(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `duels`: everybody fights one other player.

    All start hurt and hungry; who eats and drinks before the fight has more health in it. Who
    lives and whose foe is dead wins, when every duel is decided or at the horizon.
    """
    game = Minigame(
        name="duels",
        systems=frozenset({System.TERRAIN, System.RESOURCE, System.COMBAT, System.COMMUNICATION}),
        spawn=spawn.pairs_on_edge,
        goals=(Goal(predicates.win_duel),),
        referee=referee.duel_winners,
        muster=conditions.weaken_and_starve,
        least_players=2,
        knobs=dict(
            water_level=Between(0.2, 0.3),
            foilage_level=Between(0.85, 0.95),
            depletion=Uniform(1, 3),
            starvation=Fixed(1),
            dehydration=Fixed(1),
            immunity=Uniform(24, 40),
        ),
    )
    fixed = dict(water_level=0.25, foilage_level=0.9, depletion=2, immunity=32)
    return with_settings(game, evaluation, fixed, numbers)
