"""Richest: own the most gold at the end."""

from metammo_jax.config import FULL_SYSTEMS
from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Uniform, Unit
from metammo_jax.rules.spawning import replace_fallen
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal


def richest(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `richest`: own the most gold at the horizon, or enough to win at once.

    `gold` is the dial: gold with which one wins at once.
    """
    game = Minigame(
        name="richest",
        systems=FULL_SYSTEMS,
        spawn=spawn.individuals_on_edge,
        goals=(Goal(predicates.hoard_gold, ("difficulty",)),),
        referee=referee.richest_players,
        muster=replace_fallen,
        refill=replace_fallen,
        least_players=2,
        dial="gold",
        knobs=dict(
            gold=Adaptive(15, 60, step=5, wins=2, losses=2),
            npc_population=Uniform(64, 255, Unit.NPCS),
            immunity=Uniform(128, 512, Unit.TICKS),
        ),
    )
    fixed = dict(gold=30, npc_population=Fixed(128, Unit.NPCS), immunity=Fixed(256, Unit.TICKS))
    return with_settings(game, evaluation, fixed, numbers)
