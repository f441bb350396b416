"""The minigames, each a declaration.

The paper's eight, one more for words, and three that need the full game.

Every factory takes the game's numbers as keywords, to pin or to range them otherwise:
`king_of_the_hill(fog_onset=64, seize_duration=(10, 50))`; `Minigame.with_numbers` says how.
`evaluation=True` fixes what the original's authors fixed to compare agents.

Source: docs/rules/minigames.md#knobs, and a section for each game there.
"""

import dataclasses
from collections.abc import Callable

from metammo_jax.config import Config
from metammo_jax.games import garrison, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.knobs import Adaptive, Chance, Fixed, OneOver, Place, Same, Uniform, Unit
from metammo_jax.rules.spawning import replace_fallen
from metammo_jax.tasks import curriculum, predicates
from metammo_jax.tasks import embeddings as told
from metammo_jax.tasks.book import Embeddings
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Revival, Subject, System

OPEN_GROUND = dict(water_level=Fixed(0.1), foilage_level=Fixed(0.9))
"""Less water and stone than by default."""

WIDE_OPEN_GROUND = dict(water_level=Fixed(0.05), foilage_level=Fixed(0.95))
"""Hardly any water and stone."""

BATTLE = dict(
    **OPEN_GROUND,
    fog_onset=Uniform(32, 255, Unit.TICKS),
    fog_speed=OneOver(7, 11, Unit.SPEED),
    fog_final_size=Fixed(4, Unit.TILES),
    npc_population=Uniform(64, 255, Unit.NPCS),
)
"""Numbers of survive, team_battle and protect_the_king."""

BATTLE_EVALUATION = dict(
    fog_onset=Fixed(128, Unit.TICKS),
    fog_speed=Fixed(1 / 8, Unit.SPEED),
    npc_population=Fixed(128, Unit.NPCS),
)

LAST_TO_THE_END = Goal(predicates.tick_ge, ("horizon",), Subject.TEAM, embedding=told.TICK_GE)


def survive(*, evaluation: bool = False, **numbers) -> Minigame:
    """Everybody for themselves, until one is left; the fog draws them together."""
    game = Minigame(
        name="survive",
        spawn=spawn.individuals_on_edge,
        goals=(Goal(predicates.tick_ge, ("horizon",)),),
        referee=referee.last_survivor,
        muster=replace_fallen,
        refill=replace_fallen,
        knobs=BATTLE,
        least_players=2,
    )
    return _set(game, evaluation, BATTLE_EVALUATION, numbers)


def team_battle(*, evaluation: bool = False, **numbers) -> Minigame:
    """Teams fight until one is left."""
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
    return _set(game, evaluation, BATTLE_EVALUATION, numbers)


def protect_the_king(*, evaluation: bool = False, **numbers) -> Minigame:
    """As team_battle, but a team falls with its leader."""
    game = Minigame(
        name="protect_the_king",
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(predicates.protect_leader, (), Subject.TEAM),),
        referee=referee.last_team,
        muster=replace_fallen,
        refill=replace_fallen,
        knobs=dict(**BATTLE, leader_bound=Fixed(True)),
    )
    return _set(game, evaluation, BATTLE_EVALUATION, numbers)


def race_to_the_center(*, evaluation: bool = False, **numbers) -> Minigame:
    """Be the first on the middle tile; who starves begins again at the edge.

    `map_size` is the dial: tiles a side of the playable square.
    """
    toward = predicates.progress_toward_center
    game = Minigame(
        name="race_to_the_center",
        systems=frozenset({System.TERRAIN, System.RESOURCE}),
        spawn=spawn.individuals_on_edge,
        goals=(Goal(toward, embedding=told.PROGRESS_TOWARD_CENTER),),
        referee=referee.task_completed,
        score=referee.speed,
        dial="map_size",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            map_size=Adaptive(40, 128, step=8, wins=1, unit=Unit.SIDE),
            center=Same("difficulty"),
            mark_center=Fixed(True),
            share_tiles=Fixed(False),
            revival=Fixed(Revival.EDGE),
            revival_freeze=Fixed(10, Unit.TICKS),
        ),
    )
    return _set(game, evaluation, dict(map_size=Fixed(128, Unit.SIDE)), numbers)


