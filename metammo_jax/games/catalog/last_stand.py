"""Last stand: all together against waves of soldiers."""

from metammo_jax.games import herds, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import LAST_TOGETHER, OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Chance, Fixed, Unit
from metammo_jax.vocab import System


def last_stand(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `last_stand`: all hold out together against waves of soldiers.

    They stand in the middle, the soldiers come from the edge. Everybody wins if half of the
    players live at the horizon. `wave_size` is the dial: soldiers of the first wave; each later
    wave has more.
    """
    game = Minigame(
        name="last_stand",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.NPC, System.COMMUNICATION}),
        sides=(1,),
        spawn=spawn.around_the_middle,
        goals=(LAST_TOGETHER,),
        referee=referee.half_hold_out,
        score=referee.survivors,
        refill=herds.attackers_refill,
        dial="wave_size",
        least_npcs=1,
        knobs=dict(
            **OPEN_GROUND,
            wave_size=Adaptive(32, 128, step=16, wins=2, unit=Unit.NPCS, losses=2),
            center=Fixed(80, Unit.SIDE),
            scatter=Fixed(False),
            all_grass=Chance(0.2),
            immunity=Fixed(1024, Unit.TICKS),
        ),
    )
    fixed = dict(wave_size=Fixed(96, Unit.NPCS), all_grass=False)
    return with_settings(game, evaluation, fixed, numbers)
