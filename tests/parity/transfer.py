"""A policy trained here plays the original: `python -m tests.parity.transfer RUN --python PATH`.

In both games it plays as many episodes, with the same settings on the same maps, by the same
code: what it sees is what our observation shows of a world, and a state of the original becomes
such a world in every tick. Statistics of whole episodes (`tests.parity.episodes`) are then
compared, by permutations of pairs of episodes and with Cohen's d.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import sys
import tempfile
import time

import jax
import numpy as np

from agents.runs import folder
from tests.parity import accounts, episodes, playing, twosample
from tests.parity.episodes import Group
from tests.parity.pilot import Pilot, PilotRollout
from tests.parity.playing import Asked
from tests.parity.state import SETTING_NAMES
from tests.parity.twosample import Comparison

CONFIGS = ("mini", "full")
GAMES = tuple(game for game in episodes.GAMES.values() if game != "multi_task")
ALLOWED = {*SETTING_NAMES.values(), "DEATH_FOG_ONSET"}
"""Settings of the original that can be overridden: those that our games have too."""

HEADLINES = {
    "won": "episodes won", "winners": "winners", "score": "score of the winners",
    "mean of the tasks' most progress": "progress", "length": "length, ticks",
    "life span": "life span, ticks", "events: kill_player": "players killed",
    "events: kill_npc": "NPCs killed", "events: score_hit": "hits",
}  # fmt: skip
"""What is always shown."""


def main(arguments=None) -> int:
    """Plays and compares; returns 1 if any statistic differs, 2 if it cannot be done."""
    args = parser().parse_args(arguments)
    try:
        games, config = games_of(args)
        found_in, groups = [], []
        for game in games:
            groups.append(group_of(args, game, config))
            found_in.append(compared(groups[-1]))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    everything = [one for comparisons, _ in found_in for one in comparisons]
    found = {one.name for one in twosample.differing(everything)}
    for group, (comparisons, equal) in zip(groups, found_in, strict=True):
        episodes.show(group, comparisons, equal, found)
        show_headlines(headlines(group, comparisons))
    if args.summary:
        parts = zip(groups, found_in, strict=True)
        results = [summary(args, group, *outcome, found) for group, outcome in parts]
        pathlib.Path(args.summary).write_text(json.dumps(results, indent=1) + "\n")
    if args.json:
        pathlib.Path(args.json).write_text(
            json.dumps(episodes.as_json(everything, found), indent=1)
        )
    print(f"\n{sum(equal for _, equal in found_in)} more are constant and equal on both sides")
    print(f"{len(everything)} statistics compared, {len(found)} differ")
    return int(bool(found))


def parser() -> argparse.ArgumentParser:
    """Returns the command line."""
    out = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    out.add_argument("run", help="folder of a training run")
    out.add_argument("--python", required=True, help="Python where nmmo 2.1.2 is installed")
    out.add_argument("--game", nargs="+", choices=GAMES, help="the run's games if left out")
    out.add_argument("--episodes", type=positive, default=16, help="in the original")
    out.add_argument("--worlds", type=positive, default=1, help="of ours for each of them")
    out.add_argument("--side-by-side", type=positive, default=2, help="processes of the original")
    out.add_argument("--seed", type=int, default=5000, help="of the first episode")
    out.add_argument(
        "--difficulty", type=positive, help="of games that grow harder; else the first"
    )
    out.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the original that all episodes shall have, its value as JSON",
    )
    out.add_argument("--greedy", action="store_true", help="do what is most likely")
    out.add_argument(
        "--order",
        choices=("original", "random"),
        default="original",
        help="who acts first in ours: low ids, or anybody",
    )
    out.add_argument(
        "--maps",
        default=os.path.join(tempfile.gettempdir(), "nmmo-maps-16"),
        help="folder of the original's maps",
    )
    out.add_argument(
        "--record",
        help="file of the original's episodes: known ones are taken from it, new ones added",
    )
    out.add_argument("--json", help="file to write all comparisons to")
    out.add_argument("--summary", help="file to write what tests.parity.report reads")
    return out


def positive(text: str) -> int:
    """Returns a whole number from 1 on."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 1 or more")
    return int(text)


def games_of(args) -> tuple[list[str], str]:
    """Returns the games to be played, and the config.

    Raises:
      ValueError: there is no such run, or the original has no such game or size.
    """
    trained = folder.read_config(args.run)
    if trained.config not in CONFIGS:
        raise ValueError(
            f"{args.run} was trained at config={trained.config!r}; the original plays "
            f"{' and '.join(CONFIGS)}"
        )
    games = list(args.game or trained.game)
    unknown = [game for game in games if game not in GAMES]
    if unknown:
        raise ValueError(f"the original cannot play {unknown[0]!r}; it plays {', '.join(GAMES)}")
    return games, trained.config


def overrides_of(settings: list[str]) -> dict:
    """Returns the settings of a command line by name.

    Raises:
      ValueError: one is no NAME=VALUE, or none that both games have.
    """
    out = {}
    for text in settings:
        name, _, value = text.partition("=")
        if name not in ALLOWED:
            raise ValueError(f"--set {text}: allowed are {', '.join(sorted(ALLOWED))}")
        try:
            out[name] = json.loads(value)
        except ValueError as error:
            raise ValueError(f"--set {text}: {value!r} is no JSON value") from error
        if out[name] is None and name != "DEATH_FOG_ONSET":
            raise ValueError(f"--set {text}: only DEATH_FOG_ONSET may be null")
    return out


