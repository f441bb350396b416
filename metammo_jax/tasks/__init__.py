"""Tasks: predicates over the world, rows of numbers that name them, progress and reward.

from metammo_jax.tasks import Goal, TaskKind, ask, predicates

Goal(predicates.seize_center, (50,), Subject.TEAM)
Goal("own_item", dict(item="hat", level=2, quantity=1), kind=TaskKind.HOLD, hold=30)
Goal(ask("earn_gold", 50) & ask("attain_skill", "fishing", level=3, num_agent=1))
"""

from metammo_jax.tasks import predicates
from metammo_jax.tasks.algebra import Term, ask
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.signature import Argument, number, one_of, register, registered, whole
from metammo_jax.vocab import Subject, TaskKind

__all__ = [
    "Argument",
    "Goal",
    "Subject",
    "TaskKind",
    "Term",
    "ask",
    "number",
    "one_of",
    "predicates",
    "register",
    "registered",
    "whole",
]
