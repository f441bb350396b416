"""Knobs whose numbers are scaled to a config: one, or those of several settings side by side."""

import dataclasses
from typing import NamedTuple

import jax


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A knob with its numbers scaled to a config.

    Attributes:
      kind: the class of the knob.
      low: the value itself, the probability, or the least value.
      high: the largest value.
      step: distance of neighbouring values.
      factor: what one over the integer is multiplied with.
      wins: games to be won before an adaptive value rises.
      losses: games in a row that nobody wins before it falls; 0: it never falls.
      field: the other field whose value it is.
    """

    kind: type
    low: float = 0
    high: float = 0
    step: int = 1
    factor: float = 1.0
    wins: int = 1
    losses: int = 0
    field: str = ""


class Row(NamedTuple):
    """The knobs of n settings of one type, in one game: the numbers of each, (n,).

    `kind` is an index into `knobs.DISTRIBUTIONS`, the others are as in `Fitted`.
    """

    low: jax.Array
    high: jax.Array
    kind: jax.Array
    step: jax.Array
    factor: jax.Array
