"""Task embeddings: vectors in which similar tasks are near, and the original's hashes.

`meaning` describes any goals: what belongs together (the same predicate, item, skill, event, a
level or a quantity nearby) lies together. Every word of a task (its predicate, items, ...) has a
direction of its own, drawn once from a seed that follows from the word, and every number moves
along such a direction; the sum is scaled by the mean and the deviation over the tasks of the
NeurIPS 2023 competition. So a task has the same embedding in training, in evaluation and in any
game.

The hashes are the original's embeddings of the minigames, from a function's source text. They
carry no meaning but identity, and cannot be computed here, since they hash the original's code.
The competition's own embeddings came from a language model and are no part of this package; a
caller that has them passes them as an array (`Minigame.embeddings`).

Source: docs/rules/tasks.md#embeddings; nmmo `lib/utils.py::get_hash_embedding`.
Differs: the competition's embeddings.
"""

import functools
import math
import zlib
from collections.abc import Sequence

import numpy as np

from metammo_jax.config import Config
from metammo_jax.tables import ITEM_SKILL, LEVEL_MAX
from metammo_jax.tasks import curriculum
from metammo_jax.tasks.algebra import Asked, Combined, Constant, Operator, Term
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.signature import Argument, signature_of
from metammo_jax.vocab import Item, Skill, Subject, TaskKind

TICK_GE = (
    1.4463, 0.7100, 1.2109, -1.2910, 0.5776, -0.6826, 0.7627, 0.4639,
    0.7051, -0.0097, 0.0416, -1.2344, 1.1270, -1.0586, -0.9199, -1.8486,
)  # fmt: skip
"""Observed in team_battle and sandwich."""

PROGRESS_TOWARD_CENTER = (
    0.9497, 0.1412, -1.2773, -2.1074, 0.9277, -1.1699, -0.3994, 0.2081,
    0.7666, 0.3003, -1.2871, 0.9395, -0.0768, 0.5381, -0.1920, 1.7393,
)  # fmt: skip
"""Observed in race_to_the_center."""

PROTECT_LEADER = (
    -1.1875, 0.9253, 0.1462, 1.3828, -0.5293, 0.1991, -0.1696, -1.7783,
    -1.2080, 0.4348, 0.9810, 0.6440, -1.0928, 1.4072, 0.9419, -1.0967,
)  # fmt: skip
"""Computed by the original for protect_the_king, but never observed."""

SEIZE_CENTER = (
    -1.1211, -0.8247, 2.0938, -0.8184, -0.1160, 0.3408, 0.6943, -0.0954,
    1.7666, -0.3367, -1.0332, 0.0236, -0.3647, -0.8589, -0.9004, 1.5508,
)  # fmt: skip
"""Computed by the original for king_of_the_hill, but never observed."""

ZEROS = ()
"""Observed in survive, protect_the_king, king_of_the_hill, comm_together and radio_raid."""

ORIGINAL = (TICK_GE, PROGRESS_TOWARD_CENTER, PROTECT_LEADER, SEIZE_CENTER, ZEROS)
"""Embeddings of the original's minigames: those that it computes, and zeros."""

PREDICATE, WORD, KIN, NUMBER = 1.0, 0.7, 0.6, 0.7
"""Weights of a predicate, of a word among its numbers, of what that is akin to, of a number."""

_KEY = {
    "num_tick": "ticks", "num_ticks": "ticks", "n": "amount", "quantity": "amount",
    "experience": "amount", "exp": "amount", "num_agent": "amount",
}  # fmt: skip
"""Numbers that mean the same under different names."""

LOG_SPAN = math.log(1000.0)
"""Plain numbers run from 1 to about 1000: their logarithm, over this, is from 0 to 1."""


def meaning(goals: Sequence[Goal], size: int, words: Sequence[str] = ()) -> np.ndarray:
    """Returns task embeddings in which similar tasks are near.

    Args:
      goals: any.
      size: D, numbers for each.
      words: what else is said of all of them, such as "referee last_team".

    Returns:
      (goals, D) float32; over the competition's tasks each of the D has mean 0 and deviation 1.
    """
    mean, deviation = scale(size)
    more = sum((of_word(word, size) for word in words), np.zeros(size))
    return ((_raw(goals, size) + more - mean) / deviation).astype(np.float32)


@functools.cache
def scale(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns (D,) mean and deviation of what is said of the competition's tasks."""
    pool = _raw(curriculum.training() + curriculum.evaluation(), size)
    return pool.mean(0), pool.std(0)


def _raw(goals: Sequence[Goal], size: int) -> np.ndarray:
    """Returns (goals, D) float64, the sums of what is said of each goal."""
    table = np.zeros((len(goals), size))
    for row, goal in zip(table, goals, strict=True):
        row += of_term(goal.term, size)
        if goal.subject != Subject.SELF:
            row += of_subject(goal.subject, size)
        if goal.kind != TaskKind.DEFAULT:
            row += WORD * _direction(goal.kind.name, size)
    return table


def of_subject(subject: Subject, size: int) -> np.ndarray:
    """Returns (D,) float64, what a subject other than oneself adds, before it is scaled."""
    return of_word(f"subject {subject.name}", size)


def of_operator(operator: Operator, size: int) -> np.ndarray:
    """Returns (D,) float64, what joining parts with an operator adds, before it is scaled."""
    return KIN * _direction(operator.name, size)


def of_word(word: str, size: int) -> np.ndarray:
    """Returns (D,) float64, what any further word adds, before it is scaled."""
    return WORD * _direction(word, size)


def of_amount(word: str, amount: float, size: int) -> np.ndarray:
    """Returns (D,) float64, what an amount of something adds, before it is scaled."""
    return NUMBER * math.log(max(abs(amount), 1)) / LOG_SPAN * _direction(word, size)


def of_term(term: Term, size: int) -> np.ndarray:
    """Returns (D,) float64, what is said of a term, before it is scaled."""
    if isinstance(term, Combined):
        parts = sum(of_term(part, size) for part in term.parts)
        return parts / math.sqrt(len(term.parts)) + of_operator(term.operator, size)
    if isinstance(term, Constant):
        return term.value * _direction("constant", size)
    assert isinstance(term, Asked)
    signature = signature_of(term.predicate)
    row = PREDICATE * _direction(f"predicate {signature.name}", size)
    for (key, argument), value in zip(signature.arguments.items(), term.args, strict=True):
        row = row + _argument(key, argument, value, size)
    if term.subject is not None:
        row = row + of_subject(term.subject, size)
    return row


def _argument(key: str, argument: Argument, value, size: int) -> np.ndarray:
    if argument.words:
        word = argument.word(value)
        row = WORD * _direction(word, size)
        if key == "item":
            row = row + KIN * _direction(_kin(Item(value)), size)
        return row
    if isinstance(value, str):
        value = getattr(Config(), value, 1)  # a setting has no value yet
    if key == "level":
        return NUMBER * value / LEVEL_MAX * _direction(key, size)
    return of_amount(_KEY.get(key, key), value, size)


def _kin(item: Item) -> str:
    """Returns what an item is akin to: the skill that it serves, or what kind of thing it is."""
    skill = ITEM_SKILL[item]
    if skill >= 0:
        return Skill(skill).name
    return "armor" if item in curriculum.ARMOR else "consumable"


@functools.cache
def _direction(word: str, size: int) -> np.ndarray:
    """Returns (D,) float64, the unit vector of a word, the same in every process."""
    row = np.random.default_rng(zlib.crc32(word.encode())).standard_normal(size)
    return row / np.linalg.norm(row)
