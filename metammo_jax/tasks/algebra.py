"""Task algebra: terms that combine predicates, and the functions compiled of them.

    from metammo_jax.tasks import Goal, ask

    Goal(ask("own_item", Item.HAT, level=2, quantity=1) & ~ask("stay_alive", subject=Subject.FOES))
    Goal(0.5 * ask("earn_gold", 100) + 0.5 * ask("tick_ge", 300))

`&` is the lesser of two values, `|` the greater, `~` 1 - value; `+`, `-` and `*` are clipped to
0..1, as are the values of all predicates. Numbers may stand wherever a term may.

A term is a tree; `CompiledTerm` is the tree without its numbers. Numbers, and counts of watched
events, of all parts lie side by side in the row of a task, so that terms that differ in numbers
alone share one compiled function.

Source: docs/rules/tasks.md#algebra; nmmo `task/predicate_api.py::Predicate`.
Differs: `c - P` is what it says; the original computes P - c.
"""

import dataclasses
from collections.abc import Callable
from enum import Enum

import jax
import jax.numpy as jnp

from metammo_jax.config import Config
from metammo_jax.lib.checks import is_finite_number
from metammo_jax.tasks.signature import find, signature_of
from metammo_jax.tasks.subject import SingleMember, SubjectMembers, subject_of
from metammo_jax.vocab import Subject, System
from metammo_jax.world import World


class Operator(Enum):
    """Operators of combined terms."""

    AND = "and"
    OR = "or"
    NOT = "not"
    ADD = "plus"
    SUB = "minus"
    MUL = "times"


_COMBINE: dict[Operator, Callable] = {
    Operator.AND: jnp.minimum,
    Operator.OR: jnp.maximum,
    Operator.NOT: lambda value: 1.0 - value,
    Operator.ADD: jnp.add,
    Operator.SUB: jnp.subtract,
    Operator.MUL: jnp.multiply,
}


class Term:
    """Base of terms: expressions with a value in 0..1 for each player."""

    def __and__(self, other) -> "Term":
        return Combined(Operator.AND, (self, as_term(other)))

    def __rand__(self, other) -> "Term":
        return Combined(Operator.AND, (as_term(other), self))

    def __or__(self, other) -> "Term":
        return Combined(Operator.OR, (self, as_term(other)))

    def __ror__(self, other) -> "Term":
        return Combined(Operator.OR, (as_term(other), self))

    def __invert__(self) -> "Term":
        return Combined(Operator.NOT, (self,))

    def __add__(self, other) -> "Term":
        return Combined(Operator.ADD, (self, as_term(other)))

    def __radd__(self, other) -> "Term":
        return Combined(Operator.ADD, (as_term(other), self))

    def __sub__(self, other) -> "Term":
        return Combined(Operator.SUB, (self, as_term(other)))

    def __rsub__(self, other) -> "Term":
        return Combined(Operator.SUB, (as_term(other), self))

    def __mul__(self, other) -> "Term":
        return Combined(Operator.MUL, (self, as_term(other)))

    def __rmul__(self, other) -> "Term":
        return Combined(Operator.MUL, (as_term(other), self))


@dataclasses.dataclass(frozen=True)
class Asked(Term):
    """A term that is a predicate with its arguments.

    Attributes:
      predicate: the function.
      args: all its numbers, checked.
      subject: whose state it looks at; that of the goal if None.
    """

    predicate: Callable
    args: tuple = ()
    subject: Subject | None = None


@dataclasses.dataclass(frozen=True)
class Constant(Term):
    """A term that is a number, not clipped."""

    value: float


@dataclasses.dataclass(frozen=True)
class Combined(Term):
    """A term that is an operator with its operands."""

    operator: Operator
    parts: tuple[Term, ...]


def ask(predicate: Callable | str, *args, subject: Subject | None = None, **named) -> Asked:
    """Returns a term of a predicate with its arguments, to be combined with others.

    Args:
      predicate: a function of `tasks.predicates`' signature, or the name of a registered one.
      *args: its numbers in order; words for items, skills, ...; the name of a field of Params
        or of Config stands for its value.
      subject: whose state it looks at; that of the goal if None.
      **named: its numbers by name.

    Raises:
      ValueError: an unknown predicate, number or word, or a number out of range.
    """
    if isinstance(predicate, str):
        predicate = find(predicate)
    if not callable(predicate):
        raise ValueError(f"predicate={predicate!r} must be a function or a name")
    if subject is not None:
        subject = checked_subject(subject)
    return Asked(predicate, signature_of(predicate).complete(args, named), subject)


