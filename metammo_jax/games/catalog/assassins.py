"""Assassins: everybody hunts one other."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, OneOver, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal


def assassins(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `assassins`: hunt one other player; the first with enough kills wins.

    One's target is the next player by number that lives. Who kills anybody else loses a kill. If
    nobody has enough, the last survivor wins, if it has any. `contracts` is the dial: kills that
    are enough.
    """
    game = Minigame(
        name="assassins",
        spawn=spawn.individuals_on_edge,
        goals=(Goal(predicates.fulfil_contracts, ("difficulty",)),),
        referee=referee.contracts_or_last,
        least_players=3,
        dial="contracts",
        knobs=dict(
            **OPEN_GROUND,
            contracts=Adaptive(2, 4, step=1, wins=2, losses=2),
            center=Fixed(96, Unit.SIDE),
            npc_population=Fixed(0),
            fog_onset_tick=Uniform(128, 255, Unit.TICKS),
            fog_speed=OneOver(8, 12, Unit.SPEED),
        ),
    )
    fixed = dict(
        contracts=2, fog_onset_tick=Fixed(192, Unit.TICKS), fog_speed=Fixed(1 / 10, Unit.SPEED)
    )
    return with_settings(game, evaluation, fixed, numbers)
