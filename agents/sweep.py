r"""Trains with many options, games and seeds, and compares: `metammo-jax sweep --help`.

    metammo-jax sweep --out sweeps/rate --game race_to_the_center survive --seeds 5 \
        --vary learning_rate=3e-4,1e-3,3e-3 epochs=1,2 --workers 2
    metammo-jax sweep --out sweeps/rate --table

Every combination of the values is a setting; `--trials N` tries N of them, drawn at random. Each
setting is trained on each game with each seed. At intervals, and at the end, it is evaluated
against random and untrained players in the same worlds. Results go to `results-*.jsonl` in the
folder, a line for each run, and `--table` prints means over seeds with 95% intervals. Call the same
command again to continue an interrupted sweep.
"""

import dataclasses
import itertools
import json
import sys
from pathlib import Path

import jax
import numpy as np

from metammo_jax.lib import checks
from metammo_jax.registry import games as known_games

from . import cli, evaluate
from .config import PRESETS, TrainConfig, preset
from .evaluation.sides import RANDOM, Side, untrained
from .experiments.sweep_table import table
from .learners.state import SPECS, make_init, seed_words
from .learners.update import make_update
from .parallel import meshes
from .parallel.workers import run_workers
from .runs import training_run
from .runs.folder import episode_means, read_json_lines, write_atomically
from .runs.training_run import TrainingRun
from .training.loop import advance

STATISTICS = ("return", "won", "score", "progress", "length", "difficulty")
"""Statistics of the last fifth of training that a result holds."""

SHARED_OPTIONS = ("config", "preset", "total_steps", "marks", "episodes")
"""Options that must be equal for all results in a folder."""


@dataclasses.dataclass(frozen=True)
class SweepConfig:
    """Options of a sweep.

    Attributes:
      out: folder to write the results to.
      game: names of games; each is trained separately. Names joined by + are trained together in
        one run; "all" is every game of the config.
      config: size of the world: "tiny", "mini", "large", "tiny_full" or "full".
      preset: preset of the training options that are not varied; empty for the one named like the
        config, or "tiny" if there is none.
      total_steps: living agent-steps of a run; 0 for the preset's.
      seeds: number of seeds, 0 .. N - 1.
      vary: training options and the values to try, as in epochs=1,2.
      trials: number of combinations of the values, drawn at random; 0 for all.
      marks: evaluations of each run, at equal distances, the last at its end.
      episodes: episodes against each opponent in an evaluation.
      workers: processes that share the runs, each on one core.
      table: print the results that exist, without training.

    Raises:
      ValueError: at construction, with the name, the value and the rule.
    """

    out: str = "sweeps/new"
    game: tuple[str, ...] = ("race_to_the_center",)
    config: str = "tiny"
    preset: str = ""
    total_steps: int = 0
    seeds: int = 5
    vary: tuple[str, ...] = ()
    trials: int = 0
    marks: int = 4
    episodes: int = 32
    workers: int = 1
    table: bool = False

    def __post_init__(self):
        for name in ("seeds", "marks", "episodes", "workers"):
            checks.whole(name, getattr(self, name), 1)
        for name in ("total_steps", "trials"):
            checks.whole(name, getattr(self, name), 0)


@dataclasses.dataclass(frozen=True)
class Job:
    """Runs of one setting on one game, which share a compiled update.

    Attributes:
      setting: values of the options that are varied, by name.
      cfg: options of training, with the first seed.
    """

    setting: dict
    cfg: TrainConfig

    def name(self, seed: int) -> tuple:
        """Returns a key that identifies a run within the sweep."""
        return json.dumps(self.setting, sort_keys=True), "+".join(self.cfg.game), seed


def settings(vary: tuple[str, ...], trials: int = 0) -> list[dict]:
    """Returns the settings of a sweep, dicts of options.

    Args:
      vary: options and values, as in "epochs=1,2".
      trials: how many to draw at random among all combinations, the same in every call; 0 for all.

    Raises:
      ValueError: an option is unknown or has no values.
    """
    known = {field.name: field.type for field in dataclasses.fields(TrainConfig)}
    choices = {}
    for text in vary:
        name, _, values = text.partition("=")
        try:
            choices[name] = [_value(known[name], value) for value in values.split(",")]
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"vary={text!r} must be an option of training and its values, as in epochs=1,2"
            ) from error
    found = [
        dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())
    ]
    if 0 < trials < len(found):
        drawn = np.random.default_rng(0).choice(len(found), trials, replace=False)
        found = [found[index] for index in sorted(drawn)]
    return found


def _value(kind, text):
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    return kind(text.replace("_", "")) if kind in (int, float) else text


def jobs(cfg: SweepConfig) -> list[Job]:
    """Returns all jobs of a sweep, in order.

    Raises:
      ValueError: an option of training, a game or a value is not allowed.
    """
    names = [g for name in cfg.game for g in (known_games(cfg.config) if name == "all" else [name])]
    base = cfg.preset or (cfg.config if cfg.config in PRESETS else "tiny")
    fixed = {"config": cfg.config, "devices": 1}
    fixed |= {"total_steps": cfg.total_steps} if cfg.total_steps else {}
    return [
        Job(setting, preset(base, game=tuple(name.split("+")), **{**fixed, **setting}))
        for setting in settings(cfg.vary, cfg.trials)
        for name in names
    ]