def king_of_the_hill(*, evaluation: bool = False, **numbers) -> Minigame:
    """Seize the middle tile and keep it, as a team.

    `seize_duration` is the dial: ticks for which it must be kept.
    """
    game = Minigame(
        name="king_of_the_hill",
        systems=frozenset({System.TERRAIN, System.RESOURCE, System.COMBAT, System.COMMUNICATION}),
        team_split=1,
        spawn=spawn.teams_on_edge,
        goals=(Goal(predicates.seize_center, ("difficulty",), Subject.TEAM),),
        referee=referee.king_of_the_hill,
        score=referee.speed_and_survival,
        dial="seize_duration",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            seize_duration=Adaptive(10, 200, step=10, wins=2, unit=Unit.TICKS),
            center=Fixed(60, Unit.SIDE),
            seize_target=Fixed(Place.CENTER),
            share_tiles=Fixed(False),
            depletion=Fixed(3),
            resilient_fraction=Fixed(1.0),
            fog_onset=Uniform(1, 127, Unit.TICKS),
            fog_speed=OneOver(8, 19, Unit.SPEED),
            fog_final_size=Fixed(5, Unit.TILES),
        ),
    )
    fixed = dict(
        seize_duration=Fixed(200, Unit.TICKS),
        fog_onset=Fixed(32, Unit.TICKS),
        fog_speed=Fixed(1 / 16, Unit.SPEED),
    )
    return _set(game, evaluation, fixed, numbers)


def sandwich(*, evaluation: bool = False, **numbers) -> Minigame:
    """Outlast the other teams between soldiers inside, soldiers outside, and the fog.

    `inner_npcs` is the dial: soldiers inside for each team.
    """
    game = Minigame(
        name="sandwich",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.NPC, System.COMMUNICATION}),
        team_split=2,
        spawn=spawn.teams_on_circle,
        goals=(LAST_TO_THE_END,),
        referee=referee.last_team,
        score=referee.speed,
        muster=garrison.sandwich_muster,
        refill=garrison.sandwich_refill,
        dial="inner_npcs",
        dial_limit=_room_for_soldiers,
        knobs=dict(
            **OPEN_GROUND,
            inner_npcs=Adaptive(2, 16, step=2, wins=2, unit=Unit.TEAM_NPCS),
            center=Fixed(80, Unit.SIDE),
            scatter=Fixed(False),
            all_grass=Chance(0.2),
            share_tiles=Fixed(False),
            health_increment=Fixed(1),
            fog_onset=Fixed(1),
            fog_speed=OneOver(8, 16, Unit.SPEED),
            fog_final_size=Fixed(5, Unit.TILES),
            earliest_win=Fixed(500, Unit.TICKS),
        ),
    )
    fixed = dict(
        all_grass=True,
        inner_npcs=Fixed(16, Unit.TEAM_NPCS),
        fog_speed=Fixed(1 / 16, Unit.SPEED),
    )
    return _set(game, evaluation, fixed, numbers)


def comm_together(*, evaluation: bool = False, **numbers) -> Minigame:
    """Scattered teams must find together; words carry farther than eyes.

    `map_size` is the dial: tiles a side of the playable square, not adaptive by default.
    """
    game = Minigame(
        name="comm_together",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.COMMUNICATION}),
        team_split=1,
        spawn=spawn.individuals_on_edge,
        goals=(Goal(predicates.all_members_within_range, (7,), Subject.TEAM),),
        referee=referee.task_completed,
        score=referee.speed,
        dial="map_size",
        knobs=dict(
            **OPEN_GROUND,
            map_size=Fixed(128, Unit.SIDE),
            center=Same("difficulty"),
            share_tiles=Fixed(False),
            health_increment=Fixed(10),
            immunity=Fixed(128, Unit.TICKS),
            revival=Fixed(Revival.ANYWHERE),
            revival_freeze=Fixed(30, Unit.TICKS),
        ),
    )
    return _set(game, evaluation, {}, numbers)


