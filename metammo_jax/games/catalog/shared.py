"""What games of the catalog share: numbers, goals, and how a caller's numbers are set."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.knobs import Fixed, OneOver, Uniform, Unit
from metammo_jax.rules.spawning import replace_fallen
from metammo_jax.tasks import embeddings, predicates
from metammo_jax.tasks.book import Embeddings
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Subject

OPEN_GROUND = dict(water_level=Fixed(0.1), foilage_level=Fixed(0.9))
"""Less water and stone than by default."""

WIDE_OPEN_GROUND = dict(water_level=Fixed(0.05), foilage_level=Fixed(0.95))
"""Hardly any water and stone."""

BATTLE = dict(
    **OPEN_GROUND,
    fog_onset_tick=Uniform(32, 255, Unit.TICKS),
    fog_speed=OneOver(7, 11, Unit.SPEED),
    fog_final_size=Fixed(4, Unit.TILES),
    npc_population=Uniform(64, 255, Unit.NPCS),
)
"""Numbers of survive, team_battle and protect_the_king."""

BATTLE_EVALUATION = dict(
    fog_onset_tick=Fixed(128, Unit.TICKS),
    fog_speed=Fixed(1 / 8, Unit.SPEED),
    npc_population=Fixed(128, Unit.NPCS),
)

LAST_ALONE = Goal(predicates.tick_ge, ("horizon",))
"""Last until the horizon, alone."""

LAST_TOGETHER = Goal(predicates.tick_ge, ("horizon",), Subject.TEAM)
"""Last until the horizon, as a team."""

LAST_TO_THE_END = Goal(predicates.tick_ge, ("horizon",), Subject.TEAM, embedding=embeddings.TICK_GE)
"""The same, with the original's embedding."""


def with_settings(game: Minigame, evaluation: bool, fixed: dict, numbers: dict) -> Minigame:
    """Returns the game with its numbers set.

    Args:
      game: the game with its usual numbers.
      evaluation: set `fixed` too, which makes episodes comparable.
      fixed: numbers of evaluation, by name.
      numbers: the caller's own, which go before.

    Raises:
      ValueError: a name or a value that the game does not have.
    """
    if evaluation:
        game = game.with_numbers(**fixed)
    return game.with_numbers(**numbers)


def tasks_game(
    name: str, goals: tuple[Goal, ...], evaluation: bool, embeddings: Embeddings, numbers: dict
) -> Minigame:
    """Returns the game in which everybody alone goes after its own task, until one is left."""
    game = Minigame(
        name=name,
        spawn=spawn.individuals_on_edge,
        goals=goals,
        referee=referee.last_survivor,
        score=referee.nothing,
        embeddings=embeddings,
        muster=replace_fallen,
        refill=replace_fallen,
        knobs=dict(npc_population=Uniform(64, 255, Unit.NPCS)),
    )
    return with_settings(game, evaluation, dict(npc_population=Fixed(128, Unit.NPCS)), numbers)
