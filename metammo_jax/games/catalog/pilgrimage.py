"""Pilgrimage: visit five places in an order of one's own."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Same, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import System


def pilgrimage(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `pilgrimage`: visit the middles of the quadrants in order, then the map's.

    Everybody draws an order; the first to complete it wins. `playable_side` is the dial: tiles a
    side of the playable square.
    """
    game = Minigame(
        name="pilgrimage",
        systems=frozenset({System.TERRAIN, System.RESOURCE}),
        spawn=spawn.individuals_on_edge,
        goals=tuple(
            Goal(predicates.visit_in_order, (first, turn)) for first in range(4) for turn in (1, 3)
        ),
        referee=referee.task_completed,
        score=referee.speed,
        dial="playable_side",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            playable_side=Adaptive(64, 128, step=8, wins=2, unit=Unit.SIDE, losses=2),
            center=Same("difficulty"),
            depletion=Uniform(1, 3),
        ),
    )
    fixed = dict(playable_side=Fixed(128, Unit.SIDE), depletion=2)
    return with_settings(game, evaluation, fixed, numbers)
