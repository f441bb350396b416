"""`Goal`: a task of a game, a predicate or a term with its subject, weight and kind."""

import dataclasses
from collections.abc import Callable

from metammo_jax.lib.checks import is_finite_number
from metammo_jax.tasks.algebra import (
    Term,
    ask,
    asked_in,
    checked_subject,
    needed_by,
    watched_by,
)
from metammo_jax.tasks.signature import signature_of
from metammo_jax.vocab import Subject, System, TaskKind

OWN = (Subject.SELF, Subject.TEAM, Subject.TEAM_LEADER)
"""Subjects whose members all have the task: events are watched of these alone."""


@dataclasses.dataclass(frozen=True)
class Goal:
    """A task that a game hands out.

    Attributes:
      predicate: function of `tasks.predicates`' signature, from there or the caller's own; the
        name of a registered one; or a term (see `tasks.algebra`), which has its numbers in it.
      args: the numbers of the predicate, in order or by name: words for items, skills, events,
        ...; the name of a field of Params or of Config stands for its value.
      subject: whose state the predicate looks at, seen from the player that has the task.
      weight: chance of being drawn relative to the game's other goals.
      embedding: numbers that describe it to the agent, cut or filled with zeros to
        `Config.task_embedding`, where the game does not say otherwise (`Minigame.embeddings`);
        None for those that `tasks.embeddings.meaning` makes from what it asks for, which also
        replace the original's (`embeddings.ORIGINAL`) unless `Config.original_embeddings`.
      kind: how reward follows from the predicate.
      hold: of a HOLD task, the ticks on end for which the predicate must be true.
      term: what predicate and args say, as a term.

    Raises:
      ValueError: at construction, with the value and the rule.
    """

    predicate: Callable | str | Term
    args: tuple | dict = ()
    subject: Subject = Subject.SELF
    weight: float = 1.0
    embedding: tuple | None = None
    kind: TaskKind = TaskKind.DEFAULT
    hold: int = 0
    term: Term = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "subject", checked_subject(self.subject))
        object.__setattr__(self, "term", self._as_term())
        self._check_numbers()
        self._check_kind()
        for leaf in asked_in(self.term):
            subject = self.subject if leaf.subject is None else leaf.subject
            watches = signature_of(leaf.predicate).watched(leaf.args)
            if watches and subject not in OWN:
                raise ValueError(
                    f"{signature_of(leaf.predicate).name} watches events, which are counted for "
                    f"one's own team alone: subject={subject.name} must be one of "
                    f"{[own.name for own in OWN]}"
                )

    @property
    def needs(self) -> frozenset[System]:
        """Systems without which the task can never be completed."""
        return needed_by(self.term)

    @property
    def watches(self) -> tuple[tuple[int, int, int], ...]:
        """Rows of `world.Task.watch`."""
        return watched_by(self.term)

    def _as_term(self) -> Term:
        if isinstance(self.predicate, Term):
            if self.args:
                raise ValueError(f"args={self.args!r} must be left out: a term has its own")
            return self.predicate
        if isinstance(self.args, dict):
            asked = ask(self.predicate, **self.args)
        elif isinstance(self.args, tuple):
            asked = ask(self.predicate, *self.args)
        else:
            raise ValueError(f"args={self.args!r} must be a tuple or a dict of numbers and names")
        object.__setattr__(self, "predicate", asked.predicate)
        object.__setattr__(self, "args", asked.args)
        return asked

    def _check_numbers(self) -> None:
        if not is_finite_number(self.weight) or self.weight < 0:
            raise ValueError(f"weight={self.weight!r} must be a finite number, 0 or more")
        if not all(is_finite_number(value) for value in self.embedding or ()):
            raise ValueError(f"embedding={self.embedding!r} must be finite numbers")

    def _check_kind(self) -> None:
        if self.kind not in list(TaskKind):
            names = [kind.name for kind in TaskKind]
            raise ValueError(f"kind={self.kind!r} is none of {names}")
        object.__setattr__(self, "kind", TaskKind(self.kind))
        holds = self.kind == TaskKind.HOLD
        if not is_finite_number(self.hold) or self.hold != int(self.hold) or self.hold < holds:
            raise ValueError(f"hold={self.hold!r} must be whole ticks, 1 or more")
        if self.hold and not holds:
            raise ValueError(f"hold={self.hold} asks for kind=TaskKind.HOLD")
