"""Survive: everybody alone, until one is left."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import BATTLE, BATTLE_EVALUATION, with_settings
from metammo_jax.rules.spawning import replace_fallen
from metammo_jax.tasks import predicates
from metammo_jax.tasks.embeddings import ZEROS
from metammo_jax.tasks.goal import Goal


def survive(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `survive`: everybody alone, until one is left.

    The fog draws them together.
    """
    game = Minigame(
        name="survive",
        spawn=spawn.individuals_on_edge,
        goals=(Goal(predicates.tick_ge, ("horizon",), embedding=ZEROS),),
        referee=referee.last_survivor,
        muster=replace_fallen,
        refill=replace_fallen,
        knobs=BATTLE,
        least_players=2,
    )
    return with_settings(game, evaluation, BATTLE_EVALUATION, numbers)
