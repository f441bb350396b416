"""The minigames, each a declaration in the file of its name.

The paper's eight, more that every config can play, and those that need the full game.

Every factory takes the game's numbers as keywords, to pin or to range them otherwise:
`king_of_the_hill(fog_onset=64, seize_duration=(10, 50))`; `Minigame.with_numbers` says how.
`evaluation=True` fixes what the original's authors fixed to compare agents.

Source: docs/rules/minigames.md#knobs, and a section for each game there.
"""

from collections.abc import Callable

from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.ammo_training import ammo_training
from metammo_jax.games.catalog.comm_together import comm_together
from metammo_jax.games.catalog.find_the_caller import find_the_caller
from metammo_jax.games.catalog.king_of_the_hill import king_of_the_hill
from metammo_jax.games.catalog.multi_task import multi_task
from metammo_jax.games.catalog.multi_task_eval import multi_task_eval
from metammo_jax.games.catalog.protect_the_king import protect_the_king
from metammo_jax.games.catalog.race_to_the_center import race_to_the_center
from metammo_jax.games.catalog.radio_raid import radio_raid
from metammo_jax.games.catalog.sandwich import sandwich
from metammo_jax.games.catalog.survive import survive
from metammo_jax.games.catalog.team_battle import team_battle

GAMES: dict[str, Callable[..., Minigame]] = {
    factory.__name__: factory
    for factory in (
        survive,
        team_battle,
        protect_the_king,
        race_to_the_center,
        king_of_the_hill,
        sandwich,
        comm_together,
        radio_raid,
    )
}
"""Factories of the games that every config can play, by name."""

MORE_GAMES: dict[str, Callable[..., Minigame]] = {
    factory.__name__: factory for factory in (find_the_caller,)
}
"""Factories of games beyond the paper's that every config can play, by name."""

FULL_GAMES: dict[str, Callable[..., Minigame]] = {
    factory.__name__: factory for factory in (multi_task, multi_task_eval, ammo_training)
}
"""Factories of the games that need the systems of the full game, by name."""

ALL_GAMES: dict[str, Callable[..., Minigame]] = {**GAMES, **MORE_GAMES, **FULL_GAMES}
"""Factories of all games that come with the package, by name."""