def group_of(args, game: str, config: str) -> Group:
    """Plays a game in both worlds.

    Raises:
      ValueError: the run cannot be read, or the original cannot be played.
    """
    env = episodes.environment(config, (game,))
    pilot = Pilot.load(args.run, env, args.greedy)
    os.makedirs(args.maps, exist_ok=True)
    given = args.difficulty, overrides_of(args.set)
    asked = Asked(game, config, os.path.join(args.maps, ""), episodes.MAPS, *given)
    results = original_of(args, asked, pilot)
    rollout = PilotRollout(pilot, args.order == "original")
    batch = min(episodes.BATCH, len(results) * args.worlds)
    return episodes.play(results, rollout, args.worlds, args.seed, batch)


def original_of(args, asked: Asked, pilot: Pilot) -> list[dict]:
    """Returns the statistics of the original's episodes, of which known ones are not played again.

    Raises:
      ValueError: the original cannot be played, or the file of known ones is none.
    """
    mark = {"run": str(args.run), "greedy": args.greedy, "asked": dataclasses.asdict(asked)}
    del mark["asked"]["maps"]
    seeds = range(args.seed, args.seed + args.episodes)
    known = {one["seed"]: one for one in read(args.record) if one.get("mark") == mark}
    results, start = [known[seed] for seed in seeds if seed in known], time.monotonic()
    command = [args.python, "-m", "tests.parity.serve"]
    missing = [seed for seed in seeds if seed not in known]
    for one in playing.play(command, asked, missing, pilot, args.side_by_side):
        results.append({**one, "mark": mark})
        print(
            f"{asked.game} seed {one['seed']}: {one['ticks']} ticks, {one['winners']} winners",
            flush=True,
        )
        if args.record:
            with open(args.record, "a") as file:
                file.write(json.dumps(results[-1]) + "\n")
    took = time.monotonic() - start
    print(f"{asked.game}: {len(missing)} episodes of the original played in {took:.0f} s")
    return sorted(results, key=lambda one: one["seed"])


def read(path: str | None) -> list[dict]:
    """Returns the episodes of a file, one a line; none if there is no file.

    Raises:
      ValueError: a line is no episode.
    """
    if not path or not os.path.exists(path):
        return []
    try:
        lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
        return [one for one in lines if one["seed"] >= 0]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no record of episodes: {error}") from error


def compared(group: Group) -> tuple[list[Comparison], int]:
    """Returns the comparisons of a game, and how many more values were equal throughout."""
    comparisons, equal = episodes.compare(group, twosample.OVERALL)
    won = np.array([float(one.whole["winners"] > 0) for one in group.recorded])
    ours = np.array([[float(one.whole["winners"] > 0) for one in some] for some in group.ours])
    if twosample.is_constant(won, ours):
        return comparisons, equal + 1
    choices = twosample.random_choices(len(won), 1 + ours.shape[1])
    method, name = twosample.OVERALL, (group.name, "won", "whole", "level")
    one = twosample.compare(name, won, ours, choices, method.level, method.effect)
    return [*comparisons, one], equal


def headlines(group: Group, comparisons: list[Comparison]) -> list[dict]:
    """Returns what tells most of a game: label, means of both sides, Cohen's d and p.

    The last two are None where all episodes of both sides have the same value.
    """
    tested, out = {one.name[1:3]: one for one in comparisons if one.name[-1] == "level"}, []
    sides = group.recorded, [one for some in group.ours for one in some]
    for name, label in HEADLINES.items():
        means = [float(np.mean([value(one, name) for one in side])) for side in sides]
        ticks = [tick for statistic, tick in tested if statistic == name]
        one = tested.get((name, ticks[-1])) if ticks else None
        largest = {"effect": one.effect, "p": one.p} if one else {"effect": None, "p": None}
        out.append({"label": label, "original": means[0], "here": means[1], **largest})
    return out


def show_headlines(lines: list[dict]) -> None:
    """Prints them."""
    print(f"  {'':24}{'original':>12}{'here':>12}{'d':>8}{'p':>9}")
    for line in lines:
        rest = f"{'equal':>8}"
        if line["p"] is not None:
            rest = f"{line['effect']:+8.2f}{line['p']:9.4f}"
        print(f"  {line['label']:24}{line['original']:12.3f}{line['here']:12.3f}{rest}")


def summary(args, group: Group, comparisons: list[Comparison], equal: int, found: set) -> dict:
    """Returns what `tests.parity.report` tells of a game."""
    lines = [json.loads(line) for line in (pathlib.Path(args.run) / "metrics.jsonl").open()]
    return {
        "game": group.game,
        "config": group.config,
        "difficulty": args.difficulty,
        "set": args.set,
        "steps": lines[-1]["steps"],
        "seconds": lines[-1]["seconds"],
        "episodes": [len(group.recorded), sum(map(len, group.ours))],
        "compared": len(comparisons),
        "differ": sum(one.name in found for one in comparisons),
        "equal": equal,
        "least_p": min((one.p for one in comparisons), default=1.0),
        "headlines": headlines(group, comparisons),
    }


def value(account: accounts.Account, name: str) -> float:
    """Returns a number of an episode as a whole, or a count at its end."""
    if name == "won":
        return float(account.whole["winners"] > 0)
    return float(account.whole[name] if name in account.whole else account.series[name][-1])


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    sys.exit(main())
