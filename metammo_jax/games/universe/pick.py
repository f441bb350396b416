"""Functions of games of which the draw picks one for each episode."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax

from metammo_jax.world import Params, World


@dataclasses.dataclass(frozen=True)
class Pick:
    """A spawn, referee, score, muster or refill that is one of several.

    `games.table.Table` shares the functions with those of other games; called by itself it chooses
    by the choices of the episode.

    Attributes:
      axis: index of the axis whose choice decides.
      functions: one for each option; None where nobody joins.
      options: options that can occur.
    """

    axis: int
    functions: tuple[Any, ...]
    options: tuple[int, ...]

    @property
    def table(self) -> tuple[Any, ...]:
        """The functions by option; of an option that cannot occur, one that can."""
        able = self.options
        return tuple(
            f if i in able else self.functions[able[0]] for i, f in enumerate(self.functions)
        )

    def mapped(self, change: Callable) -> "Pick":
        """Returns the same with changed functions."""
        return dataclasses.replace(self, functions=tuple(map(change, self.functions)))

    def __call__(self, *args):
        """Returns what the function of this episode returns; one of the args tells the choices."""
        found = (a.params if isinstance(a, World) else a for a in args)
        params = next(each for each in found if isinstance(each, Params))
        *traced, cfg = args
        branches = [lambda *given, f=f: f(*given, cfg) for f in self.table]
        return jax.lax.switch(params.choices[self.axis], branches, *traced)
