"""How a policy does: against random choices, itself untrained, or another run.

    metammo-jax evaluate runs/NAME --episodes 64
    metammo-jax evaluate runs/NAME --against untrained --greedy
    metammo-jax evaluate runs/NAME --against runs/OTHER --game sandwich

Each side first plays in worlds of its own, then both share worlds: every other group of
teammates (or player, where all play alone) is of one side, and sides swap in every other
episode. Episodes do not overlap and start from keys of their own, so the same call gives the
same numbers. Where the tasks are those that the NeurIPS 2023 competition judged by
(`multi_task_eval`), each side gets the scores of its judges too.
"""

import dataclasses
import functools
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

import metammo_jax as mm
from metammo_jax.lib import checks, threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Node
from metammo_jax.tasks import curriculum, scoring

from . import cli, session
from .match import Match, Score, average, share
from .policy import base
from .sides import RANDOM, Chooser, Side, choose, untrained

AT_ONCE = 32
"""Episodes played side by side."""

EPISODES = 1
"""Tag of the episodes of an evaluation: training with the same seed draws from other keys."""


def compare(
    env, first: Side, second: Side, episodes: int = 32, seed: int = 0, game: int = 0,
    difficulty: int | None = None,
) -> Match:  # fmt: skip
    """Returns how two sides do in one game, each alone and both together.

    Args:
      env: the worlds; a wrapper that the policies need is put around it.
      first: a side.
      second: the other.
      episodes: of each of the three comparisons.
      seed: of the episodes; both sides meet the same starts.
      game: index in `env.games`.
      difficulty: of the game, its dial; None for its lowest, or its fixed one.

    Raises:
      ValueError: a number is not allowed.
    """
    play = _player(env, first, second, episodes, seed, game, difficulty)
    judge, names = _judge(env.games, game), (first.name, second.name)
    alone = (_score(play(ALL_FIRST), 0, judge), _score(play(ALL_SECOND), 1, judge))
    both = play(MIXED)
    mixed = (_score(both, 0, judge), _score(both, 1, judge))
    return Match(env.games[game].name, names, alone, mixed)


def versus(
    env, first: Side, second: Side, episodes: int = 32, seed: int = 0, game: int = 0,
    difficulty: int | None = None,
) -> tuple[Score, Score]:  # fmt: skip
    """Returns how two sides do in worlds that they share; a third of the work of `compare`.

    Arguments and errors are those of `compare`.
    """
    both = _player(env, first, second, episodes, seed, game, difficulty)(MIXED)
    judge = _judge(env.games, game)
    return _score(both, 0, judge), _score(both, 1, judge)


def _player(env, first, second, episodes, seed, game, difficulty):
    """Returns a function of who sits where (`MIXED` ...), which plays and returns `Played`."""
    episodes = checks.whole("episodes", episodes, 1)
    key = threefry.tagged(checks.key_of_seed(seed), EPISODES)
    game = checks.whole("game", game, 0, len(env.games) - 1)
    run = compiled(env, first.chooser, second.chooser)
    levels = None if difficulty is None else jnp.full(len(env.games), difficulty, jnp.int32)

    def play(seats):
        params, results = (first.params, second.params), []
        for start in range(0, episodes, AT_ONCE):
            numbers = start + np.arange(min(AT_ONCE, episodes), dtype=np.int32)
            results.append(run(params, key, numbers, jnp.int32(game), levels, jnp.int32(seats)))
        return jax.tree.map(lambda *parts: np.concatenate(parts)[:episodes], *results)

    return play


@functools.lru_cache(maxsize=8)
def compiled(env, first: Chooser, second: Chooser):
    """Returns the jitted function that plays episodes, the same for the same arguments."""
    shown = session.show(env, *[side.policy for side in (first, second) if side.policy])
    return jax.jit(functools.partial(_episodes, shown, first, second))


ALL_FIRST, ALL_SECOND, MIXED = 0, 1, 2
"""Who sits where: one side everywhere, or every other group of each side."""


def _judge(games, game: int):
    """Returns what judges (progress, goal) of players by the rules of the competition, or None."""
    goals = curriculum.evaluation()
    if getattr(games[game], "goals", ()) != goals:
        return None
    first = sum(len(other.goals) for other in games[:game])  # goals are counted over all games
    return lambda progress, goal: scoring.judge(progress, goal - first, goals)


