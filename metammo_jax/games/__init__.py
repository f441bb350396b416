"""The minigames, and all that one needs to declare another.

from metammo_jax import games

game = games.king_of_the_hill(fog_onset=64, seize_duration=(10, 50))
mine = games.Minigame(name="mine", spawn=games.spawn.individuals_on_edge, ...)
"""

from metammo_jax.games import garrison, knobs, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog import (
    ALL_GAMES,
    FULL_GAMES,
    GAMES,
    MORE_GAMES,
    ammo_training,
    comm_together,
    find_the_caller,
    king_of_the_hill,
    multi_task,
    multi_task_eval,
    protect_the_king,
    race_to_the_center,
    radio_raid,
    sandwich,
    survive,
    team_battle,
)
from metammo_jax.games.knobs import (
    Adaptive,
    Between,
    Chance,
    Fixed,
    Knob,
    OneOver,
    Place,
    Same,
    Uniform,
    Unit,
)
from metammo_jax.games.spawn import Spawn
from metammo_jax.games.table import Table
from metammo_jax.rules.spawning import Recruits, enlist, replace_fallen
from metammo_jax.tasks import Goal, TaskKind, ask, predicates
from metammo_jax.vocab import Revival, Subject, System

__all__ = [
    "ALL_GAMES",
    "FULL_GAMES",
    "GAMES",
    "Adaptive",
    "Between",
    "Chance",
    "Fixed",
    "Goal",
    "Knob",
    "MORE_GAMES",
    "Minigame",
    "OneOver",
    "Place",
    "Recruits",
    "Revival",
    "Same",
    "Spawn",
    "Subject",
    "System",
    "Table",
    "TaskKind",
    "Uniform",
    "Unit",
    "ammo_training",
    "ask",
    "comm_together",
    "enlist",
    "find_the_caller",
    "garrison",
    "king_of_the_hill",
    "knobs",
    "multi_task",
    "multi_task_eval",
    "predicates",
    "protect_the_king",
    "race_to_the_center",
    "radio_raid",
    "referee",
    "replace_fallen",
    "sandwich",
    "spawn",
    "survive",
    "team_battle",
]
