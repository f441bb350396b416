"""`make train`: trains agents to race to the middle of the map, and shows how well they do.

    metammo-jax quickstart --seed 3

Prints trained against random, and where to find the run, the picture of the learning curve and a
moving picture of one episode.
"""

import dataclasses
import sys
import time
from pathlib import Path

import metammo_jax as mm
from metammo_jax.lib import checks, threefry

from . import cli, evaluate
from .config import TrainConfig
from .player import Player
from .runs import training_run
from .training.loop import TrainResult, train

GAME = "race_to_the_center"

FILM_TAG = 2
"""Tag of the key of the recorded episode: training and evaluation use other keys."""


@dataclasses.dataclass(frozen=True)
class QuickstartConfig:
    """Options of the quick start.

    Attributes:
      seed: seed of all randomness.
      total_steps: living agent-steps to train for.
      episodes: episodes of each comparison with the random policy.
      run_dir: folder to write the run to; empty for a new one under `runs/`.
      picture: draw an animation of one episode.
      progress: show a progress bar.
    """

    seed: int = 0
    total_steps: int = 600_000
    episodes: int = 64
    run_dir: str = ""
    picture: bool = True
    progress: bool = True


def quickstart(cfg: QuickstartConfig = QuickstartConfig()) -> tuple[TrainResult, evaluate.Match]:
    """Trains and compares; prints what it does.

    Raises:
      ValueError: an option is not allowed.
    """
    options = TrainConfig(
        game=(GAME,),
        config="tiny",
        total_steps=cfg.total_steps,
        seed=cfg.seed,
        run_dir=cfg.run_dir,
        progress=cfg.progress,
        eval_episodes=16,
    )
    begun = time.monotonic()
    print(f"training {GAME} at tiny for {cfg.total_steps:,} living agent-steps", flush=True)
    result = train(options)
    seconds, compiling = time.monotonic() - begun, result.history[0]["seconds"]
    print(f"took {seconds:.0f} s, {compiling:.0f} s of them to compile; comparing with random")
    env = training_run.make_evaluation_env(GAME, "tiny")
    trained = evaluate.Side("trained", result.policy, result.params)
    match = evaluate.compare(env, trained, evaluate.RANDOM, cfg.episodes, seed=cfg.seed)
    (result.run / "match.txt").write_text(f"{match}\n")
    print(f"\n{match}\n\nrun: {result.run}")
    if result.curve:
        print(f"learning curve: {result.curve}")
    if cfg.picture:
        print(f"one episode: {film(result, env, cfg.seed)}")
    return result, match


def film(result: TrainResult, env, seed: int = 0) -> Path | str:
    """Records an episode of a trained policy into `episode.gif`; says so if it cannot."""
    try:
        from metammo_jax.draw import picture

        key = threefry.tagged(checks.key_of_seed(seed), FILM_TAG)
        replay = mm.record(env, key, Player(result.policy, result.params))
        return picture.animate(replay, result.run / "episode.gif")
    except ImportError as error:
        return f"no picture, {error}"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    try:
        quickstart(cli.parse(QuickstartConfig, QuickstartConfig(), arguments, "quickstart"))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