def read_results(out: str | Path) -> list[dict]:
    """Returns the results in a folder, one for each run; incomplete lines are left out."""
    paths = sorted(Path(out).glob("results*.jsonl"))
    return [result for path in paths for result in read_json_lines(path)]


def sweep(cfg: SweepConfig, worker: int = 0) -> None:
    """Trains all runs of a worker that have no result yet, and writes their results.

    Raises:
      ValueError: an option is not allowed.
    """
    folder, todo = Path(cfg.out), jobs(cfg)
    _claim(folder, cfg)
    done = {
        (json.dumps(r["setting"], sort_keys=True), r["game"], r["seed"])
        for r in read_results(folder)
    }
    for number, job in enumerate(todo):
        seeds = [seed for seed in range(cfg.seeds) if job.name(seed) not in done]
        if number % cfg.workers != worker or not seeds:
            continue
        for result in train_seeds(job, seeds, cfg.marks, cfg.episodes):
            _append(folder / f"results-{worker}.jsonl", json.dumps(result))
            last = result["marks"][-1]
            print(
                f"{number + 1}/{len(todo)} {result['setting']} {result['game']} seed "
                f"{result['seed']}: {last['seconds']:.0f} s",
                file=sys.stderr,
                flush=True,
            )


def _claim(folder: Path, cfg: SweepConfig) -> None:
    """Creates the folder of a sweep, with a file of its shared options.

    Raises:
      ValueError: the folder has results of other options.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, options = folder / "sweep.json", {name: getattr(cfg, name) for name in SHARED_OPTIONS}
    if not path.exists():
        write_atomically(path, json.dumps(options) + "\n")
    for name, value in json.loads(path.read_text()).items():
        if options.get(name) != value:
            raise ValueError(
                f"{name}={options.get(name)!r} differs from the results in {str(folder)!r}, "
                f"where it is {value!r}; take another folder, or the same value"
            )


def _append(path: Path, line: str) -> None:
    """Appends a line to a file, also if its last line is incomplete."""
    before = path.read_text() if path.exists() else ""
    with path.open("a") as file:
        file.write("\n" * (before[-1:] not in ("", "\n")) + line + "\n")


def train_seeds(job: Job, seeds: list[int], marks: int, episodes: int):
    """Trains with each seed in turn; yields the result of each."""
    cfg = job.cfg
    mesh, parts = meshes.make_mesh(cfg), training_run.prepare(cfg)
    fresh, seed_of_cfg = make_init(parts.batch, parts.policy, cfg, mesh)
    shapes = meshes.with_shardings(jax.eval_shape(fresh, seed_of_cfg), SPECS, mesh)
    rate = np.float32(cfg.learning_rate)
    update = make_update(parts.batch, parts.policy, cfg, mesh).lower(shapes, rate).compile()
    others = [RANDOM, untrained(parts.policy, parts.evaluation_env)]
    for seed in seeds:
        options = dataclasses.replace(cfg, seed=seed)
        work = parts.new_run(options, Path(), fresh(seed_words(options)), mesh)
        result = {"setting": job.setting, "game": "+".join(cfg.game), "seed": seed}
        yield result | _train(work, update, others, marks, episodes)


def _train(work: TrainingRun, update, others: list[Side], marks: int, episodes: int) -> dict:
    """Trains a run to the end; returns its evaluations, and statistics of the last fifth."""
    reached, history, total = [], [], work.cfg.total_steps
    while not work.is_complete:
        history.append(advance(work, update))
        if work.counts["steps"] * marks >= total * (len(reached) + 1):
            counts = {name: work.counts[name] for name in ("steps", "updates", "seconds")}
            reached.append(counts | {"games": _evaluate(work, others, episodes)})
    last = history[-max(1, len(history) // 5) :]
    return {"marks": reached, "games": episode_means(last, STATISTICS)}


def _evaluate(work: TrainingRun, others: list[Side], episodes: int) -> dict:
    """Returns scores of the policy and of each opponent in the same worlds, by game."""
    side = Side("trained", work.policy, work.params)
    found = {}
    for index, game in enumerate(work.evaluation_env.games):
        found[game.name] = {
            other.name: [
                {"won": score.won, "score": score.score, "progress": score.progress}
                for score in evaluate.versus(work.evaluation_env, side, other, episodes, game=index)
            ]
            for other in others
        }
    return found


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    worker = cli.take(arguments, "--worker")
    cli.start_quickly()
    try:
        cfg = cli.parse(SweepConfig, SweepConfig(), arguments, "sweep")
        if not cfg.table:
            jobs(cfg)  # raises errors before workers are started
            _claim(Path(cfg.out), cfg)
            _run_workers(cfg, arguments) if worker is None and cfg.workers > 1 else sweep(
                cfg, int(worker or 0)
            )
        if worker is None:
            print(table(read_results(cfg.out)))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run_workers(cfg: SweepConfig, arguments: list[str]) -> None:
    command = [sys.executable, "-m", f"{__package__}.sweep", *arguments]
    run_workers([[*command, "--worker", str(number)] for number in range(cfg.workers)])


if __name__ == "__main__":
    sys.exit(main())
