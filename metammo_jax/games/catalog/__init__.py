"""The minigames, each a declaration in the file of its name.

The paper's eight, our own that every config can play, and those that need the full game.

Every factory takes the game's numbers as keywords, to pin or to range them otherwise:
`king_of_the_hill(fog_onset_tick=64, seize_duration=(10, 50))`; `Minigame.with_numbers` says how.
`evaluation=True` fixes what the original's authors fixed to compare agents.

Source: docs/rules/minigames.md#knobs, and a section for each game there.
"""

from collections.abc import Callable

from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.ammo_training import ammo_training
from metammo_jax.games.catalog.assassins import assassins
from metammo_jax.games.catalog.comm_together import comm_together
from metammo_jax.games.catalog.commons import commons
from metammo_jax.games.catalog.corner_the_market import corner_the_market
from metammo_jax.games.catalog.drought import drought
from metammo_jax.games.catalog.duels import duels
from metammo_jax.games.catalog.escort import escort
from metammo_jax.games.catalog.famine import famine
from metammo_jax.games.catalog.find_the_caller import find_the_caller
from metammo_jax.games.catalog.five_hills import five_hills
from metammo_jax.games.catalog.follow_the_banner import follow_the_banner
from metammo_jax.games.catalog.four_corners import four_corners
from metammo_jax.games.catalog.guilds import guilds
from metammo_jax.games.catalog.hide_and_seek import hide_and_seek
from metammo_jax.games.catalog.hunters_and_prey import hunters_and_prey
from metammo_jax.games.catalog.keep_the_fire import keep_the_fire
from metammo_jax.games.catalog.king_of_the_hill import king_of_the_hill
from metammo_jax.games.catalog.lanterns import lanterns
from metammo_jax.games.catalog.last_stand import last_stand
from metammo_jax.games.catalog.multi_task import multi_task
from metammo_jax.games.catalog.multi_task_eval import multi_task_eval
from metammo_jax.games.catalog.pilgrimage import pilgrimage
from metammo_jax.games.catalog.protect_the_king import protect_the_king
from metammo_jax.games.catalog.race_to_the_center import race_to_the_center
from metammo_jax.games.catalog.radio_raid import radio_raid
from metammo_jax.games.catalog.richest import richest
from metammo_jax.games.catalog.sandwich import sandwich
from metammo_jax.games.catalog.stag_hunt import stag_hunt
from metammo_jax.games.catalog.survive import survive
from metammo_jax.games.catalog.team_battle import team_battle
from metammo_jax.games.catalog.treasure_hunt import treasure_hunt

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
"""Factories of games beyond the paper's on the paper's maps and rules of winning, by name."""

NEW_GAMES: dict[str, Callable[..., Minigame]] = {
    factory.__name__: factory
    for factory in (
        last_stand,
        five_hills,
        follow_the_banner,
        pilgrimage,
        four_corners,
        escort,
        assassins,
        hunters_and_prey,
        hide_and_seek,
        famine,
        drought,
        lanterns,
        treasure_hunt,
        duels,
        commons,
        keep_the_fire,
        stag_hunt,
    )
}
"""Factories of our own games that every config with NPCs can play, by name."""

FULL_GAMES: dict[str, Callable[..., Minigame]] = {
    factory.__name__: factory for factory in (multi_task, multi_task_eval, ammo_training)
}
"""Factories of the games that need the systems of the full game, by name."""

TRADE_GAMES: dict[str, Callable[..., Minigame]] = {
    factory.__name__: factory for factory in (richest, guilds, corner_the_market)
}
"""Factories of our own games of gold, trade and crafts, which need the full game, by name."""

ALL_GAMES: dict[str, Callable[..., Minigame]] = {
    **GAMES,
    **MORE_GAMES,
    **NEW_GAMES,
    **FULL_GAMES,
    **TRADE_GAMES,
}
"""Factories of all games that come with the package, by name."""
