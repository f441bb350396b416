"""Signatures of predicates: names, arguments, and the systems that they need.

`register` teaches the package a predicate; all of `tasks.predicates` are registered this way:

    @tasks.register(arguments=dict(points=tasks.number(least=1, most=100)))
    def drink_together(world, subject, args, cfg):
        return subject.alive_min(world.body.water) / args[:, 0]

    Goal("drink_together", (90,), Subject.TEAM)

The text after a function's name in its docstring is for readers; what tasks say in words
(`metammo-jax tasks`) is `says`.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import cast

from metammo_jax.config import Config
from metammo_jax.lib.checks import is_finite_number
from metammo_jax.lib.hints import did_you_mean
from metammo_jax.vocab import System
from metammo_jax.world import Params

FREE_NUMBERS = 4
"""Numbers of a function that was never registered: as many, all 0 by default."""

_ARRAYS = {"enabled", "group", "leader", "seize_target", "choices"}
PARAM_NAMES = tuple(f.name for f in dataclasses.fields(Params) if f.name not in _ARRAYS)
"""Fields of `Params` that stand for one number."""

CONFIG_NAMES = (
    *(f.name for f in dataclasses.fields(Config) if f.type is int),
    "middle",
    "team_size",
)
"""Fields of `Config` that stand for one number."""


@dataclasses.dataclass(frozen=True)
class Argument:
    """An argument of a predicate: its range, or the words it is chosen from.

    Attributes:
      words: the words it is chosen from, with the number of each; empty for a plain number.
      least: the smallest plain number.
      most: the largest; the name of a field of `Config` stands for its value.
      whole: it must be an integer.
      default: what it is if left out, a number or a name; None: it must be given.
    """

    words: Mapping[str, int] = dataclasses.field(default_factory=dict)
    least: float = -math.inf
    most: float | str = math.inf
    whole: bool = False
    default: float | str | None = None

    def replace(self, **changes) -> "Argument":
        """Returns the argument with fields changed."""
        return dataclasses.replace(self, **changes)

    def checked(self, name: str, value) -> float | str:
        """Returns the number that `value` means, or the name of the field that it is taken from.

        Raises:
          ValueError: it is no such word, no number, or out of range; says what is allowed.
        """
        if self.words:
            return self._word(name, value)
        if isinstance(value, str):
            if value not in PARAM_NAMES + CONFIG_NAMES:
                hint = did_you_mean(value, PARAM_NAMES + CONFIG_NAMES)
                raise ValueError(f"argument {name}={value!r} is no field of Params or Config{hint}")
            return value
        if not is_finite_number(value):
            raise ValueError(
                f"argument {name}={value!r} must be a finite number or the name of a field"
            )
        self.check_range(name, value)
        return value

    def check_range(self, name: str, value: float, cfg: Config | None = None) -> None:
        """Raises ValueError if a number is out of range, as far as that is known without `cfg`."""
        if self.words:
            return
        most = self.most
        if isinstance(most, str):
            most = math.inf if cfg is None else getattr(cfg, most)
        if not self.least <= value <= most:
            raise ValueError(f"argument {name}={value} must be {self._range(most)}")
        if self.whole and value != int(value):
            raise ValueError(f"argument {name}={value} must be a whole number")

    def word(self, value: float | str) -> str:
        """Returns the first word for a number of the vocabulary."""
        return next(word for word, number in self.words.items() if number == value)

    def _word(self, name: str, value) -> int:
        if isinstance(value, str):
            for word, number in self.words.items():
                if word.lower() == value.lower():
                    return number
        elif isinstance(value, IntEnum):
            if self.words.get(value.name) == value:
                return int(value)
        elif is_finite_number(value) and value in self.words.values():
            return int(value)
        hint = (
            did_you_mean(str(value).upper(), self.words) or f"; allowed are {', '.join(self.words)}"
        )
        raise ValueError(f"argument {name}={value!r} is unknown{hint}")

    def _range(self, most: float) -> str:
        if math.isinf(most):
            return f"{self.least} or more"
        return f"between {self.least} and {most}"


def one_of(
    vocabulary: Iterable[IntEnum] | Mapping[str, int], default: float | None = None
) -> Argument:
    """Returns the argument that is one of a vocabulary, as its number or its name."""
    if not isinstance(vocabulary, Mapping):
        vocabulary = {word.name: int(word) for word in vocabulary}
    return Argument(words=cast("Mapping[str, int]", vocabulary), default=default)


def number(least=-math.inf, most=math.inf, default=None, whole=False) -> Argument:
    """Returns the argument that is a number in a range."""
    return Argument(least=least, most=most, whole=whole, default=default)


def whole(least: float = 0, most: float | str = math.inf, default=None) -> Argument:
    """Returns the argument that is an integer in a range."""
    return Argument(least=least, most=most, whole=True, default=default)


@dataclasses.dataclass(frozen=True)
class Signature:
    """The signature of a predicate: name, arguments, needed systems and description.

    Attributes:
      name: by which goals may name it.
      arguments: its numbers, in order.
      needs: systems without which it can never come true: a set, or a function of the numbers.
      watches: function of the numbers that returns the events that count for it, each a row
        (`vocab.Event`, what of it or -1, its level at least); the predicate reads their amounts
        in `world.tally.watched`, from column 0 on. None if it watches none.
      says: it in words, with the names of arguments in braces.
      original: the original's names of it.
    """

    name: str
    arguments: Mapping[str, Argument] = dataclasses.field(default_factory=dict)
    needs: Iterable[System] | Callable = ()
    watches: Callable | None = None
    says: str = ""
    original: tuple[str, ...] = ()

    def complete(self, args: tuple, named: Mapping | None = None) -> tuple:
        """Returns all numbers, checked: those given in order, by name, and defaults.

        Raises:
          ValueError: too many, too few, twice, of an unknown name, or a bad value.
        """
        names = list(self.arguments)
        if len(args) > len(names):
            raise ValueError(f"{self.name} takes {len(names)} arguments {names}, given {args}")
        given = dict(zip(names, args, strict=False))
        for key, value in (named or {}).items():
            if key not in names:
                raise ValueError(f"{self.name} has no argument {key!r}{did_you_mean(key, names)}")
            if key in given:
                raise ValueError(f"{self.name}: {key!r} is given twice")
            given[key] = value
        full = []
        for key, argument in self.arguments.items():
            value = given.get(key, argument.default)
            if value is None:
                raise ValueError(f"{self.name} needs {key!r}, given {tuple(given.values())}")
            try:
                full.append(argument.checked(key, value))
            except ValueError as error:
                raise ValueError(f"{self.name}: {error}") from None
        return tuple(full)

    def needed(self, args: tuple) -> frozenset[System]:
        """Returns the systems that it needs with these numbers."""
        return frozenset(self.needs(*args) if callable(self.needs) else self.needs)

    def watched(self, args: tuple) -> tuple[tuple[int, int, int], ...]:
        """Returns the rows of events that count with these numbers.

        Raises:
          ValueError: a row is no three integers; a number that it follows from is not fixed.
        """
        if self.watches is None:
            return ()
        try:
            rows = tuple(tuple(row) for row in self.watches(*args))
        except TypeError:
            raise ValueError(
                f"{self.name}{args}: what it watches must follow from numbers, not from names"
            ) from None
        for row in rows:
            if len(row) != 3 or not all(is_finite_number(n) and n == int(n) for n in row):
                raise ValueError(
                    f"{self.name} watches {row}, which must be an event, what of it, and a level, "
                    "as integers"
                )
        return tuple((int(event), int(what), int(level)) for event, what, level in rows)


_REGISTERED: dict[str, Callable] = {}


def register(
    name: str | None = None,
    *,
    arguments: Mapping[str, Argument] | None = None,
    needs: Iterable[System] | Callable = (),
    watches: Callable | None = None,
    says: str = "",
    original: tuple[str, ...] = (),
) -> Callable:
    """Returns the decorator that registers a function as a predicate.

    A predicate is a pure function `predicate(world, subject, args, cfg) -> (P,)`; `args` (P, A)
    float32 holds each player's own numbers, in the order of `arguments`. Its values are clipped
    to 0..1.

    Args:
      name: a new name; the function's own if None.
      arguments: by name what its numbers are: `number`, `whole`, `one_of`, or an `Argument`.
      needs: see `Signature`.
      watches: see `Signature`.
      says: see `Signature`.
      original: see `Signature`.

    Raises:
      ValueError: the name is empty or taken, or the function has one already.
    """

    def add(predicate: Callable) -> Callable:
        key = _checked_name(name, predicate, arguments or {})
        predicate.signature = Signature(
            key, dict(arguments or {}), needs, watches, says, tuple(original)
        )
        _REGISTERED[key] = predicate
        return predicate

    return add


def _checked_name(name: str | None, predicate: Callable, arguments: Mapping) -> str:
    """Returns the name of a predicate, its own if None; ValueError if it cannot be registered."""
    key = getattr(predicate, "__name__", None) if name is None else name
    if not isinstance(key, str) or not key:
        raise ValueError(f"name={key!r} must be a non-empty string")
    if key in _REGISTERED:
        raise ValueError(f"predicate {key!r} is taken")
    if not callable(predicate) or hasattr(predicate, "signature"):
        raise ValueError(f"predicate={predicate!r} must be a function not registered before")
    for argument in arguments.values():
        if not isinstance(argument, Argument):
            raise ValueError(f"{key}: argument {argument!r} must be an Argument")
    return key


def registered() -> dict[str, Callable]:
    """Returns all predicates that have a name."""
    return dict(_REGISTERED)


def find(name: str) -> Callable:
    """Returns the predicate of a name, ours or the original's.

    Raises:
      ValueError: there is none; says which name is nearest.
    """
    known = dict(_REGISTERED)
    for predicate in _REGISTERED.values():
        known.update(dict.fromkeys(predicate.signature.original, predicate))
    if name not in known:
        raise ValueError(f"predicate {name!r} is unknown{did_you_mean(name, known)}")
    return known[name]


def signature_of(predicate: Callable) -> Signature:
    """Returns the signature of a predicate; with free arguments if it was not registered."""
    if hasattr(predicate, "signature"):
        return predicate.signature
    free = {f"args[{index}]": number(default=0.0) for index in range(FREE_NUMBERS)}
    return Signature(getattr(predicate, "__name__", repr(predicate)), free)
