"""Tournaments between policies, and their ratings.

    metammo-jax tournament runs/A runs/B runs/B@100 untrained random --game sandwich
    metammo-jax tournament runs/SEEDS random --matches 1000 --out results/

An entrant is the folder of a run; RUN@UPDATE is that run at an earlier update, of which it has a
checkpoint or has kept the parameters; a folder of several seeds enters them all; `untrained` is the
network of the first run before training, `random` draws evenly from the masks but spares
teammates. All play in the same worlds, whose seats they change. Ratings are of the model of
Bradley and Terry, with 95% intervals over matches.
"""

import dataclasses
import json
import sys
from pathlib import Path

import metammo_jax as mm
from metammo_jax.lib import checks

from . import cli
from .evaluation.sides import RANDOM, Side, untrained
from .evaluation.tournament import Tournament, draw_ratings, tournament
from .pretrained import policy_of
from .runs import group, training_run

__all__ = ["RANDOM", "Side", "Tournament", "TournamentConfig", "main", "play", "tournament"]


@dataclasses.dataclass(frozen=True)
class TournamentConfig:
    """Options of a tournament.

    Attributes:
      game: game to play; empty for the game, or the games, of the first run.
      config: size of the world, such as "mini"; empty for that of the first run.
      matches: matches of each game.
      difficulty: difficulty of the game, such as the playable side of a race; -1 for the difficulty
        that evaluations of the game use.
      greedy: policies take the most likely action instead of sampling.
      seed: seed of the episodes and of who plays which team, 0 .. 2**63 - 1.
      out: folder to write tournament.json and a figure of each game to; empty for none.

    Raises:
      ValueError: at construction, with the name, the value and the rule.
    """

    game: str = ""
    config: str = ""
    matches: int = 256
    difficulty: int = -1
    greedy: bool = False
    seed: int = 0
    out: str = ""

    def __post_init__(self):
        checks.whole("matches", self.matches, 1)
        checks.whole("difficulty", self.difficulty, -1)
        checks.whole("seed", self.seed, 0, checks.SEEDS - 1)


def play(entrants: list[str], cfg: TournamentConfig = TournamentConfig()) -> list[Tournament]:
    """Returns the results of tournaments between runs and agents, one for each game.

    Args:
      entrants: as the command line names them.
      cfg: options.

    Raises:
      ValueError: a folder is no run, a checkpoint is damaged or absent, or an option is not
        allowed.
    """
    names = [name for entrant in entrants for name in _expand_group(entrant)]
    runs = [name for name in names if name not in ("random", "untrained")]
    if not runs:
        raise ValueError("one entrant at least must be the folder of a run, or an agent")
    loaded = {}
    for name in runs:
        run, update = training_run.parse_run(name)
        loaded[name] = policy_of(run, update)
    trained, policy, _ = loaded[runs[0]]
    games = (cfg.game,) if cfg.game else trained.game
    make = mm.make if cfg.difficulty >= 0 else training_run.make_evaluation_env
    env = make(games, config=cfg.config or trained.config)
    sides = []
    for name in names:
        if name == "random":
            sides.append(RANDOM)
        elif name == "untrained":
            sides.append(dataclasses.replace(untrained(policy, env), greedy=cfg.greedy))
        else:
            sides.append(Side(name, *_share_policy(loaded[name], loaded.values()), cfg.greedy))
    level = cfg.difficulty if cfg.difficulty >= 0 else None
    return [
        tournament(env, sides, cfg.matches, cfg.seed, index, level) for index in range(len(games))
    ]


def _expand_group(entrant: str) -> list[str]:
    """Returns the entrant's name, or the folders of all seeds of a group."""
    if not group.is_group(entrant):
        return [entrant]
    return [str(Path(entrant) / f"seed{seed}") for seed in group.read_seeds(entrant)]


def _share_policy(mine, all_loaded):
    """Returns policy and parameters; runs with equal options share the policy."""
    cfg, _, params = mine
    shaping = ("network", "width", "corrected", "spare_teammates", "talk", "config")
    for other, policy, _ in all_loaded:
        if all(getattr(cfg, name) == getattr(other, name) for name in shaping):
            return policy, params
    raise AssertionError("every run equals itself")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    entrants = list(iter(lambda: cli.take_first(arguments), ""))
    try:
        note = (
            "The first arguments are entrants: folders of runs, RUN@UPDATE, names of agents, "
            "untrained, random."
        )
        cfg = cli.parse(
            TournamentConfig, TournamentConfig(), arguments, "tournament RUN RUN ...", note
        )
        results = play(entrants, cfg)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for result in results:
        print(result, end="\n\n")
    if cfg.out:
        folder = Path(cfg.out)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps([result.as_dict() for result in results], indent=1)
        (folder / "tournament.json").write_text(text + "\n")
        for result in results:
            draw_ratings(result, folder / f"{result.game}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
