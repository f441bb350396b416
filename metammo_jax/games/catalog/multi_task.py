"""Multi task: everybody draws a training task of the NeurIPS 2023 competition."""

from metammo_jax.games.base import Minigame
from metammo_jax.games.catalog.shared import tasks_game
from metammo_jax.tasks import curriculum, embeddings
from metammo_jax.tasks.book import Embeddings


def multi_task(
    *, evaluation: bool = False, embeddings: Embeddings = embeddings.meaning, **numbers
) -> Minigame:
    """Returns the game `multi_task`: everybody draws a training task of the competition.

    There are 1299 of them, those of the NeurIPS 2023 competition.

    Args:
      evaluation: fix what the original's authors fixed to compare agents.
      embeddings: what agents observe of the tasks, as `Minigame.embeddings`; an array has a
        row for each of `tasks.curriculum.training()`.
      **numbers: as in all games.
    """
    return tasks_game("multi_task", curriculum.training(), evaluation, embeddings, numbers)
