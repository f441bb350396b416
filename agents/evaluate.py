"""Evaluation of a policy against random actions, its untrained network, or another run.

    metammo-jax evaluate runs/NAME --episodes 64
    metammo-jax evaluate runs/NAME --against untrained --greedy
    metammo-jax evaluate runs/NAME --against runs/OTHER --game sandwich
    metammo-jax evaluate runs/NAME --replay one.replay   # and record an episode
    metammo-jax evaluate runs/NAME --report folder       # and write a report
    metammo-jax evaluate generalist-tiny --against specialist-sandwich-tiny --game sandwich

Each side first plays in worlds of its own, then both play in the same worlds: every other team
(every other player, in games without teams) belongs to one side, and the sides swap in every other
episode. Each episode has its own key, so the same call gives the same numbers. With the tasks of
the NeurIPS 2023 competition (`multi_task_eval`), the scores of the competition are reported too.
"""

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Any

import metammo_jax as mm
from metammo_jax.lib import checks, threefry

from . import cli
from .config import TrainConfig
from .evaluation import report
from .evaluation.compare import compare, versus
from .evaluation.results import Match
from .evaluation.sides import RANDOM, Side, untrained
from .player import Player
from .pretrained import load, policy_of
from .runs import training_run

__all__ = ["RANDOM", "EvaluateConfig", "Match", "Side", "compare", "evaluate", "main", "versus"]

REPLAY_TAG = 6
"""Tag of the recorded episode's key: episodes of the comparison use other keys."""


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
    """Options of an evaluation.

    Attributes:
      against: opponent: "random", "untrained" (the run's own network before training), the folder
        of another run, or the name of a pretrained agent; empty for random.
      greedy: policies take the most likely action instead of sampling.
      game: game to play; empty for the game, or the games, of the run.
      config: size of the world, such as "mini"; empty for the run's.
      episodes: episodes of each side alone, and as many with both sides in the same world.
      difficulty: difficulty of the game, such as the playable side of a race; -1 for the difficulty
        that evaluations of the game use.
      seed: seed of the episodes, 0 .. 2**63 - 1.
      replay: file to record an episode of the run's policy alone to (see `mm.Replay`); with
        several games one is drawn. Empty for none.
      outputs: store outputs of the policy in the replay too: values, and probabilities of moves
        and targets.
      report: folder to write `report.html` and three replays to: results, learning curves, action
        statistics, maps of positions and deaths. Empty for none.
      report_episodes: episodes recorded of each side and game for the figures of the report.

    Raises:
      ValueError: at construction, with the name, the value and the rule.
    """

    against: str = ""
    greedy: bool = False
    game: str = ""
    config: str = ""
    episodes: int = 64
    difficulty: int = -1
    seed: int = 0
    replay: str = ""
    outputs: bool = False
    report: str = ""
    report_episodes: int = 4

    def __post_init__(self):
        checks.whole("episodes", self.episodes, 1)
        checks.whole("report_episodes", self.report_episodes, 1)
        checks.whole("difficulty", self.difficulty, -1)
        checks.whole("seed", self.seed, 0, checks.SEEDS - 1)


def evaluate(run: str, cfg: EvaluateConfig = EvaluateConfig()) -> list[Match]:
    """Returns the result of evaluating a run's newest policy, one `Match` for each game.

    Args:
      run: folder, or an agent, see `agents.pretrained`.
      cfg: options.

    Raises:
      ValueError: a folder is no run, a checkpoint is damaged, or an option is not allowed.
      ImportError: a report is asked for, and matplotlib is not installed.
    """
    trained, policy, params = policy_of(run)
    folder = report.make_report_folder(cfg.report) if cfg.report else None
    games = (cfg.game,) if cfg.game else trained.game
    make = mm.make if cfg.difficulty >= 0 else training_run.make_evaluation_env
    env = make(games, config=cfg.config or trained.config)  # one program plays all games
    if cfg.replay:
        record_replay(env, Player(policy, params, cfg.greedy), cfg)
    sides = _sides(env, policy, params, cfg)
    level = cfg.difficulty if cfg.difficulty >= 0 else None
    options: dict[str, Any] = dict(seed=cfg.seed, difficulty=level)
    matches = [
        compare(env, *sides, episodes=cfg.episodes, game=index, **options)
        for index in range(len(games))
    ]
    if folder:
        about = _about(run, trained, cfg)
        report.write_report(folder, about, env, sides, matches, cfg.report_episodes, **options)
    return matches


def _sides(env: mm.Env, policy, params, cfg: EvaluateConfig) -> tuple[Side, Side]:
    """Returns the side of the run and its opponent."""
    first = Side("trained", policy, params, cfg.greedy)
    if cfg.against in ("", RANDOM.name):
        return first, RANDOM
    if cfg.against == "untrained":
        return first, dataclasses.replace(untrained(policy, env, cfg.seed), greedy=cfg.greedy)
    _, policy, params = policy_of(cfg.against)
    first = dataclasses.replace(first, name="first")
    return first, Side("second", policy, params, cfg.greedy)


def _about(run: str, trained: TrainConfig, cfg: EvaluateConfig) -> report.About:
    """Returns the head and the last table of a report."""
    is_agent = not Path(run).is_dir()
    facts = dict(load(run).card) if is_agent else dataclasses.asdict(trained)
    facts = {name: value for name, value in facts.items() if name not in ("train", "world")}
    given = {
        field.name: getattr(cfg, field.name)
        for field in dataclasses.fields(cfg)
        if getattr(cfg, field.name) != field.default
    }
    words = ["metammo-jax", "evaluate", run]
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        words += [option] if value is True else [option, str(value)]
    return report.About(Path(run).name, None if is_agent else Path(run), facts, shlex.join(words))


def record_replay(env: mm.Env, player: Player, cfg: EvaluateConfig) -> mm.Replay:
    """Plays an episode with one policy and writes it to `cfg.replay`; returns the replay."""
    key = threefry.tagged(checks.key_of_seed(cfg.seed), REPLAY_TAG)
    level = cfg.difficulty if cfg.difficulty >= 0 else None
    shown = training_run.add_original_view(env, player.policy)
    replay = mm.record(shown, key, player, difficulty=level, outputs=cfg.outputs)
    replay.save(cfg.replay)
    return replay


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    run = cli.take_first(arguments)
    try:
        note = "The first argument is the folder of a run, or the name of an agent."
        cfg = cli.parse(EvaluateConfig, EvaluateConfig(), arguments, "evaluate RUN", note)
        if not run:
            raise ValueError("the first argument must be the folder of a run, or an agent")
        for match in evaluate(run, cfg):
            print(match, end="\n\n")
        if cfg.report:
            print(f"report: {Path(cfg.report) / report.FILE}")
    except (ValueError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