def _score(played: "Played", side: int, judge) -> Score:
    its, result = played.seat == side, played.result
    told = {
        "won": share(result.won[:, side]),
        "progress": average(result.progress[:, side]),
        "score": average(result.score[:, side]),
        "return_": average(result.return_[:, side]),
        "length": average(result.length),
    }
    return Score(
        episodes=len(result.length), **{name: mean for name, (mean, _) in told.items()},
        difficulty=float(result.difficulty.mean()),
        interval={name: interval for name, (_, interval) in told.items()},
        competition=judge(result.most[its], played.goal[its]) if judge else None,
    )  # fmt: skip


@struct.dataclass
class Result(Node):
    """What n episodes came to, of both sides.

    Attributes:
      won: (n, 2) bool, a player of the side is among the winners.
      progress: (n, 2) float32, mean over the side's players.
      score: (n, 2) float32, what winning was worth, 0 for a side that did not win.
      return_: (n, 2) float32, mean over the side's players of the sum of rewards.
      length: (n,) float32, ticks.
      difficulty: (n,) float32.
      most: (n, P) float32, the most that each player's task came to.
    """

    won: jax.Array
    progress: jax.Array
    score: jax.Array
    return_: jax.Array
    length: jax.Array
    difficulty: jax.Array
    most: jax.Array

    @classmethod
    def nothing(cls, count: int, players: int) -> "Result":
        """Returns results of n episodes that go on."""
        two, one = jnp.zeros((count, 2)), jnp.zeros(count)
        return cls(two > 0, two, two, two, one, one, jnp.zeros((count, players)))


@struct.dataclass
class Played(Node):
    """Episodes that are over.

    Attributes:
      result: `Result` (n, ...).
      goal: (n, P) int32, indices of the players' goals.
      seat: (n, P) int32, their sides.
    """

    result: Result
    goal: jax.Array
    seat: jax.Array


@narrow
def _episodes(env, first, second, params, key, numbers, game, levels, seats):
    """Plays an episode for each number.

    Args:
      env: worlds.
      first: `Chooser` of a side.
      second: of the other.
      params: of both.
      key: () key of all episodes.
      numbers: (n,) int, of the episodes.
      game: () int32.
      levels: (G,) int32, or None.
      seats: () int32, ALL_FIRST, ALL_SECOND or MIXED.

    Returns:
      `Played`.
    """
    begin_key, play_key = threefry.split(key)
    begin_keys, keys = (threefry.fold_in(key, numbers) for key in (begin_key, play_key))
    obs, world = jax.vmap(env.reset, in_axes=(0, None, None))(begin_keys, game, levels)
    turn = (world.params.group + jnp.asarray(numbers)[:, None]) % 2
    seat = jnp.where(seats == MIXED, turn, seats)
    shape = seat.shape
    goal = world.task.goal if hasattr(world, "task") else jnp.zeros(shape, jnp.int32)
    stage = Stage(
        number=jnp.int32(0), obs=obs, world=world,
        memory=tuple(s.policy.initial(*shape) if s.policy else () for s in (first, second)),
        fresh=jnp.ones(shape, bool), over=jnp.zeros(shape[0], bool),
        returns=jnp.zeros(shape), result=Result.nothing(*shape),
    )  # fmt: skip

    def tick(stage):
        return _tick(env, (first, second), params, keys, seat, stage)

    def goes_on(stage):
        return ~stage.over.all() & (stage.number < env.cfg.horizon)

    return Played(jax.lax.while_loop(goes_on, tick, stage).result, goal, seat)


@struct.dataclass
class Stage(Node):
    """Where n episodes stand.

    Attributes:
      number: () int32, ticks played.
      obs: (n, ...) observations.
      world: (n, ...) worlds.
      memory: of both sides, each of its own players; of the others it means nothing.
      fresh: (n, P) bool, the memory is to be emptied.
      over: (n,) bool.
      returns: (n, P) float32, sums of rewards.
      result: of the episodes that are over.
    """

    number: jax.Array
    obs: Any
    world: Any
    memory: tuple
    fresh: jax.Array
    over: jax.Array
    returns: jax.Array
    result: Result


