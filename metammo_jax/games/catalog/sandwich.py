"""Sandwich: teams between soldiers inside, soldiers outside, and the fog."""

from metammo_jax.config import Config
from metammo_jax.games import garrison, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import LAST_TO_THE_END, OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Chance, Fixed, OneOver, Unit
from metammo_jax.vocab import System


def sandwich(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `sandwich`: outlast the other teams between soldiers and the fog.

    There are soldiers inside and outside. `inner_npcs` is the dial: soldiers inside for each team.
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
            fog_onset_tick=Fixed(1),
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
    return with_settings(game, evaluation, fixed, numbers)


def _room_for_soldiers(cfg: Config) -> int:
    """Returns how many soldiers for each team fit in the NPC rows, inside and outside."""
    return cfg.npcs // cfg.teams  # two for each of half as many teams
