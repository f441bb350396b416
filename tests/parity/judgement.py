"""Tasks, rewards, ends and winners of every transition, ours against the record."""

from typing import TYPE_CHECKING

import numpy as np

from metammo_jax.vocab import NEVER, Event
from tests.parity import goods
from tests.parity import trace as recorded
from tests.parity.fields import TOLERANCE, Field, field
from tests.parity.state import groups

if TYPE_CHECKING:
    from tests.parity.compare import Case


def fields(case: "Case") -> list[Field]:
    """Returns the comparison of what tasks, rewards and the referee say."""
    trace, after, verdict = case.trace, case.after, case.after.world.verdict
    outcome, game = trace.data["outcomes"], trace.data["game"]
    current, every = outcome[..., 0] > 0, np.ones(len(trace), bool)
    progress, reward = after.world.task.progress, after.reward
    gains = progress - case.before.task.progress, np.diff(_progress(case), axis=0)
    placed, lucky = _by_places(case), _by_luck(case)
    paid = _near(reward, gains[0]) & _near(outcome[..., 1], gains[1])
    out = [
        field(
            "task progress", progress, _progress(case)[1:], every,
            place_of_the_revived=placed, weapon_that_drops=lucky,
        ),
        field(
            "reward", reward, outcome[..., 1], current,
            place_of_the_revived=placed & paid, weapon_that_drops=lucky & paid,
        ),
        field("current", case.before.body.present[:, : case.cfg.players], current, every),
        field("terminated", after.terminated, outcome[..., 2] > 0, current),
        field("truncated", after.truncated, outcome[..., 3] > 0, current),
        field("winners", verdict.winners.sum(-1), game[:, 0], every),
        field("score", verdict.score, game[:, 1], every),
        field("game over", verdict.over, game[:, 2] > 0, every),
    ]  # fmt: skip
    if "winners" in trace.data:
        out.append(field("winners", verdict.winners, trace.data["winners"], every))
    if "task_memory" in trace.data:
        out.append(_memory(case, placed, lucky))
    return out


def _near(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one - other) < TOLERANCE


def _progress(case: "Case") -> np.ndarray:
    """Returns (T + 1, P), the recorded progress of each player's task."""
    return case.trace.data["progress"][:, groups(case.trace, case.cfg)]


def _memory(case: "Case", placed: np.ndarray, lucky: np.ndarray) -> Field:
    """Compares most progress, ticks of gain and of loss, and the tick of completion."""
    there = case.trace.data["task_memory"][:, groups(case.trace, case.cfg)]
    memory, before = _as_memory(case.after.world.task), case.before.task
    ours = before.progress, case.after.world.task.progress
    seen, tick = (_progress(case)[:-1], _progress(case)[1:]), case.trace.data["tick"][1:, None]
    right = _near(memory, _remembered(_as_memory(before), *ours, tick))
    right &= _near(there[1:], _remembered(there[:-1], *seen, tick))
    return field(
        "task memory",
        memory,
        there[1:],
        np.ones(len(memory), bool),
        place_of_the_revived=right & placed[..., None],
        weapon_that_drops=right & lucky[..., None],
        single_precision=_rounding(case, memory, there[1:]),
        a_sum_that_falls_short_of_one=_falls_short(case, memory, there),
    )


def _as_memory(task) -> np.ndarray:
    """Returns (T, P, 4) of our tasks, as the record has it."""
    completed = np.where(task.completed_at >= NEVER, -1, task.completed_at)
    return np.stack([task.max_progress, task.gains, task.losses, completed], -1)


def _remembered(
    memory: np.ndarray, before: np.ndarray, after: np.ndarray, tick: np.ndarray
) -> np.ndarray:
    """Returns (T, P, 4), what a task that was not complete remembers after each tick (T, 1)."""
    most = np.maximum(memory[..., 0], after)
    gains, losses = memory[..., 1] + (after > before), memory[..., 2] + (after < before)
    completed = np.where(after >= 1, tick, memory[..., 3])
    return np.stack([most, gains, losses, completed], -1)


