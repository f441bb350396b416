"""Race to the center: the first on the middle tile wins."""

from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Same, Unit
from metammo_jax.tasks import embeddings, predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import Revival, System


def race_to_the_center(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `race_to_the_center`: be the first on the middle tile.

    Who starves begins again at the edge. `playable_side` is the dial: tiles a side of the playable
    square.
    """
    toward = predicates.progress_toward_center
    game = Minigame(
        name="race_to_the_center",
        systems=frozenset({System.TERRAIN, System.RESOURCE}),
        spawn=spawn.individuals_on_edge,
        goals=(Goal(toward, embedding=embeddings.PROGRESS_TOWARD_CENTER),),
        referee=referee.task_completed,
        score=referee.speed,
        dial="playable_side",
        knobs=dict(
            **WIDE_OPEN_GROUND,
            playable_side=Adaptive(40, 128, step=8, wins=1, unit=Unit.SIDE),
            center=Same("difficulty"),
            mark_center=Fixed(True),
            share_tiles=Fixed(False),
            revival=Fixed(Revival.EDGE),
            revival_freeze=Fixed(10, Unit.TICKS),
        ),
    )
    return with_settings(game, evaluation, dict(playable_side=Fixed(128, Unit.SIDE)), numbers)
