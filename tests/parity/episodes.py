"""Whole episodes against recorded ones: `python -m tests.parity.episodes FILE.jsonl`.

For each recorded episode of the original, some of ours are played: the same game, settings, map
and policy. The statistics of both are compared one by one (`twosample`).
"""

import argparse
import dataclasses
import functools
import json
import sys

import jax
import numpy as np

from metammo_jax import maps
from metammo_jax.config import preset
from metammo_jax.env import Env
from metammo_jax.registry import games as known_games
from metammo_jax.registry import make
from metammo_jax.vocab import NEVER, Tile
from tests.parity import accounts, survival, twosample
from tests.parity.accounts import Account
from tests.parity.rollout import POLICIES, Rollout, Start, count_materials
from tests.parity.state import SETTING_NAMES
from tests.parity.twosample import Comparison, Method

GAMES = {
    "Survive": "survive",
    "TeamBattle": "team_battle",
    "ProtectTheKing": "protect_the_king",
    "RacetoCenter": "race_to_the_center",
    "KingoftheHill": "king_of_the_hill",
    "Sandwich": "sandwich",
    "CommTogether": "comm_together",
    "RadioRaid": "radio_raid",
    "MultiTaskTraining": "multi_task",
}
"""Our names of the games that records name otherwise."""

MAPS = 16
"""Maps in the pool from which the recorded episodes were drawn."""

BATCH = 32
"""Episodes of ours that are played side by side."""

SHOWN = 12


@dataclasses.dataclass
class Group:
    """All episodes of one game under one policy.

    Attributes:
      game, config, policy: which.
      recorded: the recorded episodes.
      ours: for each of them, some of ours.
    """

    game: str
    config: str
    policy: str
    recorded: list[Account]
    ours: list[list[Account]]

    @property
    def name(self) -> str:
        """Game, config and policy in words."""
        return f"{self.game} {self.config} {self.policy}"


@functools.cache
def environment(config: str, names: tuple[str, ...]) -> Env:
    """Returns an environment of these games with the recorder's number of maps."""
    return make(list(names), config=config, maps=MAPS)


def read(path: str) -> list[dict]:
    """Reads recorded episodes, one JSON object a line.

    Raises:
      ValueError: a line is no recorded episode.
    """
    with open(path) as file:
        lines = [line for line in file if line.strip()]
    out = []
    for number, line in enumerate(lines, 1):
        try:
            episode = json.loads(line)
            game, policy = episode["game"], episode["policy"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} line {number} is no recorded episode: {error}") from error
        episode["game"] = GAMES.get(game, game)
        if episode["game"] not in GAMES.values() or policy not in POLICIES:
            raise ValueError(f"{path} line {number}: {game} under {policy} cannot be played here")
        out.append(episode)
    return out


def playable(episodes: list[dict]) -> dict[str, Env]:
    """Returns an environment of the recorded games for each config that can be made.

    What cannot be made yet is named in a line, and left out.
    """
    out = {}
    for config in dict.fromkeys(episode["cfg"] for episode in episodes):
        wanted = {e["game"] for e in episodes if e["cfg"] == config}
        try:
            missing = sorted(wanted - set(known_games()))
            out[config] = environment(config, tuple(sorted(wanted - set(missing))))
        except ValueError as error:
            print(f"skipped: all of config {config}: {error}")
            continue
        if missing:
            print(f"skipped: {', '.join(missing)} of config {config}: no such games here")
    return out


def pins_of(episode: dict) -> dict:
    """Returns the fields of Params that the record tells, with their values."""
    given = {**episode["params"], "MAP_CENTER": episode["map_center"]}
    pins = {ours: given[theirs] for ours, theirs in SETTING_NAMES.items() if theirs in given}
    onset = given["DEATH_FOG_ONSET"]
    pins["fog_onset_tick"] = NEVER if onset is None else onset
    if "difficulty" in episode:
        pins["difficulty"] = episode["difficulty"]
    pins["all_grass"] = str(pins["all_grass"]) == "True"  # one game records words
    return {name: float(value) for name, value in pins.items()}


def starts_of(episodes: list[dict], env: Env) -> list[Start]:
    """Returns how ours begin, on the maps of the recorded episodes.

    Which map it was, its tiles tell: stone is what the map and the levels make it, and no
    chance touches it. All maps of grass are the same.
    """
    pool = np.asarray(maps.load_pool(preset(env.cfg, maps=MAPS)))
    names = [game.name for game in env.games]
    out = []
    rollout = Rollout(env, "random_move", original_order=True)
    for episode in episodes:
        start = Start(names.index(episode["game"]), pins_of(episode), pool[0])
        tries = [dataclasses.replace(start, fractal=fractal) for fractal in pool]
        worlds = np.asarray(rollout.begin(episode["seed"], tries).world.terrain.material)
        stone = np.array([count_materials(one)[Tile.STONE] for one in worlds])
        fits = np.flatnonzero(stone == episode["materials"][Tile.STONE])
        if not len(fits):
            print(f"{episode['game']} seed {episode['seed']}: no map of the pool has its tiles")
        counts = np.array([count_materials(one) for one in worlds])
        away = np.abs(counts - np.array(episode["materials"])).sum(1)
        out.append(tries[int(np.argmin(away))])
    return out