def _tick(env, sides, params, keys, seat, stage):
    keys = jax.vmap(threefry.fold_in, in_axes=(0, None))(keys, stage.number)
    step_keys, *act_keys = jax.vmap(threefry.split, in_axes=(0, None), out_axes=1)(keys, 3)
    acts = base(stage.obs).alive & ~stage.over[:, None]
    chosen = [
        choose(env, *side, stage.obs, stage.fresh, acts & (seat == number))
        for number, side in enumerate(zip(sides, params, act_keys, stage.memory, strict=True))
    ]
    (first, second), memory = zip(*chosen, strict=True)
    action = jax.tree.map(lambda a, b: jnp.where(seat == 0, a, b), first, second)
    obs, world, reward, terminated, _, info = jax.vmap(env.step)(step_keys, stage.world, action)
    returns, ends = stage.returns + reward, info.over & ~stage.over
    result = jax.tree.map(
        lambda new, old: jnp.where(ends.reshape(-1, *[1] * (old.ndim - 1)), new, old),
        _result(info, returns, seat, stage.number + 1), stage.result,
    )  # fmt: skip
    over = stage.over | ends
    return Stage(stage.number + 1, obs, world, memory, terminated, over, returns, result)


def _result(info, returns, seat, length) -> Result:
    """Returns what episodes that end now come to, for both sides."""
    of_side = jnp.stack([seat == 0, seat == 1], axis=-1)
    count = jnp.maximum(of_side.sum(axis=1), 1).astype(jnp.float32)

    def mean(values):
        return jnp.where(of_side, values[..., None], 0.0).sum(axis=1) / count

    won = (info.winners[..., None] & of_side).any(axis=1)
    return Result(
        won=won, progress=mean(info.max_progress), score=jnp.where(won, info.score[:, None], 0.0),
        return_=mean(returns), length=jnp.full(seat.shape[:1], length, jnp.float32),
        difficulty=info.difficulty.astype(jnp.float32), most=info.max_progress,
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
    """Options of an evaluation.

    Attributes:
      against: "random", "untrained" (the run's own network before training), or the folder of a
        second run; empty for random.
      greedy: policies do what they think best, instead of drawing.
      game: what to play; empty for the game, or the games, of the run.
      config: preset of the world's sizes; empty for the run's.
      episodes: of each side alone, and of both together.
      difficulty: of the game, such as the map's size in a race; -1 for what the game's
        evaluation fixes.
      seed: of the episodes, 0 .. 2**63 - 1.

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

    def __post_init__(self):
        checks.whole("episodes", self.episodes, 1)
        checks.whole("difficulty", self.difficulty, -1)
        checks.whole("seed", self.seed, 0, checks.SEEDS - 1)


def evaluate(run: str, cfg: EvaluateConfig = EvaluateConfig()) -> list[Match]:
    """Returns how a run's newest policy does, game by game.

    Args:
      run: folder.
      cfg: options.

    Raises:
      ValueError: a folder is no run, a checkpoint is damaged, or an option is not allowed.
    """
    trained, policy, params = session.load_policy(run)
    names = (cfg.game,) if cfg.game else trained.game
    make = mm.make if cfg.difficulty >= 0 else session.arena
    env = make(names, config=cfg.config or trained.config)  # one program plays all games
    first = Side("trained", policy, params, cfg.greedy)
    if cfg.against in ("", RANDOM.name):
        second = RANDOM
    elif cfg.against == "untrained":
        second = dataclasses.replace(untrained(policy, env, cfg.seed), greedy=cfg.greedy)
    else:
        _, policy, params = session.load_policy(cfg.against)
        first = dataclasses.replace(first, name="first")
        second = Side("second", policy, params, cfg.greedy)
    level = cfg.difficulty if cfg.difficulty >= 0 else None
    options: dict[str, Any] = dict(episodes=cfg.episodes, seed=cfg.seed, difficulty=level)
    return [compare(env, first, second, game=index, **options) for index in range(len(names))]


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cli.start_quickly()
    run = arguments.pop(0) if arguments and not arguments[0].startswith("-") else ""
    try:
        note = "The first argument is the run's folder."
        cfg = cli.parse(EvaluateConfig, EvaluateConfig(), arguments, "evaluate RUN", note)
        if not run:
            raise ValueError("the first argument must be the folder of a run")
        for match in evaluate(run, cfg):
            print(match, end="\n\n")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
