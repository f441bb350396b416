"""Agent-steps a second of training, and a real run with what time is left.

An update is what `agents.train` runs: a rollout in all worlds, advantages, epochs of minibatches.
Agent steps are those of players alive when the tick began, each counted once however many epochs
learn from it.
"""

import dataclasses
import pathlib
import shutil
import statistics
import tarfile
import time

import jax
import numpy as np

import metammo_jax as mm
from benchmarks.ceiling import products_in
from benchmarks.gpu.plan import Learning
from benchmarks.gpu.programs import Programs
from benchmarks.gpu.record import speeds
from benchmarks.gpu.tasks import MeasuringTask
from benchmarks.timing import peak_memory, temporary_bytes

SHARE_OF_MEMORY = 0.92
"""Of the device's memory that a program may take: the rest is lost between arrays."""

EVALUATION_SECONDS = 25.0
"""Kept at the end of a real run for its evaluation and its files."""


class Learner:
    """A training with a number of worlds, compiled ahead.

    Attributes:
      learning: of the plan.
      cfg: `agents.config.TrainConfig`.
      batch: worlds.
      policy: what learns.
      begin: program that makes the first state.
      update: program of an update.
    """

    def __init__(self, programs: Programs, learning: Learning, worlds: int):
        from agents.config import PRESETS, preset
        from agents.learners.state import make_init
        from agents.learners.update import make_update
        from agents.parallel import meshes
        from agents.runs.training_run import assemble

        base = "paper" if learning.network == "paper" else learning.config
        cfg = preset(
            base if base in PRESETS else "tiny",
            game=learning.games,
            config=learning.config,
            network=learning.network,
            matmul_precision=learning.matmul_precision,
            num_worlds=worlds,
            minibatches=1,
            devices=1,
        )
        parts = max(1, cfg.segments // learning.sequences)
        self.learning, self.cfg = learning, dataclasses.replace(cfg, minibatches=parts)
        self.env = mm.make(list(learning.games), learning.config)
        self.batch, self.policy = assemble(self.cfg, self.env)
        self.mesh = meshes.make_mesh(self.cfg)
        name = f"{learning.name}, {worlds} worlds"
        start, self.seed = make_init(self.batch, self.policy, self.cfg, self.mesh)
        self.begin = programs.add(f"first state, {name}", lambda: start.trace(self.seed))
        self._jitted = make_update(self.batch, self.policy, self.cfg, self.mesh)
        rate = jax.ShapeDtypeStruct((), np.float32)
        self.update = programs.add(
            f"update, {name}", lambda: self._jitted.trace(self.begin.shapes(), rate)
        )

    def fits(self) -> bool:
        """Returns whether the compiled update fits into the device's memory, as far as is known."""
        limit = (jax.devices()[0].memory_stats() or {}).get("bytes_limit")
        return limit is None or self.bytes_needed <= SHARE_OF_MEMORY * limit

    @property
    def bytes_needed(self) -> int:
        """Bytes that the compiled update takes: arguments, results, temporaries."""
        reported = self.update.result().memory_analysis()
        fresh = reported.output_size_in_bytes - reported.alias_size_in_bytes
        return reported.argument_size_in_bytes + fresh + reported.temp_size_in_bytes

    def flops(self) -> int:
        """Returns operations of all matrix products and convolutions of an update."""
        return products_in(self.update.traced.jaxpr.jaxpr)

    def measure(self, updates: int, seconds: float) -> dict:
        """Times updates after one that warms up; returns the figures."""
        rate, update = np.float32(self.cfg.learning_rate), self.update.result()
        state, spent, reported, begun = self.begin.result()(self.seed), [], [], None
        for _ in range(updates + 1):
            start = time.perf_counter()
            state, metrics = update(state, rate)
            reported.append(jax.device_get(metrics))
            spent.append(time.perf_counter() - start)
            begun = begun or time.monotonic()
            if len(spent) > 2 and time.monotonic() - begun > seconds:
                break
        del state
        return self._figures(spent[1:], reported[1:])

    def _figures(self, spent: list[float], reported: list[dict]) -> dict:
        living = [int(metrics["living_steps"]) for metrics in reported]
        slots, cfg = int(reported[0]["slot_steps"]), self.cfg
        finite = all(
            np.isfinite(value).all()
            for metrics in reported
            for name, value in metrics.items()
            if name != "episodes"
        )
        if not finite:
            raise FloatingPointError("a loss or a metric is not finite")
        second, flops = statistics.median(spent), self.flops()
        return {
            "name": self.learning.name,
            "config": cfg.config,
            "games": "+".join(cfg.game),
            "network": cfg.network,
            "width": cfg.width,
            "worlds": cfg.num_worlds,
            "rollout": cfg.rollout,
            "sequence": cfg.sequence,
            "epochs": cfg.epochs,
            "minibatches": cfg.minibatches,
            **speeds(spent, living, slots),
            "slot_steps_per_s": round(slots / second),
            "product_flops": flops,
            "product_flops_per_s": flops / second,
            "needed_bytes": self.bytes_needed,
            "temporary_bytes": temporary_bytes(self.update.result()),
            "peak_bytes": peak_memory()[0],
            "trace_s": round(self.update.trace_s, 2),
            "compile_s": round(self.update.compile_s, 2),
        }


def task(plan, learners: list[Learner], record) -> MeasuringTask:
    """Returns the task that times the largest learner that fits."""

    def run():
        failed = None
        for learner in learners:
            name = f"{learner.learning.name}, {learner.cfg.num_worlds} worlds"
            try:
                if not learner.fits():
                    raise MemoryError(f"{learner.bytes_needed / 1e9:.1f} GB do not fit")
                figures = learner.measure(plan.updates, plan.update_seconds)
            except Exception as error:  # noqa: BLE001 - a smaller one may do
                record.failure("training", name, f"{type(error).__name__}: {error}")
                failed = error
                continue
            record.add("training", **figures)
            return
        raise RuntimeError("no number of worlds could be trained") from failed

    needs = tuple(p for learner in learners for p in (learner.begin, learner.update))
    return MeasuringTask("training", learners[0].learning.name, needs, run)


class Evaluation:
    """Evaluation of a learner's policy against random players by game, compiled ahead.

    Attributes:
      program: that plays the episodes of a comparison.
    """

    def __init__(self, programs: Programs, learner: Learner, episodes: int):
        from agents.evaluation import compare, sides
        from agents.runs import training_run

        self.learner, self.episodes = learner, episodes
        self.evaluation_env = training_run.make_evaluation_env(
            learner.learning.games, learner.learning.config
        )
        trained = sides.Chooser(learner.policy)
        run = compare.compile_play(self.evaluation_env, ((trained, 1), (sides.RANDOM.chooser, 1)))
        count = min(compare.parallel_episodes(), episodes)

        def trace():
            stacked = jax.eval_shape(
                lambda params: jax.tree.map(lambda leaf: leaf[None], params),
                learner.begin.shapes().params,
            )
            key, numbers = jax.random.key(0), np.arange(count, dtype=np.int32)
            lineup = np.zeros((count, self.evaluation_env.cfg.players), np.int32)
            return run.trace((stacked, None), key, numbers, np.int32(0), None, lineup)

        self.program = programs.add(f"evaluation, {learner.learning.name}", trace)

    def run(self, params, left) -> dict:
        """Returns scores by game, as many games as there is time for (`left()` seconds)."""
        from agents.evaluate import RANDOM, Side, compare

        side, found = Side("trained", self.learner.policy, params), {}
        for index, game in enumerate(self.evaluation_env.games):
            if left() < 3.0:
                break
            match = compare(self.evaluation_env, side, RANDOM, self.episodes, seed=0, game=index)
            found[game.name] = match.as_dict()
        return found


def _wait(learner, left) -> None:
    """Waits until a learner is compiled, `left()` seconds; TimeoutError if it is not."""
    for program in (learner.begin, learner.update):
        if not program.wait(max(0.0, left())):
            raise TimeoutError(f"still compiling: {program.name}")


def real_run(plan, evaluation: Evaluation, clock, record, out) -> None:
    """Trains with the time that is left, evaluates, and keeps curve and policy.

    The learning rate falls to 0 with the time, or with the steps of the plan if these come first.

    Args:
      plan: with the number of steps of the run.
      evaluation: of the learner that trains.
      clock: of the whole command.
      record: of the figures.
      out: folder for the curve and the run.
    """
    from agents.runs import folder
    from agents.training import curve

    learner, reserve = evaluation.learner, min(EVALUATION_SECONDS, 6 * clock.minutes)
    _wait(learner, lambda: clock.left - reserve)
    run = pathlib.Path(out) / "run"
    shutil.rmtree(run, ignore_errors=True)
    cfg = dataclasses.replace(learner.cfg, total_steps=plan.total_steps, run_dir=str(run))
    folder.create(cfg, learner.env.cfg)
    work = _trained(learner, cfg, evaluation.evaluation_env, lambda: clock.left - reserve)
    picture = curve.draw_curve(run)
    if picture:
        shutil.copy(picture, pathlib.Path(out) / "curve.png")
    scores = evaluation.run(work.params, lambda: clock.left)
    record.add(
        "run",
        seed=cfg.seed,
        games=list(cfg.game),
        config=cfg.config,
        network=cfg.network,
        planned_steps=work.cfg.total_steps,
        worlds=cfg.num_worlds,
        complete=work.is_complete,
        **work.counts,
        scores=scores,
        last=_tail(run),
    )
    _keep(work, pathlib.Path(out) / "run.tar.gz")


def _trained(learner: Learner, cfg, evaluation_env, left):
    """Returns a `TrainingRun` after training for the time that is left (`left()` s)."""
    from agents.runs import folder
    from agents.runs.training_run import Parts
    from agents.training.loop import advance

    run, parts = pathlib.Path(cfg.run_dir), Parts(learner.batch, learner.policy, evaluation_env)
    work = parts.new_run(cfg, run, learner.begin.result()(learner.seed), learner.mesh)
    counts = work.counts
    log, update = folder.MetricsLog(run), learner.update.result()
    while not (work.is_complete or left() <= 0):
        log.append(advance(work, update))
        possible = counts["steps"] * (1 + max(0.0, left()) / counts["seconds"])
        steps = min(cfg.total_steps, max(counts["steps"], int(possible)))
        work.cfg = dataclasses.replace(cfg, total_steps=steps)
    return work


def _tail(run) -> dict:
    """Returns the metrics of the last update by game."""
    from agents.runs import folder

    records = folder.read_metrics(run)
    return records[-1]["games"] if records else {}


def _keep(work, path: pathlib.Path) -> None:
    """Packs the run's folder with the policy alone, without its worlds and the optimizer.

    With orbax it is a checkpoint that `agents.evaluate` reads; else parameters as `policy.msgpack`.
    """
    params = jax.device_get(work.params)
    try:
        from agents.runs import checkpoint

        checkpoint.require_orbax()
        checkpoints = work.run / "checkpoints"
        none = {"none": np.zeros(1, np.int8)}  # orbax saves no empty part
        checkpoint.save(checkpoints, work.counts["updates"], params, none, work.counts)
    except ImportError:
        from flax import serialization

        (work.run / "policy.msgpack").write_bytes(serialization.to_bytes(params))
    with tarfile.open(path, "w:gz") as archive:
        archive.add(work.run, arcname="run")
    shutil.rmtree(work.run)
