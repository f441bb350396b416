"""Team battle: teams fight until one is left."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import (
    BATTLE,
    BATTLE_EVALUATION,
    LAST_TO_THE_END,
    with_settings,
)
from metammo_jax.rules.spawning import replace_fallen


def team_battle(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `team_battle`: teams fight until one is left."""
    game = Minigame(
        name="team_battle",
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(LAST_TO_THE_END,),
        referee=referee.last_team,
        muster=replace_fallen,
        refill=replace_fallen,
        knobs=BATTLE,
    )
    return with_settings(game, evaluation, BATTLE_EVALUATION, numbers)