def _rounding(case: "Case", memory: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Returns (T, P, 4) bool, gains and losses that ours counts one too many by rounding.

    Of progress that stands still in the record, in double precision, single precision does not
    always give the last bit again, which then counts as a gain or a loss.
    """
    before, after = case.before.task.progress, case.after.world.task.progress
    progress = _progress(case)
    rounded = (before != after) & _near(after, before) & (progress[1:] == progress[:-1])
    counts = np.array([False, True, True, False])
    return rounded[..., None] & counts & (memory == there + 1)


def _falls_short(case: "Case", memory: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Returns (T, P, 4) bool: completions that the original's double precision delays by a tick.

    Held for all its ticks, some tiles give a sum of progress that is 1 but for the last bit. Ours
    is complete then; the original in the next tick, which it counts as one of gain.
    """
    progress, completed = _progress(case), there[..., 3]
    short = (progress >= 1) & (completed == -1)
    out = np.zeros(memory.shape, bool)
    out[..., 3] = short[1:] & (memory[..., 3] == case.trace.data["tick"][1:, None])
    out[..., 1] = short[:-1] & (completed[1:] >= 0) & (there[1:, ..., 1] == memory[..., 1] + 1)
    return out


def _gathered(case: "Case", pos: np.ndarray) -> np.ndarray:
    """Returns (T, P) float, by the rule of comm_together, how close teams are at places (T, P, 2).

    Nobody dies there for good, so all of a team count.
    """
    group, center = groups(case.trace, case.cfg), case.trace.settings["MAP_CENTER"]
    near = case.trace.meta["tasks"][0]["kwargs"]["dist"]
    out = np.zeros(pos.shape[:2])
    for team in np.unique(group):
        places = pos[:, group == team]
        side = np.ptp(places, axis=1).max(-1)
        spread = near / np.maximum(3 * places.std(axis=1), near)
        score = ((center - side) / (center - near) + spread.sum(-1)) / 3
        out[:, group == team] = np.where(side <= near, 1.0, score)[:, None]
    return out


def _by_places(case: "Case") -> np.ndarray:
    """Returns (T, P) bool: both sides' progress is right for where their revived stand.

    Where the revived come back anywhere, the progress of their teams depends on the place.
    """
    if not (case.revived.any() and case.before.params.team_game[0]):
        return np.zeros((len(case.trace), case.cfg.players), bool)
    group = groups(case.trace, case.cfg)
    players = slice(0, case.cfg.players)
    moved = (case.revived[:, players][:, None] & (group[:, None] == group[None])).any(-1)
    seen = np.stack([case.recorded_next("row"), case.recorded_next("col")], -1)[:, players]
    ours = _gathered(case, case.after.world.body.pos[:, players])
    right = _near(ours, case.after.world.task.progress)
    return moved & right & _near(_gathered(case, seen), _progress(case)[1:])


def _by_luck(case: "Case") -> np.ndarray:
    """Returns (T, P) bool: tasks that count harvests, of which a weapon that drops is one more.

    On both sides progress is right for what was counted there.
    """
    event, shape = Event.HARVEST_ITEM, (len(case.trace), case.cfg.players)
    asked = [task["kwargs"] for task in case.trace.meta["tasks"]]
    asked = [asked[number] for number in groups(case.trace, case.cfg)]
    counts = np.array([kwargs.get("event") == event.name for kwargs in asked])
    if not counts.any():
        return np.zeros(shape, bool)
    goal = np.array([kwargs.get("N", 1) for kwargs in asked])
    drawn = goods.event_causes(case, event)["weapon_that_drops"]
    tallies = recorded.tallies(case.trace, case.cfg)[1:, :, event]
    ours = np.minimum(case.after.world.tally.count[:, event] / goal, 1)
    right = _near(ours, case.after.world.task.progress)
    return counts & drawn & right & _near(np.minimum(tallies / goal, 1), _progress(case)[1:])
