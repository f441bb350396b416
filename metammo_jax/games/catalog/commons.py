"""Commons: a herd that all hunt, and that can be hunted out."""

from metammo_jax.games import herds, referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import WIDE_OPEN_GROUND, with_settings
from metammo_jax.games.knobs import Adaptive, Fixed, Uniform, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.goal import Goal
from metammo_jax.vocab import System


def commons(*, evaluation: bool = False, **numbers) -> Minigame:
    """Returns the game `commons`: hunt a herd that does not come back once it is hunted out.

    All who kill enough win together, at the horizon. The herd grows fastest at half of its
    largest size: if all take what they can, hardly anybody has enough. `kills` is the dial.
    """
    game = Minigame(
        name="commons",
        systems=frozenset({System.TERRAIN, System.COMBAT, System.NPC, System.COMMUNICATION}),
        spawn=spawn.anywhere,
        goals=(Goal(predicates.count_event, ("KILL_NPC", "difficulty")),),
        referee=referee.completed_at_horizon,
        score=referee.winners_share,
        muster=herds.herd_muster,
        refill=herds.herd_refill,
        dial="kills",
        least_npcs=2,
        knobs=dict(
            **WIDE_OPEN_GROUND,
            kills=Adaptive(3, 8, step=1, wins=2, losses=2),
            center=Fixed(96, Unit.SIDE),
            npc_population=Uniform(192, 256, Unit.NPCS),
            immunity=Fixed(1024, Unit.TICKS),
        ),
    )
    fixed = dict(kills=3, npc_population=Fixed(256, Unit.NPCS))
    return with_settings(game, evaluation, fixed, numbers)
