"""Evaluations during training: against random actions, the untrained network, the run's past.

In self-play somebody always wins, so wins during training do not measure learning. Therefore the
policy is evaluated at intervals against fixed opponents, in the same worlds (`versus`).

All opponents have the same network with other parameters, so one compiled program plays them all.
"""

import dataclasses

import flax.serialization
import jax
import jax.numpy as jnp

from ..parallel import processes
from ..runs.training_run import TrainingRun, past_file
from .compare import versus
from .sides import Side


def is_due(work: TrainingRun, steps: int) -> bool:
    """Returns whether an evaluation is due, given the steps before the last update."""
    every = work.cfg.eval_every
    if every > 0:
        return work.counts["updates"] % every == 0
    total, times = work.cfg.total_steps, -every
    return steps * times // total < min(work.counts["steps"], total) * times // total


def save_params(work: TrainingRun) -> None:
    """Saves the run's parameters under `past/`, as an opponent of later evaluations."""
    if not processes.is_first_process():
        return
    path = past_file(work.run, work.counts["updates"])
    path.parent.mkdir(exist_ok=True)
    part = path.with_name("part")
    part.write_bytes(flax.serialization.to_bytes(jax.device_get(work.params)))
    part.replace(path)


def compare_with_opponents(work: TrainingRun) -> dict[str, dict]:
    """Returns the policy's scores against each opponent, by game and opponent's name.

    "random" samples uniformly from the masks but attacks no teammate, "untrained" has the run's
    initial parameters, and "past" those of the first evaluation after half of the updates so far.
    The first evaluation has no "past".
    """
    params = work.params
    others = {"random": uniform_params(work.policy, params)}
    saved = {"untrained": 0, "past": _past_update(work)}
    for name, update in saved.items():
        if update is not None and past_file(work.run, update).exists():
            content = past_file(work.run, update).read_bytes()
            others[name] = flax.serialization.from_bytes(params, content)
    save_params(work)
    side, found = Side("trained", work.policy, params), {}
    options = dict(episodes=work.cfg.eval_episodes, seed=work.cfg.seed)
    for index, game in enumerate(work.evaluation_env.games):
        found[game.name] = {
            name: versus(
                work.evaluation_env,
                side,
                dataclasses.replace(side, params=other),
                game=index,
                **options,
            )[0].as_dict()
            for name, other in others.items()
        }
    return found


def uniform_params(policy, params):
    """Returns parameters with which a policy samples uniformly from the masks.

    The layers of its heads are set to 0, so that all logits are equal.
    """
    layers = {
        name: jax.tree.map(jnp.zeros_like, layer) if name in policy.network.HEADS else layer
        for name, layer in params["params"].items()
    }
    return {"params": layers}


def mean_wins(record: dict) -> dict[str, float]:
    """Returns the share of episodes won against each opponent, mean over the games of a record."""
    games = record.get("evaluation", {}).values()
    names = dict.fromkeys(name for game in games for name in game)
    return {
        name: sum(game[name]["won"] for game in games if name in game) / len(games)
        for name in names
    }


def _past_update(work: TrainingRun) -> int | None:
    """Returns the update of the "past" opponent, or None if there is none."""
    now = work.counts["updates"]
    kept = sorted(int(path.stem) for path in past_file(work.run, 0).parent.glob("*.msgpack"))
    before = [update for update in kept if 0 < update < now]
    late = [update for update in before if now <= 2 * update]
    return late[0] if late else before[-1] if before else None