def as_term(value) -> Term:
    """Returns a term as it is and a number as a constant.

    Raises:
      ValueError: it is neither.
    """
    if isinstance(value, Term):
        return value
    if is_finite_number(value):
        return Constant(float(value))
    raise ValueError(f"{value!r} must be a term (see tasks.ask) or a finite number")


def checked_subject(subject) -> Subject:
    """Returns a `vocab.Subject` by its name or number.

    Raises:
      ValueError: there is none.
    """
    names = [code.name for code in Subject]
    if isinstance(subject, str) and subject.upper() in names:
        return Subject[subject.upper()]
    if isinstance(subject, int) and not isinstance(subject, bool) and subject in list(Subject):
        return Subject(subject)
    raise ValueError(f"subject={subject!r} is none of {names}")


def asked_in(term: Term) -> tuple[Asked, ...]:
    """Returns the predicates of a term, from left to right."""
    if isinstance(term, Combined):
        return tuple(leaf for part in term.parts for leaf in asked_in(part))
    return (term,) if isinstance(term, Asked) else ()


def numbers_of(term: Term) -> tuple:
    """Returns the arguments of all predicates of a term, concatenated."""
    if isinstance(term, Combined):
        return tuple(number for part in term.parts for number in numbers_of(part))
    if isinstance(term, Asked):
        return term.args
    assert isinstance(term, Constant)
    return (term.value,)


def watched_by(term: Term) -> tuple[tuple[int, int, int], ...]:
    """Returns the rows of events that all predicates of a term watch, concatenated."""
    return tuple(
        row for leaf in asked_in(term) for row in signature_of(leaf.predicate).watched(leaf.args)
    )


def needed_by(term: Term) -> frozenset[System]:
    """Returns the systems that the predicates of a term need."""
    needs = [signature_of(leaf.predicate).needed(leaf.args) for leaf in asked_in(term)]
    return frozenset().union(*needs)


@dataclasses.dataclass(frozen=True)
class CompiledTerm:
    """A term without its arguments, callable as a predicate.

    Attributes:
      numbers: columns of the arguments that are its own.
      watches: columns of `tally.watched` that are its own.
      predicate: of a leaf, the function; a leaf without one is a constant.
      subject: of a leaf, whose state it looks at; the task's subject if None.
      operator: of a branch.
      parts: of a branch.
    """

    numbers: int
    watches: int
    predicate: Callable | None = None
    subject: Subject | None = None
    operator: Operator | None = None
    parts: tuple["CompiledTerm", ...] = ()

    def __call__(
        self, world: World, subject: SubjectMembers | SingleMember, args: jax.Array, cfg: Config
    ) -> jax.Array:
        """Returns (P,) float32; args and world.tally.watched begin with the columns of this."""
        if self.operator is not None:
            return self._combined(world, subject, args, cfg)
        if self.predicate is None:
            return args[:, 0]
        if self.subject is not None:
            subject = subject_of(world, self.subject)
        value = jnp.asarray(self.predicate(world, subject, args, cfg), jnp.float32)
        return jnp.clip(value, 0.0, 1.0)

    def _combined(
        self, world: World, subject: SubjectMembers | SingleMember, args: jax.Array, cfg: Config
    ) -> jax.Array:
        assert self.operator is not None
        values, first, tally, seen = [], 0, world.tally, 0
        for part in self.parts:
            own = args[:, first : first + part.numbers]
            counts = tally.watched[:, seen : seen + part.watches] if part.watches else None
            here = world.replace(tally=tally.replace(watched=counts))
            values.append(part(here, subject, own, cfg))
            first, seen = first + part.numbers, seen + part.watches
        return jnp.clip(_COMBINE[self.operator](*values), 0.0, 1.0)


def plan_of(term: Term) -> Callable:
    """Returns the function of a term: the predicate if it is a single one, else `CompiledTerm`."""
    if isinstance(term, Asked) and term.subject is None:
        return term.predicate
    return _compile(term)


def _compile(term: Term) -> CompiledTerm:
    if isinstance(term, Constant):
        return CompiledTerm(numbers=1, watches=0)
    if isinstance(term, Asked):
        return CompiledTerm(
            numbers=len(term.args),
            watches=len(watched_by(term)),
            predicate=term.predicate,
            subject=term.subject,
        )
    assert isinstance(term, Combined)
    parts = tuple(_compile(part) for part in term.parts)
    return CompiledTerm(
        numbers=sum(part.numbers for part in parts),
        watches=sum(part.watches for part in parts),
        operator=term.operator,
        parts=parts,
    )
