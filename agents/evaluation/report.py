"""HTML report of a run or an agent: results, learning curves, action statistics, replays.

The file holds its pictures and the pages of its replays; it needs no network and no server.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

import metammo_jax as mm
from metammo_jax.draw import charts
from metammo_jax.lib import checks, threefry
from metammo_jax.replay.recording import Explains

from ..player import Player
from ..runs import training_run
from ..training import curve
from . import report_page
from .report_page import GameFigures, Watched
from .results import Match
from .sides import Side, random_action

FILE = "report.html"
EPISODE_TAG = 7
"""Tag of the keys of recorded episodes: episodes of the comparison use other keys."""


@dataclasses.dataclass(frozen=True)
class About:
    """Subject of a report: its title, run, facts and command.

    Attributes:
      title: name of the run or of the agent.
      run: folder of the run; None for an agent.
      facts: lines of a table, such as the options and an agent's card.
      command: with which the report was made.
    """

    title: str
    run: Path | None
    facts: dict[str, Any]
    command: str


def make_report_folder(path: str) -> Path:
    """Creates and returns the folder of a report; ValueError if a file has its name."""
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"report={path!r} is a file, it must be a folder")
    folder.mkdir(parents=True, exist_ok=True)
    charts.new_figure()  # raises ImportError before minutes of play
    return folder


def write_report(
    folder: Path,
    about: About,
    env: mm.Env,
    sides: Sequence[Side],
    matches: Sequence[Match],
    episodes: int = 4,
    seed: int = 0,
    difficulty: int | None = None,
) -> Path:
    """Writes `report.html` and three `replays/*.replay` into a folder; returns the page's path.

    Args:
      folder: exists.
      about: what is reported on.
      env: the worlds of the matches.
      sides: the policy, and the baseline next to which it is shown.
      matches: of the sides, one for each of `env.games`.
      episodes: recorded of each side and game, of which the pictures are.
      seed: of the episodes, 0 .. 2**63 - 1.
      difficulty: of the games; None for their lowest.

    Raises:
      ValueError: a number is not allowed.
      ImportError: matplotlib is not installed.
    """
    episodes = checks.whole("episodes", episodes, 1)
    replays = [_record(env, side, episodes, seed, difficulty) for side in sides]
    names = [match.game for match in matches]
    games = [
        _game(name, {side.name: of[index] for side, of in zip(sides, replays, strict=True)})
        for index, name in enumerate(names)
    ]
    learning = None if about.run is None else curve.make_figure(about.run)
    watched = _watch(folder, choose_episodes(replays[0], matches))
    text = report_page.render_page(about, matches, learning, games, watched, episodes)
    path = folder / FILE
    path.write_text(text, encoding="utf-8")
    return path


def _record(
    env: mm.Env, side: Side, episodes: int, seed: int, difficulty: int | None
) -> list[list[mm.Replay]]:
    """Returns recorded episodes of a side alone, by game; all sides get the same keys."""
    key = threefry.tagged(checks.key_of_seed(seed), EPISODE_TAG)
    shown, policy = _chooser(env, side)
    return [
        [
            mm.record(
                shown,
                threefry.fold_in(key, game * episodes + number),
                policy,
                game=game,
                difficulty=difficulty,
                outputs=isinstance(policy, Explains),
            )
            for number in range(episodes)
        ]
        for game in range(len(env.games))
    ]


def _chooser(env: mm.Env, side: Side) -> tuple[Any, Callable]:
    """Returns the environment and the policy of a side, as `mm.record` takes them."""
    if side.policy is not None:
        return training_run.add_original_view(env, side.policy), Player(
            side.policy, side.params, side.greedy
        )
    draw = jax.jit(lambda key, obs: random_action(env, key[None], _batched(obs)))
    return env, lambda key, obs: jax.tree.map(lambda leaf: leaf[0], draw(key, obs))


def _batched(tree):
    return jax.tree.map(lambda leaf: leaf[None], tree)


def _game(name: str, replays: dict[str, list[mm.Replay]]) -> GameFigures:
    """Returns the figures of a game; maps and kills are those of the first side."""
    first = next(iter(replays.values()))
    figures = {
        "What players do": charts.profile(replays),
        "Survival": charts.survival(replays),
    }
    for of in charts.HEAT:
        figures[of.capitalize()] = charts.heat_map(first, of)
    if bool(first[0].at(0).params.team_game):
        figures["Kills by team"] = charts.kill_matrix(first)
    return GameFigures(name, figures)


def final_progress(replay: mm.Replay) -> float:
    """Returns the mean task progress of all players at the end of a replay."""
    return float(np.mean(replay.at(replay.ticks).task.progress))


def choose_episodes(
    replays: list[list[mm.Replay]], matches: Sequence[Match]
) -> list[tuple[str, mm.Replay]]:
    """Returns up to three episodes to show, each with the reason why it was chosen.

    Of one game: those with the most, the median and the least progress. Of several: one each of the
    games in which the policy's progress is the most, the median and the least above the baseline's.
    """
    if len(replays) == 1:
        ranked = sorted(replays[0], key=final_progress, reverse=True)
        words = ("most progress", "median progress", "least progress")
    else:
        above = [match.alone[0].progress - match.alone[1].progress for match in matches]
        ranked = [replays[index][0] for index in np.argsort(above)[::-1]]
        words = ("largest", "median", "smallest")
        words = tuple(f"{rank} lead over the baseline" for rank in words)
    last, picks = len(ranked) - 1, {}
    for place, word in zip((0, last, last // 2), (words[0], words[2], words[1]), strict=True):
        picks.setdefault(place, word)  # fewer where they are the same
    return [(picks[place], ranked[place]) for place in sorted(picks)]


def _watch(folder: Path, found: list[tuple[str, mm.Replay]]) -> list[Watched]:
    """Writes replays next to the page; returns their titles, paths and data for the page."""
    shown = []
    for number, (why, replay) in enumerate(found):
        game = replay.env.games[replay.game].name
        path = replay.save(folder / "replays" / f"{number + 1}_{game}.replay")
        words = f"{game.replace('_', ' ')}: {why}, {replay.ticks} ticks"
        shown.append(Watched(words, path.relative_to(folder).as_posix(), replay))
    return shown
