"""Win rates of scripted players in our own games: `python -m benchmarks.games`.

Scripted, random, still and treacherous players (`benchmarks.scripted`) play line-ups of each game.
A game has a focus: half of the players where everybody plays alone, the first team, or a side.
Each line-up says how often a player of the focus wins, and how often any other player does: means
over players, so that of a game with one winner among eight no more than 0.125 can be won.
"""

import argparse
import dataclasses
import functools
import json
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np

import metammo_jax as mm
from benchmarks import report
from benchmarks.measure import machine
from benchmarks.scripted import Code, actions
from metammo_jax.games import NEW_GAMES, TRADE_GAMES
from metammo_jax.games.numbers import groups
from metammo_jax.lib import checks

LINE_UPS = {
    "random": (Code.RANDOM, Code.RANDOM),
    "scripted": (Code.SCRIPTED, Code.RANDOM),
    "all scripted": (Code.SCRIPTED, Code.SCRIPTED),
    "still": (Code.STILL, Code.RANDOM),
    "still, scripted": (Code.STILL, Code.SCRIPTED),
    "all still": (Code.STILL, Code.STILL),
    "traitors": (Code.TRAITOR, Code.RANDOM),
    "selfish, scripted": (Code.SELFISH, Code.SCRIPTED),
    "all selfish": (Code.SELFISH, Code.SELFISH),
}
"""By name how the focus plays, and how everybody else does."""

SELFISH_GAMES = ("treasure_hunt", "commons", "keep_the_fire", "stag_hunt")
"""Games whose script has a part that helps others, which the selfish leave out."""

COLUMNS = (("game", "<"), ("focus", "<"), *((name, ">") for name in LINE_UPS),
           ("first win", ">"), ("over", ">"))  # fmt: skip

