"""Comparison of two sides: each in worlds of its own, and both in the same worlds."""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.environment import Environment
from metammo_jax.games.base import Minigame
from metammo_jax.lib import backend, checks, threefry
from metammo_jax.tasks import curriculum, scoring

from ..runs import training_run
from .episodes import Played, play_episodes
from .intervals import mean_with_interval, win_share
from .results import Match, SideScore
from .sides import Chooser, Side, group_by_chooser

PARALLEL_EPISODES = {"cpu": 32}
"""Episodes played in parallel, by platform."""

PARALLEL_EPISODES_ELSEWHERE = 1024
"""The same on all other platforms."""


def parallel_episodes() -> int:
    """Returns the number of episodes played in parallel on the current platform."""
    return PARALLEL_EPISODES.get(backend.platform(), PARALLEL_EPISODES_ELSEWHERE)


EPISODES_TAG = 1
"""Tag of the keys of evaluation episodes: training with the same seed uses other keys."""


def compare(
    env: Environment,
    first: Side,
    second: Side,
    episodes: int = 32,
    seed: int = 0,
    game: int = 0,
    difficulty: int | None = None,
) -> Match:
    """Returns the scores of two sides in one game, each alone and both together.

    Args:
      env: the environment; it is wrapped as the policies need.
      first: a side.
      second: the other.
      episodes: of each of the three comparisons.
      seed: of the episodes; both sides meet the same starts.
      game: index in `env.games`.
      difficulty: of the game, its dial; None for its lowest, or its fixed one.

    Raises:
      ValueError: a number is not allowed.
    """
    played, (a, b) = make_runner(env, (first, second), episodes, seed, game, difficulty)
    judge, names = make_judge(env.games, game), (first.name, second.name)
    players = env.cfg.players
    whole = [np.full((episodes, players), number, np.int32) for number in (a, b)]
    alone = (score_side(played(whole[0]), a, judge), score_side(played(whole[1]), b, judge))
    both = played(alternate_sides(episodes, players))
    return Match(
        env.games[game].name, names, alone, (score_side(both, a, judge), score_side(both, b, judge))
    )


def versus(
    env: Environment,
    first: Side,
    second: Side,
    episodes: int = 32,
    seed: int = 0,
    game: int = 0,
    difficulty: int | None = None,
) -> tuple[SideScore, SideScore]:
    """Returns the scores of two sides in the same worlds; a third of the cost of `compare`.

    Arguments and errors are those of `compare`.
    """
    played, (a, b) = make_runner(env, (first, second), episodes, seed, game, difficulty)
    both, judge = played(alternate_sides(episodes, env.cfg.players)), make_judge(env.games, game)
    return score_side(both, a, judge), score_side(both, b, judge)


def alternate_sides(episodes: int, groups: int) -> np.ndarray:
    """Returns (episodes, groups) int32: every other team is side 1, swapped each episode."""
    number = np.arange(episodes)[:, None] + np.arange(groups)
    return (number % 2).astype(np.int32)


def make_runner(
    env: Environment,
    sides: Sequence[Side],
    episodes: int,
    seed: int,
    game: int,
    difficulty: int | None = None,
) -> tuple[Callable[[np.ndarray], Played], list[int]]:
    """Returns a function that plays episodes, and the index of each side in its lineups.

    The function takes the side of each group in each episode, (episodes, P) int32, and returns
    `episodes.Played` of numpy arrays. Arguments and errors are those of `compare`.
    """
    episodes = checks.whole("episodes", episodes, 1)
    key = threefry.tagged(checks.key_of_seed(seed), EPISODES_TAG)
    game = checks.whole("game", game, 0, len(env.games) - 1)
    choosers, params, numbers = group_by_chooser(sides)
    run = compile_play(env, choosers)
    levels = None if difficulty is None else jnp.full(len(env.games), difficulty, jnp.int32)
    count = min(parallel_episodes(), episodes)

    def played(lineup):
        results = []
        for start in range(0, episodes, count):
            index = start + np.arange(count, dtype=np.int32)
            own = lineup[index % episodes]  # episodes beyond the last are dropped
            results.append(run(params, key, index, jnp.int32(game), levels, own))
        return jax.tree.map(lambda *parts: np.concatenate(parts)[:episodes], *results)

    return played, numbers


@functools.lru_cache(maxsize=8)
def compile_play(env: Environment, choosers: tuple[tuple[Chooser, int], ...]):
    """Returns the jitted function that plays episodes, cached by its arguments."""
    shown = training_run.add_original_view(
        env, *[chooser.policy for chooser, _ in choosers if chooser.policy]
    )
    return jax.jit(functools.partial(play_episodes, shown, choosers))


def make_judge(games: Sequence[Minigame], game: int):
    """Returns the competition's scoring function of (progress, goal); None for other tasks."""
    goals = curriculum.evaluation()
    if games[game].goals != goals:
        return None
    first = sum(len(other.goals) for other in games[:game])  # goals are counted over all games
    return lambda progress, goal: scoring.judge(progress, goal - first, goals)


def score_side(played: Played, side: int, judge) -> SideScore:
    """Returns the scores of a side.

    Args:
      played: finished episodes.
      side: its index in the lineups.
      judge: of `make_judge`.
    """
    its, result = played.seat == side, played.result
    statistics = {
        "won": win_share(result.won[:, side]),
        "progress": mean_with_interval(result.progress[:, side]),
        "score": mean_with_interval(result.score[:, side]),
        "return_": mean_with_interval(result.return_[:, side]),
        "length": mean_with_interval(result.length),
    }
    return SideScore(
        episodes=len(result.length),
        **{name: mean for name, (mean, _) in statistics.items()},
        difficulty=float(result.difficulty.mean()),
        interval={name: interval for name, (_, interval) in statistics.items()},
        competition=judge(result.most[its], played.goal[its]) if judge else None,
    )