def find_the_caller(*, evaluation: bool = False, **numbers) -> Minigame:
    """As comm_together, but one of each team stands still where nobody knows, and calls.

    The team must gather around it, so its words decide: no place can be agreed upon beforehand.
    Not in the paper. `map_size` is the dial: tiles a side of the playable square.
    """
    game = dataclasses.replace(
        comm_together(), name="find_the_caller", spawn=spawn.individuals_and_callers
    )
    return _set(game, evaluation, {}, numbers)


def radio_raid(*, evaluation: bool = False, **numbers) -> Minigame:
    """Hunt waves of NPCs; a quarter of each team only watches, and calls.

    `goal` is the dial: NPCs that a team must defeat. It falls too, unlike the original's, where it
    rose until nobody won any more.
    """
    game = Minigame(
        name="radio_raid",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.NPC, System.COMMUNICATION}),
        team_split=2,
        spawn=spawn.teams_with_recons,
        goals=(Goal(predicates.defeat_entity, (1, 0, "difficulty"), Subject.TEAM),),
        referee=referee.task_completed,
        score=referee.speed_and_survival,
        refill=garrison.radio_raid_refill,
        dial="goal",
        knobs=dict(
            water_level=Fixed(0.1),
            foilage_level=Fixed(0.95),
            goal=Adaptive(5, 1000, step=5, wins=2, unit=Unit.TEAM_NPCS, losses=3),
            center=Fixed(48, Unit.SIDE),
            scatter=Fixed(False),
            share_tiles=Fixed(False),
            health_increment=Fixed(1),
            immunity=Fixed(1024, Unit.TICKS),
            neutral_danger=Fixed(0.3),
            aggressive_danger=Fixed(0.8),
        ),
    )
    return _set(game, evaluation, dict(goal=Fixed(80, Unit.TEAM_NPCS)), numbers)


def multi_task(
    *, evaluation: bool = False, embeddings: Embeddings = told.meaning, **numbers
) -> Minigame:
    """Everybody draws one of the 1299 training tasks of the NeurIPS 2023 competition.

    Args:
      evaluation: fix what the original's authors fixed to compare agents.
      embeddings: what agents are told about the tasks, as `Minigame.embeddings`; an array has a
        row for each of `tasks.curriculum.training()`.
      **numbers: as in all games.
    """
    return _tasks_of("multi_task", curriculum.training(), evaluation, embeddings, numbers)


def multi_task_eval(
    *, evaluation: bool = False, embeddings: Embeddings = told.meaning, **numbers
) -> Minigame:
    """Everybody draws one of the 62 evaluation tasks; `tasks.scoring` says what it is worth.

    Args:
      evaluation: fix what the original's authors fixed to compare agents.
      embeddings: as in `multi_task`, rows for `tasks.curriculum.evaluation()`.
      **numbers: as in all games.
    """
    return _tasks_of("multi_task_eval", curriculum.evaluation(), evaluation, embeddings, numbers)


def ammo_training(*, evaluation: bool = False, **numbers) -> Minigame:
    """Everybody is to attack ten times with ammunition."""
    goals = (Goal(predicates.use_any_ammo, (10,)),)
    return _tasks_of("ammo_training", goals, evaluation, None, numbers)


def _tasks_of(
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
    return _set(game, evaluation, dict(npc_population=Fixed(128, Unit.NPCS)), numbers)


def _room_for_soldiers(cfg: Config) -> int:
    """Returns how many soldiers for each team fit in the NPC rows, inside and outside."""
    return cfg.npcs // cfg.teams  # two for each of half as many teams


def _set(game: Minigame, evaluation: bool, fixed: dict, numbers: dict) -> Minigame:
    if evaluation:
        game = game.with_numbers(**fixed)
    return game.with_numbers(**numbers)


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