def play(group: list[dict], rollout: Rollout, worlds: int, seed: int, batch: int = BATCH) -> Group:
    """Plays `worlds` episodes for each recorded one of a game under a policy.

    Args:
      group: the recorded episodes.
      rollout: of our worlds, under the same policy.
      worlds: of ours for each of them.
      seed: of ours.
      batch: of ours that are played side by side.
    """
    first = group[0]
    starts = [start for start in starts_of(group, rollout.env) for _ in range(worlds)]
    ours: list[Account] = []
    for place in range(0, len(starts), batch):
        some = starts[place : place + batch]
        filled = some + [some[-1]] * (batch - len(some))
        ours += rollout.play(seed + place, filled)[: len(some)]
    return Group(
        game=first["game"],
        config=first["cfg"],
        policy=first["policy"],
        recorded=[accounts.of_record(episode) for episode in group],
        ours=[ours[i * worlds : (i + 1) * worlds] for i in range(len(group))],
    )


_rollout = functools.cache(Rollout)


def compare(group: Group, method: Method = twosample.BY_GROUP) -> tuple[list[Comparison], int]:
    """Returns the comparisons of a group, and how many more values were equal throughout.

    A value that is the same in all episodes of both sides needs no test.
    """
    size = 1 + len(group.ours[0])
    every_choice = twosample.random_choices(len(group.recorded), size)
    out, equal = [], 0
    for name, recorded, ours in _values(group):
        if twosample.is_constant(recorded, ours):
            equal += 1
            continue
        choices = every_choice[:, : len(recorded)]
        kinds = {"level": method.level}
        if name[-1] == "whole":
            kinds["spread"] = method.spread
        for kind, scores in kinds.items():
            given = recorded, ours, choices, scores, method.effect
            out.append(twosample.compare((*name, kind), *given))
    lives = np.array(
        [
            [one.lifespan, *(other.lifespan for other in others)]
            for one, others in zip(group.recorded, group.ours, strict=True)
        ]
    )
    label = (group.name, "life span", "whole", "distribution")
    out.append(method.distributions(label, lives, every_choice))
    return out, equal


def _values(group: Group):
    """Yields (group, statistic, tick) and its values: (G,) recorded and (G, N) ours."""
    last = max(account.whole["length"] for account in group.recorded)
    pairs = list(zip(group.recorded, group.ours, strict=True))
    events_known = [pair for pair in pairs if pair[0].has_events]

    def of(name, tick, some, value):
        ours = np.array([[value(one) for one in others] for _, others in some])
        return (group.name, name, tick), np.array([value(one) for one, _ in some]), ours

    for column, tick in enumerate(accounts.TICKS):
        for name in group.ours[0][0].series if tick <= last else ():
            some = events_known if name.startswith("events") else pairs
            if some:
                yield of(name, f"tick {tick}", some, lambda one, n=name, c=column: one.series[n][c])
    for name in group.recorded[0].whole:
        yield of(name, "whole", pairs, lambda one, name=name: one.whole[name])


def show(group: Group, comparisons: list[Comparison], equal: int, found: set) -> None:
    """Prints how a group came out, with its least likely statistics."""
    differ = sum(one.name in found for one in comparisons)
    known = sum(account.has_events for account in group.recorded)
    sizes = f"{len(group.recorded)} recorded, {sum(map(len, group.ours))} of ours"
    print(
        f"\n{group.name}: {sizes}: {len(comparisons)} compared, {differ} differ; "
        f"{equal} more are constant and equal; "
        f"events of {known} recorded episodes hold"
    )
    ordered = sorted(comparisons, key=lambda one: one.p)
    for one in ordered[: max(SHOWN if differ else 3, differ)]:
        mark = "DIFFERS" if one.name in found else ""
        what = ", ".join(one.name[1:])
        print(
            f"  {what:58} recorded {one.recorded:9.3f}  ours {one.ours:9.3f}  "
            f"effect {one.effect:+6.2f}  p {one.p:.5f} {mark}"
        )


def as_json(comparisons: list[Comparison], found: set) -> list[dict]:
    """Returns all comparisons as plain numbers."""
    return [
        {
            **dataclasses.asdict(one),
            "effect": None if np.isinf(one.effect) else one.effect,
            "differs": one.name in found,
        }
        for one in comparisons
    ]


def main(arguments=None) -> int:
    """Compares the episodes named on the command line; returns 1 if any statistic differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="recorded statistics, one episode a line")
    parser.add_argument(
        "--order",
        choices=("original", "random"),
        default="original",
        help="who acts first: low ids, or anybody",
    )
    parser.add_argument("--worlds", type=int, default=8, help="of ours for each recorded episode")
    parser.add_argument("--game", help="play this game alone")
    parser.add_argument("--seed", type=int, default=0, help="of our episodes")
    parser.add_argument("--json", help="file to write all comparisons to")
    parser.add_argument("--picture", help="file to draw survival curves into")
    args = parser.parse_args(arguments)
    episodes = [e for e in read(args.file) if args.game in (None, e["game"])]
    groups, found_in = [], []
    for config, env in playable(episodes).items():
        playing = {game.name for game in env.games}
        mine = [e for e in episodes if e["cfg"] == config and e["game"] in playing]
        for game, policy in dict.fromkeys((e["game"], e["policy"]) for e in mine):
            some = [e for e in mine if (e["game"], e["policy"]) == (game, policy)]
            rollout = _rollout(env, policy, args.order == "original")
            group = play(some, rollout, args.worlds, args.seed)
            groups.append(group)
            found_in.append(compare(group))
            print(f"played {group.name}", flush=True)
    everything = [one for comparisons, _ in found_in for one in comparisons]
    found = {one.name for one in twosample.differing(everything)}
    for group, (comparisons, equal) in zip(groups, found_in, strict=True):
        show(group, comparisons, equal, found)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(as_json(everything, found), file, indent=1)
    if args.picture:
        survival.draw(groups, args.picture)
    print(f"\n{sum(equal for _, equal in found_in)} more are constant and equal on both sides")
    print(f"{len(everything)} statistics compared, {len(found)} differ")
    return int(bool(found))


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    sys.exit(main())
