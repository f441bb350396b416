"""Whom a run is compared with while it trains: random players, itself untrained, its own past.

Where agents play against each other somebody always wins, so that the games they win among
themselves tell nothing of what they learn. So now and then the policy plays against others, in
worlds that both share (`versus`).

All opponents are the same network with other parameters: one compiled program plays them all.
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
    """Returns whether the run is to be compared now, given the steps before its last update."""
    every = work.cfg.eval_every
    if every > 0:
        return work.counts["updates"] % every == 0
    total, times = work.cfg.total_steps, -every
    return steps * times // total < min(work.counts["steps"], total) * times // total


def save_params(work: TrainingRun) -> None:
    """Keeps the run's parameters, to compare later ones with."""
    if not processes.is_first_process():
        return
    path = past_file(work.run, work.counts["updates"])
    path.parent.mkdir(exist_ok=True)
    part = path.with_name("part")
    part.write_bytes(flax.serialization.to_bytes(jax.device_get(work.params)))
    part.replace(path)


def compare_with_opponents(work: TrainingRun) -> dict[str, dict]:
    """Returns, by game and opponent, what the policy comes to in worlds that both share.

    The opponents: "random" chooses evenly from the masks but spares teammates, "untrained" is the
    run before its first update, and "past" the run at the first of its comparisons that is not
    before half of its updates. There is none in the first comparison.
    """
    params = work.params
    others = {"random": uniform_params(work.policy, params)}
    kept = {"untrained": 0, "past": _past_update(work)}
    for name, update in kept.items():
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
    """Returns parameters with which a policy chooses evenly among what is allowed.

    Its heads are emptied: all logits are equal then.
    """
    layers = {
        name: jax.tree.map(jnp.zeros_like, layer) if name in policy.network.HEADS else layer
        for name, layer in params["params"].items()
    }
    return {"params": layers}


def mean_wins(record: dict) -> dict[str, float]:
    """Returns the share of games won against each opponent, mean over the games of a record."""
    games = record.get("evaluation", {}).values()
    names = dict.fromkeys(name for game in games for name in game)
    return {
        name: sum(game[name]["won"] for game in games if name in game) / len(games)
        for name in names
    }


def _past_update(work: TrainingRun) -> int | None:
    """Returns the update of the past, or None."""
    now = work.counts["updates"]
    kept = sorted(int(path.stem) for path in past_file(work.run, 0).parent.glob("*.msgpack"))
    before = [update for update in kept if 0 < update < now]
    late = [update for update in before if now <= 2 * update]
    return late[0] if late else before[-1] if before else None
