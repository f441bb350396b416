"""Generalists of eight games, of many, and of the universe, on games they have not played.

Every generalist takes equally many steps. Each is evaluated on the eight minigames of Meta MMO, on
the new games of the catalog, and on the test split of the universe, against random and untrained
players in worlds that both sides share.
"""

import dataclasses
from pathlib import Path

import numpy as np
from scipy import stats

from metammo_jax.games import GAMES, NEW_GAMES

from ..evaluation.compare import versus
from ..evaluation.intervals import mean_over_seeds
from ..evaluation.opponents import uniform_params
from ..evaluation.sides import untrained
from ..runs import training_run
from . import pictures, report
from .options import ExperimentConfig
from .tasks import ExperimentTask, FileTask, TrainingTask

DEFAULT_SEEDS = 5
"""If the options ask for no number."""

SPECIALISTS = 4
"""A generalist takes as many steps as this many specialists."""

UNIVERSE = "universe/train"

UNTRAINED = "untrained"
"""Row of agents with initial parameters."""

MIXES: dict[str, tuple[str, ...]] = {
    "eight": tuple(GAMES),
    "catalog": (*GAMES, *NEW_GAMES),
    "universe": (UNIVERSE,),
}
"""Games of a generalist, by name."""

CURRICULA: dict[str, tuple[str, ...]] = {
    "eight": ("uniform", "progress", "learnability"),
    "catalog": ("uniform", "progress", "learnability"),
    "universe": ("uniform", "learnability", "replay"),
}
"""Curricula that each mix is trained with."""

SETS: dict[str, tuple[str, ...]] = {
    "eight": tuple(GAMES),
    "new games": tuple(NEW_GAMES),
    "universe/test": ("universe/test",),
}
"""Games that are played in evaluations, by the name of their set."""

EPISODES = {"universe/test": 128}
"""Episodes against each opponent where they are not 16: each of a universe is another game."""

SEEN = {"eight": {"eight"}, "catalog": {"eight", "new games"}, "universe": set()}
"""Sets whose games each mix is trained on."""


