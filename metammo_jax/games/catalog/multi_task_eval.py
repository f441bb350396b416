"""Multi task eval: everybody draws an evaluation task of the competition."""

from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import tasks_game
from metammo_jax.tasks import curriculum, embeddings
from metammo_jax.tasks.book import Embeddings


def multi_task_eval(
    *, evaluation: bool = False, embeddings: Embeddings = embeddings.meaning, **numbers
) -> Minigame:
    """Returns the game `multi_task_eval`: everybody draws an evaluation task.

    There are 62 of them, those of the NeurIPS 2023 competition; `tasks.scoring` says what
    each is worth.

    Args:
      evaluation: fix what the original's authors fixed to compare agents.
      embeddings: as in `multi_task`, rows for `tasks.curriculum.evaluation()`.
      **numbers: as in all games.
    """
    return tasks_game("multi_task_eval", curriculum.evaluation(), evaluation, embeddings, numbers)