AT_ONCE = 64
"""Worlds that are played together."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """A game with one focus.

    Attributes:
      game: its name.
      focus: "half", "all", "team 0", or "side 0", "side 1".
      wins: by line-up, the share of games that a player of the focus wins, and that any other.
      first_win: the earliest tick at which random players decided a game; None if they never did.
      over: the median tick at which their games were over.
      episodes: of each line-up.
    """

    game: str
    focus: str
    wins: dict[str, tuple[float, float]]
    first_win: int | None
    over: float
    episodes: int

    def row(self) -> list[str]:
        """Returns the cells, by `COLUMNS`."""
        wins = [" / ".join(f"{x:.2f}" for x in self.wins.get(name, ())) for name in LINE_UPS]
        first = "" if self.first_win is None else str(self.first_win)
        return [self.game, self.focus, *wins, first, f"{self.over:.0f}"]


def focuses(game, cfg) -> dict[str, np.ndarray]:
    """Returns for each focus of a game the players (P,) bool that it is on."""
    group, row = groups(game, cfg)[0], np.arange(cfg.players)
    if len(game.sides) == 1:
        return {"all": row >= 0}
    if game.sides:
        return {f"side {side}": group == side for side in range(len(game.sides))}
    if game.team_split:
        return {"team 0": group == 0}
    if game.name == "duels":
        return {"half": row % 2 == 0}  # one of each pair of foes
    return {"half": row % 4 < 2}  # pairs, that hunt stags together


def make_player(env):
    """Returns the compiled function that plays episodes of one line-up each.

    Args:
      env: an environment of games that have scripts.

    Returns:
      (keys (B,), game (B,) int32, codes (B, P) int32) -> winners (B, P) bool, the tick (B,) int32
      at which the game was over, and whether somebody had won (B,) bool.
    """

    @jax.jit
    @jax.vmap
    def play(key, game, codes):
        reset_key, key = jax.random.split(key)
        obs, world = env.reset(reset_key, game)

        def tick(carry, key):
            obs, world, winners, over_at = carry
            act_key, step_key = jax.random.split(key)
            action = actions(env, act_key, obs, world, codes)
            obs, world, *_, info = env.step(step_key, world, action)
            ends = info.over & (over_at < 0)
            winners = jnp.where(ends, info.winners, winners)
            return (obs, world, winners, jnp.where(ends, world.tick, over_at)), None

        first = obs, world, jnp.zeros(env.cfg.players, bool), jnp.int32(-1)
        keys = jax.random.split(key, env.cfg.horizon)
        (_, _, winners, over_at), _ = jax.lax.scan(tick, first, keys)
        return winners, over_at

    return play


def measure(env, episodes: int, seed: int = 0) -> list[Measured]:
    """Plays all line-ups of all games of an environment.

    Args:
      env: an environment of games that have scripts.
      episodes: of each line-up.
      seed: of the worlds.
    """
    plan = [
        (index, focus, name, np.where(chosen, *codes).astype(np.int32), chosen)
        for index, game in enumerate(env.games)
        for focus, chosen in focuses(game, env.cfg).items()
        for name, codes in LINE_UPS.items()
        if Code.SELFISH not in codes or game.name in SELFISH_GAMES
    ]
    rows = [place for place in range(len(plan)) for _ in range(episodes)]
    winners, over = _in_batches(make_player(env), plan, rows, seed)
    found: dict[tuple, dict] = {}
    for place, (index, focus, name, _, chosen) in enumerate(plan):
        mine = slice(place * episodes, (place + 1) * episodes)
        entry = found.setdefault((index, focus), dict(wins={}, first=None, over=0.0))
        sides = [side for side in (chosen, ~chosen) if side.any()]
        entry["wins"][name] = tuple(float(winners[mine][:, side].mean()) for side in sides)
        if name == "random":
            decided = over[mine][winners[mine].any(1)]
            entry["first"] = int(decided.min()) if len(decided) else None
            entry["over"] = float(np.median(over[mine]))
    return [
        Measured(env.games[index].name, focus, e["wins"], e["first"], e["over"], episodes)
        for (index, focus), e in found.items()
    ]


def _in_batches(play, plan, rows, seed) -> tuple[np.ndarray, np.ndarray]:
    """Returns winners (len(rows), P) and the ends (len(rows),) of the episodes planned."""
    count = -(-len(rows) // AT_ONCE) * AT_ONCE
    padded = (rows * (-(-count // len(rows))))[:count]
    keys = jax.vmap(functools.partial(jax.random.fold_in, jax.random.key(seed)))(jnp.arange(count))
    outcome = []
    for start in range(0, count, AT_ONCE):
        now = padded[start : start + AT_ONCE]
        game = jnp.array([plan[place][0] for place in now], jnp.int32)
        codes = jnp.array(np.stack([plan[place][3] for place in now]))
        outcome.append(jax.device_get(play(keys[start : start + AT_ONCE], game, codes)))
        done = min(start + AT_ONCE, len(rows))
        print(f"\r{done} of {len(rows)} episodes", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    winners, over = (np.concatenate(part)[: len(rows)] for part in zip(*outcome, strict=True))
    return winners, over


def parser() -> argparse.ArgumentParser:
    """Returns the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.games", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--games", nargs="+", default=["all"], help="names, mini, trade or all")
    parser.add_argument("--config", default="tiny", help="default: tiny, and tiny_full for trade")
    parser.add_argument("--episodes", type=int, default=64, help="of each line-up; default: 64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="write one line of JSON for each row")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    known = [*NEW_GAMES, *TRADE_GAMES]
    named = {"all": known, "mini": list(NEW_GAMES), "trade": list(TRADE_GAMES)}
    names = [name for given in options.games for name in named.get(given, [given])]
    try:
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"game={unknown[0]!r} has no script; allowed are {', '.join(known)}")
        checks.whole("episodes", options.episodes, 1)
        parts = [
            ([name for name in names if name in NEW_GAMES], options.config),
            ([name for name in names if name in TRADE_GAMES], "tiny_full"),
        ]
        envs = [mm.make(games, config=config) for games, config in parts if games]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    on, command = machine(), report.command_line("benchmarks.games", arguments)
    measured = [row for env in envs for row in measure(env, options.episodes, options.seed)]
    with open(options.json or os.devnull, "w") as lines:
        for row in measured:
            fields = dataclasses.asdict(row) | on | {"command": command}
            print(json.dumps(fields), file=lines)
    print("| " + " | ".join(name for name, _ in COLUMNS) + " |")
    print("| " + " | ".join("---" if side == "<" else "---:" for _, side in COLUMNS) + " |")
    for row in measured:
        print("| " + " | ".join(row.row()) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
