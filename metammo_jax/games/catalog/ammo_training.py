"""Ammo training: attack ten times with ammunition."""

from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import tasks_game
from metammo_jax.tasks import predicates
from metammo_jax.tasks.embeddings import ZEROS
from metammo_jax.tasks.goal import Goal


def ammo_training(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `ammo_training`: attack ten times with ammunition."""
    goals = (Goal(predicates.use_any_ammo, (10,), embedding=ZEROS),)
    return tasks_game("ammo_training", goals, evaluation, None, numbers)
