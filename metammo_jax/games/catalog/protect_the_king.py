"""Protect the king: a team falls with its leader."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import BATTLE, BATTLE_EVALUATION, with_settings
from metammo_jax.games.knobs import Fixed
from metammo_jax.rules.spawning import replace_fallen
from metammo_jax.tasks import predicates
from metammo_jax.tasks.embeddings import ZEROS
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject


def protect_the_king(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `protect_the_king`: as `team_battle`, but a team falls with its leader."""
    game = Minigame(
        name="protect_the_king",
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(predicates.protect_leader, (), Subject.TEAM, embedding=ZEROS),),
        referee=referee.last_team,
        muster=replace_fallen,
        refill=replace_fallen,
        knobs=dict(**BATTLE, leader_bound=Fixed(True)),
    )
    return with_settings(game, evaluation, BATTLE_EVALUATION, numbers)