@dataclasses.dataclass(frozen=True)
class EvaluationTask(FileTask):
    """Evaluation of one seed of a training on all games; its result are scores by game.

    Attributes:
      training: whose policy plays.
      is_trained: it plays with the parameters of the end of the training; else with initial ones.
      seed: of the run, and of the episodes.
      config: preset of the worlds' sizes.
      sets: games by the name of their set.
    """

    FOLDER = "evaluations"

    training: TrainingTask
    is_trained: bool
    seed: int
    config: str
    sets: dict[str, tuple[str, ...]] = dataclasses.field(compare=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """Name of the training, if its result plays."""
        return (self.training.name,) if self.is_trained else ()

    def work(self, out: Path) -> None:
        """Plays all games against each opponent and writes the scores."""
        found = {}
        for games in self.sets.values():  # one program for each set, small enough to compile
            env = training_run.make_evaluation_env(games, self.config)
            policy = training_run.make_policy(self.training.cfg, env.cfg)
            start = untrained(policy, env, self.seed)
            params = start.params
            if self.is_trained:
                run = self.training.run_of(out, self.seed)
                params = training_run.read_params(run, None, params)
            trained = dataclasses.replace(start, name="trained", params=params)
            chance = uniform_params(policy, params)
            others = (dataclasses.replace(start, name="random", params=chance), start)
            for index, game in enumerate(games):
                episodes = EPISODES.get(game, 16)
                found[game] = {
                    other.name: versus(env, trained, other, episodes, self.seed, index)[0].as_dict()
                    for other in others
                }
        self.store(out, found)

    def means(self, out: Path, value: str) -> dict[str, float]:
        """Returns "won" or "score" by set: means over games and both opponents."""
        found = self.result(out)
        return {
            name: float(np.mean([one[value] for game in games for one in found[game].values()]))
            for name, games in self.sets.items()
        }


def trainings(cfg: ExperimentConfig) -> list[TrainingTask]:
    """Returns the trainings: each mix of games with each of its curricula."""
    if cfg.games:
        raise ValueError(f"games={cfg.games} must be empty: this experiment has games of its own")
    steps, seeds = SPECIALISTS * cfg.specialist_steps, tuple(range(cfg.seeds or DEFAULT_SEEDS))
    return [
        TrainingTask(
            f"{mix}-{curriculum}",
            cfg.training(games, steps, curriculum=curriculum, eval_every=0),
            seeds,
        )
        for mix, games in MIXES.items()
        for curriculum in CURRICULA[mix]
    ]


def evaluations(cfg: ExperimentConfig) -> dict[str, list[EvaluationTask]]:
    """Returns the evaluations of untrained agents and of each training, one for each seed."""
    runs = trainings(cfg)
    rows = [(UNTRAINED, runs[0], False), *((run.name, run, True) for run in runs)]
    return {
        name: [
            EvaluationTask(f"{name}-{seed}", run, is_trained, seed, cfg.config, SETS)
            for seed in run.seeds
        ]
        for name, run, is_trained in rows
    }


def tasks(cfg: ExperimentConfig) -> list[ExperimentTask | EvaluationTask]:
    """Returns all trainings and evaluations."""
    return [*trainings(cfg), *(one for row in evaluations(cfg).values() for one in row)]


def write(cfg: ExperimentConfig, out: Path, command: str) -> str:
    """Returns the report of what is complete."""
    found = {}
    for name, row in evaluations(cfg).items():
        done = [one for one in row if one.is_complete(out)]
        if len(done) > 1:
            found[name] = {
                value: _by_set([one.means(out, value) for one in done])
                for value in ("won", "score")
            }
    seeds, steps = cfg.seeds or DEFAULT_SEEDS, SPECIALISTS * cfg.specialist_steps
    text = (
        f"Every generalist takes {steps:,} living agent-steps at `{cfg.config}`; {seeds} seeds. "
        "Each plays against random and untrained players in worlds that both share: 16 episodes of "
        "a game against each, 128 of the universe's test split, of which every episode is another "
        "game. Means over games, opponents and seeds, with 95% intervals over seeds. A star marks "
        "games that a generalist was not trained on."
    )
    parts = [
        f"## {title}\n\n" + report.markdown_table(["trained on", *SETS], _rows(found, value))
        for title, value in (("Games won", "won"), ("Score", "score"))
    ]
    parts += [_curricula(found), _picture(found, out / "generalization.png")]
    return report.render_page("Generalization", command, text, parts)


def _by_set(results: list[dict[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.array([one[name] for one in results]) for name in SETS}


def _rows(found: dict, value: str) -> list[list[str]]:
    """Returns a row for each training."""
    rows = []
    for name, results in found.items():
        cells = []
        for games, values in results[value].items():
            mean, half = mean_over_seeds(values)
            star = "" if games in SEEN.get(name.split("-")[0], ()) else " *"
            cells.append(f"{mean:.1%} ± {half:.1%}{star}")
        rows.append([name.replace("-", ", "), *cells])
    return rows


def _curricula(found: dict) -> str:
    """Returns the table of what each curriculum adds to the games won with the uniform one."""
    rows = []
    for name, results in found.items():
        mix, _, curriculum = name.partition("-")
        base = found.get(f"{mix}-uniform")
        if curriculum in ("", "uniform") or base is None:
            continue
        cells = []
        for games, values in results["won"].items():
            change = values.mean() - base["won"][games].mean()
            test = stats.ttest_ind(values, base["won"][games], equal_var=False)
            p = float(test[1])  # pyright: ignore[reportArgumentType]
            cells.append(f"{change:+.1%} (p {f'= {p:.2f}' if p >= 0.01 else '< 0.01'})")
        rows.append([f"{mix}, {curriculum}", *cells])
    table = report.markdown_table(["against uniform", *SETS], rows)
    note = "Differences of games won; p by Welch's test over seeds, not corrected for their number."
    return f"## What curricula add\n\n{note}\n\n{table}" if rows else ""


def _picture(found: dict, path: Path) -> str:
    """Returns the picture of games won on each set in Markdown, empty without matplotlib."""
    columns = {}
    for name, results in found.items():
        pairs = [mean_over_seeds(values) for values in results["won"].values()]
        columns[name.replace("-", ", ")] = [(m, m - half, m + half) for m, half in pairs]
    label = "games won against random and untrained players"
    return pictures.draw_win_shares(path, list(SETS), columns, label) if columns else ""
